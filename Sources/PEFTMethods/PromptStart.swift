import PEFTCore

/// What virtual tokens or prefixes start from.
enum PromptStart: String, CaseIterable, Sendable {
  /// Standard normal values, PEFT's default.
  case random
  /// Tokens drawn from the vocabulary.
  case vocabulary
  /// The tokens of a text.
  case text

  /// Ids below this are drawn for `vocabulary`.
  ///
  /// In the order of a byte-pair vocabulary those are the most frequent tokens
  /// (Lester et al. 2021 draw from the 5,000 most common ones).
  private static let commonTokens = 5000

  /// Reads `init` and `init_text`, which need each other.
  ///
  /// - Parameter fallback: The start without `init`; nil for none, where another option decides.
  static func read(_ options: inout OptionReader, default fallback: PromptStart?) throws -> (PromptStart?, String?) {
    let about = "random values, tokens of the vocabulary, or the tokens of init_text"
    let given: PromptStart? =
      if let fallback { try options.choice("init", default: fallback, about: about) } else {
        try options.optionalChoice("init", about: about)
      }
    let text = try options.optionalString("init_text", about: "the text that init: text starts from")
    if given == .text, text?.isEmpty ?? true { throw options.error("init", "\"text\" needs \"init_text\" too") }
    if given != .text, text != nil {
      guard !options.has("init") else { throw options.error("init_text", "needs init: text too") }
      return (.text, text)
    }
    return (given, text)
  }

  /// The tokens to start from, `count` of them; nil for random values.
  ///
  /// A longer text is cut, a shorter one repeated, as PEFT does.
  ///
  /// - Throws: `AttachError` if a text is wanted and it has no tokens, or a loaded model came without tokenizer.
  func tokens(
    _ count: Int, text: String?, model: CausalLanguageModel, setting: AttachmentSetting, purpose: String
  ) throws -> [Int32]? {
    switch self {
    case .random: return nil
    case .vocabulary:
      let stream = setting.seeds.child(purpose).child("vocabulary")
      let bound = min(Self.commonTokens, model.configuration.vocabularySize)
      return (0..<count).map { Int32(stream.integer(below: bound, at: $0)) }
    case .text:
      guard let tokenizer = setting.tokenizer else {
        // A model without weights is there to be counted, and values are never asked for.
        guard model.embedding.weight == nil else {
          throw AttachError("init: text needs a tokenizer, and this model has none", option: "init")
        }
        return [Int32](repeating: 0, count: count)
      }
      let ids = tokenizer.encode(text ?? "", addSpecialTokens: false)
      guard !ids.isEmpty else { throw AttachError("init_text \"\(text ?? "")\" has no tokens", option: "init_text") }
      if let id = ids.first(where: { $0 >= model.configuration.vocabularySize }) {
        throw AttachError(
          "init_text has token \(id), but the model knows \(model.configuration.vocabularySize)",
          option: "init_text")
      }
      return (0..<count).map { ids[$0 % ids.count] }
    }
  }
}
