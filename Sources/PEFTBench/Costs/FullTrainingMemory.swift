import PEFTCore

/// Memory that full fine-tuning of a model needs, counted from shapes: the constant of the `relative` preset.
///
/// Weights, gradients and two AdamW moments in float32, and the activations of one batch. A run's own optimizer and the form
/// of its state do not change it, so that less memory for the state is a smaller term, and runs of any form are held against
/// the same constant. The peak is found by
/// walking through one training step as the tape does it: what each operation keeps, what its backward adds, and what
/// is freed once it has gone by. A test holds the result against real training.
struct FullTrainingMemory {
  /// Peak bytes.
  ///
  /// - Parameters:
  ///   - model: The model; its weights need not be loaded.
  ///   - batch: The largest batch.
  ///   - accumulates: Whether an optimizer step takes several batches, so that all gradients are there from the start.
  static func peakBytes(_ model: CausalLanguageModel, batch: BatchSize, accumulates: Bool = false) -> Int {
    var walk = FullTrainingMemory(model: model, batch: batch, holdsAllGradients: accumulates)
    walk.step()
    // Every element is a float32.
    return 4 * walk.peak
  }

  private let model: CausalLanguageModel
  private let batch: BatchSize
  private let holdsAllGradients: Bool
  private var live = 0
  private var peak = 0

  private init(model: CausalLanguageModel, batch: BatchSize, holdsAllGradients: Bool) {
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
    hold(rowsBehindAttention(of: model.blocks.last) * hidden)
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
    let rows = rowsBehindAttention(of: model.blocks.last)
    release(atOnce * hidden + rows * hidden)
    hold(rows * hidden)
    release(3 * labels * hidden)
    if let norm = model.finalNorm { holdGradient(size(norm)) }
  }

  /// The last block computes only the labelled rows after its attention.
  private func rowsBehindAttention(of block: TransformerBlock?) -> Int {
    block === model.blocks.last ? min(batch.rows, batch.labels) : batch.rows
  }

  /// What the forward pass of a block leaves for its backward pass.
  ///
  /// The residual stream before each branch, once where both start from the same, with the numbers of its norms; their
  /// outputs are computed again.
  private func kept(by block: TransformerBlock) -> Int {
    let hidden = model.configuration.hiddenSize
    let rows = rowsBehindAttention(of: block)
    let streams = batch.rows * hidden + (block.isParallel ? (rows < batch.rows ? rows : 0) : rows) * hidden
    let numbers =
      (block.attentionNorm.map(statistics) ?? 0) * batch.rows
      + (block.feedForwardNorm.map(statistics) ?? 0) * rows
    return streams + numbers + outputNorms(of: block).reduce(0) { $0 + rows * (hidden + statistics($1)) }
      + attention(block) + rows * block.shape.queryWidth + feedForward(block)
  }

  private func statistics(_ norm: NormLayer) -> Int { norm.normalization.centers ? 2 : 1 }

  private func outputNorms(of block: TransformerBlock) -> [NormLayer] {
    [block.attentionOutputNorm, block.feedForwardOutputNorm].compactMap { $0 }
  }

  /// Queries, keys, values and one number a head, and what the norms of queries and keys keep.
  private func attention(_ block: TransformerBlock) -> Int {
    let (queries, keys) = (block.shape.queryWidth, block.shape.keyValueWidth)
    var count = queries + 2 * keys + block.shape.heads
    for (norm, width) in [(block.attention.queryNorm, queries), (block.attention.keyNorm, keys)] {
      if let norm { count += width + width / max(1, norm.width) * statistics(norm) }
    }
    return batch.rows * count
  }

  /// What the activation reads; what it gives is computed again.
  private func feedForward(_ block: TransformerBlock) -> Int {
    let width = block.feedForward.down.inputs
    if case .plain = block.feedForward.inner { return rowsBehindAttention(of: block) * width }
    return rowsBehindAttention(of: block) * 2 * width
  }

  /// Keeps the gradient of the block's output at first, and that of its input at last.
  private mutating func goBack(through block: TransformerBlock) {
    let rows = rowsBehindAttention(of: block)
    let wanted = rows * model.configuration.hiddenSize
    let stream = batch.rows * model.configuration.hiddenSize
    // The residual connection hands the gradient to both its summands.
    hold(wanted)
    goBackThroughFeedForward(block)
    if !block.isParallel || rows < batch.rows { release(wanted) }
    if let norm = block.feedForwardNorm { goBack(through: norm, rows: rows) }
    release(wanted)
    hold(wanted)
    if rows < batch.rows {
      hold(stream)
      release(wanted)
    }
    goBackThroughAttention(block)
    release(stream)
    if let norm = block.attentionNorm { goBack(through: norm, rows: batch.rows) }
    release(stream)
  }

  private mutating func goBack(through norm: NormLayer, rows: Int) {
    holdGradient(size(norm))
    release(rows * statistics(norm))
  }

  private mutating func goBack(throughOutput norm: NormLayer, rows: Int) {
    goBack(through: norm, rows: rows)
    release(rows * model.configuration.hiddenSize)
  }

  /// From the gradient of the branch's output to that of its input.
  private mutating func goBackThroughFeedForward(_ block: TransformerBlock) {
    let rows = rowsBehindAttention(of: block)
    let inner = rows * block.feedForward.down.inputs
    if let norm = block.feedForwardOutputNorm { goBack(throughOutput: norm, rows: rows) }
    hold(inner)
    holdGradient(size(block.feedForward.down))
    computeAgain(inner)
    release(rows * model.configuration.hiddenSize)
    let input = block.feedForwardNorm == nil ? 0 : rows * model.configuration.hiddenSize
    switch block.feedForward.inner {
    case .plain(let up):
      release(inner)
      goBack(through: [up], from: inner, rows: rows, computing: input)
    case .gated(let gate, let up):
      hold(2 * inner)
      release(3 * inner)
      goBack(through: [up, gate], from: inner, rows: rows, computing: input)
    case .fusedGated(let both):
      hold(2 * inner)
      release(3 * inner)
      hold(2 * inner)
      release(2 * inner)
      goBack(through: [both], from: 2 * inner, rows: rows, computing: input)
    }
  }

  /// A value that is computed again for the gradient of a weight.
  private mutating func computeAgain(_ count: Int) {
    hold(count)
    release(count)
  }

  private mutating func goBackThroughAttention(_ block: TransformerBlock) {
    let stream = batch.rows * model.configuration.hiddenSize
    let shape = block.shape
    let queries = batch.rows * shape.queryWidth
    let keys = batch.rows * shape.keyValueWidth
    let rows = rowsBehindAttention(of: block)
    if let norm = block.attentionOutputNorm { goBack(throughOutput: norm, rows: rows) }
    hold(rows * shape.queryWidth)
    holdGradient(size(block.attention.output))
    release(rows * (model.configuration.hiddenSize + shape.queryWidth))
    if rows < batch.rows {
      hold(queries)
      release(rows * shape.queryWidth)
    }
    let input = block.attentionNorm == nil ? 0 : stream
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
        computeAgain(input)
        release(gradient)
      }
    case .fused(let all), .interleaved(let all):
      hold(queries + 2 * keys)
      release(queries + 2 * keys)
      goBack(through: [all], from: queries + 2 * keys, rows: batch.rows, computing: input)
    }
  }

  /// Through maps that read the same input, whose outputs' gradients have `gradient` elements each.
  ///
  /// - Parameter input: Elements of the input, if it is computed again for the gradient of each weight.
  private mutating func goBack(through linears: [Linear], from gradient: Int, rows: Int, computing input: Int) {
    hold(rows * model.configuration.hiddenSize)
    for linear in linears {
      holdGradient(size(linear))
      computeAgain(input)
      release(gradient)
    }
  }

  private func size(_ linear: Linear) -> Int { linear.inputs * linear.outputs + (linear.hasBias ? linear.outputs : 0) }

  private func size(_ norm: NormLayer) -> Int { (norm.hasGain ? norm.width : 0) + (norm.hasBias ? norm.width : 0) }
}
