/// Reads JSON (RFC 8259) into located values.
///
/// Strict by default. With `allowsComments` it also takes `//` and `/* */` comments and trailing commas, as
/// people write them in configs. Nesting is bounded, so that no input can exhaust the stack; a key that
/// occurs twice in one object is an error, because the reader could not tell which one counts.
public struct JSONParser {
  /// Deepest nesting of lists and objects that is read.
  public static let maximumDepth = 256

  private let text: DocumentText
  private let allowsComments: Bool
  private let spellsLargeIntegers: Bool
  private var position: Int
  private var depth = 0

  /// Reads the whole of `text` as one value.
  ///
  /// - Parameters:
  ///   - text: UTF-8 text; a byte order mark is skipped.
  ///   - allowsComments: Also take comments and trailing commas.
  ///   - spellsLargeIntegers: Give an integer that does not fit an `Int` as a string of its digits, where no digit may
  ///     be lost; else it is the nearest number.
  /// - Throws: `DocumentError` with the place of the first mistake.
  public static func parse(
    _ text: DocumentText, allowsComments: Bool = false, spellsLargeIntegers: Bool = false
  ) throws(DocumentError) -> DocumentValue {
    var parser = JSONParser(text: text, allowsComments: allowsComments, spellsLargeIntegers: spellsLargeIntegers)
    return try parser.document()
  }

  private init(text: DocumentText, allowsComments: Bool, spellsLargeIntegers: Bool) {
    self.text = text
    self.allowsComments = allowsComments
    self.spellsLargeIntegers = spellsLargeIntegers
    position = text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  private mutating func document() throws(DocumentError) -> DocumentValue {
    try skipSpace()
    let value = try self.value()
    try skipSpace()
    guard position == text.bytes.count else {
      throw error("expected the end of the file after the first value, found \(shown())")
    }
    return value
  }

  private var current: UInt8? { position < text.bytes.count ? text.bytes[position] : nil }

  private func error(_ message: String, at offset: Int? = nil) -> DocumentError {
    DocumentError(message, at: offset ?? position, of: text)
  }

  private func shown() -> String {
    guard let byte = current else { return "the end of the file" }
    return byte > 0x20 && byte < 0x7F ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
  }

  private mutating func skipSpace() throws(DocumentError) {
    while let byte = current {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "/") where allowsComments: try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(DocumentError) {
    let start = position
    let bytes = text.bytes
    switch position + 1 < bytes.count ? bytes[position + 1] : 0 {
    case UInt8(ascii: "/"):
      while let byte = current, byte != 0x0A { position += 1 }
    case UInt8(ascii: "*"):
      position += 2
      while position + 1 < bytes.count,
        !(bytes[position] == UInt8(ascii: "*") && bytes[position + 1] == UInt8(ascii: "/"))
      {
        position += 1
      }
      guard position + 1 < bytes.count else { throw error("this comment does not end", at: start) }
      position += 2
    default:
      throw error("expected a value, found '/'")
    }
  }

  private mutating func value() throws(DocumentError) -> DocumentValue {
    let start = position
    switch current {
    case UInt8(ascii: "{"): return try DocumentValue(.object(object()), offset: start)
    case UInt8(ascii: "["): return try DocumentValue(.array(array()), offset: start)
    case UInt8(ascii: "\""): return try DocumentValue(.string(string()), offset: start)
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case (UInt8(ascii: "-"))?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
    default: throw error("expected a value, found \(shown())")
    }
  }

  private mutating func word(_ word: StaticString, _ content: DocumentValue.Content) throws(DocumentError)
    -> DocumentValue
  {
    let start = position
    let length = word.utf8CodeUnitCount
    let matches = word.withUTF8Buffer { text.bytes[start...].starts(with: $0) }
    guard matches else { throw error("expected a value, found \(shown())") }
    position += length
    if let next = current, next.isWordByte { throw error("expected a value, found an unknown word", at: start) }
    return DocumentValue(content, offset: start)
  }

  private mutating func enter() throws(DocumentError) {
    depth += 1
    guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
    position += 1
  }

  private mutating func array() throws(DocumentError) -> [DocumentValue] {
    try enter()
    defer { depth -= 1 }
    var values: [DocumentValue] = []
    try skipSpace()
    while current != UInt8(ascii: "]") {
      values.append(try value())
      try skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
        try skipSpace()
        if current == UInt8(ascii: "]"), !allowsComments { throw error("expected a value after ','") }
      } else if current != UInt8(ascii: "]") {
        throw error("expected ',' or ']', found \(shown())")
      }
    }
    position += 1
    return values
  }

  private mutating func object() throws(DocumentError) -> DocumentObject {
    try enter()
    defer { depth -= 1 }
    var members: [DocumentObject.Member] = []
    var seen: Set<ExactKey> = []
    try skipSpace()
    while current != UInt8(ascii: "}") {
      let keyOffset = position
      guard current == UInt8(ascii: "\"") else { throw error("expected a key in quotes or '}', found \(shown())") }
      let key = try string()
      guard seen.insert(ExactKey(text: key)).inserted else {
        throw error("duplicate key \"\(key)\" in this object", at: keyOffset)
      }
      try skipSpace()
      guard current == UInt8(ascii: ":") else { throw error("expected ':' after the key, found \(shown())") }
      position += 1
      try skipSpace()
      members.append(.init(key: key, keyOffset: keyOffset, value: try value()))
      try skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
        try skipSpace()
        if current == UInt8(ascii: "}"), !allowsComments { throw error("expected a key after ','") }
      } else if current != UInt8(ascii: "}") {
        throw error("expected ',' or '}', found \(shown())")
      }
    }
    position += 1
    return DocumentObject(members)
  }

  private mutating func number() throws(DocumentError) -> DocumentValue {
    let start = position
    if current == UInt8(ascii: "-") { position += 1 }
    let firstDigit = position
    try digits()
    if text.bytes[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 {
      throw error("a number has no leading zeros", at: start)
    }
    var isInteger = true
    if current == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try digits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let spelling = String(decoding: text.bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int(spelling) { return DocumentValue(.integer(value), offset: start) }
    if isInteger, spellsLargeIntegers { return DocumentValue(.string(spelling), offset: start) }
    guard let value = Double(spelling), value.isFinite else {
      throw error("the number \(spelling) is too large", at: start)
    }
    if value == 0, PlainScalar.hasOtherDigitThanZero(spelling) {
      throw error("the number \(spelling) is so small that it would be 0", at: start)
    }
    return DocumentValue(.number(value), offset: start)
  }

  private mutating func digits() throws(DocumentError) {
    guard let first = current, first.isDigit else { throw error("expected a digit, found \(shown())") }
    while let byte = current, byte.isDigit { position += 1 }
  }

  private mutating func string() throws(DocumentError) -> String {
    let start = position
    position += 1
    let contentStart = position
    while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    if current == UInt8(ascii: "\"") {
      let end = position
      position += 1
      return try utf8(text.bytes[contentStart..<end], at: contentStart)
    }
    var bytes = Array(text.bytes[contentStart..<position])
    while true {
      guard let byte = current else { throw error("this string does not end", at: start) }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return try utf8(bytes[...], at: contentStart)
      case UInt8(ascii: "\\"):
        try escape(into: &bytes)
      case ..<0x20:
        throw error("a control character (byte \(byte)) must be escaped inside a string")
      default:
        bytes.append(byte)
        position += 1
      }
    }
  }

  private func utf8(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(DocumentError) -> String {
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw error("this string is not valid UTF-8", at: offset)
    }
    return string
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(DocumentError) {
    let start = position
    position += 1
    guard let kind = current else { throw error("this string does not end", at: start) }
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(kind)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal(from: start)
      if 0xD800..<0xDC00 ~= code {
        guard current == UInt8(ascii: "\\"), position + 1 < text.bytes.count,
          text.bytes[position + 1] == UInt8(ascii: "u")
        else { throw error("a high surrogate must be followed by a low one", at: start) }
        position += 2
        let low = try hexadecimal(from: start)
        guard 0xDC00..<0xE000 ~= low else { throw error("a high surrogate must be followed by a low one", at: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("a low surrogate stands alone", at: start) }
      bytes.append(contentsOf: Array(String(Character(scalar)).utf8))
    default:
      throw error("unknown escape in a string", at: start)
    }
  }

  private mutating func hexadecimal(from start: Int) throws(DocumentError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("\\u needs four hexadecimal digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}

/// A key that equals only what is spelled with the same bytes.
///
/// `String` takes canonically equivalent spellings for equal, but a tokenizer's vocabulary may list both.
private struct ExactKey: Hashable {
  let text: String

  static func == (one: ExactKey, other: ExactKey) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
  fileprivate var isWordByte: Bool {
    isDigit || UInt8(ascii: "a")...UInt8(ascii: "z") ~= self || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self
  }
}
