extension GGUFTokenizerMetadata {
  /// The same tokenizer as a `tokenizer.json` of the `tokenizers` library describes it.
  ///
  /// - Parameter file: The GGUF file's name, for error messages.
  /// - Throws: `GGUFTokenizerError` for a description that is inconsistent or of an unsupported kind.
  public func tokenizerJSON(file: String) throws -> JSONValue {
    try GGUFTokenizerReader(metadata: self, file: file).json()
  }
}

extension GGUFTokenizerReader {
  func json() throws(GGUFTokenizerError) -> JSONValue {
    let isByteLevel = metadata.model == "gpt2"
    guard isByteLevel || metadata.model == "llama" else {
      throw error("tokenizer model \"\(metadata.model)\" is not supported (gpt2 and llama are)")
    }
    var json: JSONValue = ["version": "1.0", "truncation": .null, "padding": .null]
    json["added_tokens"] = .array(try addedTokens().map(Self.json))
    if isByteLevel {
      let steps = try pipeline()
      json["normalizer"] = steps.normalizers.isEmpty ? .null : ["type": "NFC"]
      json["pre_tokenizer"] = Self.sequence(Self.preTokenizers(steps.preTokenizers), "pretokenizers")
      json["decoder"] = Self.byteLevel(usesExpression: true)
    } else {
      let addsPrefix = metadata.addsSpacePrefix ?? true
      let replace: JSONValue = ["type": "Replace", "pattern": ["String": " "], "content": "▁"]
      let prepend: JSONValue = ["type": "Prepend", "prepend": "▁"]
      json["normalizer"] = Self.sequence(addsPrefix ? [prepend, replace] : [replace], "normalizers")
      json["pre_tokenizer"] = .null
      let decoders: [JSONValue] = [
        ["type": "Replace", "pattern": ["String": "▁"], "content": " "], ["type": "ByteFallback"], ["type": "Fuse"],
      ]
      let strip: JSONValue = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
      json["decoder"] = Self.sequence(addsPrefix ? decoders + [strip] : decoders, "decoders")
    }
    json["post_processor"] = try postProcessor(addsBeginning: !isByteLevel)
    json["model"] = try model(isByteLevel: isByteLevel)
    return json
  }

  private func model(isByteLevel: Bool) throws(GGUFTokenizerError) -> JSONValue {
    let table = try tokenTable()
    var members: [(key: String, value: JSONValue)] = []
    for (id, token) in metadata.tokens.enumerated() {
      guard table.id(of: Array(token.utf8)) == Int32(id) else {
        throw error("token \(id) \"\(token)\" occurs twice, which a tokenizer.json cannot express")
      }
      members.append((token, JSONValue(id)))
    }
    let unknown: String?
    let merges: [JSONValue]
    if isByteLevel {
      unknown = nil
      merges = metadata.merges.map { merge in
        JSONValue(merge.split(separator: " ", omittingEmptySubsequences: false).map(String.init))
      }
    } else {
      try checkScores()
      unknown = try self.unknown(in: table).map { metadata.tokens[Int($0)] }
      merges = mergesByScore(table).map {
        JSONValue([metadata.tokens[Int($0.left)], metadata.tokens[Int($0.right)]])
      }
    }
    return [
      "type": "BPE", "dropout": .null, "unk_token": JSONValue(unknown), "continuing_subword_prefix": .null,
      "end_of_word_suffix": .null, "fuse_unk": .bool(!isByteLevel), "byte_fallback": .bool(!isByteLevel),
      "ignore_merges": .bool(isByteLevel && isLlama3), "vocab": .object(JSONObject(distinct: members)),
      "merges": .array(merges),
    ]
  }

  private func postProcessor(addsBeginning: Bool) throws(GGUFTokenizerError) -> JSONValue {
    let frame = try frame(addsBeginning: addsBeginning)
    guard !(frame.before + frame.after).isEmpty else { return .null }
    func special(_ id: Int32, type: Int) -> JSONValue {
      ["SpecialToken": ["id": JSONValue(metadata.tokens[Int(id)]), "type_id": JSONValue(type)]]
    }
    func framed(_ name: String, type: Int) -> [JSONValue] {
      frame.before.map { special($0, type: type) }
        + [["Sequence": ["id": JSONValue(name), "type_id": JSONValue(type)]]]
        + frame.after.map { special($0, type: type) }
    }
    var tokens: JSONValue = [:]
    for id in frame.before + frame.after {
      let token = metadata.tokens[Int(id)]
      tokens[token] = ["id": JSONValue(token), "ids": [JSONValue(Int(id))], "tokens": [JSONValue(token)]]
    }
    return [
      "type": "TemplateProcessing", "single": .array(framed("A", type: 0)),
      "pair": .array(framed("A", type: 0) + framed("B", type: 1)), "special_tokens": tokens,
    ]
  }

  private static func json(_ token: AddedToken) -> JSONValue {
    [
      "id": JSONValue(Int(token.id)), "content": JSONValue(token.content), "single_word": .bool(token.isSingleWord),
      "lstrip": .bool(token.stripsLeft), "rstrip": .bool(token.stripsRight), "normalized": .bool(token.isNormalized),
      "special": .bool(token.isSpecial),
    ]
  }

  /// The steps that byte-level models have, the byte alphabet after them.
  private static func preTokenizers(_ steps: [PreTokenizer]) -> [JSONValue] {
    var result: [JSONValue] = []
    var isCut = false
    for step in steps {
      switch step {
      case .digits(let individual): result.append(["type": "Digits", "individual_digits": .bool(individual)])
      case .pattern(.gpt2):
        // It is the expression that the byte-level step has itself.
        result.append(byteLevel(usesExpression: true))
        isCut = true
      case .pattern(let scanner):
        result.append([
          "type": "Split", "pattern": ["Regex": JSONValue(scanner.expression)], "behavior": "Isolated",
          "invert": false,
        ])
      case .split, .prefixSpace, .metaspace: break
      }
    }
    return isCut ? result : result + [byteLevel(usesExpression: false)]
  }

  private static func byteLevel(usesExpression: Bool) -> JSONValue {
    ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": .bool(usesExpression)]
  }

  private static func sequence(_ steps: [JSONValue], _ key: String) -> JSONValue {
    steps.count == 1 ? steps[0] : ["type": "Sequence", key: .array(steps)]
  }
}
