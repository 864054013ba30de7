/// Writes JSON values as text (RFC 8259), the same bytes for the same value.
public struct JSONWriter {
  private let isPretty: Bool
  private var bytes: [UInt8] = []

  private init(isPretty: Bool) { self.isPretty = isPretty }

  /// The UTF-8 text of `value`.
  ///
  /// - Parameters:
  ///   - value: What to write.
  ///   - isPretty: Over several lines with two spaces of indentation and a line break at the end; lists
  ///     without objects or lists inside stay on one line. Otherwise one line without any spaces.
  public static func bytes(_ value: JSONValue, isPretty: Bool) -> [UInt8] {
    var writer = JSONWriter(isPretty: isPretty)
    writer.write(value, indent: 0)
    if isPretty { writer.bytes.append(0x0A) }
    return writer.bytes
  }

  private mutating func write(_ value: JSONValue, indent: Int) {
    switch value {
    case .null: put("null")
    case .bool(let value): put(value ? "true" : "false")
    case .integer(let value): put("\(value)")
    case .number(let value): put(value.isFinite ? "\(value)" : "null")
    case .string(let value): write(value)
    case .array(let values): write(values, indent: indent)
    case .object(let object): write(object, indent: indent)
    }
  }

  private mutating func write(_ values: [JSONValue], indent: Int) {
    let isOneLine = !isPretty || values.allSatisfy(\.isScalar)
    put("[")
    for (index, value) in values.enumerated() {
      if index > 0 { put(isPretty && isOneLine ? ", " : ",") }
      if !isOneLine { breakLine(indent + 1) }
      write(value, indent: indent + 1)
    }
    if !isOneLine { breakLine(indent) }
    put("]")
  }

  private mutating func write(_ object: JSONObject, indent: Int) {
    put("{")
    for (index, member) in object.members.enumerated() {
      if index > 0 { put(",") }
      if isPretty { breakLine(indent + 1) }
      write(member.key)
      put(isPretty ? ": " : ":")
      write(member.value, indent: indent + 1)
    }
    if isPretty, !object.members.isEmpty { breakLine(indent) }
    put("}")
  }

  private mutating func write(_ string: String) { Self.quote(string, into: &bytes) }

  /// A string with its quotes, as Python's `json.dumps(…, ensure_ascii=False)` and Rust's serde write it: the shortest
  /// escapes, and everything from the space on as it is.
  static func quoted(_ string: String) -> String {
    var bytes: [UInt8] = []
    quote(string, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func quote(_ string: String, into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0x0D: bytes += "\\r".utf8
      case ..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func breakLine(_ indent: Int) {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * indent))
  }
}

extension JSONValue {
  /// The text on one line, without a line break at its end.
  public var compactText: String { String(decoding: JSONWriter.bytes(self, isPretty: false), as: UTF8.self) }

  /// The text over several lines, for people.
  public var prettyText: String { String(decoding: JSONWriter.bytes(self, isPretty: true), as: UTF8.self) }

  /// The bytes of one line of a JSONL file, with its line break.
  public var line: [UInt8] { JSONWriter.bytes(self, isPretty: false) + [0x0A] }

  fileprivate var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}
