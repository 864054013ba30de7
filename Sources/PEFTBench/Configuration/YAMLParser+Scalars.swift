import PEFTCore

extension YAMLParser {
  // MARK: - Unquoted

  /// Refuses the characters that cannot begin an unquoted scalar.
  func checkPlainStart(inFlow: Bool) throws(DocumentError) {
    switch current {
    case UInt8(ascii: "&"): throw error("anchors (&) are not supported")
    case UInt8(ascii: "*"): throw error("aliases (*) are not supported; put a value with '*' in quotes")
    case UInt8(ascii: "!"): throw error("tags (!) are not supported")
    case UInt8(ascii: "?") where isAtIndicator("?"): throw error("keys that begin with '?' are not supported")
    case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: ">"):
      throw error("\(shown()) cannot begin an unquoted value; put it in quotes")
    case UInt8(ascii: "-") where inFlow && (isAtIndicator("-") || byte(at: position + 1)?.isFlowIndicator == true):
      throw error("expected a value, found '-'")
    case UInt8(ascii: ":") where isAtIndicator(":"):
      throw error("expected a key before ':'; empty keys are not supported")
    case let byte? where byte.isFlowIndicator || byte == UInt8(ascii: "#"):
      throw error("expected a value, found \(shown())")
    default: break
    }
  }

  /// Reads an unquoted scalar with its continuation lines, which are indented deeper than `parentIndent`.
  mutating func blockPlain(parentIndent: Int) throws(DocumentError) -> String {
    try checkPlainStart(inFlow: false)
    var result = ""
    while true {
      let start = position
      while let byte = current, !byte.isLineBreak {
        if byte == UInt8(ascii: "#"), isAfterSpace {
          return result + string(start..<position).trimmingSpaces
        }
        if isAtIndicator(":") {
          let isContinuation = !result.isEmpty
          throw error(
            isContinuation
              ? "this line continues the value above and cannot hold a key; is the indentation right?"
              : "a ':' before a space cannot stand in an unquoted value; put it in quotes")
        }
        position += 1
      }
      result += string(start..<position).trimmingSpaces
      var ahead = self
      let breaks = ahead.skipBreaks()
      guard let next = ahead.current, ahead.position - ahead.lineStart > parentIndent, next != UInt8(ascii: "#"),
        !ahead.isAtDocumentMarker()
      else { return result }
      if text.bytes[ahead.lineStart..<ahead.position].contains(0x09) {
        throw error("a tab in the indentation; YAML is indented with spaces", at: ahead.lineStart)
      }
      if ahead.isAtIndicator("-") {
        // YAML folds the dash into the text above, which nobody wants who writes one.
        throw ahead.error("a list cannot begin below a value; is the indentation right?")
      }
      self = ahead
      result += breaks == 1 ? " " : String(repeating: "\n", count: breaks - 1)
    }
  }

  /// Skips line breaks and the spaces around them; returns how many breaks there were.
  mutating func skipBreaks() -> Int {
    var count = 0
    while let byte = current, byte.isBlank || byte.isLineBreak {
      position += 1
      if byte == 0x0A {
        count += 1
        lineStart = position
      }
    }
    return count
  }

  // MARK: - Quoted

  /// The offset after a quoted scalar that ends on this line, or nil.
  func endOfQuotedOnLine() -> Int? {
    guard let quote = current else { return nil }
    var end = position + 1
    while let byte = byte(at: end), byte != 0x0A {
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        end += 1
      } else if byte == quote {
        guard quote == UInt8(ascii: "'"), self.byte(at: end + 1) == quote else { return end + 1 }
        end += 1
      }
      end += 1
    }
    return nil
  }

  mutating func singleQuoted() throws(DocumentError) -> String {
    let start = position
    position += 1
    var bytes: [UInt8] = []
    while let byte = current {
      if byte == UInt8(ascii: "'") {
        position += 1
        guard current == UInt8(ascii: "'") else { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(byte)
        position += 1
      } else {
        try quotedByte(byte, into: &bytes, keeping: 0, from: start)
      }
    }
    throw error("this string does not end", at: start)
  }

  mutating func doubleQuoted() throws(DocumentError) -> String {
    let start = position
    position += 1
    var bytes: [UInt8] = []
    // Spaces that came from an escape are not dropped before a line break.
    var kept = 0
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try escape(into: &bytes)
        kept = bytes.count
      default:
        try quotedByte(byte, into: &bytes, keeping: kept, from: start)
      }
    }
    throw error("this string does not end", at: start)
  }

  /// Takes one byte of a quoted scalar, or a line break, which becomes a space (or, with empty lines, breaks).
  private mutating func quotedByte(_ byte: UInt8, into bytes: inout [UInt8], keeping kept: Int, from start: Int)
    throws(DocumentError)
  {
    guard byte.isLineBreak else {
      bytes.append(byte)
      position += 1
      return
    }
    while bytes.count > kept, let last = bytes.last, last.isBlank { bytes.removeLast() }
    let breaks = skipBreaks()
    if isAtDocumentMarker() { throw error("this string does not end", at: start) }
    bytes += breaks == 1 ? [0x20] : [UInt8](repeating: 0x0A, count: breaks - 1)
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(DocumentError) {
    let start = position
    position += 1
    guard let kind = current else { throw error("this string does not end", at: start) }
    position += 1
    let simple: [UInt8: String] = [
      UInt8(ascii: "0"): "\0", UInt8(ascii: "a"): "\u{7}", UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "t"): "\t",
      0x09: "\t", UInt8(ascii: "n"): "\n", UInt8(ascii: "v"): "\u{B}", UInt8(ascii: "f"): "\u{C}",
      UInt8(ascii: "r"): "\r", UInt8(ascii: "e"): "\u{1B}", UInt8(ascii: " "): " ", UInt8(ascii: "\""): "\"",
      UInt8(ascii: "/"): "/", UInt8(ascii: "\\"): "\\", UInt8(ascii: "N"): "\u{85}", UInt8(ascii: "_"): "\u{A0}",
      UInt8(ascii: "L"): "\u{2028}", UInt8(ascii: "P"): "\u{2029}",
    ]
    switch kind {
    case UInt8(ascii: "x"): bytes += Array(try scalar(digits: 2, from: start).utf8)
    case UInt8(ascii: "u"): bytes += Array(try scalar(digits: 4, from: start).utf8)
    case UInt8(ascii: "U"): bytes += Array(try scalar(digits: 8, from: start).utf8)
    case 0x0A, 0x0D:
      // An escaped line break joins the lines without a space.
      position -= 1
      let breaks = skipBreaks()
      bytes += [UInt8](repeating: 0x0A, count: max(0, breaks - 1))
    default:
      guard let characters = simple[kind] else { throw error("unknown escape in a string", at: start) }
      bytes += Array(characters.utf8)
    }
  }

  private mutating func scalar(digits: Int, from start: Int) throws(DocumentError) -> String {
    var code = try hexadecimal(digits: digits, from: start)
    // JSON is a part of YAML, so characters beyond U+FFFF may come as two halves.
    if digits == 4, 0xD800..<0xDC00 ~= code, current == UInt8(ascii: "\\"), byte(at: position + 1) == UInt8(ascii: "u")
    {
      position += 2
      let low = try hexadecimal(digits: 4, from: start)
      guard 0xDC00..<0xE000 ~= low else { throw error("half of a surrogate pair", at: start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("this escape is not a Unicode character", at: start) }
    return String(Character(scalar))
  }

  private mutating func hexadecimal(digits: Int, from start: Int) throws(DocumentError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<digits {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("this escape needs \(digits) hexadecimal digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  // MARK: - Block scalars

  /// Reads a literal (`|`) or folded (`>`) scalar; leaves the position at the start of the line after it.
  mutating func blockScalar(parentIndent: Int) throws(DocumentError) -> String {
    let isFolded = current == UInt8(ascii: ">")
    position += 1
    var chomping: UInt8?
    var explicitIndent: Int?
    header: while let byte = current {
      switch byte {
      case UInt8(ascii: "+") where chomping == nil, UInt8(ascii: "-") where chomping == nil: chomping = byte
      case UInt8(ascii: "1")...UInt8(ascii: "9") where explicitIndent == nil:
        explicitIndent = Int(byte - UInt8(ascii: "0"))
      default: break header
      }
      position += 1
    }
    try expectLineEnd(after: "the block scalar's header")
    skipLine()
    let indent =
      if let explicitIndent { max(parentIndent, 0) + explicitIndent } else {
        try detectedIndent(atLeast: parentIndent + 1)
      }
    // At each turn the position is at the line break before the line to read.
    var lines: [String] = []
    while current == 0x0A {
      let begin = position + 1
      var content = begin
      while byte(at: content) == 0x20, content - begin < indent { content += 1 }
      guard let first = byte(at: content) else { break }
      guard first.isLineBreak || content - begin == indent, !isMarker(at: begin) else {
        guard first != 0x09 else { throw error("a tab in the indentation; YAML is indented with spaces", at: content) }
        break
      }
      (position, lineStart) = (content, begin)
      skipLine()
      let end = position > content && byte(at: position - 1) == 0x0D ? position - 1 : position
      lines.append(string(content..<end))
    }
    return joined(lines, isFolded: isFolded, chomping: chomping, endsWithBreak: current != nil)
  }

  /// The text of a block scalar from its lines, whose indentation is gone already.
  private func joined(_ lines: [String], isFolded: Bool, chomping: UInt8?, endsWithBreak: Bool) -> String {
    let breaks = { (count: Int) in String(repeating: "\n", count: count) }
    let isKept = chomping == UInt8(ascii: "+")
    guard let last = lines.lastIndex(where: { !$0.isEmpty }) else { return isKept ? breaks(lines.count) : "" }
    var result = ""
    var emptyLines = 0
    // Lines that begin with a space keep their breaks, so that indented blocks stay as they are.
    var lastFolds: Bool?
    for line in lines[...last] {
      guard let first = line.utf8.first else {
        emptyLines += 1
        continue
      }
      let folds = isFolded && !first.isBlank
      switch lastFolds {
      case nil: result += breaks(emptyLines)
      case true? where folds: result += emptyLines == 0 ? " " : breaks(emptyLines)
      default: result += breaks(emptyLines + 1)
      }
      result += line
      (lastFolds, emptyLines) = (folds, 0)
    }
    let trailing = lines.count - 1 - last
    let finalBreak = trailing > 0 || endsWithBreak ? 1 : 0
    switch chomping {
    case UInt8(ascii: "-"): return result
    case UInt8(ascii: "+"): return result + breaks(finalBreak + trailing)
    default: return result + breaks(finalBreak)
    }
  }

  private func detectedIndent(atLeast least: Int) throws(DocumentError) -> Int {
    var ahead = self
    var deepestEmpty = (spaces: 0, offset: 0)
    while ahead.current != nil {
      ahead.position += 1
      ahead.lineStart = ahead.position
      while ahead.current == 0x20 { ahead.position += 1 }
      let spaces = ahead.position - ahead.lineStart
      if let byte = ahead.current, !byte.isLineBreak {
        guard spaces >= least, !ahead.isAtDocumentMarker() else { break }
        guard deepestEmpty.spaces <= spaces else {
          throw error("this empty line is indented deeper than the text below it", at: deepestEmpty.offset)
        }
        return spaces
      }
      if spaces > deepestEmpty.spaces { deepestEmpty = (spaces, ahead.lineStart) }
      ahead.skipLine()
    }
    // Nothing but empty lines: the spaces in them are not text.
    return max(least, deepestEmpty.spaces)
  }
}
