import PEFTCore

/// What a backward pass keeps of a forward pass, counted from shapes.
enum TrainingActivations {
  /// Float32 values that one block keeps for each row.
  static func values(of block: TransformerBlock, in model: CausalLanguageModel) -> Int {
    let (hidden, shape) = (model.configuration.hiddenSize, block.shape)
    let inner =
      if case .plain = block.feedForward.inner { 2 * shape.feedForwardSize } else { 3 * shape.feedForwardSize }
    let norms = block.norms.filter { $0.width == hidden }
    // A norm keeps its input and one or two numbers a row; its output is kept by the maps that read it.
    let normalized = norms.reduce(0) { $0 + 2 * hidden + ($1.normalization.centers ? 2 : 1) }
    return normalized + 2 * shape.queryWidth + 2 * shape.keyValueWidth + shape.heads + inner
  }

  /// Bytes that all blocks keep for `rows` rows, the residual stream after the last one included.
  static func bytes(_ model: CausalLanguageModel, rows: Int) -> Int {
    bytes(model.blocks.reduce(model.configuration.hiddenSize) { $0 + values(of: $1, in: model) }, rows: rows)
  }

  /// Bytes kept for `rows` rows where the activations of a block are computed again: every block's input, and all that
  /// one block keeps.
  static func recomputedBytes(_ model: CausalLanguageModel, rows: Int) -> Int {
    let inputs = (model.blocks.count + 1) * model.configuration.hiddenSize
    return bytes(inputs + (model.blocks.map { values(of: $0, in: model) }.max() ?? 0), rows: rows)
  }

  /// Bytes that a forward pass without recording holds for `rows` rows: the residual stream and the widest of what
  /// stands between a block's norm and its sum.
  static func forwardBytes(_ model: CausalLanguageModel, rows: Int) -> Int {
    let widest = model.blockShapes.map { max(2 * $0.queryWidth + 2 * $0.keyValueWidth, 3 * $0.feedForwardSize) }.max()
    return bytes(2 * model.configuration.hiddenSize + (widest ?? 0), rows: rows)
  }

  private static func bytes(_ values: Int, rows: Int) -> Int {
    let (product, overflow) = values.multipliedReportingOverflow(by: 4 * rows)
    return overflow ? .max : product
  }
}
