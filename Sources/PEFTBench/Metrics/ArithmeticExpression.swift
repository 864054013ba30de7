import CodeMetrics

/// Evaluates arithmetic that a model wrote: numbers, + - * / // %, signs and parentheses, and nothing else.
///
/// `//` and `%` round towards minus infinity. Nesting is bounded, so no text can exhaust the stack.
package struct ArithmeticExpression {
  /// Deepest nesting of parentheses and signs that is read.
  package static let maximumDepth = 100

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  /// The value of `text`, or nil if it is not such an expression, divides by zero, or is too large.
  package static func value(of text: String) -> Double? {
    var expression = ArithmeticExpression(bytes: Array(text.utf8))
    guard let value = expression.sum(), expression.peek() == nil, value.isFinite else { return nil }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func peek() -> UInt8? {
    while position < bytes.count, bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) { position += 1 }
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func sum() -> Double? {
    guard var value = product() else { return nil }
    while let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      position += 1
      guard let next = product() else { return nil }
      value = sign == UInt8(ascii: "+") ? value + next : value - next
    }
    return value
  }

  private mutating func product() -> Double? {
    guard var value = factor() else { return nil }
    while let sign = peek() {
      switch sign {
      case UInt8(ascii: "*"):
        position += 1
        guard let next = factor() else { return nil }
        value *= next
      case UInt8(ascii: "/"):
        position += 1
        let floors = position < bytes.count && bytes[position] == UInt8(ascii: "/")
        if floors { position += 1 }
        guard let next = factor(), next != 0 else { return nil }
        value = floors ? (value / next).rounded(.down) : value / next
      case UInt8(ascii: "%"):
        position += 1
        guard let next = factor(), next != 0 else { return nil }
        value -= next * (value / next).rounded(.down)
      default:
        return value
      }
    }
    return value
  }

  private mutating func factor() -> Double? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth, let byte = peek() else { return nil }
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "+"):
      position += 1
      guard let value = factor() else { return nil }
      return byte == UInt8(ascii: "-") ? -value : value
    case UInt8(ascii: "("):
      position += 1
      guard let value = sum(), peek() == UInt8(ascii: ")") else { return nil }
      position += 1
      return value
    default:
      return number()
    }
  }

  private mutating func number() -> Double? {
    let start = position
    let whole = digits()
    var fraction = 0
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      fraction = digits()
    }
    guard whole + fraction > 0 else { return nil }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
        position += 1
      }
      guard digits() > 0 else { return nil }
    }
    return PlainNumber.value(bytes[start..<position])
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    return position - start
  }
}

/// Converts the spelling of a decimal number.
enum PlainNumber {
  /// The value of digits with at most one point and one exponent; a point may stand first or last.
  static func value(_ bytes: some Collection<UInt8>) -> Double? {
    var text = String(decoding: bytes, as: UTF8.self)
    if text.hasPrefix(".") { text = "0" + text }
    text = text.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
    return Double(text.hasSuffix(".") ? text + "0" : text)
  }

  /// What Python's `float()` makes of `text`, or nil where it raises: surrounding white space and single underscores
  /// between digits are fine, and so are the words for infinity and not-a-number.
  static func pythonFloat(_ text: String) -> Double? {
    let bytes = Array(text.trimmingWhiteSpace().utf8)
    let unsigned = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    switch String(decoding: unsigned, as: UTF8.self).lowercased() {
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    case "nan": return .nan
    default: break
    }
    let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
    var plain: [UInt8] = []
    for index in unsigned.indices {
      let byte = unsigned[index]
      if byte == UInt8(ascii: "_") {
        guard index > unsigned.startIndex, index + 1 < unsigned.endIndex, isDigit(unsigned[index - 1]),
          isDigit(unsigned[index + 1])
        else { return nil }
      } else {
        guard isDigit(byte) || ".eE+-".utf8.contains(byte) else { return nil }
        plain.append(byte)
      }
    }
    // A mantissa needs a digit; `Double` judges the rest.
    let mantissa = plain.prefix { $0 | 0x20 != UInt8(ascii: "e") }
    guard mantissa.contains(where: isDigit), plain.first.map({ isDigit($0) || $0 == UInt8(ascii: ".") }) ?? false,
      let magnitude = value(plain)
    else { return nil }
    return isNegative ? -magnitude : magnitude
  }
}
