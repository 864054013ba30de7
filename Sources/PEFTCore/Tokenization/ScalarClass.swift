/// What pre-tokenizers distinguish about a character: letter, number, white space, or anything else.
///
/// Letters and numbers are the general categories L* and N*, white space is the property White_Space.
enum ScalarClass: UInt8 {
  case other, letter, number, space

  /// Classes of the Basic Multilingual Plane, made once.
  private static let plane0: [ScalarClass] = (0..<0x10000).map { value in
    Unicode.Scalar(UInt32(value)).map(looked) ?? .other
  }

  /// The class of `scalar`.
  @inline(__always)
  static func of(_ scalar: UInt32) -> ScalarClass {
    if scalar < 0x10000 { return plane0[Int(scalar)] }
    return Unicode.Scalar(scalar).map(looked) ?? .other
  }

  private static func looked(up scalar: Unicode.Scalar) -> ScalarClass {
    let properties = scalar.properties
    if properties.isWhitespace { return .space }
    // The reference's regular expressions know Unicode 16; what came later is neither letter nor number there.
    if let age = properties.age, age.major > 16 { return .other }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return .other
    }
  }

  /// Whether `scalar` is a number for a pre-tokenizer that is not a regular expression, which knows Unicode 17.
  static func isNumeric(_ scalar: UInt32) -> Bool {
    of(scalar) == .number || (scalar >= 0x11DE0 && Unicode.Scalar(scalar)?.properties.generalCategory.isNumber == true)
  }

  /// Whether regular expressions count `scalar` among `\w`: letters, marks, digits, connectors and joiners.
  static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
    default: return false
    }
  }
}

extension Unicode.GeneralCategory {
  fileprivate var isNumber: Bool { self == .decimalNumber || self == .letterNumber || self == .otherNumber }
}

/// What the expression of OpenAI's o200k distinguishes about letters: those that begin a word and those that continue
/// with it.
enum WordPart: UInt8 {
  /// No letter and no mark.
  case none
  /// Capital and title-case letters, which begin a word.
  case upper
  /// Small letters, which continue a word.
  case lower
  /// Letters without case, modifiers and marks, which do both.
  case either

  /// Parts of the Basic Multilingual Plane, made once.
  private static let plane0: [WordPart] = (0..<0x10000).map { value in
    Unicode.Scalar(UInt32(value)).map(looked) ?? .none
  }

  /// The part that `scalar` can be.
  @inline(__always)
  static func of(_ scalar: UInt32) -> WordPart {
    if scalar < 0x10000 { return plane0[Int(scalar)] }
    return Unicode.Scalar(scalar).map(looked) ?? .none
  }

  private static func looked(up scalar: Unicode.Scalar) -> WordPart {
    let properties = scalar.properties
    if let age = properties.age, age.major > 16 { return .none }
    return switch properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter: .upper
    case .lowercaseLetter: .lower
    case .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark, .enclosingMark: .either
    default: .none
    }
  }

  /// Whether it can stand in the part of a word that begins it.
  var begins: Bool { self == .upper || self == .either }
  /// Whether it can be in the part that continues it.
  var goesOn: Bool { self == .lower || self == .either }
}

/// Steps through UTF-8 that is known to be valid.
enum UTF8Step {
  /// The scalar that starts at `position`, and its length in bytes.
  ///
  /// - Precondition: `position` is the first byte of a scalar inside `bytes`, and the scalar is whole.
  @inline(__always)
  static func scalar(at position: Int, of bytes: UnsafeBufferPointer<UInt8>) -> (value: UInt32, length: Int) {
    let first = UInt32(bytes[position])
    if first < 0x80 { return (first, 1) }
    if first < 0xE0 { return ((first & 0x1F) << 6 | UInt32(bytes[position + 1] & 0x3F), 2) }
    let second = UInt32(bytes[position + 1] & 0x3F)
    let third = UInt32(bytes[position + 2] & 0x3F)
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[position + 3] & 0x3F), 4)
  }

  /// The length in bytes of a scalar from its first byte.
  @inline(__always)
  static func length(first byte: UInt8) -> Int {
    byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
  }

  /// Where the scalar before `position` starts.
  @inline(__always)
  static func start(before position: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var start = position - 1
    while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }
}
