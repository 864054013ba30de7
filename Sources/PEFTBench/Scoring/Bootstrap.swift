import PEFTCore

/// Intervals by resampling with replacement (Efron and Tibshirani 1993), repeatable from a seed.
package struct Bootstrap: Sendable {
  /// An interval around an estimate.
  package struct Interval: Sendable, Equatable {
    /// The mean of the values as they are, or what else the interval is of.
    package let estimate: Double
    /// The lower end.
    package let lower: Double
    /// The upper end.
    package let upper: Double
  }

  /// A difference between two methods on the same examples.
  package struct Difference: Sendable, Equatable {
    /// The mean difference with its interval.
    package let interval: Interval
    /// Twice the smaller share of resamples on either side of zero (ties on both), at most 1.
    package let pValue: Double

    /// Whether the interval lies on one side of zero.
    package var excludesZero: Bool { interval.lower > 0 || interval.upper < 0 }
  }

  /// How many resamples are drawn.
  package let resamples: Int
  /// The share of resampled means inside an interval.
  package let confidence: Double
  private let seeds: SeedStream

  /// Creates a bootstrap; equal arguments give equal intervals.
  ///
  /// - Precondition: at least one resample, and a confidence between 0 and 1.
  package init(seeds: SeedStream, resamples: Int = 10_000, confidence: Double = 0.95) {
    precondition(resamples > 0, "bootstrap: \(resamples) resamples")
    precondition(confidence > 0 && confidence < 1, "bootstrap: confidence \(confidence)")
    self.seeds = seeds.child("bootstrap")
    self.resamples = resamples
    self.confidence = confidence
  }

  /// The percentile interval of the mean of `values`; nil of no values.
  package func mean(of values: [Double]) -> Interval? {
    guard !values.isEmpty else { return nil }
    return interval(estimate: Summary.mean(values), resampled: resampledMeans(of: values))
  }

  /// The sample's standard deviation with the percentile interval of that of its resamples; nil for fewer than three values.
  ///
  /// Resamples repeat values, so both ends lie somewhat low for few of them.
  package func deviation(of values: [Double]) -> Interval? {
    guard values.count > 2 else { return nil }
    let resampled = (0..<resamples).map { resample in
      let stream = seeds.child(resample)
      return Summary(values.indices.map { values[stream.integer(below: values.count, at: $0)] }).sampleDeviation
    }
    return interval(estimate: Summary(values).sampleDeviation, resampled: resampled)
  }

  /// The mean of `a - b` over paired values, with its interval; nil of no values.
  ///
  /// - Precondition: both lists have the same count, one pair an example.
  package func difference(_ a: [Double], _ b: [Double]) -> Difference? {
    precondition(a.count == b.count, "paired bootstrap: \(a.count) and \(b.count) values")
    guard !a.isEmpty else { return nil }
    let differences = zip(a, b).map { $0 - $1 }
    let estimate = Summary.mean(differences)
    let resampled = resampledMeans(of: differences)
    let below = resampled.count { $0 <= 0 }
    let above = resampled.count { $0 >= 0 }
    return Difference(
      interval: interval(estimate: estimate, resampled: resampled),
      pValue: min(1, 2 * Double(min(below, above)) / Double(resampled.count)))
  }

  /// The percentile interval from resampled values, in any order.
  func interval(estimate: Double, resampled: [Double]) -> Interval {
    let tail = (1 - confidence) / 2
    let sorted = resampled.sorted()
    return Interval(
      estimate: estimate, lower: Self.quantile(tail, of: sorted), upper: Self.quantile(1 - tail, of: sorted))
  }

  private func resampledMeans(of values: [Double]) -> [Double] {
    let count = values.count
    return values.withUnsafeBufferPointer { values in
      (0..<resamples).map { resample in
        let stream = seeds.child(resample)
        var sum = 0.0
        for position in 0..<count { sum += values[stream.integer(below: count, at: position)] }
        return sum / Double(count)
      }
    }
  }

  /// The quantile of sorted values by linear interpolation between order statistics, numpy's default.
  static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1)
    let lower = Int(position.rounded(.down))
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
  }
}
