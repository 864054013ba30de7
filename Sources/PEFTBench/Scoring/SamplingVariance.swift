/// How uncertain a mean over rows and runs is, by where the uncertainty comes from: other rows, or other seeds.
///
/// The runs of several seeds answer the same rows, so rows and runs are crossed: with x(s, i) what the run of seed s
/// gets for row i,
///
///     rows:        V_r = variance of the rows' means over runs, over n
///     runs:        V_s = variance of the runs' means over rows, over S
///     their noise: V_e = (mean variance within a run, over n - V_r) / (S - 1)
///
/// V_s and V_r both contain V_e, so the variance of the mean is V_r + V_s - V_e. Of few seeds, V_s - V_e is itself
/// hardly known; its part of an interval is therefore widened by Student's quantile with S - 1 degrees of freedom,
/// while the part of the rows has the normal one.
package struct SamplingVariance: Sendable, Equatable {
  /// What other rows would change, as a variance of the mean.
  let rows: Double
  /// What other seeds would change beyond that; 0 of one run, of which nothing about seeds can be known.
  let seeds: Double
  /// Degrees of freedom of `seeds`; infinite where it is 0 for want of seeds.
  let freedom: Double

  var total: Double { rows + seeds }

  init(rows: Double, seeds: Double = 0, freedom: Double = .infinity) {
    (self.rows, self.seeds, self.freedom) = (rows, seeds, freedom)
  }

  /// Splits the variance of a mean.
  ///
  /// - Parameters:
  ///   - ofRows: V_r.
  ///   - withinRuns: The variance of one run's mean over other rows, the mean over the runs.
  ///   - ofRuns: The means of the runs.
  package init(ofRows: Double, withinRuns: Double, ofRuns means: [Double]) {
    guard means.count > 1 else {
      self.init(rows: ofRows)
      return
    }
    let deviation = Summary(means).sampleDeviation
    let count = Double(means.count)
    let excess = deviation * deviation / count - (withinRuns - ofRows) / (count - 1)
    // An excess below zero says that the rows' part is an overestimate; it is followed a fifth of the way at most.
    self.init(
      rows: excess < 0 ? max(ofRows + excess, Self.leastShare * ofRows) : ofRows, seeds: max(0, excess),
      freedom: count - 1)
  }

  private static let leastShare = 0.8

  /// Splits the variance of the mean of `values[run][row]`.
  ///
  /// - Parameters:
  ///   - counts: How many rows each row of `values` stands for; one each if nil.
  ///   - pseudoRows: So much of a row is added at either end of `range`, so that equal rows leave some doubt.
  /// - Precondition: all runs have the same rows, and there is one.
  init(_ values: [[Double]], counts: [Double]? = nil, pseudoRows: Double, range: ClosedRange<Double>) {
    let rowCount = values[0].count
    precondition(values.allSatisfy { $0.count == rowCount }, "runs with different numbers of rows")
    let runCount = Double(values.count)
    let ends = [range.lowerBound, range.upperBound]
    let weight = 2 * pseudoRows + (counts?.reduce(0, +) ?? Double(rowCount))
    let means = values.map { values in
      var sum = pseudoRows * (ends[0] + ends[1])
      for row in 0..<rowCount { sum += values[row] * (counts?[row] ?? 1) }
      return sum / weight
    }
    let mean = Summary.mean(means)
    func spread(around mean: Double) -> Double { pseudoRows * ends.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
    var ofRows = spread(around: mean)
    var within = means.reduce(0) { $0 + spread(around: $1) }
    for row in 0..<rowCount {
      let count = counts?[row] ?? 1
      var sum = 0.0
      for run in values.indices {
        let value = values[run][row]
        sum += value
        within += count * (value - means[run]) * (value - means[run])
      }
      let deviation = sum / runCount - mean
      ofRows += count * deviation * deviation
    }
    let scale = 1 / (max(weight - 1, 1) * weight)
    self.init(ofRows: ofRows * scale, withinRuns: within / runCount * scale, ofRuns: means)
  }

  /// The variance of a sum of independent means, each with a weight.
  init(_ parts: [(weight: Double, variance: SamplingVariance)]) {
    func sum(_ value: (SamplingVariance) -> Double) -> Double {
      parts.reduce(0) { $0 + $1.weight * $1.weight * value($1.variance) }
    }
    let seeds = sum(\.seeds)
    // Satterthwaite's degrees of freedom of a sum of variances.
    let squares = parts.reduce(0) { sum, part in
      let own = part.weight * part.weight * part.variance.seeds
      return sum + own * own / part.variance.freedom
    }
    self.init(rows: sum(\.rows), seeds: seeds, freedom: squares > 0 ? seeds * seeds / squares : .infinity)
  }

  /// The square of what an interval that leaves out `tail` on either side reaches from its middle.
  func squaredReach(tail: Double, freedom other: Double? = nil) -> Double {
    let normal = Distribution.normalQuantile(tail)
    guard seeds > 0 else { return normal * normal * rows }
    let student = Distribution.studentQuantile(tail, degreesOfFreedom: other ?? freedom)
    return normal * normal * rows + student * student * seeds
  }
}
