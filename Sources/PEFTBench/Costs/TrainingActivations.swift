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

  /// Most bytes that are held for `rows` rows at one time of a step: after the forward pass all that blocks keep, with the
  /// residual stream after the last one, or while a block that is computed again goes backward what is left then.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - rows: Rows of the batch.
  ///   - recomputed: Blocks that keep their input alone, and are computed again.
  ///   - frozenCount: How many of the first blocks leave nothing on the tape, since nothing trained is in or before them.
  static func bytes(
    _ model: CausalLanguageModel, rows: Int, recomputing recomputed: Set<Int> = [], frozen frozenCount: Int = 0
  ) -> Int {
    let hidden = model.configuration.hiddenSize
    var (kept, most) = (0, 0)
    for (index, block) in model.blocks.enumerated().dropFirst(frozenCount) {
      let values = values(of: block, in: model)
      if recomputed.contains(index) {
        // Blocks above are through by then and hold nothing; there are the input, the output's gradient and the block.
        most = max(most, kept + 2 * hidden + values)
        kept += hidden
      } else {
        kept += values
      }
    }
    let held = bytes(max(most, kept + hidden), rows: rows)
    // Frozen blocks hold for a moment what any forward pass does.
    return frozenCount > 0 ? max(held, forwardBytes(model, rows: rows)) : held
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
