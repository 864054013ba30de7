import PEFTCore

/// An average of the parameters over the steps, which is validated and becomes the result.
///
/// As `AveragedModel` of PyTorch's `torch.optim.swa_utils`: the first step that counts gives its values, each later one
/// moves the average towards its own. Where a method's parameters may not be the result yet, as before AdaLoRA's ranks are
/// fixed, no step counts: a mean over them would have ranks that the result must not have.
package final class WeightAverage: TrainingParticipant {
  /// The mean of all steps after a part of them, as far as they may be the result.
  ///
  /// Stochastic weight averaging (Izmailov et al. 2018, arXiv 1803.05407) takes the parameters once an epoch under a high
  /// learning rate; as in DENI's code it is every step here, under the usual schedule.
  package struct Mean: Sendable, Equatable {
    /// Where it begins, as a share of all steps.
    package var start = 0.25
  }

  /// An exponential average over all steps.
  package struct Moving: Sendable, Equatable {
    /// How much of the average stays in each step.
    package var decay = 0.999
  }

  private enum Kind {
    case mean(Mean)
    case moving(Moving)
  }

  package let name = "weight average"
  private static let countKey = "count"
  private static let valuesKey = "average"

  private let kind: Kind
  private var parameters: [Parameter] = []
  private var context = ComputeContext(threads: 1)
  private var average: ParameterSnapshot?
  /// Steps that count so far.
  private var count = 0

  init(_ mean: Mean) { kind = .mean(mean) }

  init(_ average: Moving) { kind = .moving(average) }

  package var settings: String { "\(kind)" }

  package func trainingBegins(_ moment: TrainingMoment) {
    (parameters, context, average, count) = (moment.parameters, moment.context, nil, 0)
  }

  package func stepTaken(_ moment: TrainingMoment) {
    guard moment.isSettled else { return }
    let share: Double
    switch kind {
    case .mean(let mean):
      guard moment.step >= StepShare.firstStep(from: mean.start, of: moment.stepCount) else { return }
      share = 1 / Double(count + 1)
    case .moving(let moving): share = 1 - moving.decay
    }
    if let average {
      average.average(with: parameters, share: Float(share))
    } else {
      average = snapshot()
    }
    count += 1
  }

  package func validationBegins(_ moment: TrainingMoment) { average?.exchange(with: parameters) }

  package func validated(_ moment: TrainingMoment, loss: Double) { average?.exchange(with: parameters) }

  package func trainingEnds(_ moment: TrainingMoment) {
    average?.assign(to: parameters)
    average = nil
  }

  package var state: SavedState {
    var state = SavedState()
    state.add(Self.countKey, average == nil ? 0 : count)
    average?.save(to: &state, as: Self.valuesKey)
    return state
  }

  package func restore(_ state: SavedState) throws {
    count = try state.count(Self.countKey)
    guard count > 0 else { return }
    let values = snapshot()
    try values.restore(from: state, as: Self.valuesKey)
    average = values
  }

  private func snapshot() -> ParameterSnapshot { ParameterSnapshot(of: parameters, as: .optimizer, context: context) }
}
