/// Cuts Python text into tokens, on demand and from any place.
///
/// Strings are left to the parser, because what is in braces inside an f-string is again Python.
struct PythonLexer {
  /// What a token is.
  enum Kind {
    case name, integer, float, operatorSign, stringStart, newline, endOfText, unknown
  }

  /// A token with its place.
  struct Token {
    let kind: Kind
    let start: Int
    let end: Int
  }

  let bytes: [UInt8]

  /// The byte at `index`, 0 past the end.
  func byte(_ index: Int) -> UInt8 { index >= 0 && index < bytes.count ? bytes[index] : 0 }

  /// The text of a range of bytes.
  func text(_ start: Int, _ end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

  /// The token at or after `start`; between brackets line ends are white space.
  func token(from start: Int, betweenBrackets: Bool) -> Token {
    var position = start
    while position < bytes.count {
      let current = bytes[position]
      switch current {
      case 0x20, 0x09, 0x0B, 0x0C, 0x0D:
        position += 1
        continue
      case 0x0A:
        guard betweenBrackets else { return Token(kind: .newline, start: position, end: position) }
        position += 1
        continue
      case UInt8(ascii: "#"):
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
        continue
      case UInt8(ascii: "\\"):
        let next = byte(position + 1) == 0x0D ? position + 2 : position + 1
        if next >= bytes.count || bytes[next] == 0x0A {
          position = min(next + 1, bytes.count)
          continue
        }
        return Token(kind: .unknown, start: position, end: position + 1)
      case 0xEF where byte(position + 1) == 0xBB && byte(position + 2) == 0xBF,
        0xE2 where byte(position + 1) == 0x80 && byte(position + 2) == 0x8B,
        0xE2 where byte(position + 1) == 0x81 && byte(position + 2) == 0xA0:
        // Byte order mark, zero-width space, word joiner.
        position += 3
        continue
      default:
        break
      }
      return word(at: position)
    }
    return Token(kind: .endOfText, start: bytes.count, end: bytes.count)
  }

  private func word(at start: Int) -> Token {
    let first = bytes[start]
    if let quote = stringStartEnd(at: start) { return Token(kind: .stringStart, start: start, end: quote) }
    if Self.isNameStart(first) {
      var end = start + 1
      while Self.isNamePart(byte(end)) { end += 1 }
      return Token(kind: .name, start: start, end: end)
    }
    if Self.isDigit(first) || (first == UInt8(ascii: ".") && Self.isDigit(byte(start + 1))) { return number(at: start) }
    let length = operatorLength(at: start)
    return Token(kind: length > 0 ? .operatorSign : .unknown, start: start, end: start + max(length, 1))
  }

  /// Where the opening quotes of a string end, if one starts here.
  private func stringStartEnd(at start: Int) -> Int? {
    var position = start
    while position < start + 4, "fFrRbBuU".utf8.contains(byte(position)) { position += 1 }
    let quote = byte(position)
    switch quote {
    case UInt8(ascii: "`"): return position + 1
    case UInt8(ascii: "'"), UInt8(ascii: "\""):
      return byte(position + 1) == quote && byte(position + 2) == quote ? position + 3 : position + 1
    default: return nil
    }
  }

  private func number(at start: Int) -> Token {
    var position = start
    let marker = byte(start + 1) | 0x20
    if bytes[start] == UInt8(ascii: "0"),
      marker == UInt8(ascii: "x") || marker == UInt8(ascii: "o") || marker == UInt8(ascii: "b")
    {
      position += 2
      let isPart: (UInt8) -> Bool =
        switch marker {
        case UInt8(ascii: "x"): { Self.isDigit($0) || (0x61...0x66).contains($0 | 0x20) }
        case UInt8(ascii: "o"): { (0x30...0x37).contains($0) }
        default: { $0 == 0x30 || $0 == 0x31 }
        }
      while isPart(byte(position)) || (byte(position) == UInt8(ascii: "_") && isPart(byte(position + 1))) {
        position += 1
      }
      if byte(position) | 0x20 == UInt8(ascii: "l") { position += 1 }
      return Token(kind: .integer, start: start, end: position)
    }
    var isFloat = false
    skipDigits(&position)
    if byte(position) == UInt8(ascii: ".") {
      isFloat = true
      position += 1
      skipDigits(&position)
    }
    if byte(position) | 0x20 == UInt8(ascii: "e") {
      var exponent = position + 1
      if byte(exponent) == UInt8(ascii: "+") || byte(exponent) == UInt8(ascii: "-") { exponent += 1 }
      if Self.isDigit(byte(exponent)) {
        isFloat = true
        position = exponent
        skipDigits(&position)
      }
    }
    let suffix = byte(position) | 0x20
    if suffix == UInt8(ascii: "j") || (!isFloat && suffix == UInt8(ascii: "l")) { position += 1 }
    return Token(kind: isFloat ? .float : .integer, start: start, end: position)
  }

  private func skipDigits(_ position: inout Int) {
    while Self.isDigit(byte(position)) || (byte(position) == UInt8(ascii: "_") && Self.isDigit(byte(position - 1))) {
      position += 1
    }
  }

  private func operatorLength(at start: Int) -> Int {
    let first = byte(start)
    let second = byte(start + 1)
    let third = byte(start + 2)
    let equals = UInt8(ascii: "=")
    switch first {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
      UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "~"):
      return 1
    case UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "^"),
      UInt8(ascii: "|"), UInt8(ascii: "@"), UInt8(ascii: "+"):
      return second == equals ? 2 : 1
    case UInt8(ascii: "!"):
      return second == equals ? 2 : 1
    case UInt8(ascii: "-"):
      return second == equals || second == UInt8(ascii: ">") ? 2 : 1
    case UInt8(ascii: "."):
      return second == first && third == first ? 3 : 1
    case UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "<"), UInt8(ascii: ">"):
      if second == first { return third == equals ? 3 : 2 }
      if first == UInt8(ascii: "<"), second == UInt8(ascii: ">") { return 2 }
      return second == equals ? 2 : 1
    default:
      return 0
    }
  }

  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isNameStart(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_") || byte >= 0x80
  }
  static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }
}
