/// The bias-corrected and accelerated bootstrap (Efron 1987) of a score that is computed from all rows at once.
///
/// - Source: Efron and Tibshirani 1993, chapter 14. Equals scipy's `bootstrap` with `method="BCa"` on the same draws.
enum BiasCorrectedBootstrap {
  /// The interval, from the values on resampled rows and on all rows but one.
  ///
  /// - Returns: nil of no values, and where the score is the same on all of them, so that nothing is known of its spread.
  static func interval(
    estimate: Double, resampled: [Double], leavingOneOut: [Double], tail: Double = 0.025
  ) -> Bootstrap.Interval? {
    let sorted = resampled.sorted()
    guard let first = sorted.first, let last = sorted.last, first < last else { return nil }
    let count = Double(sorted.count)
    // Ties count half on either side, as scipy has it.
    let below = Double(sorted.count { $0 < estimate }) + 0.5 * Double(sorted.count { $0 == estimate })
    let bias = Distribution.normalQuantile(min(1 - 0.5 / count, max(0.5 / count, below / count)))
    let mean = Summary.mean(leavingOneOut)
    let deviations = leavingOneOut.map { mean - $0 }
    let squares = deviations.reduce(0) { $0 + $1 * $1 }
    let cubes = deviations.reduce(0) { $0 + $1 * $1 * $1 }
    let acceleration = squares > 0 ? cubes / (6 * squares * squares.squareRoot()) : 0
    func end(_ quantile: Double) -> Double {
      let shifted = bias + quantile
      let share = Distribution.normalCDF(bias + shifted / (1 - acceleration * shifted))
      return Bootstrap.quantile(min(1, max(0, share)), of: sorted)
    }
    let reach = Distribution.normalQuantile(1 - tail)
    return .init(estimate: estimate, lower: min(estimate, end(-reach)), upper: max(estimate, end(reach)))
  }
}
