import PEFTCore

/// Ways of setting most elements of an update to zero before it is added to others.
enum Sparsification: Sendable, Equatable {
  /// Keeps the ⌊density · n⌋ largest magnitudes; of equal ones the first.
  case magnitude
  /// Keeps each element with the probability `density` (DARE, Yu et al. 2023).
  case random
  /// Drops the ⌊gamma · n⌋ largest magnitudes too (model breadcrumbs, Davari and Belilovsky 2023).
  case outliers(gamma: Double)
  /// Keeps each element with a probability that rises with the rank of its magnitude in its row, from density − epsilon
  /// to density + epsilon (DELLA, Deep et al. 2024).
  case ranked(epsilon: Double)

  /// What is done for what was dropped.
  enum Rescaling: Sendable, Equatable {
    case none
    /// Divides by the density (PEFT).
    case inverseDensity
    /// Gives the sum of magnitudes back that it had (mergekit).
    case sumOfMagnitudes
  }

  /// The sparse matrix, or the same one for a density of 1 and more.
  ///
  /// - Parameters:
  ///   - values: Row-major.
  ///   - columns: Length of a row.
  ///   - density: Share of the elements that stay.
  ///   - rescaling: What is done for what was dropped.
  ///   - stream: Where random masks are drawn from: element i stays if the i-th number is below its probability.
  func applied(
    to values: [Double], columns: Int, density: Double, rescaling: Rescaling, stream: SeedStream
  ) -> [Double] {
    guard density < 1 else { return values }
    let keeps = mask(of: values, columns: columns, density: density, stream: stream)
    var result = values
    for index in result.indices where !keeps[index] { result[index] = 0 }
    let factor: Double
    switch rescaling {
    case .none: return result
    case .inverseDensity: factor = density > 0 ? 1 / density : 1
    case .sumOfMagnitudes:
      let (before, after) = (values.reduce(0) { $0 + abs($1) }, result.reduce(0) { $0 + abs($1) })
      factor = before < 1e-7 || after < 1e-7 ? 1 : before / after
    }
    return result.map { $0 * factor }
  }

  private func mask(of values: [Double], columns: Int, density: Double, stream: SeedStream) -> [Bool] {
    let count = values.count
    switch self {
    case .random: return (0..<count).map { Double(stream.uniform(at: $0)) < density }
    case .magnitude:
      var keeps = [Bool](repeating: false, count: count)
      for index in Self.fromLargest(values).prefix(Int(density * Double(count))) { keeps[index] = true }
      return keeps
    case .outliers(let gamma):
      let kept = Int(density * Double(count))
      // Fewer of the largest go where the density leaves no room for more.
      let dropped = min(Int(gamma * Double(count)), count - kept)
      var keeps = [Bool](repeating: false, count: count)
      for index in Self.fromLargest(values).dropFirst(dropped).prefix(kept) { keeps[index] = true }
      return keeps
    case .ranked(let epsilon):
      var keeps = [Bool](repeating: false, count: count)
      for start in stride(from: 0, to: count, by: max(1, columns)) {
        let row = Array(values[start..<min(count, start + columns)])
        for (place, index) in Self.fromLargest(row).reversed().enumerated() {
          let rank = row.count > 1 ? Double(place) / Double(row.count - 1) : 0
          let probability = density - epsilon + rank * 2 * epsilon
          keeps[start + index] = Double(stream.uniform(at: start + index)) < probability
        }
      }
      return keeps
    }
  }

  /// The indices from the largest magnitude to the smallest; of equal ones the first comes first.
  private static func fromLargest(_ values: [Double]) -> [Int] {
    values.indices.sorted { left, right in
      let (a, b) = (abs(values[left]), abs(values[right]))
      return a > b || a == b && left < right
    }
  }
}
