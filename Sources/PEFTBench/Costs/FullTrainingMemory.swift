import PEFTCore

/// Memory that full fine-tuning of a model needs, counted from shapes: the constant of the `relative` preset.
///
/// Weights, gradients and two AdamW moments in float32, and the activations of one batch. The peak is found by
/// walking through one training step as the tape does it: what each operation keeps, what its backward adds, and what
/// is freed once it has gone by. A test holds the result against real training.
struct FullTrainingMemory {
  /// A batch as far as memory is concerned.
  struct Batch: Equatable {
    /// Tokens, shared beginnings counted once.
    var rows = 0
    /// Labelled positions.
    var labels = 0
  }

  /// Peak bytes.
  ///
  /// - Parameters:
  ///   - model: The model; its weights need not be loaded.
  ///   - batch: The largest batch.
  ///   - accumulates: Whether an optimizer step takes several batches, so that all gradients are there from the start.
  static func peakBytes(_ model: CausalLanguageModel, batch: Batch, accumulates: Bool = false) -> Int {
    var walk = FullTrainingMemory(model: model, batch: batch, holdsAllGradients: accumulates)
    walk.step()
    // Every element is a float32.
    return 4 * walk.peak
  }

  private let model: CausalLanguageModel
  private let batch: Batch
  private let holdsAllGradients: Bool
  private var live = 0
  private var peak = 0

  private init(model: CausalLanguageModel, batch: Batch, holdsAllGradients: Bool) {
    self.model = model
    self.batch = batch
    self.holdsAllGradients = holdsAllGradients
  }

  private mutating func hold(_ count: Int) {
    live += count
    peak = max(peak, live)
  }

  private mutating func release(_ count: Int) { live -= count }

  /// A gradient of a parameter appears with its first contribution and stays.
  private mutating func holdGradient(_ count: Int) {
    if !holdsAllGradients { hold(count) }
  }

  private mutating func step() {
    let rows = batch.rows
    let hidden = model.configuration.hiddenSize
    hold((holdsAllGradients ? 4 : 3) * model.parameterCount)
    for block in model.blocks { hold(kept(by: block)) }
    if let norm = model.embeddingNorm { hold(rows * (hidden + statistics(norm))) }
    hold(rows * hidden)
    loss()
    for block in model.blocks.reversed() { goBack(through: block) }
    if let norm = model.embeddingNorm { release(rows * (hidden + statistics(norm))) }
    for table in [model.positionEmbedding, model.configuration.tiesEmbeddings ? nil : model.embedding] {
      if let table { holdGradient(table.count * table.width) }
    }
  }

  /// The labelled rows' norm, their logits some at a time, and the gradient of the residual stream they leave behind.
  private mutating func loss() {
    let hidden = model.configuration.hiddenSize
    let labels = batch.labels
    let atOnce = min(labels, CausalLanguageModel.labelledRowsAtOnce)
    // The rows, their norm, and the gradient of it.
    hold(2 * labels * hidden)
    // A piece's rows with their gradient, its logits, which turn into their gradient.
    hold(atOnce * (2 * hidden + model.configuration.vocabularySize))
    holdGradient(size(model.head))
    release(atOnce * (hidden + model.configuration.vocabularySize))
    hold(labels * hidden)
    release(atOnce * hidden + batch.rows * hidden)
    hold(batch.rows * hidden)
    release(3 * labels * hidden)
    if let norm = model.finalNorm { holdGradient(size(norm)) }
  }

  /// What the forward pass of a block leaves for its backward pass.
  private func kept(by block: TransformerBlock) -> Int {
    branchInputs(of: block) + outputNorms(of: block).reduce(0) { $0 + normed($1) } + attention(block)
      + feedForward(block)
  }

  /// The residual stream before each branch, once where both start from the same, and its norms.
  private func branchInputs(of block: TransformerBlock) -> Int {
    let hidden = model.configuration.hiddenSize
    let norms = [block.attentionNorm, block.feedForwardNorm].compactMap { $0 }
    return batch.rows * ((block.isParallel ? 1 : 2) * hidden)
      + norms.reduce(0) { $0 + normed($1) }
  }

  /// A norm keeps one or two numbers a row beside its input; its output is kept by whoever reads it.
  private func normed(_ norm: NormLayer) -> Int { batch.rows * (model.configuration.hiddenSize + statistics(norm)) }

  private func statistics(_ norm: NormLayer) -> Int { norm.normalization.centers ? 2 : 1 }

  private func outputNorms(of block: TransformerBlock) -> [NormLayer] {
    [block.attentionOutputNorm, block.feedForwardOutputNorm].compactMap { $0 }
  }

  /// Queries, keys, values, the output and one number a head; and what the norms of queries and keys keep.
  private func attention(_ block: TransformerBlock) -> Int {
    let (queries, keys) = (model.configuration.queryWidth, model.configuration.keyValueWidth)
    var count = 2 * queries + 2 * keys + model.configuration.headCount
    for (norm, width) in [(block.attention.queryNorm, queries), (block.attention.keyNorm, keys)] {
      if let norm { count += width + width / max(1, norm.width) * statistics(norm) }
    }
    return batch.rows * count
  }

  /// What the activation reads and what it gives.
  private func feedForward(_ block: TransformerBlock) -> Int {
    let width = block.feedForward.down.inputs
    if case .plain = block.feedForward.inner { return batch.rows * 2 * width }
    return batch.rows * 3 * width
  }

  /// Keeps the gradient of the block's output at first, and that of its input at last.
  private mutating func goBack(through block: TransformerBlock) {
    let stream = batch.rows * model.configuration.hiddenSize
    // The residual connection hands the gradient to both its summands.
    hold(stream)
    goBackThroughFeedForward(block)
    if !block.isParallel { release(stream) }
    if let norm = block.feedForwardNorm { goBack(through: norm) }
    release(stream)
    hold(stream)
    goBackThroughAttention(block)
    release(stream)
    if let norm = block.attentionNorm { goBack(through: norm) }
    release(stream)
  }

  private mutating func goBack(through norm: NormLayer) {
    holdGradient(size(norm))
    release(normed(norm))
  }

  /// From the gradient of the branch's output to that of its input.
  private mutating func goBackThroughFeedForward(_ block: TransformerBlock) {
    let stream = batch.rows * model.configuration.hiddenSize
    let inner = batch.rows * block.feedForward.down.inputs
    if let norm = block.feedForwardOutputNorm { goBack(through: norm) }
    hold(inner)
    holdGradient(size(block.feedForward.down))
    release(stream + inner)
    switch block.feedForward.inner {
    case .plain(let up):
      release(inner)
      goBack(through: [up], from: inner)
    case .gated(let gate, let up):
      hold(2 * inner)
      release(3 * inner)
      goBack(through: [up, gate], from: inner)
    case .fusedGated(let both):
      hold(2 * inner)
      release(3 * inner)
      hold(2 * inner)
      release(2 * inner)
      goBack(through: [both], from: 2 * inner)
    }
  }

  private mutating func goBackThroughAttention(_ block: TransformerBlock) {
    let stream = batch.rows * model.configuration.hiddenSize
    let queries = batch.rows * model.configuration.queryWidth
    let keys = batch.rows * model.configuration.keyValueWidth
    if let norm = block.attentionOutputNorm { goBack(through: norm) }
    hold(queries)
    holdGradient(size(block.attention.output))
    release(stream)
    hold(queries + 2 * keys)
    release(queries + attention(block))
    for norm in [block.attention.queryNorm, block.attention.keyNorm] {
      if let norm { holdGradient(size(norm)) }
    }
    switch block.attention.projection {
    case .separate(let query, let key, let value):
      hold(stream)
      for (linear, gradient) in [(value, keys), (key, keys), (query, queries)] {
        holdGradient(size(linear))
        release(gradient)
      }
    case .fused(let all), .interleaved(let all):
      hold(queries + 2 * keys)
      release(queries + 2 * keys)
      goBack(through: [all], from: queries + 2 * keys)
    }
  }

  /// Through maps that read the same input, whose outputs' gradients have `gradient` elements each.
  private mutating func goBack(through linears: [Linear], from gradient: Int) {
    hold(batch.rows * model.configuration.hiddenSize)
    for linear in linears {
      holdGradient(size(linear))
      release(gradient)
    }
  }

  private func size(_ linear: Linear) -> Int { linear.inputs * linear.outputs + (linear.hasBias ? linear.outputs : 0) }

  private func size(_ norm: NormLayer) -> Int { (norm.hasGain ? norm.width : 0) + (norm.hasBias ? norm.width : 0) }
}
