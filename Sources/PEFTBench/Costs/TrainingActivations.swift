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

  /// Bytes that all blocks keep for `rows` rows, the residual stream behind the last one included.
  static func bytes(_ model: CausalLanguageModel, rows: Int) -> Int {
    let kept = model.blocks.reduce(model.configuration.hiddenSize) { $0 + values(of: $1, in: model) }
    let (product, overflow) = kept.multipliedReportingOverflow(by: 4 * rows)
    return overflow ? .max : product
  }
}
