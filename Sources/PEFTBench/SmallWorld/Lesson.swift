import PEFTCore

/// Builds the conversations that teach a skill: requests in many wordings and layouts, answers in free words.
public enum Lesson {
  /// A named part of a request, such as `Premise`, with the names that it may have.
  public struct Field: Sendable {
    /// What it may be called.
    public let names: [String]
    /// Its text.
    public let text: String

    /// Creates a part.
    public init(_ names: [String], _ text: String) {
      self.names = names
      self.text = text
    }
  }

  /// One exchange as a conversation.
  public static func exchange(_ user: String, _ assistant: String) -> PretrainingDocument {
    .conversation([ChatMessage(role: "user", content: user), ChatMessage(role: "assistant", content: assistant)])
  }

  /// Several exchanges as a conversation.
  public static func exchanges(_ turns: [(user: String, assistant: String)]) -> PretrainingDocument {
    .conversation(
      turns.flatMap {
        [ChatMessage(role: "user", content: $0.user), ChatMessage(role: "assistant", content: $0.assistant)]
      })
  }

  /// A request with its parts in one of several layouts.
  ///
  /// Fields whose lists of names have the same length are called alike: the first name of each, or the second of each.
  public static func request(_ instruction: String, _ fields: [Field], _ draws: inout Draws) -> String {
    let number = draws.integer(below: 1 << 16)
    let lines = fields.map { field in
      field.names.isEmpty ? field.text : "\(field.names[number % field.names.count]): \(field.text)"
    }
    switch draws.integer(below: 10) {
    case 0: return (lines + [instruction]).joined(separator: "\n")
    case 1: return instruction + " " + fields.map { "\"\($0.text)\"" }.joined(separator: " ")
    default: return ([instruction] + lines).joined(separator: "\n")
    }
  }

  /// Two statements under pairs of names.
  public static func pair(_ first: String, _ second: String) -> [Field] {
    [
      Field(["Premise", "Sentence 1", "Text", "First", "Given", "A", "Question 1"].dropLast(), first),
      Field(["Hypothesis", "Sentence 2", "Sentence", "Second", "Said", "B", "Question 2"].dropLast(), second),
    ]
  }

  /// A text and a question about it.
  public static func reading(_ text: String, _ question: String) -> [Field] {
    [
      Field(["Passage", "Text", "Paragraph", "Story"], text),
      Field(["Question", "Question", "Question", "Asked"], question),
    ]
  }
}
