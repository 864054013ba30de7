import Foundation

/// The files of a model's folder that make its tokenizer: tokenizer.json, or vocab.json with merges.txt, and what lies
/// beside them.
struct TokenizerFolder {
  let path: String
  /// config.json's `model_type`, if there is one.
  var modelType: String?

  private static let chatTemplate = "chat_template.jinja"
  private static let furtherTemplates = "additional_chat_templates"

  /// Whether the folder has a tokenizer.
  ///
  /// - Throws: `FileError` for a link that leads nowhere.
  func hasTokenizer() throws -> Bool {
    if try has("tokenizer.json") { return true }
    return try has("vocab.json") && has("merges.txt")
  }

  /// The tokenizer.
  ///
  /// - Throws: `FileError` if there is none; `DocumentError` for what is malformed or not supported.
  func tokenizer() throws -> Tokenizer {
    let (configuration, files) = try settings()
    if let files { return try files.tokenizer(configuration) }
    guard try has("tokenizer.json") else {
      throw FileError(
        path: path, "the model has no tokenizer: there is neither tokenizer.json nor vocab.json with merges.txt")
    }
    let (json, text) = try JSONParser.parse(file: path + "/tokenizer.json")
    return try Tokenizer.load(tokenizerJSON: json, text: text, configuration: configuration)
  }

  /// What the files beside the vocabulary say.
  ///
  /// - Throws: `FileError` or `DocumentError`.
  func configuration() throws -> TokenizerConfiguration { try settings().configuration }

  private func settings() throws -> (configuration: TokenizerConfiguration, files: VocabularyAndMerges?) {
    var configuration = TokenizerConfiguration()
    if let (json, text) = try description("tokenizer_config.json") {
      configuration = try TokenizerConfiguration(json: json, text: text)
    }
    // As in transformers, a file that lists its added tokens is complete, and the older files are not looked at.
    if !configuration.listsAddedTokens {
      if let (json, text) = try description("special_tokens_map.json") {
        try configuration.merge(specialTokensMap: json, text: text)
      }
      if let (json, text) = try description("added_tokens.json") {
        try configuration.merge(addedTokens: json, text: text)
      }
    }
    let templates = try templates()
    if !templates.isEmpty { configuration.chatTemplates = templates }
    guard try !has("tokenizer.json"), try has("vocab.json"), try has("merges.txt") else { return (configuration, nil) }
    let (vocabulary, text) = try JSONParser.parse(file: path + "/vocab.json")
    let files = VocabularyAndMerges(
      vocabulary: vocabulary, vocabularyText: text, merges: try DocumentText(file: path + "/merges.txt"))
    return (try files.completed(configuration, modelType: modelType), files)
  }

  /// The templates that have files of their own; they replace those of tokenizer_config.json.
  private func templates() throws -> [TokenizerConfiguration.NamedTemplate] {
    var templates: [TokenizerConfiguration.NamedTemplate] = []
    if try has(Self.chatTemplate) { templates.append(try template("default", Self.chatTemplate)) }
    let folder = path + "/" + Self.furtherTemplates
    for entry in ModelDownload.entries(of: folder) where entry.hasSuffix(".jinja") {
      templates.append(try template(String(entry.dropLast(6)), Self.furtherTemplates + "/" + entry))
    }
    return templates
  }

  private func template(_ name: String, _ file: String) throws -> TokenizerConfiguration.NamedTemplate {
    let text = try DocumentText(file: path + "/" + file, limit: DocumentText.largestDescription)
    return .init(name: name, source: String(decoding: text.bytes, as: UTF8.self))
  }

  private func has(_ name: String) throws -> Bool { try FilePath.exists(path + "/" + name) }

  private func description(_ name: String) throws -> (value: DocumentValue, text: DocumentText)? {
    guard try has(name) else { return nil }
    return try JSONParser.parse(file: path + "/" + name, limit: DocumentText.largestDescription)
  }
}
