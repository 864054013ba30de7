extension ModelConfiguration {
  /// The architecture as plain values under fixed keys: two descriptions that mean the same have the same form.
  ///
  /// A run's id is made of it, so a key keeps its name when the Swift property gets another one.
  public var canonical: JSONValue {
    [
      "family": JSONValue(family), "vocabulary_size": JSONValue(vocabularySize), "hidden_size": JSONValue(hiddenSize),
      "layers": JSONValue(layerCount), "heads": JSONValue(headCount), "key_value_heads": JSONValue(keyValueHeadCount),
      "head_dimension": JSONValue(headDimension), "feed_forward_size": JSONValue(feedForwardSize),
      "context_length": JSONValue(contextLength), "normalization": normalization.canonical,
      "positions": positions.canonical, "attention_scale": JSONValue(attentionScale),
      "windows": .array(windows.map { JSONValue($0) }), "attention_soft_cap": JSONValue(attentionSoftCap),
      "final_soft_cap": JSONValue(finalSoftCap), "embedding_scale": JSONValue(embeddingScale),
      "ties_embeddings": JSONValue(tiesEmbeddings), "end_tokens": JSONValue(endTokens.map(Int.init)),
      "begin_token": JSONValue(beginToken.map(Int.init)),
    ]
  }
}

extension Normalization {
  /// The norm as plain values under fixed keys.
  var canonical: JSONValue {
    ["centers": JSONValue(centers), "epsilon": JSONValue(epsilon), "gain_is_offset": JSONValue(gainIsOffset)]
  }
}

extension PositionKind {
  /// The kind with its settings as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .rotary(let rotary): ["rotary": rotary.canonical]
    case .learned(let count, let offset): ["learned": ["count": JSONValue(count), "offset": JSONValue(offset)]]
    }
  }
}

extension RotaryConfiguration {
  /// The settings as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "theta": JSONValue(theta), "dimension": JSONValue(dimension), "scaling": scaling.canonical,
      "divisors": divisors.map { JSONValue($0) } ?? .null, "attention_factor": JSONValue(attentionFactor),
      "local_theta": JSONValue(localTheta), "unrotated_layers": JSONValue(unrotatedLayers.sorted()),
    ]
  }
}

extension RotaryScaling {
  /// The change of the frequencies as plain values under fixed keys.
  var canonical: JSONValue {
    switch self {
    case .none: .null
    case .linear(let factor): ["linear": JSONValue(factor)]
    case .llama3(let factor, let low, let high, let context):
      ["llama3": JSONValue([factor, low, high, context])]
    }
  }
}
