/// A learned byte-level vocabulary with its merges, and the `tokenizer.json` that it is written as.
public struct ByteLevelVocabulary: Sendable {
  /// The tokens that are recognised in text as they stand; the first of `tokens`.
  public let specialTokens: [String]
  /// Every token as the vocabulary spells it, by id.
  public let tokens: [String]
  /// The ids of the two tokens of each merge, the earliest first.
  public let merges: [(left: Int32, right: Int32)]

  /// How texts are cut before they are merged; what `tokenizerJSON` says.
  static let preTokenizers: [PreTokenizer] = [.digits(individual: true), .pattern(.gpt2)]

  /// The file's content, in the schema of Hugging Face's `tokenizers`.
  public var tokenizerJSON: JSONValue {
    let added = specialTokens.enumerated().map { id, token -> JSONValue in
      [
        "id": JSONValue(id), "content": JSONValue(token), "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
      ]
    }
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    let digits: JSONValue = ["type": "Digits", "individual_digits": true]
    let vocabulary = JSONObject(distinct: tokens.enumerated().map { ($1, JSONValue($0)) })
    let merges = merges.map { JSONValue([tokens[Int($0.left)], tokens[Int($0.right)]]) }
    return [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added), "normalizer": nil,
      "pre_tokenizer": ["type": "Sequence", "pretokenizers": [digits, byteLevel]], "post_processor": nil,
      "decoder": byteLevel,
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
        "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": .object(vocabulary), "merges": .array(merges),
      ],
    ]
  }
}
