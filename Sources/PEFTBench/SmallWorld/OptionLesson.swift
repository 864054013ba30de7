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

  /// A choice as a conversation: the options in one of many layouts, the answer by place, by name or by content.
  ///
  /// The names of the options are drawn anew each time, so that what is learned is to find the right option and to say
  /// how it is called, not a fixed set of label words.
  public static func choice(_ choice: Choice, asking instructions: [String], _ draws: inout Draws)
    -> PretrainingDocument
  {
    // Numbers as names of numbers would only confuse.
    let areNumbers = choice.options.allSatisfy { $0.allSatisfy(\.isNumber) }
    let names = names(choice.options.count, canBeNumbers: !areNumbers, &draws)
    var lines: [String] = []
    let number = draws.integer(below: 1 << 16)
    for field in choice.fields {
      let isNamed = !field.names.isEmpty && draws.chance(0.7)
      lines.append(isNamed ? "\(field.names[number % field.names.count]): \(field.text)" : field.text)
    }
    let isOneLine = draws.chance(0.2)
    let options = zip(names, choice.options).map { "\($0): \($1)" }
    if isOneLine { lines.append(options.joined(separator: ", ")) } else { lines += options }
    let instruction = draws.pick(instructions)
    switch draws.integer(below: 6) {
    case 0: lines.append(instruction)
    case 1: break
    default: lines.insert(instruction, at: 0)
    }
    return exchange(lines.joined(separator: "\n"), answer(choice, names, &draws))
  }

  private static func answer(_ choice: Choice, _ names: [String], _ draws: inout Draws) -> String {
    let text = String(choice.options[choice.right].trimmingSuffix(while: { $0 == "." }))
    let name = names[choice.right]
    let reason = choice.reason.isEmpty ? "" : " " + choice.reason
    switch draws.integer(below: 10) {
    case 0..<2: return "\(ordinals[choice.right]): \(text)."
    case 2: return "\(ordinals[choice.right]) one.\(reason)"
    case 3..<6: return "\(name), \(text)."
    case 6: return "\(name) is right.\(reason)"
    case 7: return "I take \(name): \(text)."
    case 8: return Inflection.sentence(text) + reason
    default: return Inflection.sentence(text) + " That is \(name)."
    }
  }

  private static let ordinals = ["The first", "The second", "The third", "The fourth", "The fifth"]

  /// Names for a list of options, in order.
  private static func names(_ count: Int, canBeNumbers: Bool, _ draws: inout Draws) -> [String] {
    func letters(from first: UInt8) -> [String] {
      let start = draws.integer(below: 26 - count)
      return (0..<count).map { String(UnicodeScalar(first + UInt8(start + $0))) }
    }
    switch draws.integer(below: 10) {
    case 0..<3: return letters(from: UInt8(ascii: "A"))
    case 3..<5: return letters(from: UInt8(ascii: "a"))
    case 5..<7 where canBeNumbers: return (1...count).map(String.init)
    default:
      let word = draws.pick(["choice", "answer", "option", "plan", "ending", "part", "line", "way", "solution"])
      let gap = draws.chance(0.3) ? " " : ""
      return (1...count).map { word + gap + String($0) }
    }
  }

  /// The right option and the wrong ones with the right one at `place`.
  public static func arranged(_ right: String, _ wrong: [String], at place: Int) -> [String] {
    var options = wrong
    options.insert(right, at: min(place, options.count))
    return options
  }
}
