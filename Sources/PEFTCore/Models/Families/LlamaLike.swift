/// What the families that descend from Llama share: names, keys of the description, and assembly.
enum LlamaLike {
  /// What a family takes for granted where its description is silent.
  struct Defaults {
    var epsilon = 1e-6
    var theta = 10_000.0
    var tiesEmbeddings = false
    var headDimension: Int?
    /// Whether a part of each head can be rotated.
    var rotatesPartly = false
  }

  /// Reads the keys that all of them have; the families change what differs.
  static func configuration(
    from description: ModelDescription, defaults: Defaults = .init()
  ) throws(DocumentError) -> ModelConfiguration {
    let hidden = try description.integer("hidden_size")
    let heads = try description.integer("num_attention_heads")
    let layers = try description.integer("num_hidden_layers", in: 1...4096)
    let keyValueHeads = try description.integer("num_key_value_heads", default: heads)
    let headDimension = try description.integer(
      "head_dim", default: defaults.headDimension ?? hidden / heads, in: 1...1_000_000)
    guard heads % keyValueHeads == 0, headDimension % 2 == 0, heads * headDimension <= 10_000_000 else {
      throw DocumentError(
        "\(heads) heads cannot share \(keyValueHeads) key/value heads of width \(headDimension)",
        at: description.root.offset, of: description.text)
    }
    var rotary = ModelDescription.RotaryKeys()
    rotary.defaultTheta = defaults.theta
    rotary.heedsShare = defaults.rotatesPartly
    return ModelConfiguration(
      family: try description.string("model_type", default: "llama"),
      vocabularySize: try description.integer("vocab_size"), hiddenSize: hidden, layerCount: layers,
      headCount: heads, keyValueHeadCount: keyValueHeads, headDimension: headDimension,
      feedForwardSize: try description.integer("intermediate_size"),
      contextLength: try description.integer("max_position_embeddings", default: 2048, in: 1...1_000_000_000),
      normalization: Normalization(
        centers: false, epsilon: Float(try description.positive("rms_norm_eps", default: defaults.epsilon))),
      positions: .rotary(try description.rotary(headDimension: headDimension, keys: rotary)),
      attentionScale: 1 / Float(headDimension).squareRoot(), windows: [Int?](repeating: nil, count: layers),
      attentionSoftCap: nil, finalSoftCap: nil, embeddingScale: 1,
      tiesEmbeddings: try description.bool("tie_word_embeddings", default: defaults.tiesEmbeddings),
      endTokens: try description.tokens("eos_token_id"), beginToken: try description.tokens("bos_token_id").first)
  }

  /// Where a block has norms, and under which names.
  enum NormPlacement {
    /// Before each branch.
    case before
    /// Before and after each branch (Gemma 2 and 3).
    case around
    /// Behind each branch (OLMo 2).
    case after
  }

  /// Over what queries and keys are normalized.
  enum QueryKeyNorm {
    /// Each head by itself (Qwen3, Gemma 3).
    case byHead
    /// All heads together (OLMo 2).
    case overAllHeads
  }

  /// What differs in the assembly.
  struct Parts {
    /// The non-linearity of the feed-forward part.
    var activation: Activation
    /// Whether queries, keys and values have a bias.
    var projectionBias = false
    /// Whether attention's output projection has a bias.
    var outputBias = false
    /// Whether the feed-forward part's maps have one.
    var feedForwardBias = false
    /// Where the blocks' norms are.
    var norms = NormPlacement.before
    /// Whether the norms have a gain.
    var normsHaveGain = true
    /// The norm of queries and keys, if any.
    var queryKeyNorm: QueryKeyNorm?
    /// Queries, keys and values are clipped to ± this.
    var projectionLimit: Float?
    /// Whether queries, keys and values come from one map, and gate and up from one (Phi-3).
    var fusesMaps = false

    init(activation: Activation) { self.activation = activation }

    /// Reads `attention_bias`, which concerns all projections of attention, and the activation.
    init(_ description: ModelDescription, activation key: String = "hidden_act", default fallback: String = "silu")
      throws(DocumentError)
    {
      activation = try description.activation(key, default: fallback)
      projectionBias = try description.bool("attention_bias", default: false)
      outputBias = projectionBias
    }
  }

  /// Assembles a model of these parts.
  static func assemble(_ configuration: ModelConfiguration, _ parts: Parts) -> CausalLanguageModel {
    let rotary = configuration.rotaryAngles()
    let localRotary = configuration.localRotary ? configuration.rotaryAngles(local: true) : rotary
    let blocks = (0..<configuration.layerCount).map { layer in
      let angles = configuration.windows[layer] == nil ? rotary : localRotary
      return block(layer, configuration, parts, rotary: configuration.isRotated(layer) ? angles : nil)
    }
    let hidden = configuration.hiddenSize
    return CausalLanguageModel(
      configuration: configuration,
      embedding: TokenEmbedding(site: "model.embed_tokens", count: configuration.vocabularySize, width: hidden),
      blocks: blocks,
      finalNorm: NormLayer(
        site: "model.norm", normalization: configuration.normalization, width: hidden, hasGain: parts.normsHaveGain),
      head: Linear(site: "lm_head", inputs: hidden, outputs: configuration.vocabularySize, hasBias: false))
  }

  private static func block(
    _ layer: Int, _ configuration: ModelConfiguration, _ parts: Parts, rotary: RotaryAngles?
  ) -> TransformerBlock {
    let path = "model.layers.\(layer)"
    func norm(_ name: String, width: Int? = nil) -> NormLayer {
      NormLayer(
        site: "\(path).\(name)", normalization: configuration.normalization, width: width ?? configuration.hiddenSize,
        hasGain: parts.normsHaveGain)
    }
    let attention = attention(layer, configuration, parts, rotary: rotary, norm: norm)
    let feedForward = feedForward(path, configuration, parts)
    switch parts.norms {
    case .before:
      return TransformerBlock(
        site: path, attentionNorm: norm("input_layernorm"), attention: attention,
        feedForwardNorm: norm("post_attention_layernorm"), feedForward: feedForward)
    case .around:
      return TransformerBlock(
        site: path, attentionNorm: norm("input_layernorm"), attention: attention,
        attentionOutputNorm: norm("post_attention_layernorm"), feedForwardNorm: norm("pre_feedforward_layernorm"),
        feedForward: feedForward, feedForwardOutputNorm: norm("post_feedforward_layernorm"))
    case .after:
      return TransformerBlock(
        site: path, attentionNorm: nil, attention: attention, attentionOutputNorm: norm("post_attention_layernorm"),
        feedForwardNorm: nil, feedForward: feedForward, feedForwardOutputNorm: norm("post_feedforward_layernorm"))
    }
  }

  private static func attention(
    _ layer: Int, _ configuration: ModelConfiguration, _ parts: Parts, rotary: RotaryAngles?,
    norm: (_ name: String, _ width: Int?) -> NormLayer
  ) -> SelfAttention {
    let hidden = configuration.hiddenSize
    let queryWidth = configuration.queryWidth
    let width = configuration.keyValueWidth
    func map(_ name: String, _ inputs: Int, _ outputs: Int, _ bias: Bool) -> Linear {
      Linear(site: "model.layers.\(layer).self_attn.\(name)", inputs: inputs, outputs: outputs, hasBias: bias)
    }
    let projection: SelfAttention.Projection =
      parts.fusesMaps
      ? .fused(map("qkv_proj", hidden, queryWidth + 2 * width, parts.projectionBias))
      : .separate(
        query: map("q_proj", hidden, queryWidth, parts.projectionBias),
        key: map("k_proj", hidden, width, parts.projectionBias),
        value: map("v_proj", hidden, width, parts.projectionBias))
    let normWidths = parts.queryKeyNorm.map { kind in
      switch kind {
      case .byHead: (query: configuration.headDimension, key: configuration.headDimension)
      case .overAllHeads: (query: queryWidth, key: width)
      }
    }
    return SelfAttention(
      layer: layer, projection: projection, output: map("o_proj", queryWidth, hidden, parts.outputBias),
      queryNorm: normWidths.map { norm("self_attn.q_norm", $0.query) },
      keyNorm: normWidths.map { norm("self_attn.k_norm", $0.key) }, projectionLimit: parts.projectionLimit,
      shape: AttentionShape(configuration, layer: layer), rotary: rotary)
  }

  private static func feedForward(
    _ path: String, _ configuration: ModelConfiguration, _ parts: Parts
  ) -> FeedForward {
    let hidden = configuration.hiddenSize
    let inner = configuration.feedForwardSize
    func map(_ name: String, _ inputs: Int, _ outputs: Int) -> Linear {
      Linear(site: "\(path).mlp.\(name)", inputs: inputs, outputs: outputs, hasBias: parts.feedForwardBias)
    }
    return FeedForward(
      inner: parts.fusesMaps
        ? .fusedGated(map("gate_up_proj", hidden, 2 * inner))
        : .gated(gate: map("gate_proj", hidden, inner), up: map("up_proj", hidden, inner)),
      down: map("down_proj", inner, hidden), activation: parts.activation)
  }
}
