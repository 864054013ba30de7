import Foundation
import PEFTCore

/// AdaLoRA's allocator: follows the importance of every triplet, and switches off the least important ones of all maps.
///
/// After each step, with p the new value of an element and g the gradient that the step was taken with (clipped):
///
///     I = |p·g|,   Ī ← β₁·Ī + (1 − β₁)·I,   Ū ← β₂·Ū + (1 − β₂)·|I − Ī|,   importance = Ī·Ū
///     of a triplet: that of E, plus the means over A's row and over B's column
///     budget(t) = b₀ up to t₀;   b₁ + (b₀ − b₁)·(1 − (t − t₀)/(T − t₁ − t₀))³;   b₁ from T − t₁ on
///
/// with b₀ the triplets at the start, b₁ = target_rank · maps, t₀ and t₁ the initial and final steps, T all steps of the
/// training. Every `interval` steps, and at T − t₁ for good, E is set to zero wherever the importance is not above that of
/// the last one that must go; until then a gradient may bring one back. Until T − t₁ no parameters are kept as the best ones,
/// since they have more ranks than the result may have.
///
/// Source: Zhang et al. 2023, arXiv 2303.10512, equations 8 to 12; PEFT's `RankAllocator`, called after every step.
final class RankBudget: TrainingParticipant, ScheduledParticipant {
  let name: String
  let settings: String

  private let options: Settings
  private let orthogonality: Double
  private let adapters: [AdaLoRAAdapter]
  /// A, E and B of every map, map by map.
  private let parameters: [Parameter]
  /// Ī and Ū of every parameter; empty once the ranks are fixed.
  private var averages: [(importance: Tensor, uncertainty: Tensor)] = []
  /// The triplets that are left, map by map; nil until they are fixed.
  private var kept: [[Bool]]?
  /// The gradients of the step that is under way, and what clipping multiplies them by.
  private var gradients: (tensors: [Tensor?], factor: Float) = ([], 1)

  init(of adapters: [AdaLoRAAdapter], settings: Settings, orthogonality: Double, setting: AttachmentSetting) {
    self.adapters = adapters
    options = settings
    self.orthogonality = orthogonality
    parameters = adapters.flatMap(\.parameters)
    name = setting.namespace + "rank budget"
    self.settings = (settings.options + [("orthogonality", orthogonality.document)])
      .map { "\($0.0) \($0.1.compactText)" }.joined(separator: ", ")
  }

  var isSettled: Bool { kept != nil }

  var schedule: any StepSchedule { options }

  func trainingBegins(_ moment: TrainingMoment) throws {
    try options.check(stepCount: moment.stepCount)
    kept = nil
    averages = parameters.map { parameter in
      func zeros() -> Tensor { Tensor(zeros: parameter.shape, in: moment.context.pool, as: .optimizer) }
      return (zeros(), zeros())
    }
  }

  // MARK: - The penalty

  func penalty(_ moment: TrainingMoment, on tape: Tape, share: Double) -> Double {
    guard orthogonality > 0 else { return 0 }
    let weight = share * orthogonality / Double(2 * adapters.count)
    return adapters.filter { $0.rank > 0 }.reduce(0) { sum, adapter in
      sum + OrthogonalityPenalty(on: adapter.a, rank: adapter.rank, areRows: true).add(weight, to: tape)
        + OrthogonalityPenalty(on: adapter.b, rank: adapter.rank, areRows: false).add(weight, to: tape)
    }
  }

  // MARK: - The steps

  func gradientsClipped(_ moment: TrainingMoment, by factor: Double) {
    gradients = kept == nil ? (parameters.map(\.gradient), Float(factor)) : ([], 1)
  }

  func stepTaken(_ moment: TrainingMoment) {
    let last = moment.stepCount - options.finalSteps
    if moment.step < last {
      followImportance()
      if moment.step > options.initialSteps, moment.step % options.interval == 0 {
        mask(importantTriplets(budget(at: moment.step, last: last)))
      }
    } else if moment.step == last {
      let triplets = importantTriplets(budget(at: moment.step, last: last))
      kept = triplets
      mask(triplets)
      averages = []
    } else if let kept {
      mask(kept)
    }
    gradients = ([], 1)
  }

  private func followImportance() {
    let (first, second) = (Float(options.sensitivityDecay), Float(options.uncertaintyDecay))
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = gradients.tensors[index] else { continue }
      let (value, gradientValue) = (parameter.value.elements, gradient.elements)
      let (mean, spread) = (averages[index].importance.mutableElements, averages[index].uncertainty.mutableElements)
      for element in 0..<parameter.elementCount {
        let importance = abs(value[element] * (gradientValue[element] * gradients.factor))
        mean[element] = first * mean[element] + (1 - first) * importance
        spread[element] = second * spread[element] + (1 - second) * abs(importance - mean[element])
      }
    }
  }

  /// Triplets that all maps together may have after a step.
  private func budget(at step: Int, last: Int) -> Int {
    let (start, target) = (adapters.reduce(0) { $0 + $1.rank }, options.targetRank * adapters.count)
    let rest = 1 - Double(step - options.initialSteps) / Double(last - options.initialSteps)
    return Int(Double(start - target) * pow(rest, 3) + Double(target))
  }

  /// Which triplets a budget leaves: those above the threshold, so that fewer are left where several have its importance.
  private func importantTriplets(_ budget: Int) -> [[Bool]] {
    let scores = adapters.indices.map(scores)
    let sorted = scores.flatMap(\.self).sorted()
    let excess = sorted.count - budget
    return excess > 0 ? scores.map { $0.map { $0 > sorted[excess - 1] } } : scores.map { $0.map { _ in true } }
  }

  /// The importance of a map's triplets.
  private func scores(_ map: Int) -> [Float] {
    let adapter = adapters[map]
    guard adapter.rank > 0 else { return [] }
    let first = 3 * adapters[..<map].count(where: { $0.rank > 0 })
    func products(_ offset: Int) -> [Float] {
      let (importance, uncertainty) = averages[first + offset]
      return zip(importance.values, uncertainty.values).map { $0 * $1 }
    }
    let (a, e, b) = (products(0), products(1), products(2))
    let (rank, inputs, outputs) = (adapter.rank, adapter.a.shape[1], adapter.outputs)
    return (0..<rank).map { triplet in
      let row = a[(triplet * inputs)..<((triplet + 1) * inputs)].reduce(0.0) { $0 + Double($1) } / Double(inputs)
      let column = (0..<outputs).reduce(0.0) { $0 + Double(b[$1 * rank + triplet]) } / Double(outputs)
      return e[triplet] + (Float(row) + Float(column))
    }
  }

  private func mask(_ kept: [[Bool]]) {
    for (adapter, kept) in zip(adapters, kept) {
      for (triplet, isKept) in kept.enumerated() where !isKept { adapter.e.value.mutableElements[triplet] = 0 }
    }
  }

  func trainingEnds(_ moment: TrainingMoment) { averages = [] }

  // MARK: - Its state

  private static let keptKey = "kept"

  var state: SavedState {
    var state = SavedState()
    if let kept {
      state.add(Self.keptKey, kept.map { String($0.map { $0 ? "1" : "0" }) }.joined(separator: " "))
    }
    for (index, average) in averages.enumerated() {
      state.add("importance.\(index)", average.importance)
      state.add("uncertainty.\(index)", average.uncertainty)
    }
    return state
  }

  func restore(_ state: SavedState) throws {
    if let text = state.texts[Self.keptKey] {
      let saved = text.split(separator: " ", omittingEmptySubsequences: false).map { $0.map { $0 == "1" } }
      guard saved.map(\.count) == adapters.map(\.rank) else {
        throw SavedStateError("\"\(Self.keptKey)\" belongs to maps of other ranks")
      }
      (kept, averages) = (saved, [])
      return
    }
    for (index, average) in averages.enumerated() {
      for (name, tensor) in [("importance", average.importance), ("uncertainty", average.uncertainty)] {
        let saved = try state.tensor("\(name).\(index)", shape: tensor.shape)
        tensor.mutableElements.update(from: saved.elements, count: tensor.elementCount)
      }
    }
  }
}
