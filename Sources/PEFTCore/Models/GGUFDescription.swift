/// A GGUF header in the terms of config.json, so that a family reads both the same way.
enum GGUFDescription {
  static func description(of checkpoint: GGUFCheckpoint) throws -> ModelDescription {
    let metadata = checkpoint.metadata
    guard let architecture = try metadata.string("general.architecture") else {
      throw metadata.missing("general.architecture")
    }
    func required(_ key: String) throws -> JSONValue {
      guard let value = try metadata.integer("\(architecture).\(key)") else {
        throw metadata.missing("\(architecture).\(key)")
      }
      return JSONValue(value)
    }
    func integer(_ key: String) throws -> JSONValue { JSONValue(try metadata.integer("\(architecture).\(key)")) }
    func number(_ key: String) throws -> JSONValue { JSONValue(try metadata.number("\(architecture).\(key)")) }
    let vocabulary = checkpoint["token_embd.weight"]?.shape.first
    let heads = try metadata.integer("\(architecture).attention.head_count") ?? 1
    let hidden = try metadata.integer("\(architecture).embedding_length") ?? 0
    var members: [(String, JSONValue)] = [
      ("model_type", JSONValue(architecture)),
      ("vocab_size", JSONValue(vocabulary)),
      ("hidden_size", try required("embedding_length")),
      ("num_hidden_layers", try required("block_count")),
      ("num_attention_heads", try required("attention.head_count")),
      ("num_key_value_heads", try integer("attention.head_count_kv")),
      ("head_dim", JSONValue(try metadata.integer("\(architecture).attention.key_length") ?? hidden / max(1, heads))),
      ("intermediate_size", try required("feed_forward_length")),
      ("max_position_embeddings", try integer("context_length")),
      ("rms_norm_eps", try number("attention.layer_norm_rms_epsilon")),
      ("rope_theta", try number("rope.freq_base")),
      ("tie_word_embeddings", JSONValue(checkpoint["output.weight"] == nil)),
      ("attention_bias", JSONValue(checkpoint["blk.0.attn_q.bias"] != nil)),
      ("sliding_window", try integer("attention.sliding_window")),
      ("bos_token_id", JSONValue(try metadata.integer("tokenizer.ggml.bos_token_id"))),
    ]
    let ends = try ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"].compactMap(metadata.integer)
    members.append(("eos_token_id", .array(ends.map { JSONValue($0) })))
    if let type = try metadata.string("\(architecture).rope.scaling.type"), type != "none" {
      members.append(
        (
          "rope_scaling",
          [
            "rope_type": JSONValue(type), "factor": try number("rope.scaling.factor"),
          ]
        ))
    }
    return ModelDescription(
      root: DocumentValue(
        .object(DocumentObject(members.map { .init(key: $0.0, keyOffset: 0, value: DocumentValue($0.1)) }))),
      text: DocumentText(name: checkpoint.path, bytes: []))
  }

  static func tokenizer(of checkpoint: GGUFCheckpoint) throws -> GGUFTokenizerMetadata {
    let metadata = checkpoint.metadata
    guard let model = try metadata.string("tokenizer.ggml.model"),
      let tokens = try metadata.strings("tokenizer.ggml.tokens")
    else {
      throw CheckpointError(file: checkpoint.path, "the model has no tokenizer: \"tokenizer.ggml.tokens\" is missing")
    }
    var result = GGUFTokenizerMetadata(model: model, tokens: tokens)
    result.preTokenizer = try metadata.string("tokenizer.ggml.pre")
    result.tokenTypes = (try metadata.integers("tokenizer.ggml.token_type") ?? []).map { Int32(truncatingIfNeeded: $0) }
    result.scores = (try metadata.numbers("tokenizer.ggml.scores") ?? []).map(Float.init)
    result.merges = try metadata.strings("tokenizer.ggml.merges") ?? []
    result.beginningOfText = try metadata.integer("tokenizer.ggml.bos_token_id")
    result.endOfText = try metadata.integer("tokenizer.ggml.eos_token_id")
    result.unknown = try metadata.integer("tokenizer.ggml.unknown_token_id")
    result.padding = try metadata.integer("tokenizer.ggml.padding_token_id")
    result.addsBeginningOfText = try metadata.bool("tokenizer.ggml.add_bos_token")
    result.addsEndOfText = try metadata.bool("tokenizer.ggml.add_eos_token")
    result.addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
    return result
  }
}
