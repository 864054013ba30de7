/// What a GGUF file says about its tokenizer (`tokenizer.ggml.*`), as the file's reader hands it over.
public struct GGUFTokenizerMetadata: Sendable {
  /// `model`: "gpt2" for byte-level BPE, "llama" for SentencePiece-style BPE by scores.
  public var model: String
  /// `pre`: which pre-tokenizer a byte-level model uses.
  public var preTokenizer: String?
  /// `tokens`: every token, by id.
  public var tokens: [String]
  /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; empty if the file has none.
  public var tokenTypes: [Int32]
  /// `scores`: of "llama" models; the higher, the earlier a token is merged.
  public var scores: [Float]
  /// `merges`: of "gpt2" models, as "left right".
  public var merges: [String]
  /// `bos_token_id`.
  public var beginningOfText: Int?
  /// `eos_token_id`.
  public var endOfText: Int?
  /// `unknown_token_id`.
  public var unknown: Int?
  /// `padding_token_id`.
  public var padding: Int?
  /// `add_bos_token`; nil leaves it to the model's custom (true for "llama", false for "gpt2").
  public var addsBeginningOfText: Bool?
  /// `add_eos_token`.
  public var addsEndOfText: Bool?
  /// `add_space_prefix`; nil means true for "llama".
  public var addsSpacePrefix: Bool?

  /// Creates a description from the two things that every file has.
  public init(model: String, tokens: [String]) {
    self.model = model
    self.tokens = tokens
    tokenTypes = []
    scores = []
    merges = []
  }
}

/// An error about the tokenizer inside a GGUF file.
public struct GGUFTokenizerError: InputError, Equatable {
  /// The file and what is wrong in it.
  public let description: String
}

extension Tokenizer {
  /// Makes the tokenizer that a GGUF file describes; its ids equal those of the model's `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - metadata: The file's description.
  ///   - file: The file's name, for error messages.
  /// - Throws: `GGUFTokenizerError` for a description that is inconsistent or of an unsupported kind.
  public static func load(gguf metadata: GGUFTokenizerMetadata, file: String) throws -> Tokenizer {
    let reader = GGUFTokenizerReader(metadata: metadata, file: file)
    switch metadata.model {
    case "gpt2": return try reader.byteLevel()
    case "llama": return try reader.sentencePiece()
    default: throw reader.error("tokenizer model \"\(metadata.model)\" is not supported (gpt2 and llama are)")
    }
  }
}

/// Turns the description into a tokenizer.
struct GGUFTokenizerReader {
  let metadata: GGUFTokenizerMetadata
  let file: String

  func error(_ message: String) -> GGUFTokenizerError { GGUFTokenizerError(description: "\(file): \(message)") }

  // MARK: - Byte-level BPE

  /// Whether whole words are taken from the vocabulary, as only Llama 3's tokenizer does.
  var isLlama3: Bool {
    ["llama-bpe", "llama3", "llama-v3", "falcon3"].contains(metadata.preTokenizer ?? "")
  }

  /// What the name of a pre-tokenizer stands for.
  func pipeline() throws(GGUFTokenizerError) -> (normalizers: [Normalizer], preTokenizers: [PreTokenizer]) {
    switch metadata.preTokenizer ?? "default" {
    case "default", "gpt-2", "gpt2", "olmo", "mpt", "phi-2", "jina-v1-en", "roberta-bpe", "exaone4":
      return ([], [.pattern(.gpt2)])
    case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone":
      return ([], [.digits(individual: true), .pattern(.gpt2)])
    case "llama-bpe", "llama3", "llama-v3", "dbrx", "smaug-bpe", "falcon3":
      return ([], [.pattern(.words(maximumDigits: 3))])
    case "gpt-4o", "llama4": return ([], [.pattern(.casedWords)])
    case "qwen2", "deepseek-r1-qwen", "megrez": return ([.form(.nfc)], [.pattern(.words(maximumDigits: 1))])
    case let name:
      let known = ["gpt-2", "smollm", "starcoder", "llama-bpe", "qwen2", "gpt-4o"]
      let nearest = NearestName.of(name, among: known).map { "; the nearest known is \($0)" } ?? ""
      throw error("tokenizer.ggml.pre \"\(name)\" is not supported\(nearest)")
    }
  }

  func byteLevel() throws(GGUFTokenizerError) -> Tokenizer {
    let steps = try pipeline()
    let table = try tokenTable()
    var pieces: [(bytes: [UInt8], id: Int32)] = []
    var pieceTable = ByteStringTable(capacity: metadata.tokens.count)
    for (id, token) in metadata.tokens.enumerated() {
      guard let bytes = ByteAlphabet.bytes(of: token) else { continue }
      pieces.append((bytes, Int32(id)))
      bytes.withUnsafeBufferPointer { _ = pieceTable.insert($0, id: Int32(id)) }
    }
    guard !metadata.merges.isEmpty else { throw error("the tokenizer has no tokenizer.ggml.merges") }
    var merges = MergeTable(count: metadata.merges.count)
    for (rank, merge) in metadata.merges.enumerated() {
      let parts = Array(merge.utf8).split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2, let left = table.id(of: Array(parts[0])), let right = table.id(of: Array(parts[1])),
        let merged = table.id(of: Array(parts[0] + parts[1]))
      else { throw error("tokenizer.ggml.merges[\(rank)] \"\(merge)\" is not two tokens whose union is a token") }
      merges.set(left: left, right: right, rank: Int32(rank), merged: merged)
    }
    let model = BPEModel(
      symbols: .bytes, table: pieceTable, merges: merges, tokens: pieces, vocabularySize: metadata.tokens.count,
      byteTokens: (0..<256).map { pieceTable.id(of: [UInt8($0)]) ?? -1 }, unknown: nil, fusesUnknown: false,
      ignoresMerges: isLlama3)
    return Tokenizer(
      Tokenizer.Parts(
        tokens: metadata.tokens, addedTokens: try addedTokens(), normalizers: steps.normalizers,
        preTokenizers: steps.preTokenizers, model: model, frame: try frame(addsBeginning: false), decoders: [.byteLevel]
      ))
  }

  // MARK: - SentencePiece-style BPE

  /// Two neighbours that merge, as ids.
  struct Merge {
    var left: Int32
    var right: Int32
    var merged: Int32
    fileprivate var leftLength: Int32
    fileprivate var rightLength: Int32
  }

  /// Two neighbours merge if their union is a token, in the order of that token's score.
  ///
  /// Equal scores merge the longer left part first, then the longer right one: the order in which Hugging
  /// Face's converter lists merges.
  func mergesByScore(_ table: ByteStringTable) -> [Merge] {
    var candidates: [Merge] = []
    for (id, token) in metadata.tokens.enumerated() where !metadata.isByteOrControl(id) {
      let bytes = Array(token.utf8)
      let starts = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
      let splits = bytes.withUnsafeBufferPointer { bytes in
        starts.indices.dropFirst().compactMap { index -> Merge? in
          let cut = starts[index]
          guard let left = table.id(of: UnsafeBufferPointer(rebasing: bytes[..<cut])),
            let right = table.id(of: UnsafeBufferPointer(rebasing: bytes[cut...]))
          else { return nil }
          return Merge(
            left: left, right: right, merged: Int32(id), leftLength: Int32(index),
            rightLength: Int32(starts.count - index))
        }
      }
      candidates += splits.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
    }
    let scores = metadata.scores
    let order = candidates.indices.sorted { one, other in
      let a = candidates[one]
      let b = candidates[other]
      let scoreA = scores[Int(a.merged)]
      let scoreB = scores[Int(b.merged)]
      if scoreA != scoreB { return scoreA > scoreB }
      if a.leftLength != b.leftLength { return a.leftLength > b.leftLength }
      if a.rightLength != b.rightLength { return a.rightLength > b.rightLength }
      return one < other
    }
    return order.map { candidates[$0] }
  }

  private func mergeTable(_ merges: [Merge]) -> MergeTable {
    var table = MergeTable(count: merges.count)
    for (rank, merge) in merges.enumerated() {
      table.set(left: merge.left, right: merge.right, rank: Int32(rank), merged: merge.merged)
    }
    return table
  }

  /// The token for what the vocabulary of a model by scores cannot spell.
  func unknown(in table: ByteStringTable) throws(GGUFTokenizerError) -> Int32? {
    try id(metadata.unknown, "unknown_token_id") ?? table.id(of: Array("<unk>".utf8))
  }

  func checkScores() throws(GGUFTokenizerError) {
    guard metadata.scores.count == metadata.tokens.count else {
      throw error("tokenizer.ggml.scores has \(metadata.scores.count) elements for \(metadata.tokens.count) tokens")
    }
    guard metadata.scores.allSatisfy({ !$0.isNaN }) else { throw error("tokenizer.ggml.scores has a NaN") }
  }

  func sentencePiece() throws(GGUFTokenizerError) -> Tokenizer {
    try checkScores()
    let table = try tokenTable()
    let unknown = try unknown(in: table)
    let pieces = metadata.tokens.enumerated().map { (bytes: Array($0.element.utf8), id: Int32($0.offset)) }
    let model = BPEModel(
      symbols: .scalars, table: table, merges: mergeTable(mergesByScore(table)), tokens: pieces,
      vocabularySize: metadata.tokens.count, byteTokens: BPEModel.fallbackTokens(in: table), unknown: unknown,
      fusesUnknown: true, ignoresMerges: false)
    let mark = Array("▁".utf8)
    let addsPrefix = metadata.addsSpacePrefix ?? true
    let replace = Normalizer.replace(pattern: [0x20], by: mark)
    let decoders: [TokenDecoder] = [.replace(pattern: mark, by: [0x20]), .byteFallback, .fuse]
    return Tokenizer(
      Tokenizer.Parts(
        tokens: metadata.tokens, addedTokens: try addedTokens(),
        normalizers: addsPrefix ? [.prepend(mark), replace] : [replace], preTokenizers: [], model: model,
        frame: try frame(addsBeginning: true),
        decoders: addsPrefix ? decoders + [.strip(content: [0x20], start: 1, stop: 0)] : decoders))
  }

  // MARK: - Parts of both

  func tokenTable() throws(GGUFTokenizerError) -> ByteStringTable {
    guard !metadata.tokens.isEmpty else { throw error("the tokenizer has no tokenizer.ggml.tokens") }
    guard metadata.tokenTypes.isEmpty || metadata.tokenTypes.count == metadata.tokens.count else {
      throw error(
        "tokenizer.ggml.token_type has \(metadata.tokenTypes.count) elements for \(metadata.tokens.count) tokens")
    }
    if let id = metadata.tokens.firstIndex(where: { $0.utf8.count > TextGrowth.longestToken }) {
      throw error(
        "tokenizer.ggml.tokens[\(id)] has \(metadata.tokens[id].utf8.count) bytes, more than the "
          + "\(TextGrowth.longestToken) that a token may have")
    }
    var table = ByteStringTable(capacity: metadata.tokens.count)
    for (id, token) in metadata.tokens.enumerated() {
      Array(token.utf8).withUnsafeBufferPointer { _ = table.insert($0, id: Int32(id)) }
    }
    return table
  }

  func addedTokens() throws(GGUFTokenizerError) -> [AddedToken] {
    metadata.tokens.enumerated().compactMap { id, content in
      guard metadata.tokenTypes.indices.contains(id), !content.isEmpty else { return nil }
      let type = metadata.tokenTypes[id]
      guard type == 3 || type == 4 || (type == 2 && metadata.model == "llama") else { return nil }
      var token = AddedToken(id: Int32(id), content: content)
      token.isSpecial = type != 4
      return token
    }
  }

  private func id(_ value: Int?, _ key: String) throws(GGUFTokenizerError) -> Int32? {
    guard let value else { return nil }
    guard metadata.tokens.indices.contains(value) else {
      throw error("tokenizer.ggml.\(key) is \(value), but there are \(metadata.tokens.count) tokens")
    }
    return Int32(value)
  }

  func frame(addsBeginning standard: Bool) throws(GGUFTokenizerError) -> Tokenizer.SpecialFrame {
    var frame = Tokenizer.SpecialFrame()
    let adds = metadata.addsBeginningOfText ?? (standard || isLlama3)
    if adds, let id = try id(metadata.beginningOfText, "bos_token_id") { frame.before = [id] }
    if metadata.addsEndOfText ?? false, let id = try id(metadata.endOfText, "eos_token_id") { frame.after = [id] }
    return frame
  }
}

extension GGUFTokenizerMetadata {
  fileprivate func isByteOrControl(_ id: Int) -> Bool {
    tokenTypes.indices.contains(id) && (tokenTypes[id] == 3 || tokenTypes[id] == 6)
  }
}
