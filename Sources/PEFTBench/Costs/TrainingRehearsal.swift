import PEFTCore
import PEFTMethods

/// The tensors that a training step holds at its peak, from the step itself without its arithmetic.
///
/// The model has shapes and no weights, the method is attached to it as in a run, and the very code that trains goes forward
/// and backward in a shape-only context (`ComputeContext.shapeOnly`). What it holds is counted as in a run. So what an operation
/// keeps, what a method adds at its sites, when a gradient appears, which rows go on after the last block's attention, and
/// when a block that is computed again is there whole are all as they are in training, and stay so when any of it changes.
/// No count by shapes stands beside the code that it would have to follow.
///
/// Not in it are the optimizer and its moments, and the frozen weights of the model; what a method makes of these is.
final class TrainingRehearsal {
  private let model: CausalLanguageModel
  private let attachment: AttachedMethod
  private let context: ComputeContext
  private let examples: [EncodedExample]
  private let holdsAllGradients: Bool
  /// By how much the whole batch is larger than the rehearsed part of it.
  private let factor: Double
  private var isWarm = false
  private var known: [Set<Int>: MemoryUse] = [:]

  /// Rows up to which a batch is taken as a whole.
  ///
  /// Of a larger one a part is, and its activations grow with the rows.
  private static let mostRows = 1 << 16

  /// Prepares the step; nil where there is nothing to train on, or no address space for the largest tensors.
  ///
  /// - Parameters:
  ///   - model: The model without weights; it gets matrices of shape alone.
  ///   - attachment: What is trained, attached in `context`.
  ///   - context: A shape-only context.
  ///   - batch: The largest batch.
  ///   - holdsAllGradients: Whether all gradients are there from the start, as in the second batch of a step.
  init?(
    _ model: CausalLanguageModel, attachment: AttachedMethod, context: ComputeContext, batch: BatchOutline,
    holdsAllGradients: Bool
  ) {
    let part = batch.within(rows: Self.mostRows)
    guard part.rows > 0, !attachment.parameters.isEmpty, (try? model.standInForWeights(besides: context)) != nil,
      let largest = Self.largestTensor(of: model, attachment, rows: part.rows), context.pool.hasRoom(for: largest)
    else { return nil }
    self.model = model
    self.attachment = attachment
    self.context = context
    self.holdsAllGradients = holdsAllGradients
    factor = Double(batch.rows) / Double(part.rows)
    examples = part.encoded(vocabularySize: model.configuration.vocabularySize)
  }

  /// Bytes of each kind at the peak of a step.
  ///
  /// - Parameter blocks: The blocks whose activations are computed again in their backward pass.
  func peak(recomputing blocks: Set<Int>) -> MemoryUse {
    if let peak = known[blocks] { return peak }
    if !isWarm {
      // What is made at first use is there in every later step.
      for parameter in attachment.parameters { _ = parameter.value }
      attachment.tasks?.show(0)
      takeStep(recomputing: blocks)
      isWarm = true
    }
    clearGradients()
    if holdsAllGradients { takeStep(recomputing: blocks) }
    context.pool.resetPeak()
    takeStep(recomputing: blocks)
    var peak = context.pool.peak
    clearGradients()
    peak[.activations] = ByteCount.whole(Double(peak[.activations]) * factor)
    known[blocks] = peak
    return peak
  }

  private func takeStep(recomputing blocks: Set<Int>) {
    model.recomputedBlocks = blocks
    defer { model.recomputedBlocks = [] }
    let labels = examples.reduce(0) { $0 + $1.answer.count }
    let batch = TrainingBatch(examples, model: model, labelCount: labels)
    _ = TrainingStep(model: model, context: context).takeGradients(of: batch, dropout: SeedStream(0))
  }

  private func clearGradients() {
    for parameter in attachment.parameters { parameter.clearGradient() }
  }

  /// Bytes that no tensor of the step exceeds by much; nil where they cannot be counted.
  private static func largestTensor(
    of model: CausalLanguageModel, _ attachment: AttachedMethod, rows: Int
  ) -> Int? {
    let maps = model.linears + [model.head]
    let wide = maps.map { max($0.inputs, $0.outputs) }.max() ?? 0
    let products =
      [(rows, wide)] + maps.map { ($0.inputs, $0.outputs) } + attachment.parameters.map { ($0.elementCount, 1) }
    let sizes = products.map { $0.multipliedReportingOverflow(by: $1) }
    guard !sizes.contains(where: \.overflow), let largest = sizes.map(\.partialValue).max() else { return nil }
    let (bytes, overflow) = largest.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    return overflow ? nil : bytes
  }
}
