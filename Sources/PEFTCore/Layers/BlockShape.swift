/// The widths inside one block of a model; those of another block may differ, where one was pruned.
public struct BlockShape: Sendable, Equatable {
  /// Query heads.
  public let heads: Int
  /// Key/value heads; query heads share them in equal groups.
  public let keyValueHeads: Int
  /// Width of a head.
  public let headDimension: Int
  /// Neurons of the feed-forward part's inner layer.
  public let feedForwardSize: Int

  /// Width of all query heads together.
  public var queryWidth: Int { heads * headDimension }
  /// Width of all key (or value) heads together.
  public var keyValueWidth: Int { keyValueHeads * headDimension }
}

extension TransformerBlock {
  /// The widths inside this block, as it is: what counts memory and operations, or makes room for keys and values, asks
  /// this, not the model's configuration.
  public var shape: BlockShape {
    BlockShape(
      heads: attention.shape.heads, keyValueHeads: attention.shape.keyValueHeads,
      headDimension: attention.shape.headDimension, feedForwardSize: feedForward.down.inputs)
  }
}
