/// What is known row by row of a suite's methods on its shared datasets: what intervals and tests are made from.
struct RowEvidence {
  /// Shared datasets of which nothing but the score is known for some method; they stay at their scores.
  private(set) var heldDatasets: [Int] = []
  private let suite: SuiteResults
  private let methods: [Int]
  /// By shared dataset that is not held, then by method: the rows of each run, by seed.
  private var rows: [(dataset: Int, values: [Int: [[Double]]])] = []

  /// - Parameters:
  ///   - suite: The results.
  ///   - methods: Methods with a run on every shared dataset.
  init(_ suite: SuiteResults, methods: [Int]) {
    (self.suite, self.methods) = (suite, methods)
    for dataset in suite.sharedDatasets {
      var values: [Int: [[Double]]] = [:]
      for method in methods { values[method] = Self.rows(suite.sharedRuns(method, dataset)) }
      let counts = Set(values.values.flatMap { $0.map(\.count) })
      if values.count == methods.count, counts.count == 1 {
        rows.append((dataset, values))
      } else {
        heldDatasets.append(dataset)
      }
    }
  }

  /// The rows of a method's runs on one dataset, whether or not it is shared; nil where the score is no mean over rows.
  static func rows(_ runs: [ReportedRun]) -> [[Double]]? {
    let marks = runs.compactMap { $0.isScoredByRow ? $0.marks?.values.map { $0 ? 1.0 : 0 } : nil }
    guard let count = marks.first?.count, marks.count == runs.count, marks.allSatisfy({ $0.count == count }) else {
      return nil
    }
    return marks
  }

  /// The interval of the method's mean over the shared datasets; nil where nothing is known by rows.
  func interval(_ method: Int) -> Bootstrap.Interval? {
    guard methods.contains(method) else { return nil }
    return ScoreInterval.mean(
      of: rows.compactMap { $0.values[method].map { .init(shares: $0) } },
      fixed: heldDatasets.map { score(method, $0) })
  }

  /// The difference of two methods' means over the shared datasets; nil where nothing is known by rows.
  func difference(_ first: Int, _ second: Int) -> PairedDifference? {
    PairedDifference(
      rows.compactMap { _, values in
        values[first].flatMap { first in values[second].map { .init(first, $0) } }
      }, fixed: heldDatasets.map { score(first, $0) - score(second, $0) })
  }

  /// Rows of all shared datasets together.
  var rowCount: Int { rows.reduce(0) { $0 + ($1.values.values.first?.first?.count ?? 0) } }

  private func score(_ method: Int, _ dataset: Int) -> Double {
    Summary.mean(suite.sharedRuns(method, dataset).map(\.value))
  }
}
