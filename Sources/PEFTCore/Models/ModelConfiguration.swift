/// What a decoder-only transformer looks like, in terms that all families share.
///
/// A family's file (`Llama.swift`, …) fills it from a config.json or a GGUF header, and names the modules. The numbers of
/// heads and the size of the feed-forward part are the checkpoint's; each block has its own (`TransformerBlock.shape`), which
/// differ where it was pruned.
public struct ModelConfiguration: Sendable {
  /// Name of the family as config.json's `model_type` gives it.
  public var family: String
  /// Entries of the vocabulary.
  public var vocabularySize: Int
  /// Width of the residual stream.
  public var hiddenSize: Int
  /// Number of blocks.
  public var layerCount: Int
  /// Query heads.
  public var headCount: Int
  /// Key/value heads; query heads share them in equal groups.
  public var keyValueHeadCount: Int
  /// Width of a head.
  public var headDimension: Int
  /// Width of the feed-forward's inner layer.
  public var feedForwardSize: Int
  /// Longest sequence that the model was made for.
  public var contextLength: Int
  /// How activations are normalized.
  public var normalization: Normalization
  /// How positions enter.
  public var positions: PositionKind
  /// Scores are multiplied by this; usually headDimension^-½.
  public var attentionScale: Float
  /// How many last positions each layer sees; nil for one that sees all.
  public var windows: [Int?]
  /// Cap of attention scores, `cap · tanh(score / cap)` (Gemma 2).
  public var attentionSoftCap: Float?
  /// Cap of the logits (Gemma 2).
  public var finalSoftCap: Float?
  /// Embeddings are multiplied by this (Gemma: √hiddenSize).
  public var embeddingScale: Float
  /// Whether the output projection is the embedding matrix.
  public var tiesEmbeddings: Bool
  /// Tokens that end an answer.
  public var endTokens: [Int32]
  /// The token that begins a text, if the family has one.
  public var beginToken: Int32?

  /// Width of all query heads together.
  public var queryWidth: Int { headCount * headDimension }
  /// Width of all key (or value) heads together.
  public var keyValueWidth: Int { keyValueHeadCount * headDimension }
}

extension ModelConfiguration {
  /// The angles that the layers share, nil where positions do not enter by rotation.
  func rotaryAngles(local: Bool = false) -> RotaryAngles? {
    guard case .rotary(let rotary) = positions else { return nil }
    return RotaryAngles(rotary, local: local)
  }

  /// Whether windowed layers turn by frequencies of their own.
  var localRotary: Bool {
    guard case .rotary(let rotary) = positions else { return false }
    return rotary.localTheta != nil
  }

  /// Whether positions enter a layer by rotation.
  func isRotated(_ layer: Int) -> Bool {
    guard case .rotary(let rotary) = positions else { return false }
    return !rotary.unrotatedLayers.contains(layer)
  }
}

extension AttentionShape {
  /// The shape of one layer's attention.
  init(_ configuration: ModelConfiguration, layer: Int) {
    self.init(
      heads: configuration.headCount, keyValueHeads: configuration.keyValueHeadCount,
      headDimension: configuration.headDimension, scale: configuration.attentionScale,
      window: configuration.windows[layer], softCap: configuration.attentionSoftCap)
  }
}

/// How positions enter a model.
public enum PositionKind: Sendable, Equatable {
  /// Rotary embedding of queries and keys.
  case rotary(RotaryConfiguration)
  /// A learned vector for each position, added to the token's; `offset` is added to the position first.
  case learned(count: Int, offset: Int)
}
