/// McNemar's exact test of whether two methods err equally often on the same examples.
package struct McNemarTest: Sendable, Equatable {
  /// Examples that only the first method gets right.
  package let onlyFirst: Int
  /// Examples that only the second method gets right.
  package let onlySecond: Int
  /// Two-sided, by the binomial distribution of the examples on which the two differ.
  package let pValue: Double

  /// Tests paired outcomes.
  ///
  /// - Precondition: both lists have the same count, one pair an example.
  package init(_ first: [Bool], _ second: [Bool]) {
    precondition(first.count == second.count, "McNemar: \(first.count) and \(second.count) outcomes")
    self.init(
      onlyFirst: zip(first, second).count { $0 && !$1 }, onlySecond: zip(first, second).count { !$0 && $1 })
  }

  /// Tests counts of the examples that one method alone gets right.
  package init(onlyFirst: Int, onlySecond: Int) {
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    pValue = min(
      1, 2 * Distribution.fairBinomialCDF(min(onlyFirst, onlySecond), trials: onlyFirst + onlySecond))
  }
}

/// Wilcoxon's signed-rank test of paired values, two-sided.
///
/// Pairs without a difference are dropped. The p-value equals scipy's (`wilcoxon` with its defaults): exact for up
/// to 50 pairs without ties and differences of zero, exact with ties and zeros for up to 13, otherwise by the normal
/// approximation with its correction for ties.
package struct WilcoxonTest: Sendable, Equatable {
  /// The smaller of the two rank sums.
  package let statistic: Double
  /// Two-sided p-value; 1 where all pairs are equal.
  package let pValue: Double

  /// Tests paired values.
  ///
  /// - Precondition: both lists have the same count.
  package init(_ first: [Double], _ second: [Double]) {
    precondition(first.count == second.count, "Wilcoxon: \(first.count) and \(second.count) values")
    let all = zip(first, second).map { $0 - $1 }
    let differences = all.filter { $0 != 0 }
    let ranks = Correlation.averageRanks(differences.map(abs))
    let positive = zip(differences, ranks).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
    let total = ranks.reduce(0, +)
    statistic = min(positive, total - positive)
    guard !differences.isEmpty else {
      pValue = 1
      return
    }
    let hasTies = Set(ranks).count < ranks.count
    let isExact = all.count <= 50 && (all.count <= 13 || !(hasTies || differences.count < all.count))
    pValue =
      isExact
      ? Self.exactPValue(statistic, ranks: ranks) : Self.normalPValue(statistic, ranks: ranks)
  }

  /// Counts the sign patterns by their rank sum; ranks are doubled so that shared ones are whole.
  private static func exactPValue(_ statistic: Double, ranks: [Double]) -> Double {
    let doubled = ranks.map { Int(($0 * 2).rounded()) }
    var patterns = [Double](repeating: 0, count: doubled.reduce(0, +) + 1)
    patterns[0] = 1
    for rank in doubled {
      for sum in stride(from: patterns.count - 1, through: rank, by: -1) { patterns[sum] += patterns[sum - rank] }
    }
    let below = patterns[...Int((statistic * 2).rounded())].reduce(0, +)
    return min(1, 2 * below / patterns.reduce(0, +))
  }

  private static func normalPValue(_ statistic: Double, ranks: [Double]) -> Double {
    let n = Double(ranks.count)
    // The sum of squared ranks, over four, is the variance whether or not ranks are shared.
    let variance = ranks.reduce(0) { $0 + $1 * $1 } / 4
    let z = (statistic - n * (n + 1) / 4) / variance.squareRoot()
    return min(1, 2 * Distribution.normalCDF(z))
  }
}
