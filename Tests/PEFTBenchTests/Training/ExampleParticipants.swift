import PEFTCore

/// Takes part and does nothing.
final class Nothing: TrainingParticipant {
  let name = "nothing"
}

/// An exponential average of the parameters, which is validated and becomes the result.
final class ExponentialAverage: TrainingParticipant {
  let name = "exponential average"
  let decay: Float
  private var average: ParameterSnapshot?
  private var parameters: [Parameter] = []

  init(decay: Float) { self.decay = decay }

  var settings: String { "decay \(decay)" }

  func trainingBegins(_ moment: TrainingMoment) {
    parameters = moment.parameters
    average = ParameterSnapshot(of: parameters, as: .optimizer, context: moment.context)
  }

  func stepTaken(_ moment: TrainingMoment) { average?.average(with: parameters, share: 1 - decay) }

  func validationBegins(_ moment: TrainingMoment) { average?.exchange(with: parameters) }

  func validated(_ moment: TrainingMoment, loss: Double) { average?.exchange(with: parameters) }

  func trainingEnds(_ moment: TrainingMoment) { average?.assign(to: parameters) }

  var state: SavedState {
    var state = SavedState()
    average?.save(to: &state, as: "average")
    return state
  }

  func restore(_ state: SavedState) throws { try average?.restore(from: state, as: "average") }
}

/// Pulls the parameters back to where they began: `strength / 4 · Σ (p − origin)⁴`.
///
/// The origin is not saved, since a training that is taken up begins with the same values.
final class PullToOrigin: TrainingParticipant {
  let name = "pull"
  let strength: Double
  private var origin: ParameterSnapshot?

  init(strength: Double) { self.strength = strength }

  var settings: String { "strength \(strength)" }

  func trainingBegins(_ moment: TrainingMoment) {
    origin = ParameterSnapshot(of: moment.parameters, as: .adapter, context: moment.context)
  }

  func penalty(_ moment: TrainingMoment, on tape: Tape, share: Double) -> Double {
    var value = 0.0
    for (parameter, origin) in zip(moment.parameters, origin?.tensors ?? []) {
      let variable = tape.variable(for: parameter)
      let differences = zip(variable.value.values, origin.values).map { Double($0) - Double($1) }
      value += share * strength / 4 * differences.reduce(0) { $0 + $1 * $1 * $1 * $1 }
      tape.accumulate(into: variable) { gradient, accumulates in
        for (index, difference) in differences.enumerated() {
          let term = Float(share * strength * difference * difference * difference)
          gradient[index] = accumulates ? gradient[index] + term : term
        }
      }
    }
    return value
  }
}

/// Divides the gradients by one more than the sum of their norms so far, and adds noise to the parameters before every
/// other step: a number as state, changed gradients, and draws.
final class DampingWithNoise: TrainingParticipant {
  let name = "damping"
  private var sum = 0.0

  func trainingBegins(_ moment: TrainingMoment) { sum = 0 }

  func stepBegins(_ moment: TrainingMoment) {
    guard moment.step % 2 == 0, let parameter = moment.parameters.first else { return }
    let noise = moment.seeds.child(moment.step).normals(parameter.elementCount, standardDeviation: 1e-3)
    for (index, value) in noise.enumerated() { parameter.value.mutableElements[index] += value }
  }

  func gradientsReady(_ moment: TrainingMoment) {
    sum += moment.optimizer.gradientNorm()
    for parameter in moment.parameters {
      parameter.accumulateGradient { gradient, _ in
        for index in 0..<parameter.elementCount { gradient[index] /= Float(1 + sum) }
      }
    }
  }

  var state: SavedState {
    var state = SavedState()
    state.add("sum", sum)
    return state
  }

  func restore(_ state: SavedState) throws { sum = try state.number("sum") }
}

/// A second set of parameters with an optimizer of its own, which learns from the same batches.
final class SecondMember: TrainingParticipant {
  let name = "second member"
  private let makeOptimizer: ([Parameter], ComputeContext) -> Optimizer
  private(set) var values: ParameterSnapshot?
  private var optimizer: Optimizer?

  init(optimizer: @escaping ([Parameter], ComputeContext) -> Optimizer) { makeOptimizer = optimizer }

  func trainingBegins(_ moment: TrainingMoment) {
    values = ParameterSnapshot(of: moment.parameters, as: .adapter, context: moment.context)
    optimizer = makeOptimizer(moment.parameters, moment.context)
  }

  func stepTaken(_ moment: TrainingMoment) throws {
    guard let values, let optimizer else { return }
    values.exchange(with: moment.parameters)
    _ = try moment.takeGradients()
    optimizer.step(learningRate: moment.learningRate, gradientNorm: optimizer.gradientNorm())
    values.exchange(with: moment.parameters)
  }

  var state: SavedState {
    var state = SavedState()
    values?.save(to: &state, as: "value")
    for (index, moment) in (optimizer?.moments ?? []).enumerated() { state.add("moment.\(index)", moment) }
    state.add("steps", optimizer?.stepCount ?? 0)
    return state
  }

  func restore(_ state: SavedState) throws {
    let moments = try (optimizer?.moments ?? []).enumerated().map {
      try state.tensor("moment.\($0)", like: $1)
    }
    try values?.restore(from: state, as: "value")
    guard optimizer?.restore(stepCount: try state.count("steps"), moments: moments) == true else {
      throw SavedStateError("the optimizer is another one")
    }
  }
}

/// Calls a closure at every event, with its name and step.
final class Listener: TrainingParticipant {
  let name: String
  private let hear: (_ event: String, _ step: Int) -> Void
  /// What a penalty was told of its share.
  private(set) var shares: [Double] = []
  /// What it was told of clipping.
  private(set) var factors: [Double] = []
  /// Whether a saved state is refused.
  var refuses = false

  init(_ name: String = "listener", hear: @escaping (_ event: String, _ step: Int) -> Void = { _, _ in }) {
    self.name = name
    self.hear = hear
  }

  func trainingBegins(_ moment: TrainingMoment) { hear("trainingBegins", moment.step) }
  func stepBegins(_ moment: TrainingMoment) { hear("stepBegins", moment.step) }
  func penalty(_ moment: TrainingMoment, on tape: Tape, share: Double) -> Double {
    hear("penalty", moment.step)
    shares.append(share)
    return 0
  }
  func gradientsReady(_ moment: TrainingMoment) { hear("gradientsReady", moment.step) }
  func gradientsClipped(_ moment: TrainingMoment, by factor: Double) {
    hear("gradientsClipped", moment.step)
    factors.append(factor)
  }
  func stepTaken(_ moment: TrainingMoment) { hear("stepTaken", moment.step) }
  func validationBegins(_ moment: TrainingMoment) { hear("validationBegins", moment.step) }
  func validated(_ moment: TrainingMoment, loss: Double) { hear("validated", moment.step) }
  func trainingEnds(_ moment: TrainingMoment) { hear("trainingEnds", moment.step) }
  func restore(_ state: SavedState) throws {
    hear("restore", 0)
    if refuses { throw SavedStateError("it is not liked") }
  }
}
