import PEFTCore

/// A weighted sum of what adapters change in the base model's weights, to which another adapter's changes are compared.
///
///     exact = Σ wᵢ·ΔW(θᵢ);   deviation = ‖ΔW(θ) − exact‖_F / ‖exact‖_F
///
/// Two matrices of every changed weight are held in double precision, however many adapters there are.
struct WeightChangeSum {
  private var names: [String] = []
  private var sums: [String: [Double]] = [:]
  private var roundings: [String: Double] = [:]

  /// Adds an adapter's changes.
  ///
  /// - Throws: As `AdapterFile.forEachWeightChange(on:_:)`.
  mutating func add(_ file: AdapterFile, times weight: Double, on base: LoadedBase) throws {
    try file.forEachWeightChange(on: base) { change in
      note(change, times: weight)
      guard var sum = sums.removeValue(forKey: change.name) else {
        sums[change.name] = change.values.map { weight * $0 }
        return
      }
      for (index, value) in change.values.enumerated() { sum[index] += weight * value }
      sums[change.name] = sum
    }
  }

  /// How far an adapter's changes are from the sum, weight by weight.
  ///
  /// - Returns: The deviations, and how much of all of them together can be rounding of merged weights, as a Frobenius norm.
  /// - Throws: As `AdapterFile.forEachWeightChange(on:_:)`.
  func deviations(
    of file: AdapterFile, on base: LoadedBase
  ) throws -> (deviations: [AdapterCombination.Deviation], rounding: Double) {
    var all = self
    var differences: [String: Double] = [:]
    try file.forEachWeightChange(on: base) { change in
      all.note(change, times: 1)
      differences[change.name] = Self.norm(change.values, less: sums[change.name] ?? [])
    }
    let deviations = all.names.map { name in
      let exact = Self.norm(sums[name] ?? [], less: [])
      // What the adapter leaves alone is the whole sum away from it.
      return AdapterCombination.Deviation(site: name, difference: differences[name] ?? exact, exact: exact)
    }
    return (deviations, all.names.reduce(0.0) { $0 + (all.roundings[$1] ?? 0) * (all.roundings[$1] ?? 0) }.squareRoot())
  }

  private mutating func note(_ change: WeightChange, times weight: Double) {
    if roundings[change.name] == nil { names.append(change.name) }
    roundings[change.name, default: 0] += abs(weight) * change.rounding
  }

  /// ‖x − y‖, where an empty y is zero.
  private static func norm(_ x: [Double], less y: [Double]) -> Double {
    var sum = 0.0
    for index in x.indices {
      let difference = x[index] - (y.isEmpty ? 0 : y[index])
      sum += difference * difference
    }
    return sum.squareRoot()
  }
}
