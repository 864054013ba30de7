import PEFTCore

/// Keeps the parameters with the lowest validation loss, and makes them the result.
///
/// Of equal losses the first counts. The copy's memory is outside the count: what a method costs does not depend on how
/// its best parameters are chosen.
final class BestParameters: TrainingParticipant {
  let name = "best"

  private static let lossKey = "loss"
  private static let valuesKey = "values"

  private let context: ComputeContext
  private var parameters: [Parameter] = []
  private var best: (loss: Double, values: ParameterSnapshot)?

  init() { context = ComputeContext(threads: 1) }

  func trainingBegins(_ moment: TrainingMoment) {
    parameters = moment.parameters
    best = nil
  }

  func validated(_ moment: TrainingMoment, loss: Double) {
    guard moment.isSettled, loss < best?.loss ?? .infinity else { return }
    if let values = best?.values { values.update(from: parameters) }
    best = (loss, best?.values ?? snapshot())
  }

  func trainingEnds(_ moment: TrainingMoment) {
    best?.values.assign(to: parameters)
    best = nil
  }

  var state: SavedState {
    var state = SavedState()
    if let best {
      state.add(Self.lossKey, best.loss)
      best.values.save(to: &state, as: Self.valuesKey)
    }
    return state
  }

  func restore(_ state: SavedState) throws {
    guard state.texts[Self.lossKey] != nil else { return }
    let values = snapshot()
    try values.restore(from: state, as: Self.valuesKey)
    best = (try state.number(Self.lossKey), values)
  }

  private func snapshot() -> ParameterSnapshot { ParameterSnapshot(of: parameters, as: .adapter, context: context) }
}
