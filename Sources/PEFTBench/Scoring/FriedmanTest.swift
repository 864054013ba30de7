/// Friedman's test over several datasets, with Nemenyi's critical difference of average ranks.
///
/// It asks whether the methods differ at all, and by how much the average ranks of two of them must differ.
///
/// - Source: Demšar 2006, "Statistical comparisons of classifiers over multiple data sets". Statistic and p-value
///   equal scipy's `friedmanchisquare`, which corrects for ties; the pairs' p-values equal scikit-posthocs'
///   `posthoc_nemenyi_friedman`.
package struct FriedmanTest: Sendable, Equatable {
  /// The average rank of each method over the datasets; 1 is the best.
  package let averageRanks: [Double]
  /// Friedman's χ².
  package let statistic: Double
  /// The probability of a larger statistic if the methods were equal; 1 where every dataset ranks all methods equal.
  package let pValue: Double
  /// Two methods whose average ranks differ by more than this differ significantly at the 5 % level (Nemenyi).
  package let criticalDifference: Double
  /// Nemenyi's p-value of each pair of methods, 1 for a method with itself.
  package let nemenyi: [[Double]]

  /// Tests `scores[dataset][method]`, where a higher score is better.
  ///
  /// Returns nil for fewer than two methods, no datasets, or rows of different lengths.
  package init?(scores: [[Double]]) {
    guard let methodCount = scores.first?.count, methodCount >= 2, scores.allSatisfy({ $0.count == methodCount })
    else { return nil }
    let n = Double(scores.count)
    let k = Double(methodCount)
    var rankSums = [Double](repeating: 0, count: methodCount)
    var tieCorrection = 0.0
    for row in scores {
      let ranks = Correlation.averageRanks(row.map { -$0 })
      for method in ranks.indices { rankSums[method] += ranks[method] }
      tieCorrection += Self.tieTerm(ranks)
    }
    averageRanks = rankSums.map { $0 / n }
    let squares = rankSums.reduce(0) { $0 + $1 * $1 }
    let correction = 1 - tieCorrection / (k * (k * k - 1) * n)
    if correction > 0 {
      statistic = max(0, (12 / (k * n * (k + 1)) * squares - 3 * n * (k + 1)) / correction)
      pValue = Distribution.chiSquaredTail(statistic, degreesOfFreedom: methodCount - 1)
    } else {
      statistic = 0
      pValue = 1
    }
    criticalDifference = Self.criticalDifference(methods: methodCount, datasets: scores.count)
    let ranks = averageRanks
    let error = (k * (k + 1) / (6 * n)).squareRoot()
    nemenyi = ranks.indices.map { one in
      ranks.indices.map { other in
        let range = abs(ranks[one] - ranks[other]) / error * 2.0.squareRoot()
        return one == other ? 1 : Distribution.normalRangeTail(range, groups: methodCount)
      }
    }
  }

  /// Nemenyi's critical difference of average ranks.
  ///
  ///     CD = q_α(k) / √2 · √(k(k + 1) / 6N)
  ///
  /// - Precondition: at least two methods and one dataset.
  package static func criticalDifference(methods: Int, datasets: Int, significance: Double = 0.05) -> Double {
    precondition(methods >= 2 && datasets >= 1, "Nemenyi: \(methods) methods on \(datasets) datasets")
    let range = Distribution.normalRangeQuantile(1 - significance, groups: methods)
    let k = Double(methods)
    return range / 2.0.squareRoot() * (k * (k + 1) / (6 * Double(datasets))).squareRoot()
  }

  /// Σ(t³ - t) over the groups of t equal ranks.
  private static func tieTerm(_ ranks: [Double]) -> Double {
    var term = 0.0
    for rank in ranks {
      // Each member of a group of t adds t² - 1, t times over.
      let t = Double(ranks.count { $0 == rank })
      term += t * t - 1
    }
    return term
  }
}
