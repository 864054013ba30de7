extension Tokenizer {
  /// Everything that encoding and decoding depend on, as plain values under fixed keys.
  ///
  /// Two files that differ in spelling only have the same form. The large tables are in it as their SHA-256.
  public var canonical: JSONValue {
    [
      "tokens": Self.hash(of: tokens), "added_tokens": .array(addedTokens.map(\.canonical)),
      "normalizers": .array(normalizers.map(\.canonical)), "pre_tokenizers": .array(preTokenizers.map(\.canonical)),
      "model": model.canonical, "frame": frame.canonical, "decoders": .array(decoders.map(\.canonical)),
    ]
  }

  /// A missing token is told from an empty one by its length.
  private static func hash(of tokens: [String?]) -> JSONValue {
    var bytes: [UInt8] = []
    for token in tokens {
      bytes.append(littleEndian: Int32(token?.utf8.count ?? -1))
      if let token { bytes += token.utf8 }
    }
    return JSONValue(SHA256.hexadecimal(of: bytes))
  }
}

extension Tokenizer.SpecialFrame {
  /// The ids before and after a text.
  var canonical: JSONValue {
    ["before": JSONValue(before.map(Int.init)), "after": JSONValue(after.map(Int.init))]
  }
}

extension AddedToken {
  /// The token with its flags as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "id": JSONValue(Int(id)), "content": JSONValue(content), "single_word": JSONValue(isSingleWord),
      "strips_left": JSONValue(stripsLeft), "strips_right": JSONValue(stripsRight),
      "normalized": JSONValue(isNormalized), "special": JSONValue(isSpecial),
    ]
  }
}

extension BPEModel {
  /// The model as plain values under fixed keys.
  ///
  /// Which tokens their own merges reach is left out, since it follows from the vocabulary and the merges.
  var canonical: JSONValue {
    var vocabulary: [UInt8] = []
    table.forEach { string, id in
      vocabulary.append(littleEndian: id)
      vocabulary.append(littleEndian: Int32(string.count))
      vocabulary += string
    }
    var ranks: [UInt8] = []
    for merge in merges.all { for value in merge { ranks.append(littleEndian: value) } }
    return [
      "symbols": symbols == .bytes ? "bytes" : "scalars", "vocabulary": JSONValue(SHA256.hexadecimal(of: vocabulary)),
      "merges": JSONValue(SHA256.hexadecimal(of: ranks)), "ignores_merges": JSONValue(ignoresMerges),
      "unknown": JSONValue(unknown.map(Int.init)), "fuses_unknown": JSONValue(fusesUnknown),
      "byte_tokens": JSONValue(byteTokens.map(Int.init)),
    ]
  }
}

extension Normalizer {
  /// The step with its settings as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .form(let form): ["form": JSONValue(form.rawValue)]
    case .lowercase: "lowercase"
    case .replace(let pattern, let replacement): ["replace": [.bytes(pattern), .bytes(replacement)]]
    case .prepend(let text): ["prepend": .bytes(text)]
    case .strip(let left, let right): ["strip": [JSONValue(left), JSONValue(right)]]
    }
  }
}

extension PreTokenizer {
  /// The step with its settings as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .pattern(let scanner): ["pattern": JSONValue(scanner.expression)]
    case .digits(let individual): ["digits": ["individual": JSONValue(individual)]]
    case .split(let separator, let behavior): ["split": [.bytes(separator), JSONValue(behavior.rawValue)]]
    case .prefixSpace: "prefix_space"
    case .metaspace(let mark, let prepend, let splits):
      ["metaspace": [.bytes(mark), JSONValue(prepend.rawValue), JSONValue(splits)]]
    }
  }
}

extension TokenDecoder {
  /// The step with its settings as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .byteLevel: "byte_level"
    case .replace(let pattern, let replacement): ["replace": [.bytes(pattern), .bytes(replacement)]]
    case .byteFallback: "byte_fallback"
    case .fuse: "fuse"
    case .strip(let content, let start, let stop):
      ["strip": [.bytes(content), JSONValue(start), JSONValue(stop)]]
    case .metaspace(let mark, let dropsFirst): ["metaspace": [.bytes(mark), JSONValue(dropsFirst)]]
    }
  }
}

extension JSONValue {
  /// Bytes that need not be UTF-8, as numbers.
  fileprivate static func bytes(_ bytes: [UInt8]) -> JSONValue { JSONValue(bytes.map(Int.init)) }
}

extension [UInt8] {
  fileprivate mutating func append(littleEndian value: Int32) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
