/// Whether two groups of values have different spreads, whatever their means and their distribution.
///
/// The absolute distances from each group's median are compared by an analysis of variance. It is Levene's test with the
/// median in place of the mean.
///
/// - Source: Brown and Forsythe 1974. Equals scipy's `levene(center='median')`.
package struct BrownForsytheTest: Sendable, Equatable {
  /// The F statistic with 1 and n - 2 degrees of freedom.
  package let statistic: Double
  /// The probability of a larger statistic if the spreads were equal.
  package let pValue: Double

  /// Values of a group from which on its distances from the median are not all alike by necessity.
  package static let fewestValues = 3

  /// Tests two groups; nil for fewer than `fewestValues` in one of them, and where the distances of each group are alike, so
  /// that nothing tells chance from difference.
  package init?(_ one: [Double], _ other: [Double]) {
    guard min(one.count, other.count) >= Self.fewestValues else { return nil }
    let groups = [one, other].map { values in
      let median = Bootstrap.quantile(0.5, of: values.sorted())
      return values.map { abs($0 - median) }
    }
    let means = groups.map(Summary.mean)
    let mean = Summary.mean(groups.flatMap(\.self))
    let between = zip(groups, means).reduce(0.0) { $0 + Double($1.0.count) * ($1.1 - mean) * ($1.1 - mean) }
    let within = zip(groups, means).reduce(0.0) { sum, group in
      sum + group.0.reduce(0.0) { $0 + ($1 - group.1) * ($1 - group.1) }
    }
    guard within > 0 else { return nil }
    let freedom = Double(one.count + other.count - 2)
    statistic = freedom * between / within
    // F with one degree of freedom is the square of Student's t.
    pValue = min(1, 2 * Distribution.studentTail(statistic.squareRoot(), degreesOfFreedom: freedom))
  }
}
