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
    func size(_ linears: [Linear]) -> Int {
      linears.reduce(0) { $0 + $1.inputs * $1.outputs + ($1.hasBias ? $1.outputs : 0) }
    }
    func size(_ norms: [NormLayer]) -> Int {
      norms.reduce(0) { $0 + ($1.hasGain ? $1.width : 0) + ($1.hasBias ? $1.width : 0) }
    }
    var live = 3 * model.parameterCount
    let kept = model.blocks.map { rows * TrainingActivations.values(of: $0, in: model) }
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
