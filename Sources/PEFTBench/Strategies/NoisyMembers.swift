import PEFTCore

/// Trains copies of the parameters beside them in the phases of noisy interpolation and of a delayed ensemble.
///
/// A copy is a snapshot of the trainable parameters with an optimizer of its own; the frozen model is shared. All members
/// learn from the same batches with the same dropout masks, one pass of the batch each. What a method does at events of the
/// training, such as a schedule of ranks or a rule for gradients, it would do to the first member alone, so such methods are
/// refused with copies.
package final class NoisyMembers: TrainingParticipant {
  package let name = "noisy members"
  private static let countKey = "members"
  private static let optimizerKey = "optimizers"

  private struct Member {
    let values: ParameterSnapshot
    /// Nil once the training has ended.
    var optimizer: Optimizer?
  }

  private let phases: MemberPhases
  /// Of copies with a fresh optimizer.
  private let learningRate: Double
  private var events: [Int: [MemberPhases.Event]] = [:]
  private var copies: [Member] = []
  /// What copies are made of; nil before the training begins.
  ///
  /// The whole moment would not let go of what else it has.
  private var origin: (parameters: [Parameter], optimizer: Optimizer, context: ComputeContext)?

  /// Creates the members.
  ///
  /// - Parameters:
  ///   - phases: When they part.
  ///   - learningRate: The highest of the training, which copies with a fresh optimizer keep.
  package init(_ phases: MemberPhases, learningRate: Double) {
    (self.phases, self.learningRate) = (phases, learningRate)
  }

  package var settings: String { TrainingStrategy.members(phases).canonical.compactText + " at \(learningRate)" }

  /// The values of the members beside the first, whose the parameters are; of a training that has ended those that vote.
  package var values: [ParameterSnapshot] { copies.map(\.values) }

  package func trainingBegins(_ moment: TrainingMoment) {
    origin = (moment.parameters, moment.optimizer, moment.context)
    copies = []
    events = Dictionary(grouping: phases.events(of: moment.stepCount), by: \.step).mapValues { $0.map(\.event) }
  }

  package func stepBegins(_ moment: TrainingMoment) { happen(at: moment.step, moment) }

  private func happen(at step: Int, _ moment: TrainingMoment) {
    for event in events[step] ?? [] {
      switch event {
      case .split(let share): split(share, moment)
      case .merge: merge(into: moment.parameters)
      }
    }
  }

  private func split(_ share: Double, _ moment: TrainingMoment) {
    let keepsState = phases.optimizer == .copied
    copies = (1..<phases.members).map { number in
      let values = ParameterSnapshot(of: moment.parameters, as: .adapter, context: moment.context)
      ParameterNoise.addNormal(share, to: values, seeds: moment.seeds.child(moment.step).child(number))
      return Member(values: values, optimizer: moment.optimizer.twin(keepsState: keepsState))
    }
  }

  /// Gives the parameters the mean of all members, and lets the copies go.
  ///
  /// The mean is a running one, which of equal values is that value to the bit.
  private func merge(into parameters: [Parameter]) {
    guard let mean = copies.first?.values else { return }
    mean.average(with: parameters, share: 0.5)
    for (number, copy) in copies.dropFirst().enumerated() {
      copy.values.assign(to: parameters)
      mean.average(with: parameters, share: 1 / Float(number + 3))
    }
    mean.assign(to: parameters)
    copies = []
  }

  package var repeatsPasses: Bool { !copies.isEmpty }

  package func stepTaken(_ moment: TrainingMoment) throws {
    let rate = phases.optimizer == .copied ? moment.learningRate : learningRate
    for (index, copy) in copies.enumerated() {
      guard let optimizer = copy.optimizer else { continue }
      copy.values.exchange(with: moment.parameters)
      _ = try moment.takeGradients()
      let norm = optimizer.gradientNorm()
      guard norm.isFinite else {
        throw NonFiniteError("step \(moment.step): the norm of the gradient of member \(index + 2) is \(norm)")
      }
      optimizer.step(learningRate: rate, gradientNorm: norm)
      copy.values.exchange(with: moment.parameters)
    }
  }

  package func trainingEnds(_ moment: TrainingMoment) {
    happen(at: moment.stepCount + 1, moment)
    for index in copies.indices { copies[index].optimizer = nil }
    origin = nil
  }

  // MARK: - State

  package var state: SavedState {
    var state = SavedState()
    state.add(Self.countKey, copies.count)
    state.add(Self.optimizerKey, copies.count { $0.optimizer != nil })
    for (number, copy) in copies.enumerated() {
      copy.values.save(to: &state, as: "\(number).value")
      guard let optimizer = copy.optimizer else { continue }
      state.add("\(number).steps", optimizer.stepCount)
      if let steps = optimizer.parameterSteps {
        state.add("\(number).parameter_steps", steps.map(String.init).joined(separator: ","))
      }
      for (index, tensor) in optimizer.moments.enumerated() { state.add("\(number).moment.\(index)", tensor) }
    }
    return state
  }

  package func restore(_ state: SavedState) throws {
    guard let origin else { return }
    let (count, withOptimizer) = (try state.count(Self.countKey), try state.count(Self.optimizerKey))
    guard [0, phases.members - 1].contains(count), [0, count].contains(withOptimizer) else {
      throw SavedStateError("it has \(count) copies, \(withOptimizer) of them with an optimizer")
    }
    copies = try (0..<count).map { number in
      let values = ParameterSnapshot(of: origin.parameters, as: .adapter, context: origin.context)
      try values.restore(from: state, as: "\(number).value")
      guard withOptimizer > 0 else { return Member(values: values, optimizer: nil) }
      let optimizer = origin.optimizer.twin(keepsState: false)
      let moments = try optimizer.moments.enumerated().map { index, own in
        try state.tensor("\(number).moment.\(index)", like: own)
      }
      let steps = state.texts["\(number).parameter_steps"]?.split(separator: ",").map { Int($0) ?? -1 }
      guard
        optimizer.restore(stepCount: try state.count("\(number).steps"), parameterSteps: steps, moments: moments)
      else {
        throw SavedStateError("the optimizer of member \(number + 2) is another one")
      }
      return Member(values: values, optimizer: optimizer)
    }
  }
}
