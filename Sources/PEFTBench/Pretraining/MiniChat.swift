import PEFTCore

/// The chat format of pretrained models: every turn is one token for who speaks, the text, and one for its end.
///
///     <|user|>Is a hen a bird?<|end|><|assistant|>yes<|end|>
///
/// Short on purpose: a mini model's context is short, and each mark is one token that always means the same.
enum MiniChat {
  /// Ends a document of prose.
  static let endOfText = "<|endoftext|>"
  /// Ends a turn.
  static let endOfTurn = "<|end|>"
  /// Who can speak.
  static let roles = ["system", "user", "assistant"]
  /// The tokens of the format, in the order of their ids.
  static let specialTokens = [endOfText] + roles.map(mark) + [endOfTurn]

  /// The token that opens a turn.
  static func mark(_ role: String) -> String { "<|\(role)|>" }

  /// The id of a token of the format.
  static func id(_ token: String) -> Int32 { Int32(specialTokens.firstIndex(of: token) ?? 0) }

  /// The Jinja template of the format.
  static let template =
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
}
