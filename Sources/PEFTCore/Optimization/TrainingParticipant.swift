/// Takes part in a training beside the optimizer: a strategy such as an average of the weights, a penalty, noise, a
/// schedule of ranks, a projection of gradients.
///
/// The training loop tells all participants, in the order in which they were given, of each event; what one does not care
/// for it leaves to the defaults, which do nothing. One step is
///
///     stepBegins → for each pass: forward, penalty, backward → gradientsReady → clipping → gradientsClipped
///                → the optimizer's step → stepTaken → where a validation is due: validationBegins, its passes, validated
///
/// between `trainingBegins` and `trainingEnds`. Where two replace the result at the end, the later one has the last word;
/// keeping the best parameters comes before all others.
///
/// **The same bits after any interruption.** `state` holds everything that later events depend on, and draws come from
/// `TrainingMoment.seeds` under the number of the step. What can be made again from the initial values of the parameters
/// (the origin that a penalty pulls to) need not be saved: `trainingBegins` sees these also where a training resumes
/// from a checkpoint.
public protocol TrainingParticipant: AnyObject {
  /// Tells it from the others of a training, in checkpoints, messages and draws; the same in every process.
  var name: String { get }

  /// Its options in words that are equal only where it does the same; a checkpoint of other options is not taken up.
  var settings: String { get }

  /// Whether the parameters may be the result as they are.
  ///
  /// Not before a schedule is through that changes what a result is, such as one of ranks: parameters from before have no
  /// place among the best ones.
  var isSettled: Bool { get }

  /// The training begins, or begins again; parameters have their initial values.
  ///
  /// Whatever an earlier training left is to be given up here.
  func trainingBegins(_ moment: TrainingMoment) throws

  /// A step begins: what is written to the parameters here is what the passes see.
  func stepBegins(_ moment: TrainingMoment) throws

  /// Whether it takes the passes of the step that has begun again, with other values of the parameters.
  ///
  /// What does not depend on these is then computed once.
  var repeatsPasses: Bool { get }

  /// Adds terms to the loss of one pass, after its forward pass and before its backward pass.
  ///
  /// Get parameters by `tape.variable(for:)` and contribute the gradient by operations of the tape or by
  /// `tape.accumulate(into:_:)`. What depends on parameters alone is multiplied by `share`, so that it counts once a step.
  ///
  /// - Parameters:
  ///   - moment: The step.
  ///   - tape: The tape of the pass.
  ///   - share: Of the step's labelled tokens those of this pass, 0...1.
  /// - Returns: The value of the terms, which is added to the step's loss.
  func penalty(_ moment: TrainingMoment, on tape: Tape, share: Double) -> Double

  /// `Parameter.gradient` holds the gradients of the whole step, not yet clipped; they may be read, changed and cleared.
  ///
  /// A parameter without a gradient is left alone by the optimizer.
  func gradientsReady(_ moment: TrainingMoment) throws

  /// The norm of all gradients is measured, and the optimizer's step comes next.
  ///
  /// What is changed here, clipping does not see: preconditioners, which belong to the optimizer's rule. The gradients are
  /// forgotten by the step; who needs them after it keeps the tensors.
  ///
  /// - Parameters:
  ///   - moment: The step.
  ///   - factor: What the optimizer will multiply all gradients by, which are not multiplied yet: 1 unless they are too long.
  func gradientsClipped(_ moment: TrainingMoment, by factor: Double) throws

  /// The optimizer has taken its step, and gradients are forgotten.
  func stepTaken(_ moment: TrainingMoment) throws

  /// The validation loss is measured next; parameters may be exchanged for it until `validated`.
  func validationBegins(_ moment: TrainingMoment) throws

  /// The validation loss, in nats a token, of the parameters as they are.
  func validated(_ moment: TrainingMoment, loss: Double) throws

  /// The last step is taken and validated; the parameters that are left here are the result.
  ///
  /// A training that had ended already is taken up with its result and the state after it, without this call.
  func trainingEnds(_ moment: TrainingMoment) throws

  /// What later events depend on.
  var state: SavedState { get }

  /// Takes up a state; `trainingBegins` came before.
  ///
  /// - Throws: `SavedStateError` for one that does not fit; the training then starts from the beginning.
  func restore(_ state: SavedState) throws
}

extension TrainingParticipant {
  /// No options.
  public var settings: String { "" }
  /// Any moment's parameters may be the result.
  public var isSettled: Bool { true }
  /// Does nothing.
  public func trainingBegins(_ moment: TrainingMoment) throws {}
  /// Does nothing.
  public func stepBegins(_ moment: TrainingMoment) throws {}
  /// Takes none.
  public var repeatsPasses: Bool { false }
  /// Adds no term.
  public func penalty(_ moment: TrainingMoment, on tape: Tape, share: Double) -> Double { 0 }
  /// Does nothing.
  public func gradientsReady(_ moment: TrainingMoment) throws {}
  /// Does nothing.
  public func gradientsClipped(_ moment: TrainingMoment, by factor: Double) throws {}
  /// Does nothing.
  public func stepTaken(_ moment: TrainingMoment) throws {}
  /// Does nothing.
  public func validationBegins(_ moment: TrainingMoment) throws {}
  /// Does nothing.
  public func validated(_ moment: TrainingMoment, loss: Double) throws {}
  /// Does nothing.
  public func trainingEnds(_ moment: TrainingMoment) throws {}
  /// Keeps nothing.
  public var state: SavedState { SavedState() }
  /// Takes up nothing.
  public func restore(_ state: SavedState) throws {}
}

/// Where a training stands when a participant is told of it.
public struct TrainingMoment {
  /// The step that is under way or was just taken, from 1; 0 before the first one.
  public let step: Int
  /// Steps of the whole training.
  public let stepCount: Int
  /// The learning rate of the step, before the scales of groups and parameters.
  public let learningRate: Double
  /// Whether all participants are settled, so that the parameters may be the result as they are.
  public let isSettled: Bool
  /// What is trained.
  public let parameters: [Parameter]
  /// What updates it; its moments may be read, copied and changed.
  public let optimizer: Optimizer
  /// Memory and threads.
  public let context: ComputeContext
  /// Where this participant's draws come from: a function of the training's seed and of the participant's name.
  public let seeds: SeedStream

  private let passes: () throws -> Double

  /// Creates a moment.
  ///
  /// - Parameter passes: Runs the passes of the step's batch.
  public init(
    step: Int, stepCount: Int, learningRate: Double, isSettled: Bool = true, parameters: [Parameter],
    optimizer: Optimizer, context: ComputeContext, seeds: SeedStream, passes: @escaping () throws -> Double
  ) {
    self.step = step
    self.stepCount = stepCount
    self.learningRate = learningRate
    self.isSettled = isSettled
    self.parameters = parameters
    self.optimizer = optimizer
    self.context = context
    self.seeds = seeds
    self.passes = passes
  }

  /// Runs the step's batch forward and backward once more, with the values that the parameters have now, and adds the
  /// gradient to theirs.
  ///
  /// So the members of an ensemble learn from the same batch, each with values and an optimizer of its own, and so a
  /// method looks at the gradient from another point. Dropout masks are those of the step, and penalties count. To be
  /// called from `gradientsReady` or `stepTaken`; a moment that is kept does not keep the training, which must be alive.
  ///
  /// - Returns: The loss.
  /// - Throws: What ends a training, such as a loss that is not finite.
  public func takeGradients() throws -> Double { try passes() }
}
