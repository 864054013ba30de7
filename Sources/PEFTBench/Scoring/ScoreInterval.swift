/// The 95 % interval of a mean of shares of right rows, for other rows and, where there are several, other seeds.
///
/// One run's share has Wilson's interval (1927). The share of several runs that answered the same rows has it too, with
/// the number of rows that would leave as much doubt, and with the quantile that few seeds need (`SamplingVariance`).
/// The mean over datasets adds the squared distances to their ends (Zou and Donner 2008). What is covered: with one
/// run, that run's score over all rows of the dataset's kind; with several, the mean score over all such rows and all
/// seeds. Coverage is simulated in a test and shown in docs/honest-reports.md.
package enum ScoreInterval {
  /// A pseudo-row's share that is right and one that is wrong: runs without an error still leave doubt about how much
  /// their errors would have in common.
  private static let pseudoRows = 0.25

  /// One dataset's part of a mean.
  package struct Part: Sendable {
    /// The score.
    let estimate: Double
    let variance: SamplingVariance
    /// Rows that leave as much doubt as these rows and runs, with one run; nil where the score is not a share.
    let effectiveRows: Double?
    private var resampled: [Double] = []
    private var leavingOneOut: [Double] = []

    /// - Parameters:
    ///   - marks: By run, then by row: 1 for a right answer, 0 for a wrong one.
    ///   - counts: How many rows each row stands for; one each if nil.
    /// - Precondition: there is a run and a row, and all runs have the same rows.
    package init(shares marks: [[Double]], counts: [Double]? = nil) {
      let rows = counts?.reduce(0, +) ?? Double(marks[0].count)
      estimate = Summary.mean(
        marks.map { marks in zip(marks, counts ?? marks.map { _ in 1 }).reduce(0) { $0 + $1.0 * $1.1 } / rows })
      let variance = SamplingVariance(marks, counts: counts, pseudoRows: pseudoRows, range: 0...1)
      self.variance = variance
      guard marks.count > 1 else {
        effectiveRows = rows
        return
      }
      let weight = rows + 2 * pseudoRows
      let share = (estimate * rows + pseudoRows) / weight
      effectiveRows = min(rows * share * (1 - share) / (variance.total * weight), rows * Double(marks.count))
    }

    /// A score that is computed from all rows at once.
    ///
    /// - Parameters:
    ///   - variance: From the resampled scores of all runs.
    ///   - resampled: Of a single run its score on resampled rows, for the BCa interval; empty of several runs.
    ///   - leavingOneOut: Of a single run its score on all rows but one.
    package init(estimate: Double, variance: SamplingVariance, resampled: [Double] = [], leavingOneOut: [Double] = []) {
      (self.estimate, self.variance, effectiveRows) = (estimate, variance, nil)
      (self.resampled, self.leavingOneOut) = (resampled, leavingOneOut)
    }

    /// The interval that leaves out `tail` on either side.
    func interval(tail: Double, freedom: Double? = nil) -> Bootstrap.Interval {
      if let interval = BiasCorrectedBootstrap.interval(
        estimate: estimate, resampled: resampled, leavingOneOut: leavingOneOut, tail: tail)
      {
        return interval
      }
      let reach = variance.squaredReach(tail: tail, freedom: freedom)
      guard let rows = effectiveRows else {
        return .init(estimate: estimate, lower: estimate - reach.squareRoot(), upper: estimate + reach.squareRoot())
      }
      return ScoreInterval.wilson(share: estimate, rows: rows, squaredQuantile: reach / variance.total)
    }
  }

  /// Wilson's interval of a share, with the square of a quantile.
  static func wilson(share: Double, rows: Double, squaredQuantile: Double) -> Bootstrap.Interval {
    let square = squaredQuantile / rows
    let middle = (share + square / 2) / (1 + square)
    let reach = (square * (share * (1 - share) + square / 4)).squareRoot() / (1 + square)
    // Rounding must not put an end beyond what can be, nor the share outside of its interval.
    return .init(
      estimate: share, lower: min(share, max(0, middle - reach)), upper: max(share, min(1, middle + reach)))
  }

  /// The interval of the mean of `parts`, datasets that are drawn independently, and of `fixed` scores beside them.
  ///
  /// - Returns: nil without any part.
  package static func mean(of parts: [Part], fixed: [Double] = [], tail: Double = 0.025) -> Bootstrap.Interval? {
    guard !parts.isEmpty else { return nil }
    let weight = 1 / Double(parts.count + fixed.count)
    let estimate = (parts.reduce(0) { $0 + $1.estimate } + fixed.reduce(0, +)) * weight
    let freedom = SamplingVariance(parts.map { (weight, $0.variance) }).freedom
    var (below, above) = (0.0, 0.0)
    for part in parts {
      let interval = part.interval(tail: tail, freedom: freedom)
      below += (part.estimate - interval.lower) * (part.estimate - interval.lower)
      above += (interval.upper - part.estimate) * (interval.upper - part.estimate)
    }
    return .init(
      estimate: estimate, lower: estimate - weight * below.squareRoot(),
      upper: estimate + weight * above.squareRoot())
  }
}
