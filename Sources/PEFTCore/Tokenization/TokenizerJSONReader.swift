extension Tokenizer {
  /// Reads a Hugging Face `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - tokenizerJSON: The file's value.
  ///   - text: The file's text, for the places in error messages.
  ///   - configuration: What the files beside it say; their added tokens join the file's own.
  /// - Throws: `DocumentError` for what is malformed, and for models, normalizers, and so on that this
  ///   package does not implement, by name.
  public static func load(
    tokenizerJSON: DocumentValue, text: DocumentText, configuration: TokenizerConfiguration = .init()
  ) throws -> Tokenizer {
    try TokenizerJSONReader(text: text).tokenizer(from: tokenizerJSON, adding: configuration.declaredTokens)
  }
}

/// Reads the parts of a `tokenizer.json`, whose schema is the serialization of the `tokenizers` library.
struct TokenizerJSONReader {
  let text: DocumentText

  /// Ids are below this number: an id sizes tables, so a file must not choose it freely.
  ///
  /// Holes are allowed, but not many more than there are letters in the file.
  var maximumID: Int { min(1 << 24, (1 << 18) + text.bytes.count) }

  func error(_ message: String, at value: DocumentValue) -> DocumentError {
    DocumentError(message, at: value.offset, of: text)
  }

  func tokenizer(from root: DocumentValue, adding declared: [DeclaredToken]) throws(DocumentError) -> Tokenizer {
    guard root.object != nil else { throw error("expected an object, found \(root.kindName)", at: root) }
    guard let modelValue = root["model"] else { throw error("this tokenizer has no \"model\"", at: root) }
    let vocabulary = try vocabulary(of: modelValue)
    let added = try AddedTokenList(try addedTokens(root["added_tokens"], vocabulary: vocabulary), vocabulary)
      .adding(declared)

    let steps = try steps(of: root)
    let tokens = try vocabulary.tokens(with: added, in: self, at: root)
    let model = try model(modelValue, vocabulary, symbols: steps.usesByteAlphabet ? .bytes : .scalars)
    return Tokenizer(
      Tokenizer.Parts(
        tokens: tokens, addedTokens: added, normalizers: steps.normalizers, preTokenizers: steps.preTokenizers,
        model: model, frame: try frame(root["post_processor"], tokens: tokens), decoders: steps.decoders))
  }

  private func steps(of root: DocumentValue) throws(DocumentError) -> (
    normalizers: [Normalizer], preTokenizers: [PreTokenizer], decoders: [TokenDecoder], usesByteAlphabet: Bool
  ) {
    let normalizers = try flatten(root["normalizer"], listKey: "normalizers", normalizer)
    var usesByteAlphabet = false
    let preTokenizers = try flatten(root["pre_tokenizer"], listKey: "pretokenizers") {
      value throws(DocumentError) -> [PreTokenizer] in
      try preTokenizer(value, &usesByteAlphabet)
    }
    let decoders = try flatten(root["decoder"], listKey: "decoders", decoder)
    if let fault = TextGrowth.fault(normalizers: normalizers, preTokenizers: preTokenizers) {
      throw error(fault, at: root["normalizer"] ?? root["pre_tokenizer"] ?? root)
    }
    if let fault = TextGrowth.fault(decoders: decoders) { throw error(fault, at: root["decoder"] ?? root) }
    return (normalizers, preTokenizers, decoders, usesByteAlphabet)
  }

  // MARK: - Model

  struct Vocabulary {
    /// By id; nil where the vocabulary has a hole.
    var tokens: [String?]
    var idOfToken: ByteStringTable

    /// Number of tokens, holes left out.
    var count: Int { tokens.count { $0 != nil } }

    func id(of token: String) -> Int32? { idOfToken.id(of: Array(token.utf8)) }

    func token(_ id: Int32) -> String? { tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil }

    /// Every token by its id, the added ones included.
    func tokens(
      with added: [AddedToken], in reader: TokenizerJSONReader, at place: DocumentValue
    ) throws(DocumentError) -> [String?] {
      var tokens = tokens
      for token in added {
        while tokens.count <= Int(token.id) { tokens.append(nil) }
        tokens[Int(token.id)] = token.content
      }
      if let long = tokens.first(where: { ($0?.utf8.count ?? 0) > TextGrowth.longestToken }) {
        throw reader.error(
          "a token has \(long?.utf8.count ?? 0) bytes, more than the \(TextGrowth.longestToken) that a token may have",
          at: place)
      }
      return tokens
    }
  }

  func vocabulary(of model: DocumentValue) throws(DocumentError) -> Vocabulary {
    let merges = model["merges"]
    if let type = model["type"] {
      guard type.string == "BPE" else {
        throw error("tokenizer model \(shown(type)) is not supported (only BPE is)", at: type)
      }
    } else if merges == nil {
      throw error("this tokenizer model has no \"merges\": only BPE models are supported", at: model)
    }
    guard let vocabularyValue = model["vocab"] else { throw error("this model has no \"vocab\"", at: model) }
    return try self.vocabulary(vocabularyValue)
  }

  /// A vocabulary that is an object from tokens to ids.
  func vocabulary(_ vocabularyValue: DocumentValue) throws(DocumentError) -> Vocabulary {
    guard let entries = vocabularyValue.object?.members else {
      throw error("\"vocab\" is an object from tokens to ids, found \(vocabularyValue.kindName)", at: vocabularyValue)
    }
    var table = ByteStringTable(capacity: entries.count)
    var tokens = [String?](repeating: nil, count: entries.count)
    for entry in entries {
      guard let id = entry.value.integer, 0..<maximumID ~= id else {
        throw error(
          "the id of token \"\(entry.key)\" is not a whole number from 0 to \(maximumID - 1)", at: entry.value)
      }
      while tokens.count <= id { tokens.append(nil) }
      if let other = tokens[id] {
        throw error("tokens \"\(other)\" and \"\(entry.key)\" have the same id \(id)", at: entry.value)
      }
      tokens[id] = entry.key
      Array(entry.key.utf8).withUnsafeBufferPointer { _ = table.insert($0, id: Int32(id)) }
    }
    while let last = tokens.last, last == nil { tokens.removeLast() }
    return Vocabulary(tokens: tokens, idOfToken: table)
  }

  func model(_ value: DocumentValue, _ vocabulary: Vocabulary, symbols: BPEModel.Symbols) throws(DocumentError)
    -> BPEModel
  {
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = value[key], affix.string != "" {
        throw error("BPE with \"\(key)\" is not supported", at: affix)
      }
    }
    if let dropout = value["dropout"], dropout.number != 0 {
      throw error("BPE dropout is not supported: it makes tokens random", at: dropout)
    }
    let merges = try merges(value, vocabulary)
    var table = vocabulary.idOfToken
    let pieces = pieces(of: vocabulary, symbols: symbols)
    var byteTokens = [Int32](repeating: -1, count: 256)
    let fallsBack = try flag(value, "byte_fallback")
    switch symbols {
    case .bytes:
      table = ByteStringTable(capacity: pieces.count)
      for piece in pieces { piece.bytes.withUnsafeBufferPointer { _ = table.insert($0, id: piece.id) } }
      for byte in 0..<256 { byteTokens[byte] = table.id(of: [UInt8(byte)]) ?? -1 }
      if fallsBack, byteTokens.contains(-1) {
        throw error(
          "byte_fallback together with a byte-level vocabulary of fewer than 256 bytes is not supported", at: value)
      }
    case .scalars:
      if fallsBack { byteTokens = BPEModel.fallbackTokens(in: table) }
    }
    var unknown: Int32?
    if let token = value["unk_token"] {
      guard let name = token.string else {
        throw error("\"unk_token\" is a string, found \(token.kindName)", at: token)
      }
      unknown = vocabulary.id(of: name)
      if unknown == nil, !name.isEmpty, byteTokens.contains(-1) {
        throw error("the unknown token \"\(name)\" is not in the vocabulary", at: token)
      }
    }
    return BPEModel(
      symbols: symbols, table: table, merges: merges, tokens: pieces, vocabularySize: vocabulary.tokens.count,
      byteTokens: byteTokens, unknown: unknown, fusesUnknown: try flag(value, "fuse_unk"),
      ignoresMerges: try flag(value, "ignore_merges"))
  }

  /// The tokens as pieces of text spell them.
  private func pieces(of vocabulary: Vocabulary, symbols: BPEModel.Symbols) -> [(bytes: [UInt8], id: Int32)] {
    var pieces: [(bytes: [UInt8], id: Int32)] = []
    pieces.reserveCapacity(vocabulary.tokens.count)
    for (id, token) in vocabulary.tokens.enumerated() {
      guard let token else { continue }
      switch symbols {
      case .scalars: pieces.append((Array(token.utf8), Int32(id)))
      case .bytes: if let bytes = ByteAlphabet.bytes(of: token) { pieces.append((bytes, Int32(id))) }
      }
    }
    return pieces
  }

  /// A byte-level model without a token for what is unknown.
  func byteLevelModel(_ vocabulary: Vocabulary, merges: MergeTable) -> BPEModel {
    let pieces = pieces(of: vocabulary, symbols: .bytes)
    var table = ByteStringTable(capacity: pieces.count)
    for piece in pieces { piece.bytes.withUnsafeBufferPointer { _ = table.insert($0, id: piece.id) } }
    return BPEModel(
      symbols: .bytes, table: table, merges: merges, tokens: pieces, vocabularySize: vocabulary.tokens.count,
      byteTokens: (0..<256).map { table.id(of: [UInt8($0)]) ?? -1 }, unknown: nil, fusesUnknown: false,
      ignoresMerges: false)
  }

  func merges(_ model: DocumentValue, _ vocabulary: Vocabulary) throws(DocumentError) -> MergeTable {
    guard let value = model["merges"] else { throw error("this BPE model has no \"merges\"", at: model) }
    guard let entries = value.array else { throw error("\"merges\" is a list, found \(value.kindName)", at: value) }
    var table = MergeTable(count: entries.count)
    for (rank, entry) in entries.enumerated() {
      let left: [UInt8]
      let right: [UInt8]
      if let pair = entry.array, pair.count == 2, let first = pair[0].string, let second = pair[1].string {
        left = Array(first.utf8)
        right = Array(second.utf8)
      } else if let line = entry.string {
        let parts = Array(line.utf8).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw error("a merge is two tokens with a space between", at: entry) }
        left = Array(parts[0])
        right = Array(parts[1])
      } else {
        throw error("a merge is a list of two tokens, or one string with a space between them", at: entry)
      }
      if let missing = table.add(left, right, rank: rank, vocabulary.idOfToken) {
        throw error("the merge token \"\(missing)\" is not in the vocabulary", at: entry)
      }
    }
    return table
  }

  // MARK: - Added tokens and frame

  func addedTokens(_ value: DocumentValue?, vocabulary: Vocabulary) throws(DocumentError) -> [AddedToken] {
    guard let value else { return [] }
    guard let entries = value.array else {
      throw error("\"added_tokens\" is a list, found \(value.kindName)", at: value)
    }
    var tokens: [AddedToken] = []
    var contentOfID: [Int32: String] = [:]
    for entry in entries {
      guard let content = entry["content"]?.string, let id = entry["id"]?.integer, 0..<maximumID ~= id else {
        throw error("an added token has a \"content\" and an \"id\" from 0 to \(maximumID - 1)", at: entry)
      }
      guard !content.isEmpty else { continue }
      // What the vocabulary says wins, as in the reference.
      var token = AddedToken(id: vocabulary.id(of: content) ?? Int32(id), content: content)
      let inVocabulary = vocabulary.tokens.indices.contains(Int(token.id)) ? vocabulary.tokens[Int(token.id)] : nil
      if let other = contentOfID[token.id] ?? inVocabulary, !other.utf8.elementsEqual(content.utf8) {
        throw error("the added token \"\(content)\" has the id of \"\(other)\"", at: entry)
      }
      contentOfID[token.id] = content
      token.isSingleWord = try flag(entry, "single_word")
      token.stripsLeft = try flag(entry, "lstrip")
      token.stripsRight = try flag(entry, "rstrip")
      token.isNormalized = try flag(entry, "normalized")
      token.isSpecial = try flag(entry, "special")
      tokens.append(token)
    }
    return tokens
  }

  /// Most tokens that a template puts around a text.
  private static let mostFrameTokens = 1024

  func frame(_ value: DocumentValue?, tokens: [String?]) throws(DocumentError) -> Tokenizer.SpecialFrame {
    var frame = Tokenizer.SpecialFrame()
    guard let value else { return frame }
    switch try type(of: value) {
    case "ByteLevel": break
    case "Sequence":
      for part in try list(value, "processors") {
        let inner = try self.frame(part, tokens: tokens)
        frame.before = inner.before + frame.before
        frame.after += inner.after
        try checkCount(of: frame, at: part)
      }
    case "TemplateProcessing":
      var seesText = false
      for item in try list(value, "single") {
        if item["Sequence"] != nil {
          if seesText { throw error("a template that repeats its text is not supported", at: item) }
          seesText = true
        } else if let name = item["SpecialToken"]?["id"]?.string {
          guard let ids = value["special_tokens"]?[name]?["ids"]?.array else {
            throw error("the template's token \"\(name)\" is not among its special_tokens", at: item)
          }
          for id in ids {
            guard let number = id.integer, tokens.indices.contains(number) else {
              throw error("the id of \"\(name)\" is not one of the vocabulary's", at: id)
            }
            if seesText { frame.after.append(Int32(number)) } else { frame.before.append(Int32(number)) }
            try checkCount(of: frame, at: id)
          }
        } else {
          throw error("a template item is a \"Sequence\" or a \"SpecialToken\"", at: item)
        }
      }
    case let name: throw error("post-processor \(name) is not supported", at: value)
    }
    return frame
  }

  private func checkCount(of frame: Tokenizer.SpecialFrame, at value: DocumentValue) throws(DocumentError) {
    guard frame.before.count + frame.after.count <= Self.mostFrameTokens else {
      throw error("the post-processor puts more than \(Self.mostFrameTokens) tokens around a text", at: value)
    }
  }
}
