import Foundation
import PEFTCore

/// How far the weight updates of added task vectors are from the sum of their weight updates.
///
///     exact = ΔW(θ₀) + Σ wᵢ·(ΔW(θᵢ) − ΔW(θᵢ₀)),   where ΔW(θ) is what an adapter with the parameters θ adds to a weight
///
/// Methods whose update is linear in their parameters (IA3, added biases, VeRA with one of its vectors …) are exact but for
/// rounding; products of parameters (LoRA, LoHa …) and rotations are not.
extension TaskVectors {
  /// How far the result is from the exact sum, and what should be known of that.
  ///
  /// - Parameters:
  ///   - result: The sum as an adapter, or a vector.
  ///   - sum: What it was made of, what cancels out left away.
  ///   - first: The adapter whose settings it has, and what no training changes.
  func exactness(
    of result: AdapterFile, against sum: ValueSum, as first: AdapterFile
  ) -> (exactness: AdapterCombination.Exactness, note: String?) {
    func unmeasured(_ reason: String) -> (AdapterCombination.Exactness, String?) { (.unmeasured(because: reason), nil) }
    guard !result.isVector else {
      return unmeasured("a vector changes no weight before it is added to an origin")
    }
    if let vector = parts.first(where: \.file.isVector) {
      return unmeasured("\(vector.file.path) is a vector, which changes no weight by itself")
    }
    do {
      let terms = try sum.terms.filter { $0.weight != 0 }.map { term in
        (weight: term.weight, file: try first.replacing(trained: term.arrays, named: result.path))
      }
      if let deviations = lowRankDeviations(of: result, against: terms) { return (.measured(deviations), nil) }
      guard let base, base.hasWeights else {
        return unmeasured(
          "the updates of \(type(of: try result.method()).name) are read off the merged weights of the base model, which is "
            + "not there; name it (--model)")
      }
      var exact = WeightChangeSum()
      for (weight, file) in terms { try exact.add(file, times: weight, on: base) }
      let (deviations, rounding) = try exact.deviations(of: result, on: base)
      let norm = deviations.reduce(0) { $0 + $1.exact * $1.exact }.squareRoot()
      guard rounding > 0, norm > 0 else { return (.measured(deviations), nil) }
      return (
        .measured(deviations),
        "updates are differences of merged weights in 32-bit numbers, whose rounding alone can be a relative error of "
          + String(format: "%.0e", rounding / norm)
      )
    } catch {
      return unmeasured("\(error)")
    }
  }

  /// The deviations of LoRA, from the factors alone; nil for what changes the model by more than low-rank updates.
  private func lowRankDeviations(
    of result: AdapterFile, against terms: [(weight: Double, file: AdapterFile)]
  ) -> [AdapterCombination.Deviation]? {
    guard let own = try? LowRankUpdate.all(of: result, for: "a sum") else { return nil }
    var sums = own.map { _ in LowRankSum() }
    for (weight, file) in terms {
      guard let updates = try? LowRankUpdate.all(of: file, for: "a sum"), updates.map(\.site) == own.map(\.site) else {
        return nil
      }
      for (index, update) in updates.enumerated() { sums[index].add(update, times: weight) }
    }
    return zip(sums, own).map { $0.deviation(of: $1, workers: workers) }
  }
}
