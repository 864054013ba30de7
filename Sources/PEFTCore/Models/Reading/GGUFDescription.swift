/// A GGUF header in the terms of config.json, so that a family reads both the same way.
enum GGUFDescription {
  static func description(of checkpoint: GGUFCheckpoint) throws -> ModelDescription {
    let metadata = checkpoint.metadata
    guard let architecture = try metadata.string("general.architecture") else {
      throw metadata.missing("general.architecture")
    }
    if let kind = try metadata.string("general.type"), kind != "model" {
      throw CheckpointError(file: checkpoint.path, "holds a \(kind), no model")
    }
    let header = GGUFHeader(metadata: metadata, architecture: architecture)
    let family = ModelFamilies.family(ofGGUF: architecture)
    var members = try common(checkpoint, header, of: family)
    for own in try family?.ggufFacts.members(header) ?? [] {
      if let index = members.firstIndex(where: { $0.0 == own.0 }) { members[index] = own } else { members.append(own) }
    }
    if let scaling = try scaling(checkpoint, header) { members.append(("rope_scaling", scaling)) }
    // What a file does not say is left out, so that the family's own value counts.
    let stated = members.filter { $0.1 != .null }
    return ModelDescription(
      root: DocumentValue(
        .object(DocumentObject(stated.map { .init(key: $0.0, keyOffset: 0, value: DocumentValue($0.1)) }))),
      text: DocumentText(name: checkpoint.path, bytes: []), isHeader: true)
  }

  /// What llama.cpp takes for the base of the rotary frequencies where a file does not say.
  private static let rotaryBase = 10_000.0

  private static func common(
    _ checkpoint: GGUFCheckpoint, _ header: GGUFHeader, of family: (any ModelFamily.Type)?
  ) throws -> [(String, JSONValue)] {
    let metadata = checkpoint.metadata
    let heads = try header.required("attention.head_count")
    let hidden = try header.required("embedding_length")
    let layers = try header.required("block_count")
    let headDimension = try header.headDimension
    let rotated = try header.integer("rope.dimension_count") ?? headDimension
    let share = Double(rotated) / Double(max(1, headDimension))
    let epsilon = family?.ggufFacts.hasLayerNorm == true ? "layer_norm_epsilon" : "layer_norm_rms_epsilon"
    let isKnown = family != nil
    if isKnown { _ = try header.requiredNumber("attention.\(epsilon)") }
    let base = try header.number("rope.freq_base") ?? rotaryBase
    let biases = ["blk.0.attn_q.bias", "blk.0.attn_qkv.bias"]
    let ends = try ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"].compactMap(metadata.integer)
    return [
      ("model_type", JSONValue(family?.modelTypes.first ?? header.architecture)),
      ("vocab_size", JSONValue(checkpoint["token_embd.weight"]?.shape.first)),
      ("hidden_size", JSONValue(hidden)), ("num_hidden_layers", JSONValue(layers)),
      ("num_attention_heads", JSONValue(heads)),
      ("num_key_value_heads", JSONValue(try header.integer("attention.head_count_kv"))),
      ("head_dim", JSONValue(headDimension)),
      ("intermediate_size", JSONValue(try header.required("feed_forward_length"))),
      (
        "max_position_embeddings",
        JSONValue(isKnown ? try header.required("context_length") : try header.integer("context_length"))
      ),
      ("rms_norm_eps", JSONValue(try header.number("attention.layer_norm_rms_epsilon"))),
      ("layer_norm_eps", JSONValue(try header.number("attention.layer_norm_epsilon"))),
      ("rope_theta", JSONValue(base)), ("rotary_emb_base", JSONValue(base)),
      ("rope_local_base_freq", JSONValue(try header.number("rope.freq_base_swa"))),
      ("partial_rotary_factor", JSONValue(share)), ("rotary_pct", JSONValue(share)),
      ("tie_word_embeddings", JSONValue(checkpoint["output.weight"] == nil)),
      ("attention_bias", JSONValue(biases.contains { checkpoint[$0] != nil })),
      ("sliding_window", JSONValue(try header.integer("attention.sliding_window"))),
      ("use_parallel_residual", JSONValue(try header.bool("use_parallel_residual"))),
      ("clip_qkv", JSONValue(try header.number("attention.clamp_kqv"))),
      ("attn_logit_softcapping", JSONValue(try header.number("attn_logit_softcapping"))),
      ("final_logit_softcapping", JSONValue(try header.number("final_logit_softcapping"))),
      ("query_pre_attn_scalar", JSONValue(headDimension)),
      ("num_local_experts", JSONValue(try header.integer("expert_count"))),
      ("bos_token_id", JSONValue(try metadata.integer("tokenizer.ggml.bos_token_id"))),
      ("eos_token_id", .array(ends.map { JSONValue($0) })),
    ]
  }

  /// Rotary scaling: by keys, or, for LongRoPE, by factors that are stored as tensors.
  private static func scaling(_ checkpoint: GGUFCheckpoint, _ header: GGUFHeader) throws -> JSONValue? {
    if let short = checkpoint["rope_factors_short.weight"] {
      let factors = try short.floats().map(Double.init)
      return [
        "rope_type": "longrope", "short_factor": JSONValue(factors),
        "original_max_position_embeddings": JSONValue(try header.integer("rope.scaling.original_context_length")),
        "attention_factor": JSONValue(try header.number("rope.scaling.attn_factor")),
      ]
    }
    guard let type = try header.string("rope.scaling.type"), type != "none" else { return nil }
    return ["rope_type": JSONValue(type), "factor": JSONValue(try header.requiredNumber("rope.scaling.factor"))]
  }
}
