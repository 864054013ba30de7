import PEFTCore
import PEFTMethods

/// The training steps that runs are planned by, each prepared once for all runs that take the same.
final class TrainingRehearsals {
  /// What the memory of a training step follows from.
  private struct Key: Hashable {
    let method: String
    let batch: BatchOutline
    let holdsAllGradients: Bool
  }

  /// Whose address space all steps share.
  private let shapes = ComputeContext.shapeOnly()
  private var known: [Key: TrainingRehearsal?] = [:]

  /// A step of a run's training with its largest batch, gone through without arithmetic.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - methodKey: What tells its method on its model apart from others.
  ///   - figures: What the method costs.
  ///   - sizes: The sizes of the run's data.
  ///   - outline: The run's model.
  /// - Returns: Nil where nothing is trained, or there is no address space for the shapes.
  /// - Throws: What attaching the method throws.
  func rehearsal(
    of run: PlannedRun, methodKey: String, _ figures: MethodFigures, _ sizes: DatasetSizes, _ outline: ModelOutline
  ) throws -> TrainingRehearsal? {
    guard run.trains, figures.trainable > 0 else { return nil }
    let settings = run.training
    // Some strategies go through the batch of a step more than once.
    let holdsAllGradients = settings.gradientAccumulation > 1 || settings.strategy != .standard
    let key = Key(
      method: methodKey, batch: sizes.largestBatch(settings.batchSize), holdsAllGradients: holdsAllGradients)
    if let rehearsal = known[key] { return rehearsal }
    let context = ComputeContext.shapeOnly(besides: shapes)
    let skeleton = try outline.files.skeleton()
    let attachment = try run.method.attachShapes(
      to: skeleton, context: context, tokenizer: outline.renderer.tokenizer)
    let rehearsal = TrainingRehearsal(
      skeleton, attachment: attachment, context: context, batch: key.batch, holdsAllGradients: holdsAllGradients)
    known[key] = .some(rehearsal)
    return rehearsal
  }
}
