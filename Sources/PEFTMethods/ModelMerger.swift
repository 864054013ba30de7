import Foundation
public import PEFTCore

/// Writes a model with its adapters folded into the weights, as a Hugging Face directory.
///
/// What a method only adds to linear maps and tables (LoRA, IA3, added biases) or trains in place (norms, biases, rows,
/// modules, everything) can be folded in; virtual tokens, prefixes and bottleneck networks cannot. Where head and
/// embeddings share a weight and only one of them is changed, or each otherwise, the merged model has two. From a Hugging Face directory, weights start
/// from the checkpoint's own values and keep its types, tensor by tensor, unless another is asked for, and the other
/// files (description, tokenizer, templates) are copied. From a GGUF file, weights start from the values that its
/// blocks stand for, are written as float32 unless another type is asked for, and the other files are made from its
/// header.
public enum ModelMerger {
  /// Writes the merged model.
  ///
  /// - Parameters:
  ///   - model: The model with a method attached.
  ///   - source: The files it was loaded from.
  ///   - folder: Where to write; appears complete or not at all.
  ///   - type: The type of all weights; nil for the checkpoint's own.
  /// - Throws: `AttachError` for what cannot be folded in, `FileError`, `CheckpointError`.
  public static func write(
    _ model: CausalLanguageModel, from source: ModelFiles, to folder: String, as type: SafetensorsType? = nil
  ) throws {
    try checkMergeable(model)
    try refuseSourceFolder(folder, source)
    let changes = Changes(model)
    let added = try newBiases(of: model)
    var writer = SafetensorsWriter()
    let addedType: SafetensorsType
    let described = try source.directoryFiles(weightsAs: (type ?? .float32).torchName)
    let untied = changesHeadAlone(model)
    if described == nil {
      addedType = try addStored(to: &writer, of: source, changes: changes, untied: untied ? model : nil, as: type)
    } else {
      addedType = type ?? .float32
      addLoaded(to: &writer, of: model, changes: changes, untied: untied, as: addedType)
    }
    for (name, values) in added.biases {
      writer.add(name, shape: [values.count], as: addedType) { values.bytes(as: addedType) }
    }
    try AtomicFile.writeFolder(to: folder) { temporary in
      try writer.write(to: temporary + "/" + SafetensorsCheckpoint.fileName)
      if let described {
        for file in described { try AtomicFile.write(file.content.prettyText + "\n", to: temporary + "/" + file.name) }
      } else {
        try ModelFolder.copyFiles(beside: source, to: temporary)
        if let type { try ModelFolder.set([("dtype", JSONValue(type.torchName))], in: temporary + "/config.json") }
        // Earlier releases of transformers go by the description and would pass over the head.
        if source.untiesHead { try ModelFolder.set([("tie_word_embeddings", false)], in: temporary + "/config.json") }
      }
      var settings = added.settings.map { ($0, JSONValue(true)) }
      if untied { settings.append(("tie_word_embeddings", false)) }
      if !settings.isEmpty { try ModelFolder.set(settings, in: temporary + "/config.json") }
    }
  }

  /// Adds the checkpoint's tensors, changed where the method changes them.
  ///
  /// - Parameter untied: The model, if its head gets a weight of its own.
  /// - Returns: The type for tensors that the checkpoint does not have.
  private static func addStored(
    to writer: inout SafetensorsWriter, of source: ModelFiles, changes: Changes, untied: CausalLanguageModel?,
    as type: SafetensorsType?
  ) throws -> SafetensorsType {
    let checkpoint = try SafetensorsCheckpoint.open(directory: source.path)
    let shared = untied.map { "\($0.embedding.site).weight" }
    let head = untied.map { "\($0.head.site).weight" }
    for tensor in checkpoint.tensors where tensor.name != head {
      if let head, tensor.name == shared || changes.optionalPrefix + tensor.name == shared {
        let target = type ?? tensor.type
        writer.add(head, shape: tensor.shape, as: target) {
          (changes.byName[head]?(tensor.readFloats) ?? tensor.readFloats).bytes(as: target)
        }
      }
      let target = tensor.type.isReadableAsFloat ? type ?? tensor.type : tensor.type
      if let change = changes.byName[tensor.name] ?? changes.byName[changes.optionalPrefix + tensor.name] {
        guard tensor.type.isReadableAsFloat else {
          throw CheckpointError(
            file: source.path, tensor: tensor.name, "cannot be changed: its type is \(tensor.type.rawValue)")
        }
        writer.add(tensor.name, shape: tensor.shape, as: target) { change(tensor.readFloats).bytes(as: target) }
      } else if target == tensor.type {
        writer.add(tensor.name, shape: tensor.shape, as: target) { Array(tensor.bytes) }
      } else {
        writer.add(tensor.name, shape: tensor.shape, as: target) { tensor.readFloats.bytes(as: target) }
      }
    }
    return type ?? checkpoint.tensors.first { $0.type.isReadableAsFloat }?.type ?? .float32
  }

  /// Adds the weights as they were loaded, changed where the method changes them.
  private static func addLoaded(
    to writer: inout SafetensorsWriter, of model: CausalLanguageModel, changes: Changes, untied: Bool,
    as type: SafetensorsType
  ) {
    let head = untied ? model.head.weightSlots.filter { !$0.isBias } : []
    for slot in model.weightSlots + head {
      let change = changes.byName[slot.name]
      let isTurned = model.storesTransposed(slot)
      writer.add(slot.name, shape: isTurned ? slot.shape.reversed() : slot.shape, as: type) {
        let values = isTurned ? slot.values.transposed(rows: slot.shape[0]) : slot.values
        return (change?(values) ?? values).bytes(as: type)
      }
    }
  }

  /// Refuses a model whose method cannot be folded into the weights, or whose layers cannot be written.
  ///
  /// - Throws: `AttachError` that says what cannot.
  public static func checkMergeable(_ model: CausalLanguageModel) throws {
    guard model.hasConfiguredShapes else {
      throw AttachError("a model whose layers have shapes of their own cannot be written: no config.json can say them")
    }
    try checkOccupants(of: model)
  }

  /// Refuses what is attached if it cannot be folded into the weights.
  ///
  /// - Throws: `AttachError` that says what cannot.
  static func checkOccupants(of model: CausalLanguageModel) throws(AttachError) {
    for occupant in model.sites.flatMap(\.occupants) {
      switch occupant {
      case .virtualTokens, .prefix:
        throw AttachError("virtual tokens and prefixes cannot be merged into the weights")
      case .activationAdapter:
        throw AttachError(
          "what acts on heads or neurons is not merged into the weights; take these heads or neurons out")
      case .attentionPrompt:
        throw AttachError("adaption prompts are attended to and cannot be merged into the weights")
      case .branchAdapter:
        throw AttachError("bottleneck adapters have a non-linearity and cannot be merged into the weights")
      case .adapter, .tableAdapter, .weight, .bias: break
      }
    }
  }

  /// Whether head and embeddings share a weight that the method changes for one of them, or for each otherwise.
  static func changesHeadAlone(_ model: CausalLanguageModel) -> Bool {
    let (embedding, head) = (model.embedding, model.head)
    guard model.configuration.tiesEmbeddings else { return false }
    let own = embedding.adapters.map { ObjectIdentifier($0) }
    return own != head.adapters.map { ObjectIdentifier($0) } || embedding.trainedWeight !== head.trainedWeight
  }

  /// Refuses to write over the model that is read.
  private static func refuseSourceFolder(_ folder: String, _ source: ModelFiles) throws {
    guard let target = FilePath.resolved(folder), target == FilePath.resolved(source.path) else { return }
    throw FileError(path: folder, "is the model itself: write the merged one to another folder")
  }

  /// New values of the tensors that a method changes, by name, from their stored ones.
  private struct Changes {
    typealias Change = (_ stored: [Float]) -> [Float]

    var byName: [String: Change] = [:]
    let optionalPrefix: String

    init(_ model: CausalLanguageModel) {
      optionalPrefix = model.family?.storage.optionalPrefix ?? ""
      for site in model.sites where site.isOccupied {
        for slot in site.part.weightSlots {
          guard let parameter = slot.trained else { continue }
          let isTurned = model.storesTransposed(slot)
          byName[slot.name] = { _ in
            isTurned ? parameter.value.values.transposed(rows: parameter.shape[0]) : parameter.value.values
          }
        }
        switch site.kind {
        case .table(let table) where !table.adapters.isEmpty:
          byName["\(table.site).weight"] = { stored in
            var values = stored
            for adapter in table.adapters { adapter.merge(intoTable: &values) }
            return values
          }
        case .map(let linear) where !linear.adapters.isEmpty:
          let isTurned = model.storesTransposed(linear)
          byName["\(linear.site).weight"] = { stored in
            var weight = isTurned ? stored.transposed(rows: linear.inputs) : stored
            for adapter in linear.adapters where !adapter.changesBiasOnly { _ = adapter.merge(intoWeight: &weight) }
            return isTurned ? weight.transposed(rows: linear.outputs) : weight
          }
          if linear.hasBias {
            byName["\(linear.site).bias"] = { stored in ModelMerger.mergedBias(of: linear, stored) }
          }
        case .table, .map, .norm, .branch, .activations, .attentionPrompt, .sequenceStart: break
        }
      }
    }
  }

  /// What the adapters of a map make of its bias.
  private static func mergedBias(of linear: Linear, _ stored: [Float]) -> [Float] {
    var bias = linear.trainedBias?.value.values ?? stored
    for adapter in linear.adapters { adapter.merge(intoBias: &bias) }
    return bias
  }

  /// Biases of maps that have none in the architecture, and the members of config.json that give it some.
  ///
  /// A member concerns all maps of a group; those without a bias of their own get one of zeros.
  private static func newBiases(of model: CausalLanguageModel) throws -> (
    biases: [(name: String, values: [Float])], settings: [String]
  ) {
    var maps: [(role: SiteRole, linear: Linear, bias: [Float])] = []
    for site in model.sites {
      guard case .map(let linear) = site.kind, !linear.hasBias else { continue }
      maps.append((site.role, linear, mergedBias(of: linear, [])))
    }
    let added = maps.filter { !$0.bias.isEmpty }
    guard !added.isEmpty else { return ([], []) }
    if added.contains(where: { $0.role == .head }) {
      throw AttachError("the architecture \(model.configuration.family) has no place for a bias of its head")
    }
    let members = (model.family?.biasMembers ?? []).filter { member in added.contains { member.concerns($0.role) } }
    guard added.allSatisfy({ map in members.contains { $0.concerns(map.role) } }) else {
      throw AttachError("the architecture \(model.configuration.family) has no place for the biases that were added")
    }
    let biased = maps.filter { map in members.contains { $0.concerns(map.role) } }
    return (
      biased.map {
        ("\($0.linear.site).bias", $0.bias.isEmpty ? [Float](repeating: 0, count: $0.linear.outputs) : $0.bias)
      },
      members.map(\.key)
    )
  }
}

extension SafetensorsType {
  /// PyTorch's name of a float type.
  fileprivate var torchName: String {
    switch self {
    case .bfloat16: "bfloat16"
    case .float16: "float16"
    case .float64: "float64"
    default: "float32"
    }
  }
}

extension SafetensorsTensor {
  /// Its values; `isReadableAsFloat` says before whether it has any.
  fileprivate var readFloats: [Float] { (try? floats()) ?? [] }
}

extension [Float] {
  /// Little-endian bytes of a float type.
  fileprivate func bytes(as type: SafetensorsType) -> [UInt8] {
    withUnsafeBufferPointer { values in
      switch type {
      case .bfloat16: HalfPrecision.bfloat16(values).withUnsafeBytes { [UInt8]($0) }
      case .float16: HalfPrecision.float16(values).withUnsafeBytes { [UInt8]($0) }
      case .float64: values.map { Double($0) }.withUnsafeBytes { [UInt8]($0) }
      default: [UInt8](UnsafeRawBufferPointer(values))
      }
    }
  }
}
