import PEFTCore

/// Rows of tokens, and which of them are judged: what one pass through a model needs of a batch.
protocol LabelledForest {
  /// The sequences.
  var forest: TokenForest { get }
  /// The judged positions; over the passes of an optimizer step their weights sum to 1.
  var labels: [LabelledPosition] { get }
  /// The rows whose hidden states are read; nil for all.
  var rowsRead: [Int]? { get }
}

extension LabelledForest {
  /// Where few rows are labelled, the last block computes only those after its attention.
  var rowsRead: [Int]? { labels.map(\.row) }
}

/// One pass of a batch through a model: forest → hidden states → loss, and back where gradients are wanted.
///
/// Training, validation, pretraining and the probes of speed all take this step, so that what is timed is what trains.
struct TrainingStep {
  /// The model, with whatever is attached to it.
  let model: CausalLanguageModel
  /// Memory and threads.
  let context: ComputeContext

  /// The loss Σ weight · −log p(target), without dropout and without recording anything.
  func loss(of batch: some LabelledForest) -> Double {
    let tape = Tape(context: context, recording: false)
    return model.loss(of: batch.labels, hidden: hidden(batch, on: tape), on: tape)
  }

  /// Adds the gradient of the loss to the trainable parameters.
  ///
  /// - Parameters:
  ///   - batch: The batch, or the part of it that is in memory at one time.
  ///   - dropout: Where dropout masks are drawn from; nil switches dropout off.
  ///   - noise: What is added to the embeddings, if anything.
  ///   - penalty: Adds further terms of the loss to the tape, and gives their value.
  /// - Returns: The loss, penalties included.
  func takeGradients(
    of batch: some LabelledForest, dropout: SeedStream?, noise: EmbeddingNoise? = nil,
    penalty: (Tape) -> Double = { _ in 0 }
  ) -> Double {
    let tape = Tape(context: context, recording: true, dropout: dropout)
    let hidden = hidden(batch, noise: noise, on: tape)
    let loss = model.loss(of: batch.labels, hidden: hidden, on: tape) + penalty(tape)
    tape.runBackward()
    return loss
  }

  /// A forward pass up to the logits of the judged positions, as generation makes it.
  func logits(of batch: some LabelledForest) -> Variable {
    let tape = Tape(context: context, recording: false)
    return model.logits(rows: batch.labels.map(\.row), of: hidden(batch, on: tape), on: tape)
  }

  private func hidden(
    _ batch: some LabelledForest, noise: EmbeddingNoise? = nil, on tape: Tape
  ) -> HiddenStates {
    model.hiddenStates(batch.forest, reading: batch.rowsRead, noise: noise, on: tape)
  }
}
