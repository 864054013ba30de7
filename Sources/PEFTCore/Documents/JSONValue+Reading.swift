/// Reading members of a value whose form may be that of another version: what is not there, or of another kind, is
/// absent.
extension JSONValue {
  /// The value under a dotted path of keys, such as `scores.primary.value`.
  package func value(at path: String) -> JSONValue? {
    path.split(separator: ".").reduce(Optional(self)) { value, key in value?[String(key)] }
  }

  /// The string under a dotted path, empty if there is none.
  package func string(_ path: String) -> String { value(at: path)?.text ?? "" }

  /// The number under a dotted path.
  package func number(_ path: String) -> Double? { value(at: path)?.number }

  /// The text of a string; nil for anything else.
  package var text: String? { if case .string(let text) = self { text } else { nil } }

  /// The value of a number, whole or not; nil for anything else.
  package var number: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  /// The elements of an array; nil for anything else.
  package var elements: [JSONValue]? { if case .array(let list) = self { list } else { nil } }
}
