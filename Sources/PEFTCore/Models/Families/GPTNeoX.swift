/// GPT-NeoX and Pythia (Black and others, 2022; Biderman and others, 2023): LayerNorm, both branches from the block's
/// input, part of each head rotated, one projection that holds query, key and value head by head.
enum GPTNeoX: ModelFamily {
  static let modelTypes = ["gpt_neox"]
  static let className = "GPTNeoXForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    let hidden = try description.integer("hidden_size")
    let heads = try description.integer("num_attention_heads")
    let layers = try description.integer("num_hidden_layers", in: 1...4096)
    guard hidden % heads == 0 else {
      throw description.refuse("hidden_size", "\(hidden) is not a multiple of num_attention_heads \(heads)")
    }
    var rotary = ModelDescription.RotaryKeys()
    rotary.theta = "rotary_emb_base"
    rotary.share = "rotary_pct"
    rotary.defaultShare = 0.25
    return ModelConfiguration(
      family: "gpt_neox", vocabularySize: try description.integer("vocab_size"), hiddenSize: hidden,
      layerCount: layers, headCount: heads, keyValueHeadCount: heads, headDimension: hidden / heads,
      feedForwardSize: try description.integer("intermediate_size"),
      contextLength: try description.integer("max_position_embeddings", default: 2048, in: 1...1_000_000_000),
      normalization: Normalization(
        centers: true, epsilon: Float(try description.positive("layer_norm_eps", default: 1e-5))),
      positions: .rotary(try description.rotary(headDimension: hidden / heads, keys: rotary)),
      attentionScale: 1 / Float(hidden / heads).squareRoot(), windows: [Int?](repeating: nil, count: layers),
      attentionSoftCap: nil, finalSoftCap: nil, embeddingScale: 1,
      tiesEmbeddings: try description.bool("tie_word_embeddings", default: false),
      endTokens: try description.tokens("eos_token_id"), beginToken: try description.tokens("bos_token_id").first)
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    let hidden = configuration.hiddenSize
    let rotary = configuration.rotaryAngles()
    let attentionBias = try description.bool("attention_bias", default: true)
    let activation = try description.activation("hidden_act", default: "gelu")
    let isParallel = try description.bool("use_parallel_residual", default: true)
    func norm(_ site: String) -> NormLayer {
      NormLayer(site: site, normalization: configuration.normalization, width: hidden, hasBias: true)
    }
    let blocks = (0..<configuration.layerCount).map { layer in
      let path = "gpt_neox.layers.\(layer)"
      return TransformerBlock(
        site: path, attentionNorm: norm("\(path).input_layernorm"),
        attention: SelfAttention(
          layer: layer,
          projection: .interleaved(
            Linear(
              site: "\(path).attention.query_key_value", inputs: hidden, outputs: 3 * hidden, hasBias: attentionBias)),
          output: Linear(site: "\(path).attention.dense", inputs: hidden, outputs: hidden, hasBias: attentionBias),
          shape: AttentionShape(configuration, layer: layer), rotary: rotary),
        feedForwardNorm: norm("\(path).post_attention_layernorm"),
        feedForward: FeedForward(
          inner: .plain(
            up: Linear(
              site: "\(path).mlp.dense_h_to_4h", inputs: hidden, outputs: configuration.feedForwardSize, hasBias: true)),
          down: Linear(
            site: "\(path).mlp.dense_4h_to_h", inputs: configuration.feedForwardSize, outputs: hidden, hasBias: true),
          activation: activation),
        isParallel: isParallel)
    }
    return CausalLanguageModel(
      configuration: configuration,
      embedding: TokenEmbedding(site: "gpt_neox.embed_in", count: configuration.vocabularySize, width: hidden),
      blocks: blocks, finalNorm: norm("gpt_neox.final_layer_norm"),
      head: Linear(site: "embed_out", inputs: hidden, outputs: configuration.vocabularySize, hasBias: false))
  }

  static var ggufFacts: GGUFFacts {
    var facts = GGUFFacts()
    facts.architecture = "gptneox"
    facts.hasLayerNorm = true
    return facts
  }

  static var storage: WeightStorage {
    var storage = WeightStorage()
    storage.optionalPrefix = "gpt_neox."
    // The causal mask, which old checkpoints hold as a tensor.
    storage.ignoredSuffixes += [".attention.bias"]
    storage.ggufName = ggufName
    storage.ggufRowOrder = { site, outputs, configuration in
      guard site.hasSuffix(".query_key_value") else { return nil }
      // GGUF holds all queries, then all keys, then all values; ours are head by head.
      let d = configuration.headDimension
      return (0..<outputs).map { row in
        let (head, within) = row.quotientAndRemainder(dividingBy: 3 * d)
        return within / d * configuration.queryWidth + head * d + within % d
      }
    }
    return storage
  }

  @Sendable private static func ggufName(_ site: String) -> String? {
    switch site {
    case "gpt_neox.embed_in": return "token_embd"
    case "gpt_neox.final_layer_norm": return "output_norm"
    case "embed_out": return "output"
    default: break
    }
    let parts = site.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "gpt_neox", parts[1] == "layers" else { return nil }
    let names = [
      "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
      "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output", "mlp.dense_h_to_4h": "ffn_up",
      "mlp.dense_4h_to_h": "ffn_down",
    ]
    return names[parts[3]].map { "blk.\(parts[2]).\($0)" }
  }
}
