import PEFTCore

/// Where the gradients of a training come from: rows of a dataset in fine-tuning, documents in pretraining.
///
/// Batches are a function of the step and of `state`, so that a training which is taken up sees the same ones.
protocol TrainingSource: AnyObject {
  /// Further terms of the loss of one pass: told its tape and its share of the step's labelled tokens, gives their value.
  typealias Penalty = (_ tape: Tape, _ share: Double) -> Double

  /// Goes on to the batch of the next step.
  ///
  /// - Parameters:
  ///   - step: The step's number, from 1.
  ///   - tokenCount: Tokens of all batches before it.
  /// - Returns: Tokens of the batch.
  /// - Throws: `TrainingFailure` for a batch of which nothing can be learned.
  func nextBatch(step: Int, tokenCount: Int) throws(TrainingFailure) -> Int

  /// Keeps what the next passes of the batch have in common, whatever is trained, or lets it go.
  func keepCommonPart(_ keeps: Bool)

  /// What was left out of the frozen first blocks since the training began.
  var frozenUsage: FrozenUsage { get }

  /// Runs the batch forward and backward, and adds its gradient to the parameters'.
  ///
  /// - Returns: The mean loss over its labelled tokens, with what `penalty` gave.
  func takeGradients(penalty: Penalty) -> Double

  /// Whether there is a validation set.
  var hasValidation: Bool { get }

  /// The mean loss over all labelled tokens of the validation set, without dropout.
  func validationLoss() -> Double

  /// How far a training is after a step.
  func extent(step: Int, tokenCount: Int) -> HistoryEntry.Extent

  /// Which tensor a loss that is not finite comes from, as the end of a sentence; empty if that cannot be told.
  var originOfNonFinite: String { get }

  /// What the next batches depend on.
  var state: SavedState { get }

  /// Takes up a state.
  func restore(_ state: SavedState) throws
}

extension TrainingSource {
  /// Keeps nothing.
  func keepCommonPart(_ keeps: Bool) {}
  /// Leaves out nothing.
  var frozenUsage: FrozenUsage { FrozenUsage() }
  var state: SavedState { SavedState() }
  func restore(_ state: SavedState) throws {}
}
