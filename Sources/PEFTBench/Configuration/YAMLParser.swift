import PEFTCore

/// Reads the part of YAML that people write configs in into located values.
///
/// Block maps and lists (also lists that are not indented below their key, and maps that begin after a
/// dash), flow maps and lists over several lines, plain, single- and double-quoted scalars, literal (`|`)
/// and folded (`>`) block scalars with chomping and indentation indicators, comments, and one document with
/// or without `---`. Unquoted words mean what `PlainScalar` says (YAML 1.2: `yes` is a string, `1e-4` is a
/// number).
///
/// Anchors, aliases, tags, merge keys, directives, complex and empty keys and several documents in one file are
/// refused by name. So are a key that occurs twice, tabs in the indentation, a dash that would continue the text above,
/// and keys without a value inside `{ }` or with one inside `[ ]`, where YAML has a meaning for the text but hardly the
/// writer's. Lines inside brackets and quotes may stand in any column. Nesting is bounded.
package struct YAMLParser {
  /// Deepest nesting of lists and maps that is read.
  package static let maximumDepth = 100

  let text: DocumentText
  var position = 0
  /// Offset at which the current line begins.
  var lineStart = 0
  private var depth = 0

  /// Reads the whole of `text` as one value; a text without content is null.
  ///
  /// - Throws: `DocumentError` with the place of the first mistake.
  package static func parse(_ text: DocumentText) throws(DocumentError) -> DocumentValue {
    var parser = YAMLParser(text: text)
    return try parser.document()
  }

  /// Reads the value of a command-line option, which begins at `offset` of `text` and ends with it.
  ///
  /// Lists, maps and quoted strings are read as inside brackets; anything else is one unquoted scalar, whatever
  /// characters it holds.
  static func argument(_ text: DocumentText, from offset: Int) throws(DocumentError) -> DocumentValue {
    var parser = YAMLParser(text: text)
    try parser.checkEncoding()
    parser.position = offset
    _ = parser.skipSpaces()
    let start = parser.position
    guard let first = parser.current, "[{\"'".utf8.contains(first) else {
      return DocumentValue(
        PlainScalar.content(of: parser.string(start..<text.bytes.count).trimmingSpaces), offset: start)
    }
    let value = try parser.flowNode()
    try parser.skipToContent()
    guard parser.current == nil else { throw parser.error("expected the end, found \(parser.shown())") }
    return value
  }

  private init(text: DocumentText) { self.text = text }

  private mutating func document() throws(DocumentError) -> DocumentValue {
    try checkEncoding()
    if text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { (position, lineStart) = (3, 3) }
    try skipToContent()
    if current == UInt8(ascii: "%") { throw error("YAML directives (%) are not supported") }
    var value: DocumentValue?
    if isAtDocumentMarker("---") {
      position += 3
      if skipSpaces() { value = try markedNode() } else { try skipToContent() }
    }
    if value == nil, current != nil, !isAtDocumentMarker() { value = try blockNode(parentIndent: -1) }
    let empty = DocumentValue(.null, offset: min(position, text.bytes.count))
    try skipToContent()
    var isEnded = false
    while isAtDocumentMarker("...") {
      position += 3
      try expectLineEnd(after: "...")
      try skipToContent()
      isEnded = true
    }
    if isEnded && current != nil || isAtDocumentMarker("---") {
      throw error("several documents in one file are not supported")
    }
    guard current == nil else {
      throw error("expected the end of the file, found \(shown()); is the indentation right?")
    }
    return value ?? empty
  }

  /// Reads the value that stands after `---` on its line: a scalar or a flow collection.
  private mutating func markedNode() throws(DocumentError) -> DocumentValue {
    if isAtIndicator("-") || isAtIndicator("?") { throw error("a list or map begins on the line below '---'") }
    if current != UInt8(ascii: "&"), current != UInt8(ascii: "!"), try isAtKey() {
      throw error("a map begins on the line below '---'")
    }
    return try inlineNode(parentIndent: -1)
  }

  // MARK: - Block structure

  /// Reads the node that begins here.
  ///
  /// The position is at the first content of a line or after a dash. Its column is the indentation of a map or list
  /// that begins here.
  private mutating func blockNode(parentIndent: Int) throws(DocumentError) -> DocumentValue {
    if isAtIndicator("-") { return try blockList() }
    if isAtIndicator("?") { throw error("keys that begin with '?' are not supported") }
    if try isAtKey() { return try blockMap() }
    return try inlineNode(parentIndent: parentIndent)
  }

  /// Reads a scalar or a flow collection, up to the end of its last line.
  private mutating func inlineNode(parentIndent: Int) throws(DocumentError) -> DocumentValue {
    let start = position
    let content: DocumentValue.Content
    switch current {
    case UInt8(ascii: "|"), UInt8(ascii: ">"):
      return DocumentValue(.string(try blockScalar(parentIndent: parentIndent)), offset: start)
    case UInt8(ascii: "["), UInt8(ascii: "{"): content = try flowNode().content
    case UInt8(ascii: "\""): content = .string(try doubleQuoted())
    case UInt8(ascii: "'"): content = .string(try singleQuoted())
    default: content = PlainScalar.content(of: try blockPlain(parentIndent: parentIndent))
    }
    if isAtIndicator(":", orDirectly: true), case .array = content { throw error("a list cannot be a key") }
    if isAtIndicator(":", orDirectly: true), case .object = content { throw error("a map cannot be a key") }
    try expectLineEnd(after: "this value")
    return DocumentValue(content, offset: start)
  }

  private mutating func blockList() throws(DocumentError) -> DocumentValue {
    try enter()
    defer { depth -= 1 }
    let start = position
    let indent = position - lineStart
    var values: [DocumentValue] = []
    repeat {
      let dash = position
      position += 1
      if skipSpaces() {
        try checkTab(behind: dash)
        values.append(try blockNode(parentIndent: indent))
        try skipToContent()
      } else {
        try skipToContent()
        let isInside = current != nil && position - lineStart > indent && !isAtDocumentMarker()
        values.append(try isInside ? blockNode(parentIndent: indent) : DocumentValue(.null, offset: dash))
        try skipToContent()
      }
      if current != nil, position - lineStart > indent { throw indentationError(indent) }
    } while position - lineStart == indent && isAtIndicator("-") && !isAtDocumentMarker()
    return DocumentValue(.array(values), offset: start)
  }

  /// Refuses a tab between a dash and a list or map, whose column nobody could tell.
  private func checkTab(behind dash: Int) throws(DocumentError) {
    guard let tab = text.bytes[dash..<position].firstIndex(of: 0x09) else { return }
    let isCollection = try isAtKey() || isAtIndicator("-")
    guard isCollection else { return }
    throw error("a tab in the indentation; YAML is indented with spaces", at: tab)
  }

  private mutating func blockMap() throws(DocumentError) -> DocumentValue {
    try enter()
    defer { depth -= 1 }
    let start = position
    let indent = position - lineStart
    var members: [DocumentObject.Member] = []
    var seen: Set<String> = []
    repeat {
      let keyOffset = position
      if isAtIndicator("?") { throw error("keys that begin with '?' are not supported") }
      guard try isAtKey() else {
        throw error("expected a key followed by ': ' at this indentation, found \(shown())")
      }
      let key = try self.key()
      guard seen.insert(key).inserted else {
        throw error("duplicate key \(key.debugDescription) in this map", at: keyOffset)
      }
      members.append(.init(key: key, keyOffset: keyOffset, value: try mapValue(indent: indent)))
      try skipToContent()
      if current != nil, position - lineStart > indent { throw indentationError(indent) }
    } while current != nil && position - lineStart == indent && !isAtDocumentMarker()
    return DocumentValue(.object(DocumentObject(members)), offset: start)
  }

  /// Reads what follows the colon of a key in the map at `indent`.
  private mutating func mapValue(indent: Int) throws(DocumentError) -> DocumentValue {
    let colon = position - 1
    if skipSpaces() {
      if isAtIndicator("-") { throw error("a list begins on the line below its key, or is written [a, b]") }
      if current == UInt8(ascii: "&") || current == UInt8(ascii: "*") { try checkPlainStart(inFlow: false) }
      if try isAtKey() {
        throw error("a second ': ' on this line; put the value in quotes, or begin a map on the line below")
      }
      return try inlineNode(parentIndent: indent)
    }
    try skipToContent()
    guard current != nil, !isAtDocumentMarker() else { return DocumentValue(.null, offset: colon) }
    let column = position - lineStart
    if column > indent { return try blockNode(parentIndent: indent) }
    if column == indent, isAtIndicator("-") { return try blockList() }
    return DocumentValue(.null, offset: colon)
  }

  /// Whether an unquoted or quoted key with its colon begins here, all on this line.
  private func isAtKey() throws(DocumentError) -> Bool {
    var ahead = self
    switch current {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      guard let end = endOfQuotedOnLine() else { return false }
      ahead.position = end
      _ = ahead.skipSpaces()
      return ahead.isAtIndicator(":")
    case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "#"): return false
    default:
      while let byte = ahead.current, byte != 0x0A {
        if ahead.isAtIndicator(":") { return true }
        if byte == UInt8(ascii: "#"), ahead.isAfterSpace { return false }
        ahead.position += 1
      }
      return false
    }
  }

  /// Reads a key and its colon.
  private mutating func key() throws(DocumentError) -> String {
    let start = position
    let key: String
    switch current {
    case UInt8(ascii: "\""): key = try doubleQuoted()
    case UInt8(ascii: "'"): key = try singleQuoted()
    default:
      try checkPlainStart(inFlow: false)
      while !isAtIndicator(":") { position += 1 }
      key = string(start..<position).trimmingSpaces
      if key == "<<" { throw error("merge keys (<<) are not supported", at: start) }
    }
    _ = skipSpaces()
    position += 1
    return key
  }

  // MARK: - Characters and lines

  var current: UInt8? { position < text.bytes.count ? text.bytes[position] : nil }

  func byte(at offset: Int) -> UInt8? { text.bytes.indices.contains(offset) ? text.bytes[offset] : nil }

  func string(_ range: Range<Int>) -> String { String(decoding: text.bytes[range], as: UTF8.self) }

  func error(_ message: String, at offset: Int? = nil) -> DocumentError {
    DocumentError(message, at: offset ?? position, of: text)
  }

  func shown() -> String {
    guard let byte = current, byte != 0x0A, byte != 0x0D else {
      return current == nil ? "the end of the file" : "the end of the line"
    }
    return byte > 0x20 && byte < 0x7F ? "'\(Character(Unicode.Scalar(byte)))'" : "a character that is not expected"
  }

  private func indentationError(_ indent: Int) -> DocumentError {
    error(
      "this line stands at column \(position - lineStart + 1), but what it would continue at column \(indent + 1)")
  }

  /// Whether the byte before the current one separates words; comments begin only there.
  var isAfterSpace: Bool { position == lineStart || byte(at: position - 1).map(\.isBlank) ?? true }

  /// Whether `indicator` stands here, followed by a space or the line's end.
  func isAtIndicator(_ indicator: Unicode.Scalar, orDirectly: Bool = false) -> Bool {
    guard let byte = current, UInt32(byte) == indicator.value else { return false }
    return orDirectly || (self.byte(at: position + 1).map { $0.isBlank || $0.isLineBreak } ?? true)
  }

  /// Whether the line is `---` or `...` (or the one asked for), alone or before a space.
  func isAtDocumentMarker(_ marker: String? = nil) -> Bool {
    position == lineStart && isMarker(at: position, marker)
  }

  /// Whether a document marker stands at `offset`, which begins a line.
  func isMarker(at offset: Int, _ marker: String? = nil) -> Bool {
    guard offset + 3 <= text.bytes.count else { return false }
    let found = string(offset..<offset + 3)
    guard marker.map({ found == $0 }) ?? (found == "---" || found == "...") else { return false }
    return byte(at: offset + 3).map { $0.isBlank || $0.isLineBreak } ?? true
  }

  /// Skips spaces and tabs; says whether content follows on this line.
  mutating func skipSpaces() -> Bool {
    while let byte = current, byte.isBlank { position += 1 }
    guard let byte = current, !byte.isLineBreak else { return false }
    return !(byte == UInt8(ascii: "#") && isAfterSpace)
  }

  /// Goes to the next content, over spaces, comments and line breaks, or to the end of the file.
  mutating func skipToContent() throws(DocumentError) {
    while let byte = current {
      switch byte {
      case 0x20, 0x0D: position += 1
      case 0x0A:
        position += 1
        lineStart = position
      case 0x09:
        let tab = position
        let isIndentation = text.bytes[lineStart..<tab].allSatisfy { $0 == 0x20 }
        if skipSpaces(), isIndentation {
          throw error("a tab in the indentation; YAML is indented with spaces", at: tab)
        }
      case UInt8(ascii: "#") where isAfterSpace: skipLine()
      default: return
      }
    }
  }

  /// Goes to the line break that ends this line.
  mutating func skipLine() {
    while let byte = current, byte != 0x0A { position += 1 }
  }

  /// Refuses anything but a comment on the rest of the line.
  func expectLineEnd(after what: String) throws(DocumentError) {
    var ahead = self
    if ahead.skipSpaces() { throw ahead.error("expected the end of the line after \(what), found \(ahead.shown())") }
    if ahead.current == UInt8(ascii: "#"), ahead.position == position, position > 0, !isAfterSpace {
      throw error("a comment needs a space before its '#'")
    }
  }

  mutating func enter() throws(DocumentError) {
    depth += 1
    guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
  }

  mutating func leave() { depth -= 1 }

  private func checkEncoding() throws(DocumentError) {
    var offset = 0
    var decoder = UTF8()
    var iterator = text.bytes.makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .emptyInput: return
      case .error: throw error("this is not valid UTF-8", at: offset)
      case .scalarValue(let scalar):
        if scalar.value < 0x20, ![0x09, 0x0A, 0x0D].contains(scalar.value) {
          throw error("a control character (byte \(scalar.value)); write it as an escape in double quotes", at: offset)
        }
        if scalar.value == 0x0D, byte(at: offset + 1) != 0x0A {
          throw error("a carriage return without a line feed", at: offset)
        }
        offset += UTF8.width(scalar)
      }
    }
  }
}

extension UInt8 {
  var isBlank: Bool { self == 0x20 || self == 0x09 }
  var isLineBreak: Bool { self == 0x0A || self == 0x0D }
}

extension String {
  /// The text without spaces and tabs at its ends.
  var trimmingSpaces: String {
    let bytes = Array(utf8)
    guard let first = bytes.firstIndex(where: { !$0.isBlank }), let last = bytes.lastIndex(where: { !$0.isBlank })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}
