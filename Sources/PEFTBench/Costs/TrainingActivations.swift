import PEFTCore

/// What the blocks of a model alone keep of a forward pass for the backward one, counted from shapes.
///
/// Blocks are put in order by it, and it stands in where a step cannot be gone through (`TrainingRehearsal`). It knows neither
/// what a method keeps nor what a backward pass makes for a moment.
enum TrainingActivations {
  /// Float32 values that one block keeps for each row where its maps are frozen.
  ///
  /// The residual stream before each branch, once where both start from the same, with the numbers of the norms, whose
  /// outputs are computed again; queries, keys, values and a number a head; what the activation reads.
  static func values(of block: TransformerBlock, in model: CausalLanguageModel) -> Int {
    let (hidden, shape) = (model.configuration.hiddenSize, block.shape)
    func numbers(_ norm: NormLayer?) -> Int { norm.map { $0.normalization.centers ? 2 : 1 } ?? 0 }
    let streams = (block.isParallel ? 1 : 2) * hidden + numbers(block.attentionNorm) + numbers(block.feedForwardNorm)
    let outputNorms = [block.attentionOutputNorm, block.feedForwardOutputNorm].compactMap { $0 }
    let outputs = outputNorms.reduce(0) { $0 + hidden + numbers($1) }
    var attention = shape.queryWidth + 2 * shape.keyValueWidth + shape.heads
    for (norm, width) in [
      (block.attention.queryNorm, shape.queryWidth), (block.attention.keyNorm, shape.keyValueWidth),
    ] {
      if let norm { attention += width + width / max(1, norm.width) * numbers(norm) }
    }
    let inner = if case .plain = block.feedForward.inner { shape.feedForwardSize } else { 2 * shape.feedForwardSize }
    return streams + outputs + attention + inner
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
