/// One option as a user may write it: what `list` and the help texts print.
public struct OptionDescription: Sendable, Equatable {
  /// The forms that an option's value can have.
  public enum Kind: String, Sendable {
    case bool = "true or false"
    case integer = "integer"
    case number = "number"
    case string = "string"
    case choice = "choice"
    case strings = "list of strings"
    case integers = "list of integers"
    case numbers = "list of numbers"
    case list = "list"
    case object = "object"
    case named = "name or object with one"
    case any = "value"

    /// Whether the option's value is itself a list, so that a list does not mean several values to try.
    public var isList: Bool {
      switch self {
      case .strings, .integers, .numbers, .list: true
      default: false
      }
    }
  }

  /// The key.
  public let name: String
  /// Other keys that mean the same.
  public let aliases: [OptionAlias]
  /// What the value is.
  public let kind: Kind
  /// The value when the key is missing, as JSON; nil if it has none.
  public let defaultValue: String?
  /// Whether the key must be given.
  public let isRequired: Bool
  /// The allowed numbers in words, such as "≥ 1".
  public let range: String?
  /// The allowed words of a choice.
  public let choices: [String]
  /// What the option does, in a few words.
  public let about: String?

  /// All keys that mean it, its own first.
  public var names: [String] { [name] + aliases.map(\.name) }
}

/// Bounds of a number in words.
enum RangeText {
  /// "≥ 1", "from 0 to 1", "≥ 0 and < 1", "> 0", or nil where there is no bound.
  static func describe<R: RangeExpression>(_ range: R) -> String? where R.Bound: Comparable {
    switch range {
    case let range as ClosedRange<Int>:
      range == Int.min...Int.max ? nil : "from \(range.lowerBound) to \(range.upperBound)"
    case let range as ClosedRange<Double>:
      switch (range.lowerBound, range.upperBound) {
      case (-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude): nil
      case (.leastNonzeroMagnitude, let upper): "> 0 and ≤ \(short(upper))"
      case (let lower, let upper): "from \(short(lower)) to \(short(upper))"
      }
    case let range as PartialRangeFrom<Int>: "≥ \(range.lowerBound)"
    case let range as PartialRangeFrom<Double>:
      range.lowerBound == .leastNonzeroMagnitude ? "> 0" : "≥ \(short(range.lowerBound))"
    case let range as Range<Int>: "≥ \(range.lowerBound) and < \(range.upperBound)"
    case let range as Range<Double>:
      range.lowerBound == .leastNonzeroMagnitude
        ? "> 0 and < \(short(range.upperBound))" : "≥ \(short(range.lowerBound)) and < \(short(range.upperBound))"
    case let range as PartialRangeThrough<Int>: "≤ \(range.upperBound)"
    case let range as PartialRangeThrough<Double>: "≤ \(short(range.upperBound))"
    case let range as PartialRangeUpTo<Int>: "< \(range.upperBound)"
    case let range as PartialRangeUpTo<Double>: "< \(short(range.upperBound))"
    default: nil
    }
  }

  /// A number without a needless ".0".
  static func short(_ value: Double) -> String {
    if let whole = Int(exactly: value) { "\(whole)" } else { "\(value)" }
  }
}
