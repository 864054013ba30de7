extension CausalLanguageModel {
  /// The widths inside each block.
  public var blockShapes: [BlockShape] { blocks.map(\.shape) }

  /// Whether every block has the widths that the configuration says, as a config.json can say them.
  public var hasConfiguredShapes: Bool {
    let configured = BlockShape(
      heads: configuration.headCount, keyValueHeads: configuration.keyValueHeadCount,
      headDimension: configuration.headDimension, feedForwardSize: configuration.feedForwardSize)
    return blocks.allSatisfy { $0.shape == configured }
  }
}
