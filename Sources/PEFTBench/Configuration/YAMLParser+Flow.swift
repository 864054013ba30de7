import PEFTCore

extension YAMLParser {
  /// Reads a value inside `[ ]` or `{ }`, or one of these themselves.
  mutating func flowNode() throws(DocumentError) -> DocumentValue {
    let start = position
    switch current {
    case UInt8(ascii: "["): return DocumentValue(.array(try flowList()), offset: start)
    case UInt8(ascii: "{"): return DocumentValue(.object(try flowMap()), offset: start)
    case UInt8(ascii: "\""): return DocumentValue(.string(try doubleQuoted()), offset: start)
    case UInt8(ascii: "'"): return DocumentValue(.string(try singleQuoted()), offset: start)
    default: return DocumentValue(PlainScalar.content(of: try flowPlain()), offset: start)
    }
  }

  private mutating func flowList() throws(DocumentError) -> [DocumentValue] {
    try enter()
    defer { leave() }
    let start = position
    position += 1
    var values: [DocumentValue] = []
    while try !isAtFlowEnd("]", of: "list", from: start) {
      values.append(try flowNode())
      try skipFlowSpace(of: "list", from: start)
      if current == UInt8(ascii: ":") {
        throw error("a key inside [ ] is not supported: write a map as {key: value}, or close the list with ']'")
      }
      try skipComma(before: "]", of: "list", from: start)
    }
    return values
  }

  private mutating func flowMap() throws(DocumentError) -> DocumentObject {
    try enter()
    defer { leave() }
    let start = position
    position += 1
    var members: [DocumentObject.Member] = []
    var seen: Set<String> = []
    while try !isAtFlowEnd("}", of: "map", from: start) {
      let keyOffset = position
      let key: String
      switch current {
      case UInt8(ascii: "\""): key = try doubleQuoted()
      case UInt8(ascii: "'"): key = try singleQuoted()
      case UInt8(ascii: "["), UInt8(ascii: "{"): throw error("a list or map cannot be a key")
      default: key = try flowPlain()
      }
      if key == "<<" { throw error("merge keys (<<) are not supported", at: keyOffset) }
      guard seen.insert(key).inserted else {
        throw error("duplicate key \(key.debugDescription) in this map", at: keyOffset)
      }
      try skipFlowSpace(of: "map", from: start)
      guard current == UInt8(ascii: ":") else {
        throw error(
          "expected ': ' and a value after the key \(key.debugDescription), found \(shown()); "
            + "keys alone are not supported")
      }
      let colon = position
      position += 1
      try skipFlowSpace(of: "map", from: start)
      let isEmpty = current == UInt8(ascii: ",") || current == UInt8(ascii: "}")
      let value = try isEmpty ? DocumentValue(.null, offset: colon) : flowNode()
      members.append(.init(key: key, keyOffset: keyOffset, value: value))
      try skipFlowSpace(of: "map", from: start)
      try skipComma(before: "}", of: "map", from: start)
    }
    return DocumentObject(members)
  }

  /// Takes the closing bracket if it is next.
  private mutating func isAtFlowEnd(_ end: Unicode.Scalar, of what: String, from start: Int) throws(DocumentError)
    -> Bool
  {
    try skipFlowSpace(of: what, from: start)
    guard let byte = current, UInt32(byte) == end.value else { return false }
    position += 1
    return true
  }

  private mutating func skipComma(before end: Unicode.Scalar, of what: String, from start: Int)
    throws(DocumentError)
  {
    if current == UInt8(ascii: ",") {
      position += 1
      try skipFlowSpace(of: what, from: start)
      if current == UInt8(ascii: ",") { throw error("expected a value between two commas") }
    } else if let byte = current, UInt32(byte) != end.value {
      throw error("expected ',' or '\(end)', found \(shown())")
    }
  }

  private mutating func skipFlowSpace(of what: String, from start: Int) throws(DocumentError) {
    // Indentation has no meaning inside brackets, so tabs do no harm there.
    while let byte = current {
      if byte == 0x0A {
        position += 1
        lineStart = position
      } else if byte.isBlank || byte == 0x0D {
        position += 1
      } else if byte == UInt8(ascii: "#"), isAfterSpace {
        skipLine()
      } else {
        break
      }
    }
    guard current != nil, !isAtDocumentMarker() else { throw error("this \(what) does not end", at: start) }
  }

  /// Reads an unquoted scalar inside brackets; line breaks in it become spaces.
  ///
  /// An environment reference `${NAME}` belongs to it, though YAML would want it in quotes for its braces.
  private mutating func flowPlain() throws(DocumentError) -> String {
    try checkPlainStart(inFlow: true)
    var result = ""
    while true {
      let start = position
      while let byte = current, !byte.isLineBreak, !byte.isFlowIndicator {
        if byte == UInt8(ascii: "#"), isAfterSpace { break }
        if byte == UInt8(ascii: "$"), let end = endOfReference() {
          position = end
          continue
        }
        if byte == UInt8(ascii: ":"), isAtIndicator(":") || self.byte(at: position + 1).map(\.isFlowIndicator) ?? true {
          break
        }
        position += 1
      }
      result += string(start..<position).trimmingSpaces
      guard current?.isLineBreak == true else { return result }
      var ahead = self
      let breaks = ahead.skipBreaks()
      guard let next = ahead.current, !next.isFlowIndicator, next != UInt8(ascii: ":"), next != UInt8(ascii: "#"),
        !ahead.isAtDocumentMarker()
      else { return result }
      self = ahead
      result += breaks == 1 ? " " : String(repeating: "\n", count: breaks - 1)
    }
  }
}

extension YAMLParser {
  /// The offset after a `${…}` that begins here and ends on this line, or nil.
  private func endOfReference() -> Int? {
    guard byte(at: position + 1) == UInt8(ascii: "{") else { return nil }
    var end = position + 2
    while let byte = byte(at: end), !byte.isLineBreak {
      end += 1
      if byte == UInt8(ascii: "}") { return end }
    }
    return nil
  }
}

extension UInt8 {
  var isFlowIndicator: Bool {
    switch self {
    case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
    default: false
    }
  }
}
