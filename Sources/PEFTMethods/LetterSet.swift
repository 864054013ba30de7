/// The letters that one place of an expression takes.
struct LetterSet: Sendable {
  /// What a set is put together from.
  enum Part: Sendable {
    case range(ClosedRange<UInt32>)
    case digit(negated: Bool), word(negated: Bool), space(negated: Bool)
  }

  var parts: [Part]
  var isNegated = false

  func contains(_ letter: Unicode.Scalar) -> Bool {
    let isIn = parts.contains { part in
      switch part {
      case .range(let range): range.contains(letter.value)
      case .digit(let negated): (letter.properties.generalCategory == .decimalNumber) != negated
      case .word(let negated): Self.isWord(letter) != negated
      case .space(let negated): letter.properties.isWhitespace != negated
      }
    }
    return isIn != isNegated
  }

  static func isWord(_ letter: Unicode.Scalar) -> Bool {
    letter == "_" || letter.properties.isAlphabetic || letter.properties.numericType != nil
  }
}
