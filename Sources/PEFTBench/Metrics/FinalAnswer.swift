import CodeMetrics

/// The final answer of a worked solution, as GSM8K marks it: `#### n`.
package enum FinalAnswer {
  /// What was found in a solution.
  package struct Found: Sendable, Equatable {
    /// The number.
    package let value: Double
    /// Whether it stood after `####`, and was not merely the last number of the text.
    package let isMarked: Bool
  }

  /// The answer in `text`: the first number after the last `####`, else the last number of the text.
  ///
  /// Thousands separators, a currency sign before the number, and a unit, a percent sign or anything else after it
  /// do not matter; `3/4` is a fraction, and `1e-05`, as tables and JSON spell small numbers, a hundred-thousandth.
  package static func find(in text: String) -> Found? {
    if let mark = text.lastRange(of: "####") {
      guard let value = numbers(in: String(text[mark.upperBound...])).first else { return nil }
      return Found(value: value, isMarked: true)
    }
    return numbers(in: text).last.map { Found(value: $0, isMarked: false) }
  }

  /// Whether two answers are the same number: within a millionth, as GSM8K and SVAMP are scored, whatever their size.
  ///
  /// Of large numbers only what arithmetic in double precision may be off is forgiven, so that ten million and five is
  /// not ten million.
  static func areEqual(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= max(1e-6, 4 * b.ulp) }

  /// Every number of `text` in order.
  static func numbers(in text: String) -> [Double] {
    let bytes = Array(text.utf8)
    var values: [Double] = []
    var position = 0
    while position < bytes.count {
      let startsNumber =
        isDigit(bytes, position)
        || (bytes[position] == UInt8(ascii: ".") && isDigit(bytes, position + 1) && !isDigit(bytes, position - 1))
      guard startsNumber else {
        position += 1
        continue
      }
      let isNegative = hasMinus(bytes, before: position)
      guard var value = unsigned(bytes, &position) else { continue }
      if position < bytes.count, bytes[position] == UInt8(ascii: "/"), isDigit(bytes, position + 1) {
        position += 1
        if let divisor = unsigned(bytes, &position), divisor != 0 { value /= divisor }
      }
      values.append(isNegative ? -value : value)
    }
    return values
  }

  private static func isDigit(_ bytes: [UInt8], _ index: Int) -> Bool {
    bytes.indices.contains(index) && (0x30...0x39).contains(bytes[index])
  }

  /// Reads digits with thousands separators, a fraction and an exponent; a separator needs three digits after it.
  private static func unsigned(_ bytes: [UInt8], _ position: inout Int) -> Double? {
    var spelling: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      if isDigit(bytes, position) {
        spelling.append(byte)
      } else if byte == UInt8(ascii: ","), !spelling.contains(UInt8(ascii: ".")), isDigit(bytes, position - 1),
        (1...3).allSatisfy({ isDigit(bytes, position + $0) }), !isDigit(bytes, position + 4)
      {
        // A separator of thousands is skipped.
      } else if byte == UInt8(ascii: "."), !spelling.contains(byte), isDigit(bytes, position + 1) {
        spelling.append(byte)
      } else {
        break
      }
      position += 1
    }
    if let end = exponentEnd(bytes, position) {
      spelling += bytes[position..<end]
      position = end
    }
    return PlainNumber.value(spelling).flatMap { $0.isFinite ? $0 : nil }
  }

  /// Where the exponent that begins at `start` ends; nil where none does.
  ///
  /// What goes on as a word, as in `2e4x`, is none.
  private static func exponentEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    guard start < bytes.count, bytes[start] | 0x20 == UInt8(ascii: "e") else { return nil }
    var end = start + 1
    if end < bytes.count, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+") { end += 1 }
    guard isDigit(bytes, end) else { return nil }
    while isDigit(bytes, end) { end += 1 }
    guard end < bytes.count else { return end }
    let next = bytes[end]
    let isWord = (0x41...0x5A).contains(next & ~0x20) || next == UInt8(ascii: "_") || next >= 0x80
    return isWord ? nil : end
  }

  /// Whether a minus sign belongs to the number that starts at `index`, perhaps with a currency sign between them.
  ///
  /// A minus right after a digit, letter or closing parenthesis is a subtraction or a hyphen.
  private static func hasMinus(_ bytes: [UInt8], before index: Int) -> Bool {
    var place = index - 1
    // The euro, pound and yen signs are bytes above 0x7F in UTF-8.
    while place >= 0, bytes[place] == UInt8(ascii: "$") || bytes[place] >= 0x80 {
      // U+2212, the minus sign, is E2 88 92.
      if place >= 2, bytes[(place - 2)...place].elementsEqual([0xE2, 0x88, 0x92]) { return true }
      place -= 1
    }
    guard place >= 0, bytes[place] == UInt8(ascii: "-") else { return false }
    guard place > 0 else { return true }
    let before = bytes[place - 1]
    return before <= 0x20 || "(=:$#*[".utf8.contains(before)
  }
}
