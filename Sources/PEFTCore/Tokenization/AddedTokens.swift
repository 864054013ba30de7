/// A token that is recognised in a text as it stands, before anything is cut or merged.
public struct AddedToken: Sendable, Equatable {
  /// Its id.
  public let id: Int32
  /// The text that stands for it.
  public let content: String
  /// Whether it counts only where no word character touches it.
  public var isSingleWord = false
  /// Whether it takes the white space before it.
  public var stripsLeft = false
  /// Whether it takes the white space after it.
  public var stripsRight = false
  /// Whether it is looked for in the normalized text rather than in the text as written.
  public var isNormalized = false
  /// Whether decoding can leave it out.
  public var isSpecial = false

  /// Creates a token; the flags start as false.
  public init(id: Int32, content: String) {
    self.id = id
    self.content = content
  }
}

/// Finds added tokens in texts: the leftmost first, the longest of those that start at one place.
struct AddedTokenFinder: Sendable {
  /// A stretch of text: either an added token, or what lies between two.
  struct Section {
    var token: Int32?
    var start: Int
    var end: Int
  }

  private let tokens: [AddedToken]
  /// Trie over the contents' bytes: (node, byte) to node; node 0 is the root.
  private var edges: [UInt64: UInt32] = [:]
  /// For each node the index of the token that ends there, or -1.
  private var ends: [Int32] = [-1]
  private var isFirstByte = [Bool](repeating: false, count: 256)

  /// Creates a finder; `contents` are what to look for, in the order of `tokens`.
  init(tokens: [AddedToken], contents: [[UInt8]]) {
    self.tokens = tokens
    for (index, content) in contents.enumerated() where !content.isEmpty {
      isFirstByte[Int(content[0])] = true
      var node: UInt32 = 0
      for byte in content {
        let edge = UInt64(node) << 8 | UInt64(byte)
        if let next = edges[edge] {
          node = next
        } else {
          edges[edge] = UInt32(ends.count)
          node = UInt32(ends.count)
          ends.append(-1)
        }
      }
      ends[Int(node)] = Int32(index)
    }
  }

  /// Cuts a text into added tokens and the rest, in order, without empty stretches of rest.
  func sections(of bytes: [UInt8]) -> [Section] {
    guard !tokens.isEmpty else { return bytes.isEmpty ? [] : [Section(token: nil, start: 0, end: bytes.count)] }
    return bytes.withUnsafeBufferPointer { bytes in
      var sections: [Section] = []
      var restStart = 0
      var position = 0
      while position < bytes.count {
        guard isFirstByte[Int(bytes[position])], let match = longestMatch(at: position, of: bytes) else {
          position += 1
          continue
        }
        let token = tokens[match.token]
        var start = position
        var end = match.end
        position = end
        if token.isSingleWord, touchesWord(start: start, end: end, of: bytes) { continue }
        if token.stripsLeft { start = max(restStart, whiteSpaceStart(before: start, of: bytes)) }
        if token.stripsRight { end = whiteSpaceEnd(from: end, of: bytes) }
        start = max(start, restStart)
        if restStart < start { sections.append(Section(token: nil, start: restStart, end: start)) }
        sections.append(Section(token: token.id, start: start, end: end))
        restStart = end
      }
      if restStart < bytes.count { sections.append(Section(token: nil, start: restStart, end: bytes.count)) }
      return sections
    }
  }

  /// Whether a token takes the white space after it.
  func takesSpace(_ id: Int32) -> Bool { tokens.contains { $0.id == id && $0.stripsRight } }

  /// Bytes of the white space that a text begins with.
  func leadingWhiteSpace(of bytes: [UInt8]) -> Int { bytes.withUnsafeBufferPointer { whiteSpaceEnd(from: 0, of: $0) } }

  private func longestMatch(at start: Int, of bytes: UnsafeBufferPointer<UInt8>) -> (token: Int, end: Int)? {
    var node: UInt32 = 0
    var position = start
    var found: (token: Int, end: Int)?
    while position < bytes.count, let next = edges[UInt64(node) << 8 | UInt64(bytes[position])] {
      node = next
      position += 1
      if ends[Int(node)] >= 0 { found = (Int(ends[Int(node)]), position) }
    }
    return found
  }

  private func touchesWord(start: Int, end: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    (start > 0 && isWord(UTF8Step.start(before: start, of: bytes), bytes)) || (end < bytes.count && isWord(end, bytes))
  }

  private func isWord(_ position: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    Unicode.Scalar(UTF8Step.scalar(at: position, of: bytes).value).map(ScalarClass.isWord) ?? false
  }

  private func whiteSpaceStart(before end: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var start = end
    while start > 0 {
      let previous = UTF8Step.start(before: start, of: bytes)
      guard ScalarClass.of(UTF8Step.scalar(at: previous, of: bytes).value) == .space else { break }
      start = previous
    }
    return start
  }

  private func whiteSpaceEnd(from start: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var end = start
    while end < bytes.count {
      let (value, length) = UTF8Step.scalar(at: end, of: bytes)
      guard ScalarClass.of(value) == .space else { break }
      end += length
    }
    return end
  }
}
