import Foundation

/// Two methods on the same rows: the difference of their mean scores, what is known of it, and what could have been.
///
/// One seed and one dataset: McNemar's exact test, and the interval of Bonett and Price (2012), which adds a row that
/// only the one and a row that only the other has right. Otherwise the interval for other rows and seeds of
/// `SamplingVariance` with the same two rows a dataset, and the p-value at which that interval would touch zero.
package struct PairedDifference: Sendable, Equatable {
  /// The difference of the mean scores, first minus second, with its 95 % interval.
  package let interval: Bootstrap.Interval
  /// Two-sided, before any correction for the number of pairs.
  package let pValue: Double
  /// The rows that only one of the two has right, where there is one seed and one dataset.
  package let mcnemar: McNemarTest?
  private let variance: SamplingVariance
  /// Rows of the only dataset; nil where there are several datasets or seeds.
  private let exactRows: Int?

  /// One dataset's part of the difference.
  package struct Part: Sendable {
    let estimate: Double
    /// The estimate with the two added rows.
    let centre: Double
    let variance: SamplingVariance
    let mcnemar: McNemarTest?
    let rows: Int?

    /// - Parameters: Both by run, then by row; one run of either stands beside each run of the other.
    /// - Precondition: there is a run and a row, all runs have the same rows, and of two methods with several runs both
    ///   have as many.
    package init(_ first: [[Double]], _ second: [[Double]]) {
      let runs = max(first.count, second.count)
      let differences = (0..<runs).map { run in
        zip(first[min(run, first.count - 1)], second[min(run, second.count - 1)]).map { $0 - $1 }
      }
      let count = Double(differences[0].count)
      estimate = Summary.mean(differences.map(Summary.mean))
      centre = estimate * count / (count + 2)
      variance = SamplingVariance(differences, pseudoRows: 1, range: -1...1)
      let isShare = (first + second).allSatisfy { $0.allSatisfy { $0 == 0 || $0 == 1 } }
      rows = runs == 1 && isShare ? differences[0].count : nil
      mcnemar =
        rows == nil
        ? nil
        : McNemarTest(onlyFirst: differences[0].count { $0 > 0 }, onlySecond: differences[0].count { $0 < 0 })
    }

    package init(estimate: Double, variance: SamplingVariance) {
      (self.estimate, centre, self.variance, mcnemar, rows) = (estimate, estimate, variance, nil, nil)
    }
  }

  /// The mean difference over datasets.
  ///
  /// - Parameters:
  ///   - parts: Datasets whose rows are known.
  ///   - fixed: Differences on datasets of which the scores alone are known.
  /// - Returns: nil without any part.
  package init?(_ parts: [Part], fixed: [Double] = []) {
    guard !parts.isEmpty else { return nil }
    let weight = 1 / Double(parts.count + fixed.count)
    let rest = fixed.reduce(0, +)
    let estimate = (parts.reduce(0) { $0 + $1.estimate } + rest) * weight
    let centre = (parts.reduce(0) { $0 + $1.centre } + rest) * weight
    let variance = SamplingVariance(parts.map { (weight, $0.variance) })
    let reach = variance.squaredReach(tail: 0.025).squareRoot()
    self.variance = variance
    let only = parts.count == 1 && fixed.isEmpty ? parts[0] : nil
    mcnemar = only?.mcnemar
    exactRows = only?.rows
    interval = .init(
      estimate: estimate, lower: max(-1, min(estimate, centre - reach)), upper: min(1, max(estimate, centre + reach)))
    pValue = mcnemar?.pValue ?? Self.pValue(centre, variance)
  }

  /// Twice the tail at which the interval touches zero.
  private static func pValue(_ centre: Double, _ variance: SamplingVariance) -> Double {
    guard variance.total > 0 else { return centre == 0 ? 1 : 0 }
    let square = centre * centre
    var (lower, upper) = (-300.0, log(0.5))
    for _ in 0..<60 {
      let middle = (lower + upper) / 2
      if variance.squaredReach(tail: exp(middle)) > square { lower = middle } else { upper = middle }
    }
    return min(1, 2 * exp((lower + upper) / 2))
  }

  /// The smallest true difference that a test at `significance` finds four times out of five, as wide apart as these
  /// rows and runs lie; nil where no difference can be found.
  ///
  /// It is computed from the disagreement that was observed (with the two added rows, so never from none). The exact
  /// test moreover needs enough rows on which the two differ to be significant at all.
  package func detectable(significance: Double) -> Double? {
    let reach =
      variance.squaredReach(tail: significance / 2).squareRoot()
      + variance.squaredReach(tail: 1 - Self.power).squareRoot()
    let least = exactRows.map { Self.fewestDisagreements(significance: significance) / Double($0) } ?? 0
    let difference = max(reach, least)
    return difference < 1 ? difference : nil
  }

  /// The chance of finding the difference that `detectable` gives.
  static let power = 0.8

  /// The fewest rows on which two methods must differ, all in favour of one, for McNemar's exact test to be significant.
  static func fewestDisagreements(significance: Double) -> Double {
    (1 - log2(significance)).rounded(.up)
  }
}
