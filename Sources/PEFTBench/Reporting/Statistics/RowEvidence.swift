import PEFTBench

/// What is known row by row of a suite's methods on its shared datasets: what intervals and tests are made from.
struct RowEvidence {
  /// What is known of the runs of one method on one dataset.
  enum Cell: Sendable {
    /// The score is the share of right rows: 1 or 0 by run, then by row.
    case shares([[Double]])
    /// The score is computed from all rows at once: its values on resampled rows, by run, and of a single run those on
    /// all rows but one.
    case resampled([[Double]], values: [Double], leavingOneOut: [Double], rowCount: Int)

    /// Rows of the dataset.
    var rowCount: Int {
      switch self {
      case .shares(let rows): rows.first?.count ?? 0
      case .resampled(_, _, _, let count): count
      }
    }

    /// What is known of a method's runs on one dataset; nil where nothing but the score is.
    ///
    /// - Parameter isByRow: Whether the score is the share of right rows; by chance it may be that of one method alone,
    ///   such as one without any word right.
    init?(_ runs: [ReportedRun], dataset: String, isByRow: Bool) {
      let marks = !isByRow ? [] : runs.compactMap { $0.isScoredByRow ? $0.marks?.values.map { $0 ? 1.0 : 0 } : nil }
      if let count = marks.first?.count, marks.count == runs.count, marks.allSatisfy({ $0.count == count }) {
        self = .shares(marks)
        return
      }
      // Predictions that cannot be read leave the score as it is.
      let answers = runs.compactMap { try? RowAnswers($0) }
      guard let count = answers.first?.count, answers.count == runs.count, answers.allSatisfy({ $0.count == count })
      else { return nil }
      let resampled = answers.map { $0.resampled(dataset: dataset) }
      self = .resampled(
        resampled, values: runs.map(\.value), leavingOneOut: answers.count == 1 ? answers[0].leavingOneOut : [],
        rowCount: count)
    }

    /// A method's runs on one dataset by their records' counts alone, where no rows are known: enough for an interval of
    /// the share, and not for pairs.
    ///
    /// Runs have the same rows right as far as can be, which leaves the most doubt.
    static func counted(_ runs: [ReportedRun]) -> Cell? {
      let marks = runs.compactMap(\.countedMarks)
      guard let count = marks.first?.count, marks.count == runs.count, marks.allSatisfy({ $0.count == count }) else {
        return nil
      }
      return .shares(marks)
    }

    /// Whether there is a spread: a score that no resample changes, as Matthews' correlation of a constant answer, has
    /// none that could be estimated.
    private var hasSpread: Bool {
      if case .resampled(let resampled, _, _, _) = self {
        return resampled.allSatisfy { values in values.contains { $0 != values[0] } }
      }
      return true
    }

    /// The dataset's part of a mean; nil where there is no spread.
    var part: ScoreInterval.Part? {
      guard hasSpread else { return nil }
      switch self {
      case .shares(let rows): return .init(shares: rows)
      case .resampled(let resampled, let values, let leavingOneOut, _):
        return .init(
          estimate: Summary.mean(values), variance: Self.variance(resampled, values: values),
          resampled: resampled.count == 1 ? resampled[0] : [], leavingOneOut: leavingOneOut)
      }
    }

    /// The dataset's part of a difference, each score times its weight; nil where neither score has a spread.
    func difference(_ other: Cell, weights: (first: Double, second: Double)) -> PairedDifference.Part? {
      func weighted(_ values: [[Double]], _ weight: Double) -> [[Double]] {
        weight == 1 ? values : values.map { $0.map { $0 * weight } }
      }
      switch (self, other) {
      case (.shares(let first), .shares(let second)):
        return .init(weighted(first, weights.first), weighted(second, weights.second))
      case (.resampled(let first, let ownValues, _, _), .resampled(let second, let otherValues, _, _)):
        guard hasSpread || other.hasSpread else { return nil }
        let runs = max(first.count, second.count)
        func difference(_ run: Int) -> (resampled: [Double], value: Double) {
          let (one, two) = (min(run, first.count - 1), min(run, second.count - 1))
          return (
            zip(first[one], second[two]).map { weights.first * $0 - weights.second * $1 },
            weights.first * ownValues[one] - weights.second * otherValues[two]
          )
        }
        let differences = (0..<runs).map(difference)
        let values = differences.map(\.value)
        return .init(
          estimate: Summary.mean(values), variance: Self.variance(differences.map(\.resampled), values: values))
      default: return nil
      }
    }

    private static func variance(_ resampled: [[Double]], values: [Double]) -> SamplingVariance {
      func variance(_ values: [Double]) -> Double {
        let deviation = Summary(values).sampleDeviation
        return deviation * deviation
      }
      let means = resampled[0].indices.map { index in Summary.mean(resampled.map { $0[index] }) }
      return SamplingVariance(
        ofRows: variance(means), withinRuns: Summary.mean(resampled.map(variance)), ofRuns: values)
    }
  }

  /// Shared datasets of which nothing but the score is known for some method; they stay at their scores.
  private(set) var heldDatasets: [Int] = []
  private let suite: SuiteResults
  private let methods: [Int]
  /// By shared dataset that is not held, then by method.
  private var rows: [(dataset: Int, cells: [Int: Cell])] = []

  /// - Parameters:
  ///   - suite: The results.
  ///   - methods: Methods with a run on every shared dataset.
  init(_ suite: SuiteResults, methods: [Int]) {
    (self.suite, self.methods) = (suite, methods)
    for dataset in suite.sharedDatasets {
      var cells: [Int: Cell] = [:]
      let isByRow = methods.allSatisfy { suite.sharedRuns($0, dataset).allSatisfy(\.isScoredByRow) }
      for method in methods {
        cells[method] = Cell(
          suite.sharedRuns(method, dataset), dataset: suite.datasets[dataset], isByRow: isByRow)
      }
      if cells.count == methods.count, Set(cells.values.map(\.rowCount)).count == 1 {
        rows.append((dataset, cells))
      } else {
        heldDatasets.append(dataset)
      }
    }
  }

  /// Whether every held dataset has intervals by the counts of its records.
  var isCounted: Bool {
    heldDatasets.allSatisfy { dataset in
      methods.allSatisfy { Cell.counted(suite.sharedRuns($0, dataset)) != nil }
    }
  }

  /// The interval of the method's mean over the shared datasets; nil where nothing is known of the rows.
  func interval(_ method: Int) -> Bootstrap.Interval? {
    guard methods.contains(method) else { return nil }
    var fixed: [Int] = []
    var parts: [ScoreInterval.Part] = []
    // A file that is missing must not make an interval narrower.
    for dataset in heldDatasets {
      if let part = Cell.counted(suite.sharedRuns(method, dataset))?.part {
        parts.append(part)
      } else {
        fixed.append(dataset)
      }
    }
    for (dataset, cells) in rows {
      if let part = cells[method]?.part ?? share(method, dataset)?.part {
        parts.append(part)
      } else {
        fixed.append(dataset)
      }
    }
    return ScoreInterval.mean(of: parts, fixed: fixed.map { score(method, $0) })
  }

  /// The interval of the method's score on one shared dataset; nil where nothing is known by rows.
  func interval(_ method: Int, on dataset: Int) -> Bootstrap.Interval? {
    let cells = rows.first { $0.dataset == dataset }?.cells
    let isHeld = heldDatasets.contains(dataset)
    let held = isHeld ? Cell.counted(suite.sharedRuns(method, dataset)) : nil
    guard let part = cells?[method]?.part ?? held?.part ?? (cells == nil ? nil : share(method, dataset)?.part) else {
      return nil
    }
    return ScoreInterval.mean(of: [part])
  }

  /// The difference of two methods' means over the shared datasets, each times its weight; nil where nothing is known by
  /// rows.
  ///
  /// - Precondition: weights are in 0...1.
  func difference(_ first: Int, _ second: Int, weights: (first: Double, second: Double) = (1, 1)) -> PairedDifference? {
    var fixed = heldDatasets.map { weights.first * score(first, $0) - weights.second * score(second, $0) }
    var parts: [PairedDifference.Part] = []
    for (dataset, cells) in rows {
      guard let one = cells[first], let other = cells[second] else { return nil }
      if let part = one.difference(other, weights: weights) {
        parts.append(part)
      } else {
        fixed.append(weights.first * score(first, dataset) - weights.second * score(second, dataset))
      }
    }
    return PairedDifference(parts, fixed: fixed)
  }

  /// A method without a spread, such as one that has all rows right, whose score is the share of right rows anyway.
  private func share(_ method: Int, _ dataset: Int) -> Cell? {
    let runs = suite.sharedRuns(method, dataset)
    // Where several rows are one question, shares of rows count each of them.
    guard runs.allSatisfy({ $0.isScoredByRow && $0.summary.queryF1.isEmpty }) else { return nil }
    return Cell(runs, dataset: suite.datasets[dataset], isByRow: true)
  }

  /// The difference of two methods' scores on one dataset; nil where nothing is known by rows.
  func difference(_ first: Int, _ second: Int, on dataset: Int) -> PairedDifference? {
    guard let cells = rows.first(where: { $0.dataset == dataset })?.cells,
      let part = cells[second].flatMap({ cells[first]?.difference($0, weights: (1, 1)) })
    else { return nil }
    return PairedDifference([part])
  }

  /// Rows of all shared datasets together.
  var rowCount: Int { rows.reduce(0) { $0 + ($1.cells.values.first?.rowCount ?? 0) } }

  private func score(_ method: Int, _ dataset: Int) -> Double {
    Summary.mean(suite.sharedRuns(method, dataset).map(\.value))
  }
}
