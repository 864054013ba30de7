extension Tokenizer {
  /// Reads a Hugging Face `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - tokenizerJSON: The file's value.
  ///   - text: The file's text, for the places in error messages.
  /// - Throws: `DocumentError` for what is malformed, and for models, normalizers, and so on that this
  ///   package does not implement, by name.
  public static func load(tokenizerJSON: DocumentValue, text: DocumentText) throws -> Tokenizer {
    try TokenizerJSONReader(text: text).tokenizer(from: tokenizerJSON)
  }
}

/// Reads the parts of a `tokenizer.json`, whose schema is the serialization of the `tokenizers` library.
private struct TokenizerJSONReader {
  let text: DocumentText

  /// Ids are below this number: an id sizes tables, so a file must not choose it freely.
  ///
  /// Holes are allowed, but not many more than there are letters in the file.
  var maximumID: Int { min(1 << 24, (1 << 18) + text.bytes.count) }

  func error(_ message: String, at value: DocumentValue) -> DocumentError {
    DocumentError(message, at: value.offset, of: text)
  }

  func tokenizer(from root: DocumentValue) throws(DocumentError) -> Tokenizer {
    guard root.object != nil else { throw error("expected an object, found \(root.kindName)", at: root) }
    guard let modelValue = root["model"] else { throw error("this tokenizer has no \"model\"", at: root) }
    let vocabulary = try vocabulary(of: modelValue)
    let added = try addedTokens(root["added_tokens"], vocabulary: vocabulary)

    let normalizers = try flatten(root["normalizer"], listKey: "normalizers", normalizer)
    var usesByteAlphabet = false
    let preTokenizers = try flatten(root["pre_tokenizer"], listKey: "pretokenizers") {
      value throws(DocumentError) -> [PreTokenizer] in
      try preTokenizer(value, &usesByteAlphabet)
    }
    let decoders = try flatten(root["decoder"], listKey: "decoders", decoder)

    var tokens = vocabulary.tokens
    for token in added {
      while tokens.count <= Int(token.id) { tokens.append(nil) }
      tokens[Int(token.id)] = token.content
    }
    let model = try model(modelValue, vocabulary, symbols: usesByteAlphabet ? .bytes : .scalars)
    return Tokenizer(
      Tokenizer.Parts(
        tokens: tokens, addedTokens: added, normalizers: normalizers, preTokenizers: preTokenizers, model: model,
        frame: try frame(root["post_processor"], tokens: tokens), decoders: decoders))
  }

  // MARK: - Model

  struct Vocabulary {
    /// By id; nil where the vocabulary has a hole.
    var tokens: [String?]
    var idOfToken: ByteStringTable

    func id(of token: String) -> Int32? { idOfToken.id(of: Array(token.utf8)) }
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
    var pieces: [(bytes: [UInt8], id: Int32)] = []
    pieces.reserveCapacity(vocabulary.tokens.count)
    for (id, token) in vocabulary.tokens.enumerated() {
      guard let token else { continue }
      switch symbols {
      case .scalars: pieces.append((Array(token.utf8), Int32(id)))
      case .bytes: if let bytes = ByteAlphabet.bytes(of: token) { pieces.append((bytes, Int32(id))) }
      }
    }
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
      let table1 = vocabulary.idOfToken
      guard let leftID = table1.id(of: left), let rightID = table1.id(of: right),
        let merged = table1.id(of: left + right)
      else {
        let missing = [left, right, left + right].first { table1.id(of: $0) == nil } ?? left
        throw error(
          "the merge token \"\(String(decoding: missing, as: UTF8.self))\" is not in the vocabulary", at: entry)
      }
      table.set(left: leftID, right: rightID, rank: Int32(rank), merged: merged)
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
          }
        } else {
          throw error("a template item is a \"Sequence\" or a \"SpecialToken\"", at: item)
        }
      }
    case let name: throw error("post-processor \(name) is not supported", at: value)
    }
    return frame
  }

  // MARK: - Steps

  func flatten<Step>(
    _ value: DocumentValue?, listKey: String, _ step: (DocumentValue) throws(DocumentError) -> [Step]
  ) throws(DocumentError) -> [Step] {
    guard let value else { return [] }
    guard try type(of: value) == "Sequence" else { return try step(value) }
    var steps: [Step] = []
    for part in try list(value, listKey) { steps += try flatten(part, listKey: listKey, step) }
    return steps
  }

  func normalizer(_ value: DocumentValue) throws(DocumentError) -> [Normalizer] {
    switch try type(of: value) {
    case "NFC": return [.form(.nfc)]
    case "NFD": return [.form(.nfd)]
    case "NFKC": return [.form(.nfkc)]
    case "NFKD": return [.form(.nfkd)]
    case "Lowercase": return [.lowercase]
    case "Prepend": return [.prepend(Array(try string(value, "prepend").utf8))]
    case "Strip": return [.strip(left: try flag(value, "strip_left"), right: try flag(value, "strip_right"))]
    case "Replace":
      return [.replace(pattern: try fixedPattern(value), by: Array(try string(value, "content").utf8))]
    case let name: throw error("normalizer \(name) is not supported", at: value)
    }
  }

  func preTokenizer(_ value: DocumentValue, _ usesByteAlphabet: inout Bool) throws(DocumentError) -> [PreTokenizer] {
    if usesByteAlphabet { throw error("a pre-tokenizer after ByteLevel is not supported", at: value) }
    switch try type(of: value) {
    case "ByteLevel":
      usesByteAlphabet = true
      var steps: [PreTokenizer] = try flag(value, "add_prefix_space", default: true) ? [.prefixSpace] : []
      if try flag(value, "use_regex", default: true) { steps.append(.pattern(.gpt2)) }
      return steps
    case "Digits": return [.digits(individual: try flag(value, "individual_digits"))]
    case "Metaspace":
      let mark = Array(try string(value, "replacement").utf8)
      guard !mark.isEmpty else { throw error("the replacement of Metaspace is empty", at: value) }
      var prepend = try choice(value, "prepend_scheme", of: PreTokenizer.PrependScheme.self) ?? .always
      if try !flag(value, "add_prefix_space", default: true) { prepend = .never }
      return [.metaspace(mark: mark, prepend: prepend, splits: try flag(value, "split", default: true))]
    case "Split":
      guard let behavior = try choice(value, "behavior", of: PreTokenizer.SeparatorBehavior.self) else {
        throw error("this Split has no \"behavior\"", at: value)
      }
      let inverts = try flag(value, "invert")
      guard let expression = value["pattern"]?["Regex"] else {
        if inverts { throw error("a Split that inverts a fixed text is not supported", at: value) }
        return [.split(separator: try fixedPattern(value), behavior: behavior)]
      }
      guard let spelling = expression.string, let scanner = PieceScanner(expression: spelling) else {
        throw error(
          "the regular expression \(shown(expression)) is not one of those that are supported", at: expression)
      }
      // The known expressions match every character, so pieces are the same with what is not matched removed.
      guard (behavior == .isolated && !inverts) || (behavior == .removed && inverts) else {
        throw error("a Split by expression with behavior \(behavior.rawValue) is not supported", at: value)
      }
      return [.pattern(scanner)]
    case let name: throw error("pre-tokenizer \(name) is not supported", at: value)
    }
  }

  func decoder(_ value: DocumentValue) throws(DocumentError) -> [TokenDecoder] {
    switch try type(of: value) {
    case "ByteLevel": return [.byteLevel]
    case "ByteFallback": return [.byteFallback]
    case "Fuse": return [.fuse]
    case "Replace":
      return [.replace(pattern: try fixedPattern(value), by: Array(try string(value, "content").utf8))]
    case "Strip":
      return [
        .strip(
          content: Array(try string(value, "content").utf8), start: try count(value, "start"),
          stop: try count(value, "stop"))
      ]
    case "Metaspace":
      let mark = Array(try string(value, "replacement").utf8)
      var prepend = try choice(value, "prepend_scheme", of: PreTokenizer.PrependScheme.self) ?? .always
      if try !flag(value, "add_prefix_space", default: true) { prepend = .never }
      return [.metaspace(mark: mark, dropsFirst: prepend != .never)]
    case let name: throw error("decoder \(name) is not supported", at: value)
    }
  }

  // MARK: - Members

  func shown(_ value: DocumentValue) -> String { value.string.map { "\"\($0)\"" } ?? value.kindName }

  func type(of value: DocumentValue) throws(DocumentError) -> String {
    guard let type = value["type"]?.string else { throw error("expected an object with a \"type\"", at: value) }
    return type
  }

  func list(_ value: DocumentValue, _ key: String) throws(DocumentError) -> [DocumentValue] {
    guard let list = value[key]?.array else { throw error("expected a list \"\(key)\"", at: value) }
    return list
  }

  func string(_ value: DocumentValue, _ key: String) throws(DocumentError) -> String {
    guard let string = value[key]?.string else { throw error("expected a string \"\(key)\"", at: value) }
    return string
  }

  func count(_ value: DocumentValue, _ key: String) throws(DocumentError) -> Int {
    guard let count = value[key]?.integer, count >= 0 else {
      throw error("expected a number \"\(key)\" from 0", at: value)
    }
    return count
  }

  func flag(_ value: DocumentValue, _ key: String, default standard: Bool = false) throws(DocumentError) -> Bool {
    guard let member = value[key] else { return standard }
    guard let flag = member.bool else {
      throw error("\"\(key)\" is true or false, found \(member.kindName)", at: member)
    }
    return flag
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ value: DocumentValue, _ key: String, of type: Choice.Type
  ) throws(DocumentError) -> Choice? {
    guard let member = value[key] else { return nil }
    guard let choice = member.string.flatMap(Choice.init) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("\"\(key)\" is one of \(names), found \(shown(member))", at: member)
    }
    return choice
  }

  /// The text of a pattern that is a fixed text.
  func fixedPattern(_ value: DocumentValue) throws(DocumentError) -> [UInt8] {
    guard let pattern = value["pattern"] else { throw error("expected a \"pattern\"", at: value) }
    if let expression = pattern["Regex"] {
      throw error("the regular expression \(shown(expression)) is not one of those that are supported", at: expression)
    }
    guard let text = pattern["String"]?.string, !text.isEmpty else {
      throw error("expected a pattern {\"String\": text}", at: pattern)
    }
    return Array(text.utf8)
  }
}
