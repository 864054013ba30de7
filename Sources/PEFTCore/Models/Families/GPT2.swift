/// GPT-2 (Radford and others, 2019): LayerNorm, learned positions, one fused projection to queries, keys and values.
///
/// Its linear maps are stored as `[inputs, outputs]`, and original checkpoints leave the leading `transformer.`
/// out of their names.
enum GPT2: ModelFamily {
  static let modelTypes = ["gpt2"]
  static let className = "GPT2LMHeadModel"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    let hidden = try description.integer("n_embd")
    let heads = try description.integer("n_head")
    let layers = try description.integer("n_layer", in: 1...4096)
    guard hidden % heads == 0 else {
      throw DocumentError(
        "n_embd \(hidden) is not a multiple of n_head \(heads)", at: description.root.offset, of: description.text)
    }
    if try description.bool("scale_attn_by_inverse_layer_idx", default: false) {
      throw description.refuse("scale_attn_by_inverse_layer_idx", "scores scaled by the layer are not supported")
    }
    let positions = try description.integer("n_positions")
    return ModelConfiguration(
      family: "gpt2", vocabularySize: try description.integer("vocab_size"), hiddenSize: hidden, layerCount: layers,
      headCount: heads, keyValueHeadCount: heads, headDimension: hidden / heads,
      feedForwardSize: try description.integer("n_inner", default: 4 * hidden), contextLength: positions,
      normalization: Normalization(
        centers: true, epsilon: Float(try description.positive("layer_norm_epsilon", default: 1e-5))),
      positions: .learned(count: positions, offset: 0),
      attentionScale: try description.bool("scale_attn_weights", default: true)
        ? 1 / Float(hidden / heads).squareRoot() : 1,
      windows: [Int?](repeating: nil, count: layers), attentionSoftCap: nil, finalSoftCap: nil, embeddingScale: 1,
      tiesEmbeddings: try description.bool("tie_word_embeddings", default: true),
      endTokens: try description.tokens("eos_token_id"), beginToken: try description.tokens("bos_token_id").first)
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    let hidden = configuration.hiddenSize
    let activation = try description.activation("activation_function", default: "gelu_new")
    let blocks = (0..<configuration.layerCount).map { layer in
      let path = "transformer.h.\(layer)"
      func map(_ name: String, _ inputs: Int, _ outputs: Int) -> Linear {
        Linear(site: "\(path).\(name)", inputs: inputs, outputs: outputs, hasBias: true)
      }
      func norm(_ name: String) -> NormLayer {
        NormLayer(site: "\(path).\(name)", normalization: configuration.normalization, width: hidden, hasBias: true)
      }
      return TransformerBlock(
        site: path, attentionNorm: norm("ln_1"),
        attention: SelfAttention(
          layer: layer, projection: .fused(map("attn.c_attn", hidden, 3 * hidden)),
          output: map("attn.c_proj", hidden, hidden), shape: AttentionShape(configuration, layer: layer),
          rotary: nil),
        feedForwardNorm: norm("ln_2"),
        feedForward: FeedForward(
          inner: .plain(up: map("mlp.c_fc", hidden, configuration.feedForwardSize)),
          down: map("mlp.c_proj", configuration.feedForwardSize, hidden), activation: activation))
    }
    return CausalLanguageModel(
      configuration: configuration,
      embedding: TokenEmbedding(site: "transformer.wte", count: configuration.vocabularySize, width: hidden),
      positionEmbedding: TokenEmbedding(
        site: "transformer.wpe", count: configuration.contextLength, width: hidden),
      blocks: blocks,
      finalNorm: NormLayer(
        site: "transformer.ln_f", normalization: configuration.normalization, width: hidden, hasBias: true),
      head: Linear(site: "lm_head", inputs: hidden, outputs: configuration.vocabularySize, hasBias: false))
  }

  static var ggufFacts: GGUFFacts {
    var facts = GGUFFacts()
    facts.hasLayerNorm = true
    // config.json has names of its own for these.
    facts.members = { header in
      [
        ("n_embd", JSONValue(try header.required("embedding_length"))),
        ("n_layer", JSONValue(try header.required("block_count"))),
        ("n_head", JSONValue(try header.required("attention.head_count"))),
        ("n_positions", JSONValue(try header.required("context_length"))),
        ("n_inner", JSONValue(try header.required("feed_forward_length"))),
        ("layer_norm_epsilon", JSONValue(try header.number("attention.layer_norm_epsilon"))),
      ]
    }
    return facts
  }

  static var storage: WeightStorage {
    var storage = WeightStorage()
    storage.transposed = ["c_attn", "c_proj", "c_fc"]
    storage.optionalPrefix = "transformer."
    storage.ignoredSuffixes += [".attn.bias"]
    storage.ggufName = ggufName
    return storage
  }

  @Sendable private static func ggufName(_ site: String) -> String? {
    switch site {
    case "transformer.wte": return "token_embd"
    case "transformer.wpe": return "position_embd"
    case "transformer.ln_f": return "output_norm"
    case "lm_head": return "output"
    default: break
    }
    let parts = site.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "transformer", parts[1] == "h" else { return nil }
    let names = [
      "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
      "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    ]
    return names[parts[3]].map { "blk.\(parts[2]).\($0)" }
  }
}
