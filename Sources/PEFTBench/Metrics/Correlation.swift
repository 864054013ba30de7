/// Correlation between two lists of numbers; nil where it is undefined (fewer than two values, a constant list, or
/// a value that is not finite).
package enum Correlation {
  /// Pearson's linear correlation, -1...1.
  ///
  ///     r = Σ(x - x̄)(y - ȳ) / √(Σ(x - x̄)² · Σ(y - ȳ)²)
  ///
  /// - Precondition: both lists have the same count.
  package static func pearson(_ x: [Double], _ y: [Double]) -> Double? {
    precondition(x.count == y.count, "Pearson: \(x.count) and \(y.count) values")
    guard x.count >= 2, (x + y).allSatisfy(\.isFinite), !isConstant(x), !isConstant(y) else { return nil }
    let centredX = unitDeviations(x)
    let centredY = unitDeviations(y)
    let r = zip(centredX, centredY).reduce(0) { $0 + $1.0 * $1.1 }
    return r.isFinite ? min(1, max(-1, r)) : nil
  }

  /// Spearman's rank correlation, -1...1: Pearson's of the ranks, where ties share the mean of their ranks.
  package static func spearman(_ x: [Double], _ y: [Double]) -> Double? {
    guard (x + y).allSatisfy(\.isFinite) else { return nil }
    return pearson(averageRanks(x), averageRanks(y))
  }

  /// Kendall's tau-b, -1...1, with its correction for ties.
  ///
  ///     τ = (concordant - discordant) / √((pairs - ties in x)(pairs - ties in y))
  ///
  /// - Complexity: O(n²); meant for rankings of methods, not for rows of a dataset.
  package static func kendall(_ x: [Double], _ y: [Double]) -> Double? {
    precondition(x.count == y.count, "Kendall: \(x.count) and \(y.count) values")
    var agreement = 0
    var untiedX = 0
    var untiedY = 0
    for i in x.indices {
      for j in x.indices.dropFirst(i + 1) {
        let signX = (x[j] > x[i] ? 1 : 0) - (x[j] < x[i] ? 1 : 0)
        let signY = (y[j] > y[i] ? 1 : 0) - (y[j] < y[i] ? 1 : 0)
        agreement += signX * signY
        untiedX += signX * signX
        untiedY += signY * signY
      }
    }
    guard untiedX > 0, untiedY > 0 else { return nil }
    return Double(agreement) / (Double(untiedX) * Double(untiedY)).squareRoot()
  }

  /// The rank of each value from 1, ties sharing the mean of the ranks they take up.
  package static func averageRanks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] != values[$1] ? values[$0] < values[$1] : $0 < $1 }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for position in start..<end { ranks[order[position]] = Double(start + 1 + end) / 2 }
      start = end
    }
    return ranks
  }

  private static func isConstant(_ values: [Double]) -> Bool { values.allSatisfy { $0 == values[0] } }

  /// Deviations from the mean, scaled to unit length; dividing by the largest first keeps squares in range.
  private static func unitDeviations(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0) { $0 + $1 / Double(values.count) }
    let deviations = values.map { $0 - mean }
    let largest = deviations.reduce(0) { max($0, abs($1)) }
    let scaled = deviations.map { $0 / largest }
    let length = scaled.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return scaled.map { $0 / length }
  }
}
