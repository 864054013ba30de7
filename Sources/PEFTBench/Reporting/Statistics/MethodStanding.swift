import PEFTBench

/// Whether a method's answers show that it has learned anything.
package enum MethodStanding: Sendable, Equatable {
  /// Nothing speaks against it, or nothing is known.
  case usual
  /// It gives one and the same answer to all rows.
  case oneAnswer
  /// It is not above what the most frequent answer to every row reaches, by a one-sided test at the 5 % level.
  case notAboveMajority

  /// Whether the method may be called the best.
  package var isEligible: Bool { self == .usual }

  /// A word for tables; empty for nothing.
  package var word: String {
    switch self {
    case .usual: ""
    case .oneAnswer: "one answer"
    case .notAboveMajority: "not above"
    }
  }

  /// A name for machines.
  var name: String? {
    switch self {
    case .usual: nil
    case .oneAnswer: "one_answer"
    case .notAboveMajority: "not_above_majority"
    }
  }

  /// What a sentence says of methods.
  func sentence(_ titles: [String], majority: Double?) -> String {
    let isOne = titles.count == 1
    let names = VerdictWords.list(titles)
    switch self {
    case .usual: return ""
    case .oneAnswer: return "\(names) \(isOne ? "gives" : "give") one and the same answer to all rows."
    case .notAboveMajority:
      return "\(names) \(isOne ? "is" : "are") not above the majority's answer"
        + (majority.map { ", which has \(NumberText.percent($0))" } ?? "") + " (one-sided test at 5 %)."
    }
  }

  /// Judges the runs of one method.
  ///
  /// Shares of right rows are tested exactly; of other scores the lower end of the 90 % interval is held against the
  /// majority's score, and where there is no interval, the score itself. Where there is no most frequent answer, what any
  /// one answer to every row reaches stands for it, so that one dataset of numbers leaves the others' guard as it is.
  ///
  /// - Parameter runs: By dataset, with its name.
  static func of(_ runs: [(dataset: String, runs: [ReportedRun])]) -> MethodStanding {
    let all = runs.flatMap(\.runs)
    guard !all.isEmpty, runs.allSatisfy({ !$0.runs.isEmpty }) else { return .usual }
    // One row has one answer, whatever the method.
    if all.allSatisfy({ $0.baseline.distinctAnswers == 1 && ($0.answerCount ?? 0) > 1 }) { return .oneAnswer }
    var counts: [MajorityTest.Count] = []
    var parts: [ScoreInterval.Part] = []
    var fixed: [Double] = []
    var majorities: [Double] = []
    for (dataset, runs) in runs {
      guard let majority = runs.compactMap(\.constantScore).first else { return .usual }
      majorities.append(majority)
      let cell = RowEvidence.Cell(runs, dataset: dataset, isByRow: runs.allSatisfy(\.isScoredByRow)) ?? .counted(runs)
      if case .shares(let rows)? = cell {
        let right = Summary.mean(rows.map { $0.reduce(0, +) })
        // A sum of ones that rounding made smaller is still that number of rows.
        counts.append(
          .init(rows: rows[0].count, right: Int((right + 1e-9).rounded(.down)), majority: majority))
      }
      if let part = cell?.part { parts.append(part) } else { fixed.append(Summary.mean(runs.map(\.value))) }
    }
    if counts.count == runs.count { return MajorityTest(counts).isAbove ? .usual : .notAboveMajority }
    let interval = ScoreInterval.mean(of: parts, fixed: fixed, tail: 0.05)
    let lower = interval?.lower ?? Summary.mean(fixed)
    return lower > Summary.mean(majorities) ? .usual : .notAboveMajority
  }
}
