/// What the families that descend from Llama share: names, keys of the description, and assembly.
enum LlamaLike {
  /// Reads the keys that all of them have; the families change what differs.
  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    let hidden = try description.integer("hidden_size")
    let heads = try description.integer("num_attention_heads")
    let layers = try description.integer("num_hidden_layers", in: 1...10_000)
    let keyValueHeads = try description.integer("num_key_value_heads", default: heads)
    let headDimension = try description.integer("head_dim", default: hidden / heads)
    guard heads % keyValueHeads == 0, headDimension > 0, headDimension % 2 == 0 else {
      throw DocumentError(
        "\(heads) heads cannot share \(keyValueHeads) key/value heads of width \(headDimension)",
        at: description.root.offset, of: description.text)
    }
    return ModelConfiguration(
      family: try description.string("model_type", default: "llama"),
      vocabularySize: try description.integer("vocab_size"), hiddenSize: hidden, layerCount: layers,
      headCount: heads, keyValueHeadCount: keyValueHeads, headDimension: headDimension,
      feedForwardSize: try description.integer("intermediate_size"),
      contextLength: try description.integer("max_position_embeddings", default: 2048),
      normalization: Normalization(
        centers: false, epsilon: Float(try description.number("rms_norm_eps", default: 1e-6))),
      positions: .rotary(try description.rotary(headDimension: headDimension)),
      attentionScale: 1 / Float(headDimension).squareRoot(), windows: [Int?](repeating: nil, count: layers),
      attentionSoftCap: nil, finalSoftCap: nil, embeddingScale: 1,
      tiesEmbeddings: try description.bool("tie_word_embeddings", default: false),
      endTokens: try description.tokens("eos_token_id"), beginToken: try description.tokens("bos_token_id").first)
  }

  /// Assembles a model of separate projections with norms before the branches.
  static func assemble(
    _ configuration: ModelConfiguration, projectionBias: Bool, outputBias: Bool, feedForwardBias: Bool,
    activation: Activation
  ) -> CausalLanguageModel {
    let hidden = configuration.hiddenSize
    let rotary = configuration.rotaryAngles()
    let blocks = (0..<configuration.layerCount).map { layer in
      let path = "model.layers.\(layer)"
      func map(_ name: String, _ inputs: Int, _ outputs: Int, _ bias: Bool) -> Linear {
        Linear(site: "\(path).\(name)", inputs: inputs, outputs: outputs, hasBias: bias)
      }
      func norm(_ name: String) -> NormLayer {
        NormLayer(site: "\(path).\(name)", normalization: configuration.normalization, width: hidden)
      }
      return TransformerBlock(
        attentionNorm: norm("input_layernorm"),
        attention: SelfAttention(
          layer: layer,
          projection: .separate(
            query: map("self_attn.q_proj", hidden, configuration.queryWidth, projectionBias),
            key: map("self_attn.k_proj", hidden, configuration.keyValueWidth, projectionBias),
            value: map("self_attn.v_proj", hidden, configuration.keyValueWidth, projectionBias)),
          output: map("self_attn.o_proj", configuration.queryWidth, hidden, outputBias),
          shape: AttentionShape(configuration, layer: layer), rotary: rotary),
        feedForwardNorm: norm("post_attention_layernorm"),
        feedForward: FeedForward(
          inner: .gated(
            gate: map("mlp.gate_proj", hidden, configuration.feedForwardSize, feedForwardBias),
            up: map("mlp.up_proj", hidden, configuration.feedForwardSize, feedForwardBias)),
          down: map("mlp.down_proj", configuration.feedForwardSize, hidden, feedForwardBias),
          activation: activation))
    }
    return CausalLanguageModel(
      configuration: configuration,
      embedding: TokenEmbedding(site: "model.embed_tokens", count: configuration.vocabularySize, width: hidden),
      blocks: blocks,
      finalNorm: NormLayer(site: "model.norm", normalization: configuration.normalization, width: hidden),
      head: Linear(site: "lm_head", inputs: hidden, outputs: configuration.vocabularySize, hasBias: false))
  }

  /// Names in GGUF files, as llama.cpp gives them to the whole family.
  @Sendable static func ggufName(_ site: String) -> String? {
    switch site {
    case "model.embed_tokens": return "token_embd"
    case "model.norm": return "output_norm"
    case "lm_head": return "output"
    default: break
    }
    let parts = site.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "model", parts[1] == "layers" else { return nil }
    let names = [
      "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
      "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
      "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
      "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    ]
    return names[parts[3]].map { "blk.\(parts[2]).\($0)" }
  }
}
