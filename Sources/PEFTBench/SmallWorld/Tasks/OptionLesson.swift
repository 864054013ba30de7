import PEFTCore

extension Lesson {
  /// A question with options, one of which is right.
  package struct Choice: Sendable {
    /// What is asked, as fields before the options.
    package var fields: [Field]
    /// The options.
    package var options: [String]
    /// Which of them is right.
    package var right: Int
    /// Why, as a sentence; empty where nothing can be said.
    package var reason: String

    /// Creates a question.
    package init(_ fields: [Field], _ options: [String], right: Int, reason: String = "") {
      self.fields = fields
      self.options = options
      self.right = right
      self.reason = reason
    }
  }

  /// A choice as a conversation: the options a line each, the answer by name and content, or by content where asked so.
  ///
  /// The names of the options are drawn again each time, so that what is learned is to find the right option and to say
  /// how it is called, not a fixed set of label words.
  package static func choice(_ choice: Choice, asking instructions: [String], _ draws: inout Draws)
    -> PretrainingDocument
  {
    if draws.chance(0.3) { return judged(choice.fields, choice.options, right: choice.right, &draws) }
    let names = names(of: choice.options, &draws)
    var lines = lines(of: choice.fields, &draws)
    lines += zip(names, choice.options).map { "\($0): \($1)" }
    let text = String(choice.options[choice.right].trimmingSuffix(while: { $0 == "." }))
    if draws.chance(0.1) {
      lines.insert(draws.pick(inWords), at: 0)
      let reason = choice.reason.isEmpty || draws.chance(0.5) ? "" : " " + choice.reason
      return exchange(lines.joined(separator: "\n"), Inflection.sentence(text) + reason)
    }
    if draws.chance(0.4) {
      lines.insert(Preface.text(&draws), at: 0)
    } else if draws.chance(0.6) {
      lines.insert(draws.pick(instructions), at: 0)
    }
    return exchange(lines.joined(separator: "\n"), "\(names[choice.right]), \(text).")
  }

  /// A choice as prose that says after options whether they are right, and then which one it is.
  ///
  /// To choose, a model has to have judged each option by the time it has read it; one word at the end teaches that hardly
  /// at all. Here every judgement is told where it has to be made. It is left out at random, so that it has to be made
  /// whether it is told or not.
  static func judged(_ fields: [Field], _ options: [String], right: Int, _ draws: inout Draws) -> PretrainingDocument {
    let names = names(of: options, &draws)
    var lines = lines(of: fields, &draws)
    let share = draws.chance(0.4) ? 1 : 0.5
    for (place, option) in options.enumerated() {
      lines.append("\(names[place]): \(option)")
      if draws.chance(share) { lines.append(place == right ? "yes" : "no") }
    }
    lines.append(conclusion(names[right], options[right]))
    return .prose(lines.joined(separator: "\n"))
  }

  /// The last line of a list: which option it is, by name and content.
  static func conclusion(_ name: String, _ option: String) -> String {
    "It is \(name), \(option.trimmingSuffix(while: { $0 == "." }))."
  }

  /// Statements under something given, each with a verdict after it, as prose.
  ///
  /// Of a conversation only one word tells whether two texts agree; here one text is judged against several.
  static func verdicts(_ fields: [Field], _ statements: [(text: String, isRight: Bool)], _ draws: inout Draws)
    -> PretrainingDocument
  {
    let judged = draws.shuffled(statements).map { "\($0.text)\n\($0.isRight ? "yes" : "no")" }
    return .prose((lines(of: fields, &draws) + judged).joined(separator: "\n"))
  }

  /// Instructions that ask for the content of the right option.
  private static let inWords = ["Say it in words.", "Tell me in words.", "Answer in words, please."]

  /// The parts of a request, a line each, mostly under their usual names.
  private static func lines(of fields: [Field], _ draws: inout Draws) -> [String] {
    let number = draws.chance(0.7) ? 0 : draws.integer(below: 1 << 16)
    return fields.map { $0.line(naming: number) }
  }

  /// Names for a list of options, in order.
  static func names(of options: [String], _ draws: inout Draws) -> [String] {
    let count = options.count
    // Numbers as names of numbers would only confuse.
    let canBeNumbers = !options.allSatisfy { $0.allSatisfy(\.isNumber) }
    switch draws.integer(below: 10) {
    case 0..<4: return letters(count, from: UInt8(ascii: "A"))
    case 4 where canBeNumbers: return (1...count).map(String.init)
    default:
      let word = draws.pick(["choice", "answer", "option", "plan", "ending", "part", "line", "way", "solution"])
      return (1...count).map { word + String($0) }
    }
  }

  /// The first letters of an alphabet.
  static func letters(_ count: Int, from first: UInt8) -> [String] {
    (0..<count).map { String(UnicodeScalar(first + UInt8($0))) }
  }

  /// The right option and the wrong ones with the right one at `place`.
  package static func arranged<Option>(_ right: Option, _ wrong: [Option], at place: Int) -> [Option] {
    var options = wrong
    options.insert(right, at: min(place, options.count))
    return options
  }
}
