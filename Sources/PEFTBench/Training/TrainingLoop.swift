import Dispatch
import Foundation
import PEFTCore

/// Everything whose values change from step to step, and which a checkpoint therefore holds.
struct TrainingAssembly {
  /// What is trained.
  let parameters: [Parameter]
  /// What updates it.
  let optimizer: Optimizer
  /// Where gradients come from.
  let source: any TrainingSource
  /// Who is told of each event, in this order; their names differ.
  let participants: [any TrainingParticipant]
}

/// The one loop of every training: batch → gradients → optimizer's step → history → validation → checkpoint.
///
/// It owns the order of events, what is written into the history, and what ends a training. What a batch is it leaves to
/// the source, and everything optional to the participants (`TrainingParticipant` names the events and their order).
final class TrainingLoop {
  /// How many steps there are, and what happens at which.
  struct Plan {
    /// Optimizer steps of the whole training.
    var steps: Int
    /// Highest learning rate.
    var learningRate: Double
    /// The learning rate over the steps, as a share of the highest.
    var schedule: LearningRateSchedule
    /// Steps between two lines of the history; the last step has one too.
    var loggingSteps: Int
    /// Steps between two validations.
    var validationEvery: Int
    /// Whether the last step is validated, whatever its number.
    var validatesLast: Bool
  }

  /// What is told while a training goes on.
  enum Event {
    /// It resumes from a checkpoint after this many steps and tokens.
    case resumed(step: Int, tokens: Int)
    /// The loss on the validation set.
    case validated(step: Int, loss: Double)
    /// A step was taken, and validated where that was due: its loss, what the training came to, and whether the history
    /// has a line for the step.
    case stepped(loss: Double, outcome: TrainingOutcome, isLogged: Bool)
  }

  private let assembly: TrainingAssembly
  private let plan: Plan
  private let context: ComputeContext
  /// For each participant where it draws from.
  private let seeds: [SeedStream]
  private var state = TrainingState()
  private let start = DispatchTime.now()
  /// What earlier attempts took.
  private var earlier = TrainingOutcome()

  private static let advice = "the learning rate may be too high"
  /// A loss, in nats a token, from which no training comes back: to know nothing at all costs 13 at most.
  private static let divergedLoss = 1000.0

  /// Creates a loop.
  ///
  /// - Precondition: The names of the participants differ.
  init(_ assembly: TrainingAssembly, plan: Plan, seeds: SeedStream, context: ComputeContext) {
    let names = assembly.participants.map(\.name)
    precondition(Set(names).count == names.count, "TrainingLoop: two participants of one name among \(names)")
    self.assembly = assembly
    self.plan = plan
    self.context = context
    self.seeds = names.map { seeds.child("participants").child($0) }
  }

  /// Trains, from a checkpoint on where there is one.
  ///
  /// - Parameters:
  ///   - checkpoint: Where the state is kept.
  ///   - watch: Called with what happens; what it throws ends the training, after a checkpoint.
  /// - Returns: The history and totals; the parameters hold the result.
  /// - Throws: `TrainingFailure` where a loss or gradient is not finite or enormous; what participants and `watch` throw,
  ///   and for a checkpoint that must not be passed over what is wrong with it.
  func run(checkpoint: TrainingCheckpoint?, watch: (Event) throws -> Void) throws -> TrainingOutcome {
    context.pool.resetPeak()
    try tell { try $0.trainingBegins($1) }
    if let checkpoint { try resume(from: checkpoint) }
    if state.outcome.resumedStep > 0 {
      try watch(.resumed(step: state.outcome.resumedStep, tokens: state.outcome.tokenCount))
    }
    guard !state.isEnded else { return state.outcome }
    while state.outcome.stepCount < plan.steps {
      let (loss, isLogged) = try takeStep()
      let step = state.outcome.stepCount
      let isValidated = step % plan.validationEvery == 0 || (plan.validatesLast && step == plan.steps)
      let validationLoss = isValidated ? try validate() : nil
      do {
        if let validationLoss { try watch(.validated(step: step, loss: validationLoss)) }
        try watch(.stepped(loss: loss, outcome: state.outcome, isLogged: isLogged))
      } catch {
        save(to: checkpoint)
        throw error
      }
      if step < plan.steps, checkpoint?.isDue(step: step) == true { save(to: checkpoint) }
    }
    try tell { try $0.trainingEnds($1) }
    state.isEnded = true
    countCosts()
    return state.outcome
  }

  // MARK: - One step

  private func takeStep() throws -> (loss: Double, isLogged: Bool) {
    let step = state.outcome.stepCount + 1
    try tell(step) { try $0.stepBegins($1) }
    let tokens = try assembly.source.nextBatch(step: step, tokenCount: state.outcome.tokenCount)
    assembly.source.keepCommonPart(assembly.participants.contains(where: \.repeatsPasses))
    defer { assembly.source.keepCommonPart(false) }
    let loss = try takeGradients(step)
    try tell(step) { try $0.gradientsReady($1) }
    let norm = assembly.optimizer.gradientNorm()
    guard norm.isFinite else {
      let culprit = assembly.parameters.first { parameter in
        parameter.gradient.map { !$0.values.allSatisfy(\.isFinite) } ?? false
      }
      let place = culprit.map { "; the gradient of \($0.name) is not finite" } ?? ""
      throw TrainingFailure(description: "step \(step): the gradient's norm is \(norm)\(place); \(Self.advice)")
    }
    let factor = assembly.optimizer.clippingFactor(gradientNorm: norm)
    try tell(step) { try $0.gradientsClipped($1, by: factor) }
    let rate = learningRate(step)
    assembly.optimizer.step(learningRate: rate, gradientNorm: norm)
    state.outcome.stepCount = step
    state.outcome.tokenCount += tokens
    state.outcome.lastLoss = loss
    state.logged = (state.logged.loss + loss, state.logged.steps + 1)
    try tell(step) { try $0.stepTaken($1) }
    let isLogged = step % plan.loggingSteps == 0 || step == plan.steps
    if isLogged {
      state.outcome.history.append(
        .step(
          step: step, extent: extent, loss: state.logged.loss / Double(state.logged.steps), learningRate: rate,
          gradientNorm: norm, tokens: state.outcome.tokenCount))
      state.logged = (0, 0)
    }
    return (loss, isLogged)
  }

  /// The passes of the step's batch, with all penalties.
  private func takeGradients(_ step: Int) throws(TrainingFailure) -> Double {
    var penalties = 0.0
    let loss = assembly.source.takeGradients { tape, share in
      let sum = zip(assembly.participants, seeds).reduce(0.0) { sum, participant in
        sum + participant.0.penalty(moment(step, participant.1), on: tape, share: share)
      }
      penalties += sum
      return sum
    }
    guard loss.isFinite else {
      let value = loss.isNaN ? "not a number" : "\(loss)"
      throw TrainingFailure(
        description: "step \(step): the loss is \(value)\(assembly.source.originOfNonFinite); \(Self.advice)")
    }
    guard loss - penalties <= Self.divergedLoss else {
      throw TrainingFailure(
        description: "step \(step): the loss is \(loss - penalties), so the training has diverged; \(Self.advice)")
    }
    return loss
  }

  private func validate() throws -> Double? {
    let step = state.outcome.stepCount
    guard assembly.source.hasValidation else { return nil }
    try tell(step) { try $0.validationBegins($1) }
    let loss = assembly.source.validationLoss()
    guard loss.isFinite else {
      throw TrainingFailure(
        description:
          "step \(step): the validation loss is \(loss)\(assembly.source.originOfNonFinite); \(Self.advice)")
    }
    state.outcome.history.append(.validation(step: step, extent: extent, loss: loss))
    try tell(step) { try $0.validated($1, loss: loss) }
    return loss
  }

  private func learningRate(_ step: Int) -> Double {
    plan.learningRate * plan.schedule.factor(at: max(1, step) - 1)
  }

  private var extent: HistoryEntry.Extent {
    assembly.source.extent(step: state.outcome.stepCount, tokenCount: state.outcome.tokenCount)
  }

  // MARK: - Participants

  /// Tells all participants of an event, in their order.
  private func tell(
    _ step: Int? = nil, _ event: (any TrainingParticipant, TrainingMoment) throws -> Void
  ) rethrows {
    for (participant, seeds) in zip(assembly.participants, seeds) {
      try event(participant, moment(step ?? state.outcome.stepCount, seeds))
    }
  }

  /// What a participant is told.
  ///
  /// It may outlive the training, which it must not hold: tensors that nothing frees would be in the peak of every later run.
  private func moment(_ step: Int, _ seeds: SeedStream) -> TrainingMoment {
    TrainingMoment(
      step: step, stepCount: plan.steps, learningRate: learningRate(step),
      isSettled: assembly.participants.allSatisfy(\.isSettled), parameters: assembly.parameters,
      optimizer: assembly.optimizer, context: context, seeds: seeds,
      passes: { [unowned self] in try takeGradients(step) })
  }

  // MARK: - Checkpoints

  private func resume(from checkpoint: TrainingCheckpoint) throws {
    do {
      guard let saved = try checkpoint.restore(assembly, steps: plan.steps) else { return }
      state = saved
    } catch {
      try checkpoint.putAside(error)
      // Some may have taken their state up before another one's did not fit.
      return try tell { try $0.trainingBegins($1) }
    }
    state.outcome.resumedStep = state.outcome.stepCount
    earlier = state.outcome
    // Taking the state up is not part of the training whose memory counts.
    context.pool.resetPeak()
  }

  private func save(to checkpoint: TrainingCheckpoint?) {
    countCosts()
    checkpoint?.save(state, of: assembly)
  }

  private func countCosts() {
    state.outcome.seconds = earlier.seconds + start.secondsUntilNow
    state.outcome.peak = earlier.peak.peak(with: context.pool.peak)
    state.outcome.frozenUsage = earlier.frozenUsage + assembly.source.frozenUsage
  }
}
