/// A GGUF header in the terms of config.json, so that a family reads both the same way.
enum GGUFDescription {
  /// Architectures whose name differs from config.json's `model_type`.
  private static let modelTypes = ["gemma3": "gemma3_text", "gptneox": "gpt_neox"]

  static func description(of checkpoint: GGUFCheckpoint) throws -> ModelDescription {
    let metadata = checkpoint.metadata
    guard let architecture = try metadata.string("general.architecture") else {
      throw metadata.missing("general.architecture")
    }
    if let kind = try metadata.string("general.type"), kind != "model" {
      throw CheckpointError(file: checkpoint.path, "holds a \(kind), no model")
    }
    let reader = Reader(metadata: metadata, architecture: architecture)
    let type = modelTypes[architecture] ?? architecture
    var members = try common(checkpoint, reader, type: type)
    if type == "gpt2" { members = try members + gpt2(reader) }
    if let scaling = try scaling(checkpoint, reader) { members.append(("rope_scaling", scaling)) }
    // What a file does not say is left out, so that the family's own value counts.
    let stated = members.filter { $0.1 != .null }
    return ModelDescription(
      root: DocumentValue(
        .object(DocumentObject(stated.map { .init(key: $0.0, keyOffset: 0, value: DocumentValue($0.1)) }))),
      text: DocumentText(name: checkpoint.path, bytes: []), isHeader: true)
  }

  /// Architectures with LayerNorm; the others have RMSNorm.
  private static let layerNormTypes: Set<String> = ["gpt2", "gpt_neox", "olmo"]
  /// What llama.cpp takes for the base of the rotary frequencies where a file does not say.
  private static let rotaryBase = 10_000.0

  /// Reads the keys that begin with the architecture's name.
  private struct Reader {
    let metadata: GGUFMetadata
    let architecture: String

    func required(_ key: String) throws -> Int {
      guard let value = try metadata.integer("\(architecture).\(key)") else {
        throw metadata.missing("\(architecture).\(key)")
      }
      return value
    }

    func integer(_ key: String) throws -> Int? { try metadata.integer("\(architecture).\(key)") }
    func number(_ key: String) throws -> Double? { try metadata.number("\(architecture).\(key)") }
    func bool(_ key: String) throws -> Bool? { try metadata.bool("\(architecture).\(key)") }
    func string(_ key: String) throws -> String? { try metadata.string("\(architecture).\(key)") }

    /// A number without which the model computes something else.
    func requiredNumber(_ key: String) throws -> Double {
      guard let value = try number(key) else { throw metadata.missing("\(architecture).\(key)") }
      return value
    }
  }

  private static func common(
    _ checkpoint: GGUFCheckpoint, _ reader: Reader, type: String
  ) throws -> [(String, JSONValue)] {
    let metadata = checkpoint.metadata
    let heads = try reader.required("attention.head_count")
    let hidden = try reader.required("embedding_length")
    let layers = try reader.required("block_count")
    let headDimension = try reader.integer("attention.key_length") ?? hidden / max(1, heads)
    let rotated = try reader.integer("rope.dimension_count") ?? headDimension
    let share = Double(rotated) / Double(max(1, headDimension))
    let epsilon = layerNormTypes.contains(type) ? "layer_norm_epsilon" : "layer_norm_rms_epsilon"
    let isKnown = ModelFamilies.family(named: type) != nil
    if isKnown { _ = try reader.requiredNumber("attention.\(epsilon)") }
    let base = try reader.number("rope.freq_base") ?? rotaryBase
    let biases = ["blk.0.attn_q.bias", "blk.0.attn_qkv.bias"]
    let ends = try ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"].compactMap(metadata.integer)
    // The two largest Gemmas scale by the width that a head would have without a width of its own.
    let isLargest = (type == "gemma2" && layers == 46) || (type == "gemma3_text" && layers == 62)
    return [
      ("model_type", JSONValue(type)),
      ("vocab_size", JSONValue(checkpoint["token_embd.weight"]?.shape.first)),
      ("hidden_size", JSONValue(hidden)), ("num_hidden_layers", JSONValue(layers)),
      ("num_attention_heads", JSONValue(heads)),
      ("num_key_value_heads", JSONValue(try reader.integer("attention.head_count_kv"))),
      ("head_dim", JSONValue(headDimension)),
      ("intermediate_size", JSONValue(try reader.required("feed_forward_length"))),
      (
        "max_position_embeddings",
        JSONValue(isKnown ? try reader.required("context_length") : try reader.integer("context_length"))
      ),
      ("rms_norm_eps", JSONValue(try reader.number("attention.layer_norm_rms_epsilon"))),
      ("layer_norm_eps", JSONValue(try reader.number("attention.layer_norm_epsilon"))),
      ("rope_theta", JSONValue(base)), ("rotary_emb_base", JSONValue(base)),
      ("rope_local_base_freq", JSONValue(try reader.number("rope.freq_base_swa"))),
      ("partial_rotary_factor", JSONValue(share)), ("rotary_pct", JSONValue(share)),
      ("tie_word_embeddings", JSONValue(checkpoint["output.weight"] == nil)),
      ("attention_bias", JSONValue(biases.contains { checkpoint[$0] != nil })),
      ("sliding_window", JSONValue(try reader.integer("attention.sliding_window"))),
      ("use_parallel_residual", JSONValue(try reader.bool("use_parallel_residual"))),
      ("clip_qkv", JSONValue(try reader.number("attention.clamp_kqv"))),
      ("attn_logit_softcapping", JSONValue(try reader.number("attn_logit_softcapping"))),
      ("final_logit_softcapping", JSONValue(try reader.number("final_logit_softcapping"))),
      ("query_pre_attn_scalar", JSONValue(isLargest ? hidden / max(1, heads) : headDimension)),
      ("num_local_experts", JSONValue(try reader.integer("expert_count"))),
      ("bos_token_id", JSONValue(try metadata.integer("tokenizer.ggml.bos_token_id"))),
      ("eos_token_id", .array(ends.map { JSONValue($0) })),
    ]
  }

  /// The keys for which GPT-2's config.json has names of its own.
  private static func gpt2(_ reader: Reader) throws -> [(String, JSONValue)] {
    [
      ("n_embd", JSONValue(try reader.required("embedding_length"))),
      ("n_layer", JSONValue(try reader.required("block_count"))),
      ("n_head", JSONValue(try reader.required("attention.head_count"))),
      ("n_positions", JSONValue(try reader.required("context_length"))),
      ("n_inner", JSONValue(try reader.required("feed_forward_length"))),
      ("layer_norm_epsilon", JSONValue(try reader.number("attention.layer_norm_epsilon"))),
    ]
  }

  /// Rotary scaling: by keys, or, for LongRoPE, by factors that are stored as tensors.
  private static func scaling(_ checkpoint: GGUFCheckpoint, _ reader: Reader) throws -> JSONValue? {
    if let short = checkpoint["rope_factors_short.weight"] {
      let factors = try short.floats().map(Double.init)
      return [
        "rope_type": "longrope", "short_factor": JSONValue(factors),
        "original_max_position_embeddings": JSONValue(try reader.integer("rope.scaling.original_context_length")),
        "attention_factor": JSONValue(try reader.number("rope.scaling.attn_factor")),
      ]
    }
    guard let type = try reader.string("rope.scaling.type"), type != "none" else { return nil }
    return ["rope_type": JSONValue(type), "factor": JSONValue(try reader.requiredNumber("rope.scaling.factor"))]
  }
}
