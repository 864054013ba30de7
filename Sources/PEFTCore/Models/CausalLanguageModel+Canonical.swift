extension CausalLanguageModel {
  /// What the model computes, apart from its weights: the configuration and every module with its place and settings.
  ///
  /// The configuration alone does not tell: a family reads the activation and which maps have a bias only when it
  /// assembles the modules. What methods attach is left out.
  public var canonical: JSONValue {
    [
      "configuration": configuration.canonical, "embedding": embedding.canonical,
      "position_embedding": positionEmbedding?.canonical ?? .null, "embedding_norm": embeddingNorm?.canonical ?? .null,
      "blocks": .array(blocks.map(\.canonical)), "final_norm": finalNorm?.canonical ?? .null, "head": head.canonical,
    ]
  }
}

extension TokenEmbedding {
  /// The module as plain values under fixed keys.
  var canonical: JSONValue { ["site": JSONValue(site), "count": JSONValue(count), "width": JSONValue(width)] }
}

extension NormLayer {
  /// The module as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "site": JSONValue(site), "normalization": normalization.canonical, "width": JSONValue(width),
      "gain": JSONValue(hasGain), "bias": JSONValue(hasBias),
    ]
  }
}

extension Linear {
  /// The module as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "site": JSONValue(site), "inputs": JSONValue(inputs), "outputs": JSONValue(outputs), "bias": JSONValue(hasBias),
    ]
  }
}

extension TransformerBlock {
  /// The module as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "attention_norm": attentionNorm?.canonical ?? .null, "attention": attention.canonical,
      "attention_output_norm": attentionOutputNorm?.canonical ?? .null,
      "feed_forward_norm": feedForwardNorm?.canonical ?? .null, "feed_forward": feedForward.canonical,
      "feed_forward_output_norm": feedForwardOutputNorm?.canonical ?? .null, "parallel": JSONValue(isParallel),
    ]
  }
}

extension SelfAttention {
  /// The module as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "layer": JSONValue(layer), "projection": projection.canonical, "output": output.canonical,
      "query_norm": queryNorm?.canonical ?? .null, "key_norm": keyNorm?.canonical ?? .null,
      "projection_limit": JSONValue(projectionLimit), "shape": shape.canonical,
      "rotary": rotary?.canonical ?? .null,
    ]
  }
}

extension SelfAttention.Projection {
  /// The maps and how their outputs are shared out, as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .separate(let query, let key, let value):
      ["separate": [query.canonical, key.canonical, value.canonical]]
    case .fused(let map): ["fused": map.canonical]
    case .interleaved(let map): ["interleaved": map.canonical]
    }
  }
}

extension AttentionShape {
  /// The shape as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "heads": JSONValue(heads), "key_value_heads": JSONValue(keyValueHeads),
      "head_dimension": JSONValue(headDimension), "scale": JSONValue(scale), "window": JSONValue(window),
      "soft_cap": JSONValue(softCap),
    ]
  }
}

extension FeedForward {
  /// The module as plain values under fixed keys.
  var canonical: JSONValue {
    ["inner": inner.canonical, "down": down.canonical, "activation": JSONValue(activation.rawValue)]
  }
}

extension FeedForward.Inner {
  /// The maps and whether one of them is a gate, as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .gated(let gate, let up): ["gated": [gate.canonical, up.canonical]]
    case .fusedGated(let map): ["fused_gated": map.canonical]
    case .plain(let up): ["plain": up.canonical]
    }
  }
}
