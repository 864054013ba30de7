/// OPT (Zhang and others, 2022): LayerNorm before each branch, learned positions whose table begins two rows late,
/// biases, ReLU.
///
/// The 350M model, with norms after the branches and narrower embeddings, is refused. GGUF knows no OPT.
enum OPT: ModelFamily {
  static let modelTypes = ["opt"]
  static let className = "OPTForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    let hidden = try description.integer("hidden_size")
    let heads = try description.integer("num_attention_heads")
    let layers = try description.integer("num_hidden_layers", in: 1...4096)
    guard hidden % heads == 0 else {
      throw description.refuse("hidden_size", "\(hidden) is not a multiple of num_attention_heads \(heads)")
    }
    guard try description.bool("do_layer_norm_before", default: true) else {
      throw description.refuse("do_layer_norm_before", "OPT with norms after the branches is not supported")
    }
    let embeddingWidth = try description.integer("word_embed_proj_dim", default: hidden)
    guard embeddingWidth == hidden else {
      throw description.refuse(
        "word_embed_proj_dim", "OPT with embeddings of width \(embeddingWidth) instead of \(hidden) is not supported")
    }
    let positions = try description.integer("max_position_embeddings", default: 2048)
    return ModelConfiguration(
      family: "opt", vocabularySize: try description.integer("vocab_size"), hiddenSize: hidden, layerCount: layers,
      headCount: heads, keyValueHeadCount: heads, headDimension: hidden / heads,
      feedForwardSize: try description.integer("ffn_dim"), contextLength: positions,
      normalization: Normalization(centers: true, epsilon: 1e-5),
      positions: .learned(count: positions + tableOffset, offset: tableOffset),
      attentionScale: 1 / Float(hidden / heads).squareRoot(), windows: [Int?](repeating: nil, count: layers),
      attentionSoftCap: nil, finalSoftCap: nil, embeddingScale: 1,
      tiesEmbeddings: try description.bool("tie_word_embeddings", default: true),
      endTokens: try description.tokens("eos_token_id"), beginToken: try description.tokens("bos_token_id").first)
  }

  /// Rows of the table of positions before that of the first one.
  private static let tableOffset = 2

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    let hidden = configuration.hiddenSize
    let hasBias = try description.bool("enable_bias", default: true)
    let normIsAffine = try description.bool("layer_norm_elementwise_affine", default: true)
    let activation = try description.activation("activation_function", default: "relu")
    func norm(_ site: String) -> NormLayer {
      NormLayer(
        site: site, normalization: configuration.normalization, width: hidden, hasGain: normIsAffine,
        hasBias: normIsAffine)
    }
    let blocks = (0..<configuration.layerCount).map { layer in
      let path = "model.decoder.layers.\(layer)"
      func map(_ name: String, _ inputs: Int, _ outputs: Int) -> Linear {
        Linear(site: "\(path).\(name)", inputs: inputs, outputs: outputs, hasBias: hasBias)
      }
      return TransformerBlock(
        site: path, attentionNorm: norm("\(path).self_attn_layer_norm"),
        attention: SelfAttention(
          layer: layer,
          projection: .separate(
            query: map("self_attn.q_proj", hidden, hidden), key: map("self_attn.k_proj", hidden, hidden),
            value: map("self_attn.v_proj", hidden, hidden)),
          output: map("self_attn.out_proj", hidden, hidden), shape: AttentionShape(configuration, layer: layer),
          rotary: nil),
        feedForwardNorm: norm("\(path).final_layer_norm"),
        feedForward: FeedForward(
          inner: .plain(up: map("fc1", hidden, configuration.feedForwardSize)),
          down: map("fc2", configuration.feedForwardSize, hidden), activation: activation))
    }
    let lacksFinalNorm = try description.bool("_remove_final_layer_norm", default: false)
    return CausalLanguageModel(
      configuration: configuration,
      embedding: TokenEmbedding(site: "model.decoder.embed_tokens", count: configuration.vocabularySize, width: hidden),
      positionEmbedding: TokenEmbedding(
        site: "model.decoder.embed_positions", count: configuration.contextLength + tableOffset, width: hidden),
      blocks: blocks, finalNorm: lacksFinalNorm ? nil : norm("model.decoder.final_layer_norm"),
      head: Linear(site: "lm_head", inputs: hidden, outputs: configuration.vocabularySize, hasBias: false))
  }

  static var storage: WeightStorage {
    var storage = WeightStorage()
    storage.optionalPrefix = "model."
    return storage
  }
}
