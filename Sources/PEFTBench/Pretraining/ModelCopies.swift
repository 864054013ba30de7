import PEFTCore

/// Copies of one model that go through the shards of a batch side by side.
///
/// They share the weights; each has gradients, memory and a thread of its own. A small model's matrices are too small to
/// share out among threads one by one, a batch is not. The copies are as many as the shards, whatever the
/// threads, and their gradients are added in order, so that the sums have the same bits for every number of threads.
final class ModelCopies {
  /// The trained parameters, those of the first copy.
  var parameters: [Parameter] { copies[0].parameters }
  /// The model itself, for those who want one.
  var model: CausalLanguageModel { copies[0].model }

  private struct Copy {
    let model: CausalLanguageModel
    let parameters: [Parameter]
    let context: ComputeContext

    var step: TrainingStep { TrainingStep(model: model, context: context) }
  }

  private let copies: [Copy]
  private let context: ComputeContext

  /// Makes copies of a model with random weights.
  ///
  /// - Parameters:
  ///   - count: How many; at least one.
  ///   - standardDeviation: Of the initial weights.
  ///   - seeds: Where they are drawn from.
  ///   - context: The threads.
  ///   - skeleton: Makes the model without weights.
  init(
    _ count: Int, standardDeviation: Float, seeds: SeedStream, context: ComputeContext,
    skeleton: () throws -> CausalLanguageModel
  ) rethrows {
    let first = try skeleton()
    let own = ComputeContext(threads: 1)
    let parameters = first.initializeFromScratch(standardDeviation: standardDeviation, seeds: seeds, context: own)
    var copies = [Copy(model: first, parameters: parameters, context: own)]
    for _ in 1..<max(1, count) {
      let model = try skeleton()
      let context = ComputeContext(threads: 1)
      copies.append(
        Copy(
          model: model, parameters: model.shareTrainedWeights(of: parameters, context: context), context: context))
    }
    self.copies = copies
    self.context = context
  }

  /// Adds the gradient of a batch to the parameters.
  ///
  /// - Returns: The mean loss.
  func takeGradients(of batch: PretrainingBatch) -> Double {
    let loss = sum(over: batch, recording: true)
    GradientSum.collect(copies.map(\.parameters), context: context)
    return loss
  }

  /// The mean loss over the labels of a batch.
  func loss(of batch: PretrainingBatch) -> Double { sum(over: batch, recording: false) }

  private func sum(over batch: PretrainingBatch, recording: Bool) -> Double {
    precondition(
      batch.shards.count == copies.count, "ModelCopies: \(batch.shards.count) shards, \(copies.count) copies")
    var losses = [Double](repeating: 0, count: copies.count)
    losses.withUnsafeMutableBufferPointer { losses in
      nonisolated(unsafe) let losses = losses
      context.workers.run(pieces: copies.count) { index in
        let copy = copies[index]
        for part in batch.shards[index] {
          losses[index] += recording ? copy.step.takeGradients(of: part, dropout: nil) : copy.step.loss(of: part)
        }
      }
    }
    return losses.reduce(0, +)
  }
}
