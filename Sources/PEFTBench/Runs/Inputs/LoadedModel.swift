import Foundation
import PEFTCore

/// A model as known from its description and its files' headers: everything but the weights.
///
/// It is enough to check methods and datasets, and to know which runs are complete.
package final class ModelOutline {
  /// Which model it is.
  package let configuration: ModelConfiguration
  /// Its files.
  package let files: ModelFiles
  /// How prompts and answers become ids.
  package let renderer: ChatRenderer
  /// Tokens that end an answer.
  package let endTokens: [Int32]
  /// The files of the weights as they were when the model was opened; nil for a model without weights.
  package let weights: SealedFiles?
  /// The SHA-256 of the weights' files, empty without weights.
  package var sha256: String { weights?.sha256 ?? "" }
  /// The model's modules and their sizes.
  package let skeleton: CausalLanguageModel

  /// What of it determines a run's numbers; nil without weights.
  private(set) lazy var identity: ModelIdentity? = weights.map { makeIdentity(weights: $0) }

  fileprivate let type: WeightType

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - configuration: Path, type of the weights and template.
  ///   - weights: The weights' files where their content is known; to find it out takes reading all of them.
  ///   - needsWeights: Whether a model without weights is refused.
  /// - Throws: An `InputError` that says what is missing, broken or not supported.
  package init(_ configuration: ModelConfiguration, weights: SealedFiles? = nil, needsWeights: Bool = true) throws {
    type =
      switch configuration.dataType {
      case .auto: .auto
      case .float32: .float32
      case .bfloat16: .bfloat16
      case .float16: .float16
      }
    self.configuration = configuration
    files = try ModelFiles.open(configuration.path, revision: configuration.revision)
    renderer = try LoadedModel.renderer(of: files, template: configuration.template)
    let hasWeights = needsWeights || files.hasWeights
    if hasWeights { try files.checkWeights() }
    skeleton = try files.skeleton()
    self.weights = hasWeights ? try weights ?? SealedFiles(files.weightFiles()) : nil
    var ends = files.endTokens
    if let end = renderer.endToken, !ends.contains(end) { ends.append(end) }
    endTokens = ends
  }

  /// Refuses weights that were replaced since the model was opened.
  ///
  /// - Throws: `FileError` that names the file.
  func checkWeights() throws { try weights?.check(files.weightFiles()) }

  /// Bytes of the weights as they will be held; without weights in half precision, in which most are published.
  ///
  /// - Throws: An `InputError` for files that do not hold the model.
  func weightBytes() throws -> Int {
    if weights == nil { return skeleton.parameterCount * (configuration.dataType == .float32 ? 4 : 2) }
    return try files.weightBytes(as: type)
  }
}

/// A model that is ready to be fine-tuned and asked: weights, tokenizer, chat format, end tokens.
package final class LoadedModel {
  /// The model.
  package let model: CausalLanguageModel
  /// What is known of it without the weights.
  package let outline: ModelOutline

  /// How prompts and answers become ids.
  package var renderer: ChatRenderer { outline.renderer }

  /// Loads a model's weights.
  ///
  /// - Throws: An `InputError` that says what is missing, broken or not supported.
  package init(_ outline: ModelOutline, context: ComputeContext) throws {
    self.outline = outline
    try outline.checkWeights()
    model = try outline.files.load(as: outline.type, context: context)
    // What was read in between may have been replaced in between.
    try outline.checkWeights()
  }

  /// Loads the frozen weights again where full fine-tuning took them away.
  ///
  /// - Throws: An `InputError` for files that cannot be read any more or are not those that the model was loaded from.
  func restoreWeights() throws {
    guard model.embedding.weight == nil else { return }
    try outline.checkWeights()
    try model.restoreWeights()
    try outline.checkWeights()
  }

  /// The renderer of a model's prompts.
  ///
  /// - Parameters:
  ///   - files: The model.
  ///   - template: The name of one of the model's templates or of a built-in one, or a file, in place of the model's
  ///     default.
  /// - Throws: An `InputError` for a template that cannot be read, or where it is not clear which one is meant.
  package static func renderer(of files: ModelFiles, template: String?) throws -> ChatRenderer {
    let tokenizer = try files.tokenizer()
    let configuration = try files.tokenizerConfiguration(completedBy: tokenizer)
    let own = configuration.chatTemplates
    let chosen: ChatTemplate?
    if let template {
      let declared = own.first { $0.name == template }
      chosen = try declared.map { try ChatTemplate(source: $0.source, name: template) } ?? named(template)
    } else {
      let declared = own.first { $0.name == "default" } ?? (own.count == 1 ? own.first : nil)
      guard declared != nil || own.isEmpty else {
        throw FileError(
          path: files.path,
          "has \(own.count) chat templates and none called default: name one of them, \(own.map(\.name).joined(separator: ", ")), by "
            + "--template or \"template\" in the config")
      }
      chosen = try declared.map { try ChatTemplate(source: $0.source, name: "chat template of \(files.name)") }
    }
    return try ChatRenderer(template: chosen, tokenizer: tokenizer, configuration: configuration)
  }

  private static func named(_ name: String) throws -> ChatTemplate? {
    if name == "plain" { return nil }
    if let template = try ChatTemplate.builtIn(name) { return template }
    guard FileManager.default.fileExists(atPath: name) else {
      let hint = NearestName.of(name, among: ChatTemplate.builtInNames).map { "; did you mean \($0)?" } ?? ""
      throw FileError(
        path: name,
        "is neither a template's file nor a built-in one\(hint) (\(ChatTemplate.builtInNames.joined(separator: ", ")))")
    }
    let text = try DocumentText(file: name, limit: DocumentText.largestDescription)
    return try ChatTemplate(source: String(decoding: text.bytes, as: UTF8.self), name: name)
  }
}
