/// Damage to texts that keeps most of their grammar: words, numbers, strings and whole bracketed parts are exchanged,
/// doubled, taken out or nested, and pieces that mean trouble are put in.
enum TextMutation {
  /// Spellings of numbers that do not fit, or hardly.
  static let numbers = [
    "0", "-1", "1", "-0", "2", "255", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616",
    "1e308", "1e999", "-1e999", "1e-400", "0.1", "1.5", "1e3", "00", "0x10", "NaN", "Infinity", "-Infinity",
    "99999999999999999999999999999999999999", "1e18", "4e9",
  ]
  /// Values of every kind, names that lead out of a folder among them.
  static let values =
    [
      "null", "true", "false", "\"\"", "[]", "{}", "[[]]", "[null]", "{\"a\":1}", "\"../x\"", "\"/etc/passwd\"",
      "\"..\"", "\"a/b\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\u00e9\\u0301\"", "\"\u{FFFD}\u{202E}\"", "\"a\"", "'a'",
      "\"" + String(repeating: "x", count: 300) + "\"",
    ] + numbers

  static func apply(to bytes: inout [UInt8], pieces: [String], _ random: inout CaseRandom) {
    let tokens = tokens(of: bytes)
    guard !tokens.isEmpty else {
      bytes = Array(random.pick(values).utf8)
      return
    }
    // Mostly values and keys: damaged grammar alone would not get beyond the parser.
    let contents = tokens.filter { isContent(bytes[$0.lowerBound]) }
    func pick() -> Range<Int> { random.pick(contents.isEmpty || random.oneIn(10) ? tokens : contents) }
    let token = pick()
    let other = pick()
    let group = group(from: token.lowerBound, in: bytes)
    switch random.below(12) {
    case 0: bytes.replaceSubrange(token, with: random.pick(values).utf8)
    case 1:
      let numbers = tokens.filter { isDigit(bytes[$0.lowerBound]) }
      bytes.replaceSubrange(
        numbers.isEmpty ? token : random.pick(numbers), with: random.pick(Self.numbers).utf8)
    case 2: bytes.replaceSubrange(token, with: Array(bytes[other]))
    case 3 where random.oneIn(4): bytes.removeSubrange(token)
    case 4: bytes.removeSubrange(group)
    case 5: bytes.insert(contentsOf: Array(bytes[group]), at: other.lowerBound)
    case 6: bytes.replaceSubrange(group, with: random.pick(values).utf8)
    case 7: bytes.replaceSubrange(group, with: Array(bytes[self.group(from: other.lowerBound, in: bytes)]))
    case 8 where !pieces.isEmpty: bytes.insert(contentsOf: random.pick(pieces).utf8, at: token.lowerBound)
    case 9 where !pieces.isEmpty: bytes.replaceSubrange(token, with: random.pick(pieces).utf8)
    case 10 where random.oneIn(3):
      let (open, close) = random.pick([("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{", "}"), ("- ", ""), ("  ", "")])
      let depth = random.pick([1, 2, 3, 30, 99, 101, 255, 257, 3000])
      let nested =
        String(repeating: open, count: depth) + String(decoding: bytes[token], as: UTF8.self)
        + String(repeating: close, count: random.oneIn(8) ? random.below(depth) : depth)
      bytes.replaceSubrange(token, with: nested.utf8)
    default:
      // A whole line, as text formats have members, rows and statements.
      let start = bytes[..<token.lowerBound].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      let end = bytes[token.lowerBound...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
      if random.oneIn(2) {
        bytes.removeSubrange(start..<end)
      } else {
        bytes.insert(contentsOf: Array(bytes[start..<end]), at: start)
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }

  private static func isContent(_ byte: UInt8) -> Bool {
    isWord(byte) || byte == 0x22 || byte == 0x5B || byte == 0x7B || byte == 0x2D
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || byte == 0x5F || byte == 0x2E || byte >= 0x80
  }

  /// Words with digits and points, quoted strings, and single other signs; spaces belong to none.
  private static func tokens(of bytes: [UInt8]) -> [Range<Int>] {
    var tokens: [Range<Int>] = []
    var position = 0
    while position < bytes.count {
      let start = position
      let byte = bytes[position]
      position += 1
      if byte <= 0x20 { continue }
      if isWord(byte) {
        while position < bytes.count, isWord(bytes[position]) { position += 1 }
      } else if byte == 0x22 {
        while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x0A {
          position += bytes[position] == 0x5C ? 2 : 1
        }
        position = min(position + 1, bytes.count)
      }
      tokens.append(start..<position)
    }
    return tokens
  }

  /// From a place to the end of the bracketed part that begins there, or of the member up to the next comma or line.
  private static func group(from start: Int, in bytes: [UInt8]) -> Range<Int> {
    var depth = 0
    var position = start
    while position < bytes.count {
      switch bytes[position] {
      case 0x5B, 0x7B, 0x28: depth += 1
      case 0x5D, 0x7D, 0x29:
        depth -= 1
        if depth < 0 { return start..<position }
        if depth == 0 { return start..<position + 1 }
      case 0x2C, 0x0A:
        if depth == 0 { return start..<position + 1 }
      default: break
      }
      position += 1
    }
    return start..<bytes.count
  }
}
