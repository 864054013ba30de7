/// A word of a template's source.
struct TemplateToken: Sendable {
  enum Kind: Sendable, Equatable {
    case text(String)
    case outputStart, outputEnd, blockStart, blockEnd
    case name(String)
    case string(String)
    case integer(Int)
    case number(Double)
    case sign(String)
    case end
  }

  let kind: Kind
  let line: Int
}

/// Cuts a template into words, with the white-space rules that chat templates are rendered with.
///
/// A line break right after a block tag or comment disappears, and so does the indentation of a line that
/// starts with one (Jinja's `trim_blocks` and `lstrip_blocks`); a `-` at a tag's edge removes all white space
/// on its side, a `+` keeps it. Comments disappear here.
struct TemplateLexer {
  private let name: String
  private let source: [UInt8]
  private var position = 0
  private var line = 1
  private var tokens: [TemplateToken] = []

  /// The words of `source`, the last of which is `.end`.
  static func tokens(of source: String, name: String) throws(TemplateError) -> [TemplateToken] {
    var lexer = TemplateLexer(source: source, name: name)
    try lexer.run()
    return lexer.tokens
  }

  private init(source: String, name: String) {
    self.name = name
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.utf8.count)
    var wasReturn = false
    for byte in source.utf8 {
      if byte == 0x0D { bytes.append(0x0A) } else if byte != 0x0A || !wasReturn { bytes.append(byte) }
      wasReturn = byte == 0x0D
    }
    // One line break at the very end does not count.
    if bytes.last == 0x0A { bytes.removeLast() }
    self.source = bytes
  }

  private func error(_ message: String) -> TemplateError { TemplateError(template: name, line: line, message: message) }

  private func starts(with word: StaticString, at offset: Int) -> Bool {
    guard offset + word.utf8CodeUnitCount <= source.count else { return false }
    return word.withUTF8Buffer { word in word.indices.allSatisfy { source[offset + $0] == word[$0] } }
  }

  private mutating func append(_ kind: TemplateToken.Kind) { tokens.append(TemplateToken(kind: kind, line: line)) }

  private mutating func advance(to end: Int) {
    while position < end {
      if source[position] == 0x0A { line += 1 }
      position += 1
    }
  }

  private mutating func skipWhiteSpace() {
    let rest = Array(source[position...])
    advance(to: position + rest.count - TemplateText.strip(rest, left: true, right: false).count)
  }

  private mutating func run() throws(TemplateError) {
    // Whether what comes next is the first on its line.
    var startsLine = true
    while position < source.count {
      var tag = position
      while tag < source.count,
        !(source[tag] == UInt8(ascii: "{")
          && (starts(with: "{{", at: tag) || starts(with: "{%", at: tag) || starts(with: "{#", at: tag)))
      {
        tag += 1
      }
      var text = Array(source[position..<tag])
      guard tag < source.count else {
        appendText(text)
        advance(to: tag)
        break
      }
      let isOutput = source[tag + 1] == UInt8(ascii: "{")
      let mark = tag + 2 < source.count ? source[tag + 2] : 0
      if mark == UInt8(ascii: "-") {
        text = TemplateText.strip(text, left: false, right: true)
      } else if mark != UInt8(ascii: "+"), !isOutput {
        let lineStart = text.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        if lineStart > 0 || startsLine, TemplateText.strip(Array(text[lineStart...]), left: true, right: true).isEmpty {
          text.removeSubrange(lineStart...)
        }
      }
      appendText(text)
      advance(to: tag)
      let isComment = source[tag + 1] == UInt8(ascii: "#")
      advance(to: tag + (mark == UInt8(ascii: "-") || mark == UInt8(ascii: "+") ? 3 : 2))
      startsLine = try isComment ? comment() : tagContent(isOutput: isOutput)
    }
    append(.end)
  }

  private mutating func appendText(_ text: [UInt8]) {
    if !text.isEmpty { append(.text(String(decoding: text, as: UTF8.self))) }
  }

  /// Skips white space after a tag's end; returns whether that ended with a line break.
  private mutating func finishTag(removesAll: Bool, removesLineBreak: Bool) -> Bool {
    if removesAll {
      skipWhiteSpace()
      return source[position - 1] == 0x0A
    }
    guard removesLineBreak, position < source.count, source[position] == 0x0A else { return false }
    advance(to: position + 1)
    return true
  }

  private mutating func comment() throws(TemplateError) -> Bool {
    var end = position
    while end < source.count, !starts(with: "#}", at: end) { end += 1 }
    guard end < source.count else { throw error("this comment does not end") }
    let mark = end > position ? source[end - 1] : 0
    advance(to: end + 2)
    return finishTag(removesAll: mark == UInt8(ascii: "-"), removesLineBreak: mark != UInt8(ascii: "+"))
  }

  private static let longSigns = ["==", "!=", "<=", ">=", "//", "**"]

  /// Reads a tag up to its end; returns whether a line break was taken with it.
  private mutating func tagContent(isOutput: Bool) throws(TemplateError) -> Bool {
    append(isOutput ? .outputStart : .blockStart)
    let close: StaticString = isOutput ? "}}" : "%}"
    // Inside brackets, `}}` closes two of them.
    var depth = 0
    while true {
      while position < source.count, [0x20, 0x09, 0x0A].contains(source[position]) { advance(to: position + 1) }
      guard position < source.count else { throw error("this tag does not end") }
      let byte = source[position]
      if depth == 0 {
        let isMarked = byte == UInt8(ascii: "-") || (byte == UInt8(ascii: "+") && !isOutput)
        if isMarked, starts(with: close, at: position + 1) {
          append(isOutput ? .outputEnd : .blockEnd)
          advance(to: position + 3)
          return finishTag(removesAll: byte == UInt8(ascii: "-"), removesLineBreak: false)
        }
        if starts(with: close, at: position) {
          append(isOutput ? .outputEnd : .blockEnd)
          advance(to: position + 2)
          return finishTag(removesAll: false, removesLineBreak: !isOutput)
        }
      }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): try string()
      case UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): word()
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ")"), UInt8(ascii: "]"),
        UInt8(ascii: "}"):
        depth += [UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{")].contains(byte) ? 1 : -1
        guard depth >= 0 else { throw error("'\(Character(Unicode.Scalar(byte)))' closes nothing") }
        append(.sign(String(Character(Unicode.Scalar(byte)))))
        advance(to: position + 1)
      default: try sign()
      }
    }
  }

  private mutating func sign() throws(TemplateError) {
    if position + 1 < source.count {
      let two = String(decoding: source[position..<position + 2], as: UTF8.self)
      if Self.longSigns.contains(two) {
        append(.sign(two))
        advance(to: position + 2)
        return
      }
    }
    let byte = source[position]
    guard byte < 0x80, "+-*/%~|.,:=<>".utf8.contains(byte) else {
      let scalar = String(decoding: source[position..<min(position + 4, source.count)], as: UTF8.self).unicodeScalars
        .first
      throw error("unexpected character '\(scalar.map(String.init) ?? "")' in a tag")
    }
    append(.sign(String(Character(Unicode.Scalar(byte)))))
    advance(to: position + 1)
  }

  private mutating func word() {
    var end = position
    while end < source.count, isWordByte(source[end]) { end += 1 }
    append(.name(String(decoding: source[position..<end], as: UTF8.self)))
    advance(to: end)
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }

  private mutating func number() throws(TemplateError) {
    var end = position
    var isInteger = true
    func isDigit(_ offset: Int) -> Bool {
      offset < source.count && UInt8(ascii: "0")...UInt8(ascii: "9") ~= source[offset]
    }
    while isDigit(end) { end += 1 }
    if end < source.count, source[end] == UInt8(ascii: "."), isDigit(end + 1) {
      isInteger = false
      end += 1
      while isDigit(end) { end += 1 }
    }
    let spelling = String(decoding: source[position..<end], as: UTF8.self)
    if isInteger, let value = Int(spelling) {
      append(.integer(value))
    } else if !isInteger, let value = Double(spelling), value.isFinite {
      append(.number(value))
    } else {
      throw error("the number \(spelling) is too large")
    }
    advance(to: end)
  }

  private mutating func string() throws(TemplateError) {
    let quote = source[position]
    let start = position
    var end = position + 1
    var content: [UInt8] = []
    while true {
      guard end < source.count else { throw error("this string does not end") }
      let byte = source[end]
      if byte == quote { break }
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        end += 1
        continue
      }
      guard end + 1 < source.count else { throw error("this string does not end") }
      let kind = source[end + 1]
      end += 2
      switch kind {
      case UInt8(ascii: "n"): content.append(0x0A)
      case UInt8(ascii: "t"): content.append(0x09)
      case UInt8(ascii: "r"): content.append(0x0D)
      case UInt8(ascii: "b"): content.append(0x08)
      case UInt8(ascii: "f"): content.append(0x0C)
      case UInt8(ascii: "v"): content.append(0x0B)
      case UInt8(ascii: "a"): content.append(0x07)
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): content.append(kind)
      case 0x0A: break
      case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
        let count = kind == UInt8(ascii: "x") ? 2 : kind == UInt8(ascii: "u") ? 4 : 8
        guard end + count <= source.count,
          let code = UInt32(String(decoding: source[end..<end + count], as: UTF8.self), radix: 16),
          let scalar = Unicode.Scalar(code)
        else { throw error("this escape in a string is not a character") }
        content += Array(String(Character(scalar)).utf8)
        end += count
      // As Python does, an unknown escape stays as it is written.
      default: content += [UInt8(ascii: "\\"), kind]
      }
    }
    append(.string(String(decoding: content, as: UTF8.self)))
    position = start
    advance(to: end + 1)
  }
}
