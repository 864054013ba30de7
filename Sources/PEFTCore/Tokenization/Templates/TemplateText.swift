/// Python's operations on strings, byte by byte, as templates use them.
enum TemplateText {
  /// Whether Python's `strip` takes the scalar: White_Space and the separators U+001C to U+001F.
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || 0x1C...0x1F ~= scalar.value
  }

  /// Removes white space, or any of `characters`, from the ends.
  static func strip(_ text: String, of characters: String? = nil, left: Bool, right: Bool) -> String {
    let unwanted = characters.map { Set($0.unicodeScalars) }
    func isUnwanted(_ scalar: Unicode.Scalar) -> Bool { unwanted.map { $0.contains(scalar) } ?? isSpace(scalar) }
    var scalars = text.unicodeScalars[...]
    if left { scalars = scalars.drop(while: isUnwanted) }
    if right { while let last = scalars.last, isUnwanted(last) { scalars.removeLast() } }
    return String(scalars)
  }

  static func strip(_ bytes: [UInt8], left: Bool, right: Bool) -> [UInt8] {
    Array(strip(String(decoding: bytes, as: UTF8.self), left: left, right: right).utf8)
  }

  /// Where `part` occurs, without overlaps; takes time linear in both, whatever they repeat.
  ///
  /// Source: Knuth, Morris and Pratt, 1977.
  private static func occurrences(of part: [UInt8], in text: [UInt8], limit: Int) -> [Int] {
    guard !part.isEmpty, part.count <= text.count else { return [] }
    // The longest proper beginning of `part` that also ends its first i + 1 bytes.
    var borders = [Int](repeating: 0, count: part.count)
    var length = 0
    for index in 1..<part.count {
      while length > 0, part[index] != part[length] { length = borders[length - 1] }
      if part[index] == part[length] { length += 1 }
      borders[index] = length
    }
    var found: [Int] = []
    length = 0
    for position in text.indices where found.count < limit {
      while length > 0, text[position] != part[length] { length = borders[length - 1] }
      if text[position] == part[length] { length += 1 }
      if length == part.count {
        found.append(position + 1 - part.count)
        length = 0
      }
    }
    return found
  }

  static func contains(_ text: String, _ part: String) -> Bool {
    part.utf8.isEmpty || !occurrences(of: Array(part.utf8), in: Array(text.utf8), limit: 1).isEmpty
  }

  static func count(_ part: String, in text: String) -> Int {
    occurrences(of: Array(part.utf8), in: Array(text.utf8), limit: .max).count
  }

  /// The offset of `part` in scalars, or -1.
  static func find(_ part: String, in text: String) -> Int {
    let bytes = Array(text.utf8)
    if part.utf8.isEmpty { return 0 }
    guard let offset = occurrences(of: Array(part.utf8), in: bytes, limit: 1).first else { return -1 }
    return bytes[..<offset].filter { $0 & 0xC0 != 0x80 }.count
  }

  static func replace(_ part: String, in text: String, by replacement: String, limit: Int) -> String {
    split(text, by: part, limit: limit).joined(separator: replacement)
  }

  /// The parts between occurrences of a non-empty separator, at most `limit` of which count.
  static func split(_ text: String, by separator: String, limit: Int) -> [String] {
    let bytes = Array(text.utf8)
    var parts: [String] = []
    var start = 0
    for offset in occurrences(of: Array(separator.utf8), in: bytes, limit: limit) {
      parts.append(String(decoding: bytes[start..<offset], as: UTF8.self))
      start = offset + separator.utf8.count
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  /// The words between runs of white space.
  static func words(_ text: String) -> [String] {
    text.unicodeScalars.split(whereSeparator: isSpace).map { String($0) }
  }

  static func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return text }
    return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
  }

  /// Each letter after a non-letter in title case, the others in lower case.
  static func titled(_ text: String) -> String {
    var result = ""
    var followsLetter = false
    for scalar in text.unicodeScalars {
      result += followsLetter ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
      followsLetter = scalar.properties.isCased
    }
    return result
  }

  /// Order by code points.
  static func precedes(_ one: String, _ other: String) -> Bool {
    one.unicodeScalars.lexicographicallyPrecedes(other.unicodeScalars)
  }

  /// Python's `repr` of a string, without its rules for characters that do not print.
  static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar = contains(text, "'") && !contains(text, "\"") ? "\"" : "'"
    var result = String(Character(quote))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case quote: result += "\\\(quote)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "\\x" + hexadecimal(scalar.value, digits: 2)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + String(Character(quote))
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let spelling = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - spelling.count)) + spelling
  }
}
