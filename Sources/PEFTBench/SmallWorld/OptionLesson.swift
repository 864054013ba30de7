import PEFTCore

extension Lesson {
  /// A question with options, one of which is right.
  public struct Choice: Sendable {
    /// What is asked, as fields before the options.
    public var fields: [Field]
    /// The options.
    public var options: [String]
    /// Which of them is right.
    public var right: Int
    /// Why, as a sentence; empty where nothing can be said.
    public var reason: String

    /// Creates a question.
    public init(_ fields: [Field], _ options: [String], right: Int, reason: String = "") {
      self.fields = fields
      self.options = options
      self.right = right
      self.reason = reason
    }
  }

  /// A choice as a conversation: the options a line each, the answer by name and content, or by content where asked so.
  ///
  /// The names of the options are drawn anew each time, so that what is learned is to find the right option and to say
  /// how it is called, not a fixed set of label words.
  public static func choice(_ choice: Choice, asking instructions: [String], _ draws: inout Draws)
    -> PretrainingDocument
  {
    // Numbers as names of numbers would only confuse.
    let areNumbers = choice.options.allSatisfy { $0.allSatisfy(\.isNumber) }
    let names = names(choice.options.count, canBeNumbers: !areNumbers, &draws)
    let number = draws.chance(0.7) ? 0 : draws.integer(below: 1 << 16)
    var lines = choice.fields.map { field in
      field.names.isEmpty ? field.text : "\(field.names[number % field.names.count]): \(field.text)"
    }
    lines += zip(names, choice.options).map { "\($0): \($1)" }
    let text = String(choice.options[choice.right].trimmingSuffix(while: { $0 == "." }))
    if draws.chance(0.2) {
      lines.insert(draws.pick(inWords), at: 0)
      let reason = choice.reason.isEmpty || draws.chance(0.5) ? "" : " " + choice.reason
      return exchange(lines.joined(separator: "\n"), Inflection.sentence(text) + reason)
    }
    if draws.chance(0.7) { lines.insert(draws.pick(instructions), at: 0) }
    return exchange(lines.joined(separator: "\n"), "\(names[choice.right]), \(text).")
  }

  /// Instructions that ask for the content of the right option.
  private static let inWords = ["Say it in words.", "Tell me in words.", "Answer in words, please."]

  /// Names for a list of options, in order.
  private static func names(_ count: Int, canBeNumbers: Bool, _ draws: inout Draws) -> [String] {
    switch draws.integer(below: 10) {
    case 0..<4: return (0..<count).map { String(UnicodeScalar(UInt8(ascii: "A") + UInt8($0))) }
    case 4 where canBeNumbers: return (1...count).map(String.init)
    default:
      let word = draws.pick(["choice", "answer", "option", "plan", "ending", "part", "line", "way", "solution"])
      return (1...count).map { word + String($0) }
    }
  }

  /// The right option and the wrong ones with the right one at `place`.
  public static func arranged(_ right: String, _ wrong: [String], at place: Int) -> [String] {
    var options = wrong
    options.insert(right, at: min(place, options.count))
    return options
  }
}
