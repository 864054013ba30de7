import PEFTCore

/// What a backward pass keeps of a forward pass, counted from shapes.
enum TrainingActivations {
  /// Float32 values that one block keeps for each row.
  static func values(of block: TransformerBlock, in model: CausalLanguageModel) -> Int {
    let configuration = model.configuration
    let hidden = configuration.hiddenSize
    let inner: Int
    switch block.feedForward.inner {
    case .gated(let gate, _): inner = 3 * gate.outputs
    case .fusedGated(let both): inner = 3 * both.outputs / 2
    case .plain(let up): inner = 2 * up.outputs
    }
    let norms = block.norms.filter { $0.width == hidden }
    // A norm keeps its input and one or two numbers a row; its output is kept by the maps that read it.
    let normalized = norms.reduce(0) { $0 + 2 * hidden + ($1.normalization.centers ? 2 : 1) }
    return normalized + 2 * configuration.queryWidth + 2 * configuration.keyValueWidth + configuration.headCount
      + inner
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
    let configuration = model.configuration
    let attention = 2 * configuration.queryWidth + 2 * configuration.keyValueWidth
    return bytes(2 * configuration.hiddenSize + max(attention, 3 * configuration.feedForwardSize), rows: rows)
  }

  private static func bytes(_ values: Int, rows: Int) -> Int {
    let (product, overflow) = values.multipliedReportingOverflow(by: 4 * rows)
    return overflow ? .max : product
  }
}
