import PEFTBench

/// What a suite's results allow to conclude, in sentences: the first thing that a report says.
package struct Verdict: Sendable {
  /// The methods at the top of one measure.
  package struct Top: Sendable, Equatable {
    /// The method with the highest value, as a place in `SuiteResults.methods`.
    package let highest: Int
    /// Methods that cannot be told from it.
    package let tied: [Int]

    /// The best method; nil where others cannot be told from the highest.
    package var best: Int? { tied.isEmpty ? highest : nil }

    /// Whether a method is one of them.
    func contains(_ method: Int) -> Bool { method == highest || tied.contains(method) }
  }

  /// Two methods whose order the data cannot tell.
  package struct Undecided: Sendable, Equatable {
    /// The one with the higher score.
    package let first: Int
    /// The other one.
    package let second: Int
    /// Why: what differences these rows can tell apart.
    package let reason: String
  }

  /// By score; nil for fewer than two methods that may be the best.
  package let score: Top?
  /// By PSCP; nil likewise.
  package let pscp: Top?
  /// Pairs whose order the data cannot tell.
  package let undecided: [Undecided]
  /// Methods that cannot be the best, with the reason.
  package let excluded: [(method: Int, standing: MethodStanding)]
  /// Everything in words, in the order of importance.
  package let sentences: [String]

  /// Fewer rows are mentioned.
  static let fewRows = 30

  init(_ suite: SuiteResults, _ statistics: SuiteStatistics, evidence: RowEvidence) {
    let rows = statistics.leaderboard.filter {
      $0.mean != nil && !suite.methods[$0.method].isZeroShot
    }
    let eligible = rows.filter(\.standing.isEligible)
    excluded = rows.filter { !$0.standing.isEligible }.map { ($0.method, $0.standing) }
    let pairs = statistics.pairs
    let words = VerdictWords(suite, statistics)

    score =
      eligible.count < 2
      ? nil
      : eligible.max { ($0.mean ?? 0, $1.method) < ($1.mean ?? 0, $0.method) }.map { top in
        Top(
          highest: top.method,
          tied: eligible.map(\.method).filter { other in
            other != top.method && !pairs.contains { $0.isOf(top.method, other) && $0.isDecided }
          })
      }
    pscp = Self.pscp(eligible, evidence: evidence)
    // Between methods that may not be the best there is nothing to decide.
    let contenders = Set(eligible.map(\.method))
    let contests = pairs.filter { contenders.contains($0.first) && contenders.contains($0.second) }
    undecided = contests.filter { !$0.isDecided }.map { pair in
      let isAhead = pair.difference.interval.estimate >= 0
      return Undecided(
        first: isAhead ? pair.first : pair.second, second: isAhead ? pair.second : pair.first,
        reason: words.reason(pair))
    }

    var sentences: [String] = []
    switch rows.count {
    case 0: sentences.append("No method has all its runs, so none is compared.")
    case 1: sentences += words.single(rows[0])
    default:
      if eligible.isEmpty {
        sentences.append(
          "No method is the best: none is above what the most frequent answer reaches.")
      } else if eligible.count == 1 {
        sentences.append(
          "\(words.title(eligible[0].method)) is the only method that is above the majority's answer, with a score of "
            + "\(NumberText.percent(eligible[0].mean)).")
      }
      if let score {
        sentences.append(words.top(score, "score", \.mean) { NumberText.percent($0) })
      }
      if let pscp {
        sentences.append(words.top(pscp, "PSCP", \.pscp) { NumberText.decimal($0, digits: 2) })
      }
    }
    for standing in [MethodStanding.oneAnswer, .notAboveMajority] {
      let methods = excluded.filter { $0.standing == standing }.map(\.method)
      guard let first = methods.first else { continue }
      let majority = rows.first { $0.method == first }?.majority
      sentences.append(standing.sentence(methods.map(words.title), majority: majority))
    }
    if let sentence = words.open(undecided, of: contests.count) { sentences.append(sentence) }
    sentences += words.limits()
    let contenderTitles = Set(eligible.map { suite.methods[$0.method].title })
    sentences += SettingsChoice.all(of: suite).filter { contenderTitles.contains($0.winner) }.map(\.sentence)
    if let sentence = words.ranks(score) { sentences.append(sentence) }
    self.sentences = sentences
  }

  /// PSCP is the score times a factor that is known exactly, so two of them are compared as two scores are, each times
  /// its factor.
  private static func pscp(_ eligible: [SuiteStatistics.Row], evidence: RowEvidence) -> Top? {
    let rows = eligible.filter { $0.pscp != nil && ($0.mean ?? 0) > 0 }
    guard rows.count >= 2, rows.count == eligible.count,
      let top = rows.max(by: { ($0.pscp ?? 0, $1.method) < ($1.pscp ?? 0, $0.method) })
    else { return nil }
    func factor(_ row: SuiteStatistics.Row) -> Double { (row.terms?.product ?? 0) }
    let others = rows.filter { $0.method != top.method }
    let pValues = others.map { other in
      evidence.difference(top.method, other.method, weights: (factor(top), factor(other)))?.pValue
        ?? 1
    }
    let tied = zip(others, HolmCorrection.adjust(pValues)).filter { $0.1 > 0.05 }.map(\.0.method)
    return Top(highest: top.method, tied: tied)
  }
}
