import PEFTCore
import SmallWorld

/// Batches of documents for pretraining: pieces in the order of the corpus, worked on by copies of the model side by side.
final class DocumentSource: TrainingSource {
  private let copies: ModelCopies
  private let training: PretrainingConfiguration.Training
  private let validation: ValidationSet
  private let context: ComputeContext
  private let makeQueue: (DocumentQueue.Position) -> DocumentQueue
  private var queue: DocumentQueue
  private var batch: PretrainingBatch

  private static let documentKey = "document"
  private static let pieceKey = "piece"

  /// - Parameters:
  ///   - copies: The model, once for each shard of a batch.
  ///   - training: Sizes of batches.
  ///   - validation: The held-out documents.
  ///   - context: The threads of what is done once a step.
  ///   - queue: Makes the queue of documents from a position on.
  init(
    _ copies: ModelCopies, training: PretrainingConfiguration.Training, validation: ValidationSet,
    context: ComputeContext, queue: @escaping (DocumentQueue.Position) -> DocumentQueue
  ) {
    self.copies = copies
    self.training = training
    self.validation = validation
    self.context = context
    makeQueue = queue
    self.queue = queue(DocumentQueue.Position())
    batch = PretrainingBatch([], shards: training.shards)
  }

  func nextBatch(step: Int, tokenCount: Int) -> Int {
    // Documents are not cut at the end of a batch, so a batch has a few tokens more, and the next one fewer.
    batch = PretrainingBatch(
      queue.next(max(1, step * training.batchTokens - tokenCount)), shards: training.shards)
    return batch.tokenCount
  }

  func takeGradients(penalty: Penalty) -> Double {
    let loss = copies.takeGradients(of: batch)
    // Once for all copies, after their passes: they share the parameters and work side by side.
    let tape = Tape(context: context, recording: true)
    let terms = penalty(tape, 1)
    tape.runBackward()
    return loss + terms
  }

  var hasValidation: Bool { validation.labelCount > 0 }

  func validationLoss() -> Double { validation.loss(copies) }

  func extent(step: Int, tokenCount: Int) -> HistoryEntry.Extent { .tokens(tokenCount) }

  var originOfNonFinite: String { copies.model.originOfNonFinite(trained: copies.parameters) }

  var state: SavedState {
    var state = SavedState()
    state.add(Self.documentKey, queue.position.document)
    state.add(Self.pieceKey, queue.position.piece)
    return state
  }

  func restore(_ state: SavedState) throws {
    queue = makeQueue(
      DocumentQueue.Position(document: try state.count(Self.documentKey), piece: try state.count(Self.pieceKey)))
  }
}
