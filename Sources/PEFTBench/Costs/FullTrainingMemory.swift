import PEFTCore

/// Memory that full fine-tuning of a model needs, counted from shapes: the constant of the `relative` preset.
///
/// Weights, gradients and two AdamW moments in float32, and the activations that a backward pass keeps for the
/// largest batch. The peak is found by walking the backward pass: each block adds its gradients and frees its
/// activations.
enum FullTrainingMemory {
  /// Peak bytes.
  ///
  /// - Parameters:
  ///   - model: The model; its weights need not be loaded.
  ///   - rows: Rows of the largest batch.
  ///   - labels: Labelled positions of that batch.
  static func peakBytes(_ model: CausalLanguageModel, rows: Int, labels: Int) -> Int {
    let configuration = model.configuration
    let hidden = configuration.hiddenSize
    let queries = configuration.queryWidth
    let keys = configuration.keyValueWidth
    func size(_ linears: [Linear]) -> Int {
      linears.reduce(0) { $0 + $1.inputs * $1.outputs + ($1.hasBias ? $1.outputs : 0) }
    }
    func size(_ norms: [NormLayer]) -> Int {
      norms.reduce(0) { $0 + ($1.hasGain ? $1.width : 0) + ($1.hasBias ? $1.width : 0) }
    }
    var live = 3 * model.parameterCount
    let kept = model.blocks.map { block in
      let inner: Int
      switch block.feedForward.inner {
      case .gated(let gate, _): inner = 3 * gate.outputs
      case .fusedGated(let both): inner = 3 * both.outputs / 2
      case .plain(let up): inner = 2 * up.outputs
      }
      let norms = block.norms.filter { $0.width == hidden }
      // A norm keeps its input and one or two numbers a row; its output is kept by the maps that read it.
      let normalized = norms.reduce(0) { $0 + 2 * hidden + ($1.normalization.centers ? 2 : 1) }
      return rows * (normalized + 2 * queries + 2 * keys + configuration.headCount + inner)
    }
    live += kept.reduce(0, +)
    // The last residual stream, and for labelled rows the selected one, its norm, logits and their gradient.
    live += rows * hidden
    let vocabulary = configuration.vocabularySize
    let labelledAtOnce = min(labels, 64)
    var peak = live + 3 * labels * hidden + labelledAtOnce * (vocabulary + 2 * hidden) + model.head.inputs * vocabulary
    live += model.head.inputs * vocabulary + rows * hidden
    for (block, bytes) in zip(model.blocks, kept).reversed() {
      let widest = block.feedForward.down.inputs
      live += size(block.linears) + size(block.norms)
      // While a block goes back, gradients of its inner layer stand beside its activations.
      peak = max(peak, live + rows * (3 * widest))
      live -= bytes
    }
    return 4 * peak
  }
}
