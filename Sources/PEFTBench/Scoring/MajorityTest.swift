/// Whether a method has more rows right than one answer to all of them would have.
///
/// One-sided and exact. Each dataset's rows are drawn from a binomial distribution with the majority's share; of
/// several datasets the counts are added, as is their distribution. Several runs of one dataset answered the same
/// rows, so they count as one run that has their mean number of rows right, rounded down.
package struct MajorityTest: Sendable, Equatable {
  /// One dataset's rows.
  package struct Count: Sendable, Equatable {
    /// Rows.
    package let rows: Int
    /// Rows that are right.
    package let right: Int
    /// The share that the most frequent answer would have right.
    package let majority: Double

    /// Creates a count.
    package init(rows: Int, right: Int, majority: Double) {
      (self.rows, self.right, self.majority) = (rows, right, min(1, max(0, majority)))
    }
  }

  /// The probability of as many right rows or more if the method were as good as the majority's answer.
  package let pValue: Double

  /// Whether the method is above the majority at the 5 % level.
  package var isAbove: Bool { pValue <= 0.05 }

  /// Tests the sum of the right rows of one or several datasets.
  package init(_ counts: [Count]) {
    if counts.count == 1 {
      pValue = Distribution.binomialTail(counts[0].right, trials: counts[0].rows, probability: counts[0].majority)
      return
    }
    let right = counts.reduce(0) { $0 + $1.right }
    let rows = counts.reduce(0) { $0 + $1.rows }
    if rows > Self.mostExactRows {
      // With that many rows the sum is normal; half a row is the correction for its steps.
      let mean = counts.reduce(0) { $0 + Double($1.rows) * $1.majority }
      let variance = counts.reduce(0) { $0 + Double($1.rows) * $1.majority * (1 - $1.majority) }
      pValue =
        variance > 0
        ? Distribution.normalCDF((mean + 0.5 - Double(right)) / variance.squareRoot())
        : Double(right) > mean ? 0 : 1
      return
    }
    // P(sum ≥ right), dataset by dataset.
    var probabilities = [1.0]
    for count in counts {
      let own = (0...count.rows).map { Self.probability($0, count) }
      var next = [Double](repeating: 0, count: probabilities.count + count.rows)
      for (sum, probability) in probabilities.enumerated() {
        for (more, other) in own.enumerated() { next[sum + more] += probability * other }
      }
      probabilities = next
    }
    pValue = min(1, probabilities.dropFirst(right).reduce(0, +))
  }

  private static let mostExactRows = 4000

  private static func probability(_ right: Int, _ count: Count) -> Double {
    let tail = Distribution.binomialTail(right, trials: count.rows, probability: count.majority)
    return max(0, tail - Distribution.binomialTail(right + 1, trials: count.rows, probability: count.majority))
  }
}
