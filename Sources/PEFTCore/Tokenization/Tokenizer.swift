/// Turns text into token ids and back, with the same results as Hugging Face's `tokenizers`.
///
/// Text goes through these steps: added tokens are cut out; the rest is normalized, cut into pieces and
/// merged (byte-pair encoding); special tokens are put around it. Immutable, so any thread may use it.
public final class Tokenizer: Sendable {
  /// How ids are put around those of a text.
  struct SpecialFrame: Sendable {
    var before: [Int32] = []
    var after: [Int32] = []
  }

  /// Everything that a reader of some file format has to find out.
  struct Parts {
    var tokens: [String?]
    var addedTokens: [AddedToken]
    var normalizers: [Normalizer]
    var preTokenizers: [PreTokenizer]
    var model: BPEModel
    var frame: SpecialFrame
    /// Empty joins the tokens with spaces.
    var decoders: [TokenDecoder]
  }

  /// How a text ends, as far as it concerns the ids of a text that follows it.
  public enum TextEnd: Sendable, Equatable {
    /// There is no text before.
    case nothing
    /// With text that the one after it continues.
    case text
    /// With an added token, which may take the white space after it.
    case token(takesSpace: Bool)
  }

  /// Ids are below this number; it is the number of rows that the tokenizer needs of an embedding table.
  public var vocabularySize: Int { tokens.count }
  /// The tokens that are recognised in text as they stand, by ascending id.
  public let addedTokens: [AddedToken]

  let tokens: [String?]
  private let isSpecialID: [Bool]
  private let idOfText: ByteStringTable
  private let rawFinder: AddedTokenFinder
  private let normalizedFinder: AddedTokenFinder?
  let normalizers: [Normalizer]
  let preTokenizers: [PreTokenizer]
  let model: BPEModel
  let frame: SpecialFrame
  let decoders: [TokenDecoder]

  init(_ parts: Parts) {
    tokens = parts.tokens
    addedTokens = parts.addedTokens.sorted { $0.id < $1.id }
    normalizers = parts.normalizers
    preTokenizers = parts.preTokenizers
    model = parts.model
    frame = parts.frame
    decoders = parts.decoders

    var isSpecial = [Bool](repeating: false, count: parts.tokens.count)
    var table = ByteStringTable(capacity: parts.tokens.count)
    for token in parts.addedTokens {
      if token.isSpecial { isSpecial[Int(token.id)] = true }
      Array(token.content.utf8).withUnsafeBufferPointer { _ = table.insert($0, id: token.id) }
    }
    for (id, token) in parts.tokens.enumerated() {
      guard let token else { continue }
      Array(token.utf8).withUnsafeBufferPointer { _ = table.insert($0, id: Int32(id)) }
    }
    isSpecialID = isSpecial
    idOfText = table
    let raw = parts.addedTokens.filter { !$0.isNormalized }
    rawFinder = AddedTokenFinder(tokens: raw, contents: raw.map { Array($0.content.utf8) })
    let normalized = parts.addedTokens.filter(\.isNormalized)
    normalizedFinder =
      normalized.isEmpty
      ? nil
      : AddedTokenFinder(
        tokens: normalized,
        contents: normalized.map { token in
          parts.normalizers.reduce(Array(token.content.utf8)) { $1.apply(to: $0) }
        })
  }

  /// The ids of `text`.
  ///
  /// - Parameters:
  ///   - text: Any text; the contents of added tokens inside it become those tokens.
  ///   - addSpecialTokens: Also put the tokens around it that the tokenizer's description asks for, such as
  ///     one for the beginning of a text. A rendered chat template has them already.
  public func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(text.utf8.count / 3 + 8)
    if addSpecialTokens { ids += frame.before }
    encode(Array(text.utf8), after: .nothing, into: &ids)
    if addSpecialTokens { ids += frame.after }
    return ids
  }

  /// The ids of a text that continues where another one ends.
  ///
  /// What a tokenizer puts at the beginning of a text (the space or mark before the first word of SentencePiece-style
  /// tokenizers) is not put before this one. No token reaches over the joint, so that the ids of the first text are the
  /// same whatever follows; where no merge would reach over it either, the ids of both texts one after the other are
  /// those of the whole.
  ///
  /// - Parameters:
  ///   - text: The text that follows.
  ///   - end: What `end(of:)` says of the text before it.
  public func encode(_ text: String, after end: TextEnd) -> [Int32] {
    var bytes = Array(text.utf8)
    if end == .token(takesSpace: true) { bytes.removeFirst(rawFinder.leadingWhiteSpace(of: bytes)) }
    var ids: [Int32] = []
    encode(bytes, after: end, into: &ids)
    return ids
  }

  /// How a text ends, as far as it concerns the ids of what follows.
  public func end(of text: String) -> TextEnd {
    let bytes = Array(text.utf8)
    guard let last = rawFinder.sections(of: bytes).last else { return .nothing }
    if let token = last.token { return .token(takesSpace: rawFinder.takesSpace(token)) }
    guard let normalizedFinder else { return .text }
    var rest = Array(bytes[last.start..<last.end])
    for normalizer in normalizers { rest = normalizer.apply(to: rest) }
    guard let token = normalizedFinder.sections(of: rest).last?.token else { return .text }
    return .token(takesSpace: normalizedFinder.takesSpace(token))
  }

  private func encode(_ bytes: [UInt8], after end: TextEnd, into ids: inout [Int32]) {
    var workspace = BPEModel.Workspace()
    for section in rawFinder.sections(of: bytes) {
      if let token = section.token {
        ids.append(token)
        continue
      }
      let continues = section.start == 0 && end == .text
      let startsText = section.start == 0 && end == .nothing
      var rest = Array(bytes[section.start..<section.end])
      if continues {
        for normalizer in normalizers.compactMap(\.continuing) { rest = normalizer.apply(to: rest) }
      } else {
        for normalizer in normalizers { rest = normalizer.apply(to: rest) }
      }
      guard let normalizedFinder else {
        encode(PieceList(bytes: rest, startsText: startsText, continues: continues), into: &ids, &workspace)
        continue
      }
      for inner in normalizedFinder.sections(of: rest) {
        if let token = inner.token {
          ids.append(token)
        } else {
          let list = PieceList(
            bytes: Array(rest[inner.start..<inner.end]), startsText: startsText && inner.start == 0,
            continues: continues && inner.start == 0)
          encode(list, into: &ids, &workspace)
        }
      }
    }
  }

  private func encode(_ list: PieceList, into ids: inout [Int32], _ workspace: inout BPEModel.Workspace) {
    var list = list
    for preTokenizer in preTokenizers { preTokenizer.apply(to: &list) }
    list.bytes.withUnsafeBufferPointer { bytes in
      for piece in list.pieces {
        model.encode(UnsafeBufferPointer(rebasing: bytes[piece.start..<piece.end]), into: &ids, &workspace)
      }
    }
  }

  /// The text of `ids`; bytes that are not UTF-8 become U+FFFD, unknown ids nothing.
  public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool) -> String {
    var texts: [[UInt8]] = []
    for id in ids {
      guard let token = token(for: id), !(skipSpecialTokens && isSpecial(id)) else { continue }
      texts.append(Array(token.utf8))
    }
    guard !decoders.isEmpty else { return String(decoding: Array(texts.joined(separator: [0x20])), as: UTF8.self) }
    for decoder in decoders { texts = decoder.apply(to: texts) }
    return String(decoding: Array(texts.joined()), as: UTF8.self)
  }

  /// How the vocabulary spells a token, or nil for an id that it does not have.
  public func token(for id: Int32) -> String? {
    tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil
  }

  /// The id of a token as the vocabulary spells it, or nil.
  public func id(of token: String) -> Int32? { idOfText.id(of: Array(token.utf8)) }

  /// Whether `decode` can leave this token out: the beginning of a text, the end of a turn, and the like.
  public func isSpecial(_ id: Int32) -> Bool { isSpecialID.indices.contains(Int(id)) && isSpecialID[Int(id)] }
}
