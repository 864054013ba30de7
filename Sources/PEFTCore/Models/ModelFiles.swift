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
  /// Tokens that end an answer: those of the description, of generation_config.json and of the tokenizer's file.
  public let endTokens: [Int32]

  private static let mostParameters = 10_000_000_000_000

  private let description: ModelDescription
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
    guard HubCache.isRepositoryID(path) else {
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
    if FileManager.default.fileExists(atPath: directory + "/config.json") {
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
    configuration = try family.configuration(from: description)
    weights = .directory
    var ends = configuration.endTokens
    let generation = directory + "/generation_config.json"
    if FileManager.default.fileExists(atPath: generation) {
      ends += try Self.document(generation).tokens("eos_token_id").filter { !ends.contains($0) }
    }
    endTokens = ends
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
    case .directory:
      [SafetensorsCheckpoint.fileName, SafetensorsCheckpoint.indexName].contains {
        FileManager.default.fileExists(atPath: path + "/" + $0)
      }
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
    return model
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
    return try model.weightPlaces.reduce(0) { sum, place in
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
    case .gguf(let checkpoint):
      return try Tokenizer.load(gguf: try GGUFDescription.tokenizer(of: checkpoint), file: path)
    case .directory:
      let file = path + "/tokenizer.json"
      guard FileManager.default.fileExists(atPath: file) else {
        throw FileError(path: path, "the model has no tokenizer: there is no tokenizer.json beside config.json")
      }
      let document = try Self.document(file)
      return try Tokenizer.load(tokenizerJSON: document.root, text: document.text)
    }
  }

  /// The settings beside the tokenizer: special tokens' texts and the chat templates.
  public func tokenizerConfiguration() throws -> TokenizerConfiguration {
    switch weights {
    case .gguf(let checkpoint):
      var configuration = TokenizerConfiguration()
      let metadata = try GGUFDescription.tokenizer(of: checkpoint)
      func text(_ id: Int?) -> String? {
        id.flatMap { metadata.tokens.indices.contains($0) ? metadata.tokens[$0] : nil }
      }
      configuration.beginningOfText = text(metadata.beginningOfText)
      configuration.endOfText = text(metadata.endOfText)
      if let source = try checkpoint.metadata.string("tokenizer.chat_template") {
        configuration.chatTemplates = [.init(name: "default", source: source)]
      }
      return configuration
    case .directory:
      var configuration = TokenizerConfiguration()
      let file = path + "/tokenizer_config.json"
      if FileManager.default.fileExists(atPath: file) {
        let document = try Self.document(file)
        configuration = try TokenizerConfiguration(json: document.root, text: document.text)
      }
      let template = path + "/chat_template.jinja"
      if FileManager.default.fileExists(atPath: template) {
        configuration.chatTemplates = [
          .init(name: "default", source: String(decoding: try MemoryMappedFile(path: template).contents, as: UTF8.self))
        ]
      }
      return configuration
    }
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
    let (root, text) = try JSONParser.parse(file: path)
    return ModelDescription(root: root, text: text)
  }
}
