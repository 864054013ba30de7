/// Mean and spread of repeated measurements, such as one score over several seeds.
package struct Summary: Sendable, Equatable {
  /// How many values there are.
  package let count: Int
  /// The mean; 0 of no values.
  package let mean: Double
  /// The standard deviation of a sample, which divides by n - 1; 0 for fewer than two values.
  package let sampleDeviation: Double
  /// The standard deviation of a population, which divides by n, as PEFT-Bench's tables print it.
  package let populationDeviation: Double

  /// Summarises `values`.
  package init(_ values: [Double]) {
    let mean = Self.mean(values)
    // The second term takes out what rounding of the mean leaves (Chan, Golub and LeVeque 1983).
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let remainder = values.reduce(0) { $0 + ($1 - mean) }
    let sum = values.isEmpty ? 0 : max(0, squares - remainder * remainder / Double(values.count))
    count = values.count
    self.mean = mean
    sampleDeviation = values.count < 2 ? 0 : (sum / Double(values.count - 1)).squareRoot()
    populationDeviation = values.isEmpty ? 0 : (sum / Double(values.count)).squareRoot()
  }

  /// The mean of `values`; 0 of no values.
  package static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
