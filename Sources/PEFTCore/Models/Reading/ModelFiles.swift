import Foundation

/// A model on disk: its description, its weights (not yet read), its tokenizer and its chat templates.
///
/// It is a Hugging Face directory (config.json, safetensors, tokenizer.json, …), such as the Hub's cache holds, or one
/// GGUF file.
public struct ModelFiles {
  /// The folder or file.
  public let path: String
  /// A short name for tables: the folder's, or what the file calls itself.
  public let name: String
  /// The architecture.
  public let configuration: ModelConfiguration
  /// Tokens that end an answer: those of the description and of generation_config.json.
  public let endTokens: [Int32]
  /// Whether config.json says that the output projection is the embedding matrix, but the checkpoint holds another one,
  /// which counts.
  public private(set) var untiesHead = false

  private static let mostParameters = 10_000_000_000_000

  private let description: ModelDescription
  /// generation_config.json, if there is one.
  private let generation: ModelDescription?
  private let family: any ModelFamily.Type
  private let weights: Weights

  private enum Weights {
    case directory
    case gguf(GGUFCheckpoint)
  }

  /// Opens a model's description, reading nothing but headers.
  ///
  /// - Parameters:
  ///   - path: A folder, a GGUF file, or the id of a repository in the Hub's cache; the network is not touched.
  ///   - revision: For a Hub id: branch, tag or commit; nil for the main branch.
  ///   - cache: The Hub's cache.
  /// - Throws: `FileError`, `DocumentError` or `CheckpointError` that says what is missing or not supported.
  public static func open(
    _ path: String, revision: String? = nil, cache: HubCache = HubCache()
  ) throws -> ModelFiles {
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
      if let revision {
        throw FileError(path: path, "is a folder or file, and the revision \(revision) belongs to a Hub id")
      }
      return try isDirectory.boolValue ? open(directory: path, named: nil) : ModelFiles(gguf: path)
    }
    // A file's name may look like an id.
    guard HubCache.isRepositoryID(path), !path.hasSuffix(".gguf") else {
      throw FileError(path: path, "there is no such model folder or file")
    }
    let folder: String
    do {
      folder = try cache.snapshot(of: path, revision: revision)
    } catch {
      throw FileError(path: path, "there is no such model folder or file; \(error.message) (model fetch \(path))")
    }
    return try open(directory: folder, named: path.split(separator: "/").last.map(String.init))
  }

  /// A folder with config.json, or with one GGUF model.
  private static func open(directory: String, named name: String?) throws -> ModelFiles {
    if try FilePath.exists(directory + "/config.json") {
      return try ModelFiles(directory: directory, named: name)
    }
    let entries = ModelDownload.entries(of: directory)
    // Of a split model any part will do; the others are found from it.
    let models = entries.filter {
      $0.hasSuffix(".gguf") && ($0.contains("-00001-of-") || !$0.contains("-of-")) && !$0.hasPrefix("mmproj")
    }
    switch models.count {
    case 1: return try ModelFiles(gguf: directory + "/" + models[0])
    case 0: break
    default:
      throw FileError(path: directory, "holds \(models.count) GGUF models, name one: \(models.joined(separator: ", "))")
    }
    if entries.contains("adapter_config.json") {
      throw FileError(
        path: directory, "holds an adapter and no model; its adapter_config.json names the model it was trained on")
    }
    throw FileError(
      path: directory,
      "is no model folder: it has neither config.json nor a GGUF file\(ModelDownload.remains(in: directory))")
  }

  private init(directory: String, named name: String?) throws {
    path = directory
    self.name = name ?? FilePath.fullName(of: directory)
    description = try Self.document(directory + "/config.json")
    family = try ModelFamilies.family(of: description)
    var configuration = try family.configuration(from: description)
    weights = .directory
    let file = directory + "/generation_config.json"
    generation = try FilePath.exists(file) ? try Self.document(file) : nil
    let ends = configuration.endTokens
    endTokens = ends + (try generation?.tokens("eos_token_id") ?? []).filter { !ends.contains($0) }
    if configuration.tiesEmbeddings, try Self.holdsOwnHead(directory, family, configuration, description) {
      configuration.tiesEmbeddings = false
      untiesHead = true
    }
    self.configuration = configuration
  }

  /// Whether a checkpoint holds an output projection that is not the embedding matrix.
  ///
  /// Transformers from release 5 on then uses it, whatever config.json says.
  private static func holdsOwnHead(
    _ directory: String, _ family: any ModelFamily.Type, _ configuration: ModelConfiguration,
    _ description: ModelDescription
  ) throws -> Bool {
    guard holdsWeights(directory) else { return false }
    let checkpoint: SafetensorsCheckpoint
    do {
      checkpoint = try SafetensorsCheckpoint.open(directory: directory)
    } catch let error as FileError where error.isMachineFault {
      throw error
    } catch {
      // What is wrong with the weights is said when they are asked for; the description can be read without them.
      return false
    }
    let model = try family.assemble(configuration, description)
    return try SafetensorsSource(checkpoint, storage: family.storage, type: .auto)
      .stores(model.head.site, otherwiseThan: model.embedding.site)
  }

  private init(gguf path: String) throws {
    self.path = path
    let checkpoint = try GGUFCheckpoint.open(path: path)
    let stem = FilePath.stem(of: path)
    name = try checkpoint.metadata.string("general.name") ?? stem
    description = try GGUFDescription.description(of: checkpoint)
    family = try ModelFamilies.family(of: description)
    var configuration = try family.configuration(from: description)
    if let divisors = checkpoint["rope_freqs.weight"], case .rotary(var rotary) = configuration.positions {
      guard divisors.elementCount == rotary.dimension / 2 else {
        throw CheckpointError(
          file: path, tensor: divisors.name,
          "has \(divisors.elementCount) elements, but heads have \(rotary.dimension / 2) frequencies")
      }
      rotary.divisors = try divisors.floats().map(Double.init)
      configuration.positions = .rotary(rotary)
    }
    self.configuration = configuration
    endTokens = configuration.endTokens
    generation = nil
    weights = .gguf(checkpoint)
  }

  /// The GGUF file, if it is one.
  var gguf: GGUFCheckpoint? {
    if case .gguf(let checkpoint) = weights { checkpoint } else { nil }
  }

  /// Whether there are weights beside the description.
  public var hasWeights: Bool {
    switch weights {
    case .gguf: true
    case .directory: Self.holdsWeights(path)
    }
  }

  private static func holdsWeights(_ folder: String) -> Bool {
    [SafetensorsCheckpoint.fileName, SafetensorsCheckpoint.indexName].contains {
      FileManager.default.fileExists(atPath: folder + "/" + $0)
    }
  }

  /// The model without weights: its modules and their sizes.
  ///
  /// - Throws: `DocumentError` or `FileError` for a description that makes no model.
  public func skeleton() throws -> CausalLanguageModel {
    let model = try family.assemble(configuration, description)
    // Sums and products of sizes further on may count on not overflowing.
    guard model.parameterCount <= Self.mostParameters else {
      throw FileError(path: path, "describes a model of \(model.parameterCount) parameters, which cannot be meant")
    }
    markNF4(in: model)
    return model
  }

  /// Marks the maps whose weights are in NF4, as the tensors' headers say.
  private func markNF4(in model: CausalLanguageModel) {
    guard let quantization = description.section("quantization_config"), NF4Checkpoint.isMeant(by: quantization.root),
      // What is wrong with the weights is said when they are asked for.
      let source = try? source(.auto)
    else { return }
    for linear in model.linears + [model.head] {
      linear.isStoredInNF4 = linear.weightSlots.contains { (try? source.format(of: $0.place)) == .nf4 }
    }
  }

  /// Checks from headers alone that the weights are all there and fit the description.
  ///
  /// - Throws: `FileError` or `CheckpointError` that says what is missing, half-downloaded or does not fit.
  public func checkWeights() throws {
    try skeleton().checkWeights(of: try source(.auto))
  }

  /// Bytes that the weights will take when they are loaded, by headers alone.
  ///
  /// - Throws: As `checkWeights()`.
  public func weightBytes(as type: WeightType) throws -> Int {
    let source = try source(type)
    let model = try skeleton()
    try model.checkWeights(of: source)
    return try model.weightSlots.map(\.place).reduce(0) { sum, place in
      switch place {
      case .matrix(_, let outputs, let inputs):
        let format = type.format(of: try source.format(of: place) ?? .float32)
        return sum + (format.byteCount(outputs: outputs, inputs: inputs) ?? 0)
      case .vector(_, let count): return sum + WeightFormat.float32.blockBytes * count
      }
    }
  }

  /// The model with its weights, of which none is read before all headers have been checked.
  ///
  /// - Parameters:
  ///   - type: The type in which frozen weights are held.
  ///   - context: Where their memory is counted.
  /// - Throws: `CheckpointError` for a tensor that is missing, misshapen, left over or of an unsupported type.
  public func load(as type: WeightType, context: ComputeContext) throws -> CausalLanguageModel {
    let model = try skeleton()
    let load = { [weak model] in
      guard let model else { return }
      try model.loadWeights(from: try self.source(type), context: context)
    }
    try load()
    model.reload = load
    return model
  }

  /// The tokenizer that lies beside the weights, or in the GGUF file.
  ///
  /// - Throws: `FileError` if there is none; what its reader throws if it is not supported.
  public func tokenizer() throws -> Tokenizer {
    switch weights {
    case .gguf(let checkpoint): try Tokenizer.load(gguf: try GGUFDescription.tokenizer(of: checkpoint), file: path)
    case .directory: try tokenizerFolder.tokenizer()
    }
  }

  /// The tokenizer of a folder that may hold nothing else, or of a model.
  ///
  /// - Parameter path: As for `open`.
  /// - Throws: As `open` and `tokenizer()`.
  public static func tokenizer(at path: String) throws -> Tokenizer {
    let folder = TokenizerFolder(path: path)
    if try !FilePath.exists(path + "/config.json"), try folder.hasTokenizer() { return try folder.tokenizer() }
    return try open(path).tokenizer()
  }

  /// The settings beside the tokenizer: special tokens' texts and the chat templates.
  ///
  /// - Parameter tokenizer: The tokenizer, by which the ids of generation_config.json and of config.json, in this order,
  ///   stand in for tokens of which the tokenizer's files do not speak.
  /// - Throws: `FileError`, `DocumentError` or `CheckpointError`.
  public func tokenizerConfiguration(completedBy tokenizer: Tokenizer? = nil) throws -> TokenizerConfiguration {
    switch weights {
    case .gguf(let checkpoint):
      var configuration = TokenizerConfiguration()
      let metadata = try GGUFDescription.tokenizer(of: checkpoint)
      func text(_ id: Int?) -> String? {
        id.flatMap { metadata.tokens.indices.contains($0) ? metadata.tokens[$0] : nil }
      }
      configuration.beginningOfText = text(metadata.beginningOfText)
      // Some files of chat models name the end of a turn only.
      configuration.endOfText =
        text(metadata.endOfText) ?? self.configuration.endTokens.lazy.compactMap { text(Int($0)) }.first
      configuration.chatTemplates = try Self.templates(of: checkpoint)
      return configuration
    case .directory:
      var configuration = try tokenizerFolder.configuration()
      guard let tokenizer else { return configuration }
      let sources = [generation, description].compactMap { $0 }
      func token(_ key: String) throws -> String? {
        guard configuration.isSilent(about: key) || key == "eos_token" else { return nil }
        return try sources.lazy.flatMap { try $0.tokens(key + "_id") }.lazy.compactMap(tokenizer.token).first
      }
      if configuration.beginningOfText == nil { configuration.beginningOfText = try token("bos_token") }
      if configuration.endOfText == nil { configuration.endOfText = try token("eos_token") }
      if configuration.padding == nil { configuration.padding = try token("pad_token") }
      return configuration
    }
  }

  private static func templates(of checkpoint: GGUFCheckpoint) throws -> [TokenizerConfiguration.NamedTemplate] {
    let key = "tokenizer.chat_template"
    var templates: [TokenizerConfiguration.NamedTemplate] = []
    if let source = try checkpoint.metadata.string(key) { templates.append(.init(name: "default", source: source)) }
    for name in try checkpoint.metadata.strings(key + "s") ?? [] {
      guard let source = try checkpoint.metadata.string("\(key).\(name)") else { continue }
      templates.append(.init(name: name, source: source))
    }
    return templates
  }

  private var tokenizerFolder: TokenizerFolder {
    TokenizerFolder(path: path, modelType: description.root["model_type"]?.string)
  }

  /// The files that hold weights, for hashing.
  public func weightFiles() throws -> [String] {
    switch weights {
    case .directory: try checkpoint().files.map(\.path)
    case .gguf(let checkpoint): checkpoint.files.map(\.path)
    }
  }

  private func checkpoint() throws -> SafetensorsCheckpoint {
    try ModelDownload.requireComplete(path)
    return try SafetensorsCheckpoint.open(directory: path)
  }

  private func source(_ type: WeightType) throws -> any WeightSource {
    switch weights {
    case .directory:
      SafetensorsSource(try checkpoint(), storage: family.storage, type: type)
    case .gguf(let checkpoint):
      GGUFSource(checkpoint, storage: family.storage, configuration: configuration, type: type)
    }
  }

  private static func document(_ path: String) throws -> ModelDescription {
    let (root, text) = try JSONParser.parse(file: path, limit: DocumentText.largestDescription)
    return ModelDescription(root: root, text: text)
  }
}
