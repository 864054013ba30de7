/// The added tokens of a tokenizer while further files declare more of them.
///
/// The rules are those by which transformers and its `tokenizers` library add tokens: one that is in the vocabulary keeps
/// its id, one that is new gets the next id, whatever a file says; later flags replace earlier ones, and a token that
/// was special stays special.
struct AddedTokenList {
  private var tokens: [AddedToken]
  private let vocabulary: TokenizerJSONReader.Vocabulary
  private let vocabularyCount: Int32
  /// By content, byte for byte.
  private var indices: [[UInt8]: Int] = [:]
  private var contentOfID: [Int32: String] = [:]
  private var largestID: Int32 = -1

  init(_ tokens: [AddedToken], _ vocabulary: TokenizerJSONReader.Vocabulary) {
    self.tokens = []
    self.vocabulary = vocabulary
    vocabularyCount = Int32(vocabulary.count)
    for token in tokens { append(token) }
  }

  /// The tokens after adding `declared` to them.
  ///
  /// - Throws: `DocumentError` for a token that a file gives another id than the library would.
  func adding(_ declared: [DeclaredToken]) throws(DocumentError) -> [AddedToken] {
    var list = self
    for token in declared where !token.token.content.isEmpty { try list.add(token) }
    return list.tokens
  }

  private mutating func append(_ token: AddedToken) {
    indices[Array(token.content.utf8)] = tokens.count
    contentOfID[token.id] = token.content
    largestID = max(largestID, token.id)
    tokens.append(token)
  }

  private mutating func add(_ declared: DeclaredToken) throws(DocumentError) {
    var token = declared.token
    if let index = indices[Array(token.content.utf8)] {
      try check(declared, against: tokens[index].id)
      if declared.hasID || token.isSpecial && !tokens[index].isSpecial {
        let before = tokens[index]
        // A token's task says no more than that it is special; only a numbered token has flags of its own.
        tokens[index] = declared.hasID ? AddedToken(token, id: before.id) : before
        tokens[index].isSpecial = before.isSpecial || token.isSpecial
      }
      return
    }
    if let id = vocabulary.id(of: token.content) {
      try check(declared, against: id)
      token = AddedToken(token, id: id)
    } else {
      let next = largestID >= vocabularyCount ? largestID + 1 : vocabularyCount
      try check(declared, against: next)
      token = AddedToken(token, id: next)
    }
    let other = contentOfID[token.id] ?? vocabulary.token(token.id)
    if let other, !other.utf8.elementsEqual(token.content.utf8) {
      throw error("the added token \"\(token.content)\" has the id \(token.id) of \"\(other)\"", declared)
    }
    append(token)
  }

  private func check(_ declared: DeclaredToken, against id: Int32) throws(DocumentError) {
    guard declared.hasID, declared.token.id != id else { return }
    throw error(
      "the added token \"\(declared.token.content)\" has the id \(declared.token.id) here, but \(id) in the "
        + "vocabulary, where transformers puts it", declared)
  }

  private func error(_ message: String, _ declared: DeclaredToken) -> DocumentError {
    DocumentError(message, at: declared.offset, of: declared.text)
  }
}

extension AddedToken {
  /// The same text and flags under another id.
  fileprivate init(_ other: AddedToken, id: Int32) {
    self.init(id: id, content: other.content)
    isSingleWord = other.isSingleWord
    stripsLeft = other.stripsLeft
    stripsRight = other.stripsRight
    isNormalized = other.isNormalized
    isSpecial = other.isSpecial
  }
}
