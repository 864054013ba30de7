import Foundation
import PEFTBench

/// The sentences of a verdict.
struct VerdictWords {
  private let suite: SuiteResults
  private let statistics: SuiteStatistics

  init(_ suite: SuiteResults, _ statistics: SuiteStatistics) {
    (self.suite, self.statistics) = (suite, statistics)
  }

  func title(_ method: Int) -> String { suite.title(method) }

  /// Which method is at the top of a measure, or which ones share that place.
  func top(
    _ top: Verdict.Top, _ measure: String, _ value: (SuiteStatistics.Row) -> Double?,
    _ text: (Double) -> String
  ) -> String {
    func number(_ method: Int) -> String {
      statistics.leaderboard.first { $0.method == method }.flatMap(value).map(text) ?? ""
    }
    func valued(_ method: Int) -> String { "\(title(method)) (\(number(method)))" }
    if let best = top.best { return "\(valued(best)) has the best \(measure)." }
    let doubt = "No method is clearly the best by \(measure):"
    let reason = "because the data cannot tell them apart."
    // Of equal ones none is the highest.
    let equal = top.tied.filter { number($0) == number(top.highest) }
    let others = top.tied.filter { number($0) != number(top.highest) }
    let tied = "\(Self.list(others.map(valued))) \(others.count == 1 ? "is" : "are") tied with"
    if equal.isEmpty { return "\(doubt) \(valued(top.highest)) is highest, and \(tied) it, \(reason)" }
    let highest = "\(Self.list(([top.highest] + equal).map(title))) are highest (\(number(top.highest)))"
    return "\(doubt) \(highest), \(others.isEmpty ? "" : "and \(tied) them, ")\(reason)"
  }

  /// Of one method nothing can be the best; it is held against the model as it is.
  func single(_ row: SuiteStatistics.Row) -> [String] {
    var sentence =
      "There is one method, so none is the best: \(title(row.method)) has a score of \(NumberText.percent(row.mean))"
    sentence += row.interval.map { " (95 %: \(interval($0)))" } ?? ""
    if row.standing.isEligible, let majority = row.majority {
      sentence += ", above the majority's answer (\(NumberText.percent(majority)))"
    }
    sentence += "."
    let base = statistics.pairs.first { $0.contains(row.method) }
    guard let base,
      let other = [base.first, base.second].first(where: { suite.methods[$0].isZeroShot })
    else {
      return [sentence]
    }
    let gain = (base.first == other ? -1 : 1) * base.difference.interval.estimate
    return [
      sentence,
      base.isDecided
        ? "It differs from \(title(other)) by \(points(gain)) (p \(NumberText.pEquation(base.correctedP)))."
        : "It cannot be told from \(title(other)): \(reason(base)).",
    ]
  }

  /// "32 rows tell apart differences of 24 points or more; here it is 3.1".
  func reason(_ pair: SuiteStatistics.Pair) -> String {
    let seeds = suite.comparedSeeds.count
    let rows = statistics.rowCount
    let data =
      (rows == 1 ? "1 row" : "\(NumberText.count(Double(rows))) rows")
      + (seeds > 1 ? " and \(seeds) seeds" : "")
    let verb = rows == 1 && seeds < 2 ? "tells" : "tell"
    guard let detectable = pair.detectable else {
      return "\(data) \(verb) no difference apart, however large"
    }
    let least = NumberText.decimal(
      (1000 * detectable).rounded(.up) / 10, digits: detectable < 0.1 ? 1 : 0)
    return "\(data) \(verb) apart differences of \(least) points or more; this one is "
      + NumberText.decimal(abs(100 * pair.difference.interval.estimate), digits: 1)
  }

  /// The pairs that the data leave open.
  func open(_ undecided: [Verdict.Undecided], of count: Int) -> String? {
    guard let first = undecided.first else { return nil }
    let pair = "\(title(first.first)) and \(title(first.second))"
    if count == 1 { return "The data cannot decide between \(pair): \(first.reason)." }
    let share = undecided.count == count ? "all \(count)" : "\(undecided.count) of \(count)"
    return "The data cannot decide \(share) pairs of methods; of \(pair): \(first.reason) (80 % power, observed "
      + "disagreement, 5 % over all pairs)."
  }

  /// What keeps all of this from saying more.
  func limits() -> [String] {
    var sentences: [String] = []
    let few = suite.sharedDatasets.compactMap { dataset -> String? in
      let rows = suite.cells.flatMap { $0[dataset].runs }.compactMap {
        $0.answerCount ?? $0.marks?.count
      }.max()
      return rows.flatMap { $0 < Verdict.fewRows ? "\(suite.datasets[dataset]) \($0)" : nil }
    }
    if !few.isEmpty {
      sentences.append(
        "Fewer than \(Verdict.fewRows) rows were scored (\(Self.list(few))), so a row more or less is worth "
          + "several points.")
    }
    let seeds = suite.comparedSeeds.count
    if seeds == 1 {
      sentences.append("There is one seed, so nothing is known of what another one would change.")
    } else if seeds == 2 {
      sentences.append("Two seeds hardly show how much seeds differ, so the intervals are wide.")
    }
    return sentences
  }

  /// Ranks and pairs ask different questions, and readers wonder where they seem to disagree.
  func ranks(_ score: Verdict.Top?) -> String? {
    guard let ranking = statistics.ranking else { return nil }
    let test = ranking.test
    let places = Dictionary(uniqueKeysWithValues: ranking.methods.enumerated().map { ($1, $0) })
    let disagrees = statistics.pairs.contains { pair in
      guard let one = places[pair.first], let other = places[pair.second] else { return false }
      return (test.nemenyi[one][other] <= 0.05) != pair.isDecided
    }
    let first = ranking.methods.indices.min { test.averageRanks[$0] < test.averageRanks[$1] }
    let hasOtherFirst =
      score.map { score in first.map { ranking.methods[$0] != score.highest } ?? false } ?? false
    guard disagrees || hasOtherFirst else { return nil }
    return
      "Ranks and pairs do not agree everywhere, for they ask different questions: ranks count on how many of "
      + "\(suite.sharedDatasets.count) datasets a method is ahead, whatever the distance, and have few datasets to go by; "
      + "pairs weigh the distance, and have all rows."
  }

  private func interval(_ interval: Bootstrap.Interval) -> String {
    "\(NumberText.percent(interval.lower)) – \(NumberText.percent(interval.upper))"
  }

  private func points(_ difference: Double) -> String {
    "\(NumberText.signed(100 * difference, digits: 1)) points"
  }

  /// A sentence of more names would not be read.
  static let mostNames = 7

  /// Names as a sentence lists them, where there are many the first of them.
  static func list(_ names: [String]) -> String {
    if names.count > mostNames {
      let first = names.prefix(mostNames - 1)
      return "\(first.joined(separator: ", ")) and \(names.count - first.count) others"
    }
    return names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}
