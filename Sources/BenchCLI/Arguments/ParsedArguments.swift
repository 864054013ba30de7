import PEFTCore

/// The options and positionals of one call.
///
/// Asking for an option that the command does not declare is a mistake of the program and finds nothing.
struct ParsedArguments: Sendable {
  let command: Command
  /// Values by the option's long name; a flag has one empty value.
  var values: [String: [String]] = [:]
  var positionals: [String] = []

  init(command: Command) { self.command = command }

  /// Whether a flag was given.
  func flag(_ name: String) -> Bool { values[name] != nil }

  /// The last value of an option, or nil.
  func value(_ name: String) -> String? { values[name]?.last }

  /// The last value of an option that must be given.
  func required(_ name: String) throws(UsageError) -> String {
    guard let value = value(name) else { throw error("--\(name) is missing") }
    return value
  }

  /// All values of a repeated option, in order.
  func all(_ name: String) -> [String] { values[name] ?? [] }

  /// The positional called `name`, or nil.
  func positional(_ name: String) -> String? {
    guard let index = command.positionals.firstIndex(where: { $0.name == name }), index < positionals.count else {
      return nil
    }
    return positionals[index]
  }

  /// The positionals from `name` on, where it is a repeated one.
  func positionals(_ name: String) -> [String] {
    guard let index = command.positionals.firstIndex(where: { $0.name == name }) else { return [] }
    return Array(positionals.dropFirst(index))
  }

  /// An option's value as an integer, or nil without it.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      let bounds =
        range.upperBound == Int.max ? "≥ \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw UsageError(
        "--\(name): expected an integer \(bounds), found \(text.debugDescription)", command: command.name)
    }
    return number
  }

  /// An option's value as a number, or nil without it.
  func number(_ name: String) throws(UsageError) -> Double? {
    guard let text = value(name) else { return nil }
    guard let number = DocumentValue(PlainScalar.content(of: text)).number else {
      throw UsageError("--\(name): expected a number, found \(text.debugDescription)", command: command.name)
    }
    return number
  }

  /// An error about what the arguments mean together.
  func error(_ message: String) -> UsageError { UsageError(message, command: command.name) }
}
