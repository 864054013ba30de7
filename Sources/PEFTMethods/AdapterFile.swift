import Foundation
public import PEFTCore

/// A saved adapter in Hugging Face PEFT's format: adapter_config.json beside adapter_model.safetensors.
///
/// A combined method's folder has settings that list the parts, and for each part a folder in that format.
public struct AdapterFile {
  /// The folder as the user named it.
  public let path: String
  /// PEFT's name of the method, such as `LORA`.
  public let peftType: String
  /// The model that it was trained on, as adapter_config.json names it.
  public let baseModel: String?

  /// The saved tensors by their names; of a combined method those of all parts, after the part's folder.
  public var tensors: [(name: String, tensor: SafetensorsTensor)] {
    (values?.tensors ?? []).map { ($0.name, $0) }
      + parts.flatMap { part in part.file.tensors.map { ("\(part.folder)/\($0.name)", $0.tensor) } }
  }

  /// Nil for a combined method, which has none of its own.
  let values: SafetensorsCheckpoint?
  let parts: [(folder: String, file: AdapterFile)]
  /// The content of adapter_config.json, located.
  let configuration: DocumentValue
  let text: DocumentText
  private let state: SafetensorsCheckpoint?

  /// How the values are compressed, where the folder holds them in that form.
  public let compression: CompressedTensors?
  /// What the values were before the training, where the folder tells.
  public let origin: AdapterOrigin?
  /// Whether the values are a sum of what adapters gained that was added to no origin.
  public let isVector: Bool

  /// The private file beside PEFT's two: what a training needs to resume and PEFT has no key for.
  public static let stateName = "peft_bench_state.safetensors"

  /// Opens an adapter's folder and checks the headers.
  ///
  /// - Throws: `FileError`, `DocumentError` or `CheckpointError`.
  public static func open(_ path: String) throws -> AdapterFile { try open(path, canHaveParts: true) }

  private static func open(_ path: String, canHaveParts: Bool) throws -> AdapterFile {
    let (configuration, text) = try Self.settings(path + "/" + settingsName)
    guard let type = configuration["peft_type"]?.string else {
      throw DocumentError("\"peft_type\" is missing or not a string", at: configuration.offset, of: text)
    }
    let isCombined = type == AdapterFormat.combinedType
    guard canHaveParts || !isCombined else {
      throw DocumentError(
        "\"peft_type\": a part of a combined method cannot be combined itself",
        at: configuration["peft_type"]?.offset ?? configuration.offset, of: text)
    }
    let state = path + "/" + stateName
    let compression = isCombined ? nil : try compressedTensors(in: path)
    var (origin, isVector): (AdapterOrigin?, Bool) = (nil, false)
    switch try AdapterOrigin.read(in: path) {
    case nil: break
    case .origin(let found)?: origin = found
    case .vector?: isVector = true
    }
    return AdapterFile(
      path: path, peftType: type, baseModel: configuration["base_model_name_or_path"]?.string,
      values: isCombined
        ? nil
        : try compression.map {
          try checkpoint(
            of: $0.tensors, fixed: try fixedTensors(in: path), named: "\(path)/\(CompressedTensors.fileName)")
        }
          ?? SafetensorsCheckpoint.open(file: path + "/" + valuesName),
      parts: isCombined
        ? try partFolders(configuration, text).map { ($0, try open("\(path)/\($0)", canHaveParts: false)) } : [],
      configuration: configuration, text: text,
      state: FileManager.default.fileExists(atPath: state) ? try SafetensorsCheckpoint.open(file: state) : nil,
      compression: compression, origin: origin, isVector: isVector)
  }

  /// Makes an adapter of one method in memory.
  ///
  /// - Parameters:
  ///   - path: What messages call it.
  ///   - settings: The members of its adapter_config.json.
  ///   - tensors: Its tensors.
  ///   - fixed: Tensors of another file that belong to it as they are.
  ///   - origin: What its values started from, if that is known.
  ///   - isVector: Whether it is a sum that was added to no origin.
  /// - Throws: `DocumentError` for settings without a type; `CheckpointError` for no tensors or two of one key.
  public init(
    named path: String, settings: JSONObject, tensors: [AdapterArray], fixed: [SafetensorsTensor] = [],
    origin: AdapterOrigin? = nil, isVector: Bool = false
  ) throws {
    let text = DocumentText(name: path, bytes: [])
    let configuration = DocumentValue(json: .object(settings), at: 0)
    guard let type = configuration["peft_type"]?.string, type != AdapterFormat.combinedType else {
      throw DocumentError("\"peft_type\" is missing, or that of a combined method", at: 0, of: text)
    }
    self.init(
      path: path, peftType: type, baseModel: configuration["base_model_name_or_path"]?.string,
      values: try Self.checkpoint(of: tensors, fixed: fixed, named: path), parts: [], configuration: configuration,
      text: text,
      state: nil, compression: nil, origin: origin, isVector: isVector)
  }

  /// Puts the adapter of a combined method together in memory.
  init(
    combining parts: [(folder: String, file: AdapterFile)], named path: String, settings: DocumentValue,
    origin: AdapterOrigin?, isVector: Bool
  ) {
    self.init(
      path: path, peftType: AdapterFormat.combinedType, baseModel: settings["base_model_name_or_path"]?.string,
      values: nil, parts: parts, configuration: settings, text: DocumentText(name: path, bytes: []), state: nil,
      compression: nil, origin: origin, isVector: isVector)
  }

  private init(
    path: String, peftType: String, baseModel: String?, values: SafetensorsCheckpoint?,
    parts: [(folder: String, file: AdapterFile)], configuration: DocumentValue, text: DocumentText,
    state: SafetensorsCheckpoint?, compression: CompressedTensors?, origin: AdapterOrigin?, isVector: Bool
  ) {
    (self.path, self.peftType, self.baseModel) = (path, peftType, baseModel)
    (self.values, self.parts, self.configuration) = (values, parts, configuration)
    (self.text, self.state, self.compression) = (text, state, compression)
    (self.origin, self.isVector) = (origin, isVector)
  }

  /// The compressed tensors in a folder, if that is how its values are stored.
  private static func compressedTensors(in folder: String) throws -> CompressedTensors? {
    let path = "\(folder)/\(CompressedTensors.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard !FileManager.default.fileExists(atPath: "\(folder)/\(valuesName)") else {
      throw FileError(path: path, "lies beside \(valuesName): only one of them can hold the adapter's values")
    }
    return try CompressedTensors.open(path)
  }

  /// The tensors beside compressed values, which are as they were; none without a file of them.
  private static func fixedTensors(in folder: String) throws -> [SafetensorsTensor] {
    let path = "\(folder)/\(fixedName)"
    return FileManager.default.fileExists(atPath: path) ? try SafetensorsCheckpoint.open(file: path).tensors : []
  }

  /// Tensors as a checkpoint in memory.
  private static func checkpoint(
    of tensors: [AdapterArray], fixed: [SafetensorsTensor], named path: String
  ) throws -> SafetensorsCheckpoint {
    var writer = SafetensorsWriter()
    var names: Set<String> = []
    for tensor in tensors {
      guard names.insert(tensor.key).inserted else {
        throw CheckpointError(file: path, tensor: tensor.key, "is there twice")
      }
      writer.add(tensor.key, tensor.values, shape: tensor.shape)
    }
    for tensor in fixed {
      guard names.insert(tensor.name).inserted else {
        throw CheckpointError(file: path, tensor: tensor.name, "is there twice")
      }
      writer.add(copying: tensor)
    }
    return try SafetensorsCheckpoint.open(MemoryMappedFile(holding: writer.serialized(), as: path))
  }

  /// The names of the folders of a combined method's parts, which lie inside its own.
  private static func partFolders(_ configuration: DocumentValue, _ text: DocumentText) throws -> [String] {
    let values = configuration["parts"]?.array ?? []
    let names = values.compactMap(\.string).filter { name in
      !name.isEmpty && !name.hasPrefix(".")
        && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
    guard names.count == values.count, (2...AdapterFormat.mostParts).contains(names.count),
      Set(names).count == names.count
    else {
      throw DocumentError(
        "\"parts\": expected the names of from 2 to \(AdapterFormat.mostParts) different folders",
        at: configuration["parts"]?.offset ?? configuration.offset, of: text)
    }
    return names
  }

  static let settingsName = "adapter_config.json"
  package static let valuesName = "adapter_model.safetensors"

  /// The files of a saved adapter that there are, those of its parts included: those of PEFT and our own.
  public static func files(in folder: String) -> [String] {
    let own = [settingsName, valuesName, CompressedTensors.fileName, fixedName, stateName].map { "\(folder)/\($0)" }
      .filter { FileManager.default.fileExists(atPath: $0) }
    guard let (configuration, text) = try? settings(folder + "/" + settingsName),
      configuration["peft_type"]?.string == AdapterFormat.combinedType,
      let names = try? partFolders(configuration, text)
    else { return own }
    return own + names.flatMap { files(in: "\(folder)/\($0)") }
  }

  /// Largest adapter_config.json that is read, in bytes.
  static let maximumSettingsBytes = 4 << 20

  private static func settings(_ path: String) throws -> (DocumentValue, DocumentText) {
    let file = try MemoryMappedFile(path: path)
    guard file.count <= maximumSettingsBytes else {
      throw FileError(
        path: path, "has \(file.count) bytes, more than the \(maximumSettingsBytes >> 20) MiB of an adapter's settings")
    }
    let text = DocumentText(name: path, bytes: file.contents)
    return (try JSONParser.parse(text), text)
  }

  /// The members of adapter_config.json.
  public var settings: JSONValue { JSONValue(configuration) }

  /// The adapters of a combined method's parts, in their order; none of another method.
  public var partFiles: [AdapterFile] { parts.map(\.file) }

  /// Whether our private state file lies beside them, or beside a part's.
  public var hasState: Bool { state != nil || parts.contains { $0.file.hasState } }

  // MARK: - Loading

  /// Gives an attached method the saved values.
  ///
  /// - Throws: `CheckpointError` for the first tensor that is missing, misshapen, left over or not finite, or is a copy
  ///   of a weight that the model has otherwise.
  public func load(into attachment: AttachedMethod) throws {
    guard let format = attachment.format else {
      throw CheckpointError(file: path, "is an adapter of type \(peftType), not of the method that is attached")
    }
    try checkIsAdapter()
    // All or nothing, of all parts too.
    for assign in try assignments(to: format) { assign() }
  }

  /// What gives the values to a method that is saved in this format.
  private func assignments(to format: AdapterFormat) throws -> [() -> Void] {
    guard format.peftType == peftType else {
      throw CheckpointError(file: path, "is an adapter of type \(peftType), not of the method that is attached")
    }
    guard format.parts.count == parts.count else {
      throw CheckpointError(
        file: path, "has \(parts.count) parts, but the method that is attached \(format.parts.count)")
    }
    guard let values else {
      return try zip(parts, format.parts).flatMap { try $0.file.assignments(to: $1.format) }
    }
    if !format.state.isEmpty, let state {
      return try Self.assignments(to: format.state, copies: [], from: state)
    }
    if let derived = format.tensors.first(where: { $0.assign == nil }) {
      throw CheckpointError(
        file: path, tensor: derived.key,
        "cannot be trained on with these options: what it was computed from would be in \(Self.stateName), "
          + "which is not beside it")
    }
    return try Self.assignments(to: format.tensors, copies: format.copies, from: values)
  }

  private static func assignments(
    to wanted: [AdapterTensor], copies: [BaseCopy], from file: SafetensorsCheckpoint
  ) throws -> [() -> Void] {
    let stored = try StoredKeys(file)
    var assigns: [() -> Void] = []
    var used: Set<String> = []
    for tensor in wanted {
      let found = try stored.tensor(for: tensor.key)
      guard found.shape == tensor.shape else {
        throw CheckpointError(
          file: file.path, tensor: found.name,
          "has shape \(found.shape), but this model and these options ask for \(tensor.shape): it was trained on another model"
        )
      }
      used.insert(found.name)
      if let integers = tensor.integers {
        assigns.append(try integers.assignment(of: found, in: file))
        continue
      }
      let elements = try found.floats()
      if let value = elements.first(where: { !$0.isFinite }) { throw notFinite(found, value, in: file) }
      for key in tensor.twins {
        guard let twin = try? stored.tensor(for: key) else { continue }
        guard try twin.shape == found.shape && twin.floats() == elements else {
          throw CheckpointError(
            file: file.path, tensor: twin.name, "differs from \"\(found.name)\", whose values it shares in this model")
        }
        used.insert(twin.name)
      }
      assigns.append { tensor.assign?(elements) }
    }
    for copy in copies {
      for key in copy.keys where !used.contains(key) {
        guard let found = file[key] else { continue }
        try copy.check(found, in: file)
        used.insert(key)
      }
    }
    if let extra = file.tensors.map(\.name).filter({ !used.contains($0) }).min() {
      throw CheckpointError(
        file: file.path, tensor: extra, "has no place in this model: the adapter was trained on another one")
    }
    return assigns
  }

  private static func notFinite(
    _ tensor: SafetensorsTensor, _ value: Float, in file: SafetensorsCheckpoint
  ) -> CheckpointError {
    CheckpointError(
      file: file.path, tensor: tensor.name, "holds \(value): the training that saved it went wrong")
  }

  /// Refuses saved values that are infinite or no numbers, in any of the adapter's tensors.
  ///
  /// - Throws: `CheckpointError` for the first one.
  public func checkFiniteness() throws {
    for part in parts { try part.file.checkFiniteness() }
    for file in [values, state].compactMap({ $0 }) {
      for tensor in file.tensors where tensor.type.isReadableAsFloat {
        if let value = try tensor.floats().first(where: { !$0.isFinite }) {
          throw Self.notFinite(tensor, value, in: file)
        }
      }
    }
  }

  // MARK: - Saving

  /// The version of PEFT whose settings are written.
  static let writtenVersion = "0.21.2"

  /// Saves an attached method; the folder appears complete or not at all.
  ///
  /// - Parameters:
  ///   - attachment: What to save; it must have a format.
  ///   - path: The folder to make or replace.
  ///   - baseModel: The model's name or path.
  ///   - origin: What its values were before the training, if that is known.
  ///   - start: Those values themselves, where nothing else could make them again; they are kept beside the trained ones, and
  ///     the origin names them.
  public static func save(
    _ attachment: AttachedMethod, to path: String, baseModel: String, origin: AdapterOrigin? = nil,
    start: [AdapterArray]? = nil
  ) throws {
    guard let format = attachment.format else { return }
    try AtomicFile.writeFolder(to: path) { folder in
      try write(format, in: folder, baseModel: baseModel)
      var origin = origin
      if let start {
        let place = "\(folder)/\(AdapterOrigin.startFolder)"
        try open(folder).replacing(trained: start, named: place).write(to: place)
        origin = origin?.starting(
          from: AdapterOrigin.Adapter(
            source: JSONValue(AdapterOrigin.startFolder), hash: try contentHash(of: place)))
      }
      try origin?.write(in: folder)
    }
  }

  private static func write(_ attached: AdapterFormat, in folder: String, baseModel: String) throws {
    let format = attached.saved() ?? attached
    var members: [(String, JSONValue)] = [
      ("auto_mapping", .null), ("base_model_name_or_path", JSONValue(baseModel)), ("inference_mode", true),
      ("peft_type", JSONValue(format.peftType)), ("peft_version", JSONValue(writtenVersion)), ("revision", .null),
      ("task_type", "CAUSAL_LM"),
    ]
    if !AdapterFormat.typesWithoutModules.contains(format.peftType) { members.append(("modules_to_save", .null)) }
    members += AdapterFormat.constantMembers[format.peftType] ?? []
    let own = Set(format.configuration.map(\.key))
    members = members.filter { !own.contains($0.0) } + format.configuration.map { ($0.key, $0.value) }
    var configuration = JSONObject()
    for (key, value) in members.sorted(by: { $0.0 < $1.0 }) { configuration[key] = value }
    try AtomicFile.write(JSONValue.object(configuration).prettyText + "\n", to: "\(folder)/\(settingsName)")
    guard format.parts.isEmpty else {
      for part in format.parts {
        try AtomicFile.writeFolder(to: "\(folder)/\(part.folder)") {
          try write(part.format, in: $0, baseModel: baseModel)
        }
      }
      return
    }
    try write(format.tensors, to: "\(folder)/\(valuesName)")
    if !format.state.isEmpty { try write(format.state, to: "\(folder)/\(stateName)") }
  }

  private static func write(_ tensors: [AdapterTensor], to path: String) throws {
    var writer = SafetensorsWriter()
    for tensor in tensors {
      if let integers = tensor.integers {
        writer.add(tensor.key, shape: tensor.shape, as: .int32) { integers.values().withUnsafeBytes { Array($0) } }
        continue
      }
      for key in [tensor.key] + tensor.twins { writer.add(key, tensor.values(), shape: tensor.shape) }
    }
    try writer.write(to: path)
  }
}
