import PEFTBench
import PEFTCore

/// What the runs of one suite say about its methods.
///
/// Methods are compared on the datasets and seeds that all trained ones have; a method that lacks one of them gets no
/// mean, and a failed run counts as one that is not there.
package struct SuiteStatistics: Sendable {
  /// A method in the leaderboard.
  package struct Row: Sendable {
    /// The method's place in `SuiteResults.methods`.
    package let method: Int
    /// The mean of the headline scores over shared datasets and seeds, 0...1; nil where one is missing.
    package let mean: Double?
    /// The mean over the shared datasets by seed, for the seeds that all of them have.
    package let seedMeans: [Double]
    /// The spread of `seedMeans`; nil for fewer than two seeds.
    package let deviation: Double?
    /// 95 % interval of the mean for other rows and, where there are several, other seeds; nil where nothing but the
    /// scores is known.
    package let interval: Bootstrap.Interval?
    /// The mean of what the most frequent answer to every row of each dataset reaches, where answers are no labels 0; nil
    /// where that is not known.
    package let majority: Double?
    /// The mean of what guessing reaches; nil where that has no meaning on some dataset.
    package let chance: Double?
    /// Whether the answers show that the method has learned anything.
    package let standing: MethodStanding
    /// PSCP of the mean score and the mean costs.
    package let pscp: Double?
    /// The three factors of PSCP.
    package let terms: PSCP.Terms?
    /// Mean costs: trainable parameters, added FLOPs, peak bytes of tensors.
    package let costs: PSCP.Costs?
    /// Friedman's average rank over the shared datasets, 1 the best; nil for what was not ranked.
    package let averageRank: Double?
    /// Mean seconds of a run, training and evaluation together.
    package let seconds: Double?
    /// Complete runs.
    package let runCount: Int
    /// Failed runs.
    package let failedCount: Int
    /// Runs that are not there though others of their kind are.
    package let missingCount: Int
  }

  /// Two methods on the same examples.
  package struct Pair: Sendable {
    /// The method that is better by PSCP.
    package let first: Int
    /// The other one.
    package let second: Int
    /// The difference of the means over the shared datasets, with its interval and p-value.
    package let difference: PairedDifference
    /// The p-value corrected for the number of pairs (Holm).
    package let correctedP: Double
    /// The smallest true difference that would be found four times out of five among that many pairs; nil for none.
    package let detectable: Double?
    /// Over the scores of the shared datasets; nil for fewer than `fewestWilcoxonDatasets`.
    package let wilcoxonP: Double?
    /// Datasets on which the first is better, equal and worse.
    package let wins: Int
    /// Datasets on which both are equal.
    package let ties: Int
    /// Datasets on which the second is better.
    package let losses: Int

    /// Whether the two differ at the 5 % level, all pairs considered.
    package var isDecided: Bool { correctedP <= 0.05 }

    /// Whether a method is one of the two.
    func contains(_ method: Int) -> Bool { first == method || second == method }

    /// Whether these are the two, in either order.
    func isOf(_ one: Int, _ other: Int) -> Bool { contains(one) && contains(other) && one != other }
  }

  /// Wilcoxon's test of fewer datasets cannot become significant at the 5 % level, whatever the scores.
  package static let fewestWilcoxonDatasets = 6
  /// Friedman's test of fewer methods is none of several, and of fewer datasets its distribution is far from χ².
  package static let fewestRankedMethods = 3
  /// See `fewestRankedMethods`.
  package static let fewestRankedDatasets = 4

  /// Average ranks over the shared datasets.
  package struct Ranking: Sendable {
    /// The trained methods that were ranked.
    package let methods: [Int]
    /// Friedman's test of their scores.
    package let test: FriedmanTest
  }

  /// How PSCP's ranking depends on the exponents.
  package struct Sensitivity: Sendable {
    /// The methods: rows of every table.
    package let methods: [Int]
    /// The scores under other exponents.
    package let result: PSCPSensitivity
  }

  /// The methods by PSCP, the best first; the base model's own answer and methods without a mean come last.
  package let leaderboard: [Row]
  /// Average ranks; nil for fewer than three methods or four datasets.
  package let ranking: Ranking?
  /// Every two methods that have a mean.
  package let pairs: [Pair]
  /// PSCP under other exponents; nil for fewer than two methods.
  package let sensitivity: Sensitivity?
  /// Shared datasets of which nothing but the scores is known, so that intervals and tests hold them there.
  package let heldDatasets: [Int]
  /// Rows of all shared datasets whose rows are known.
  package let rowCount: Int
  /// What readers must know.
  package let notes: [String]
  /// Whether each method has learned anything on each dataset: by method, then by dataset.
  package let standings: [[MethodStanding]]
  /// The methods at the top of each dataset; nil where fewer than two may be the best or nothing is known by rows.
  package let tops: [Verdict.Top?]
  /// 95 % intervals of the scores by method, then by dataset; nil where nothing is known by rows, and on datasets that are
  /// not shared.
  package let intervals: [[Bootstrap.Interval?]]
  /// What may be concluded.
  package private(set) var verdict: Verdict?

  /// Computes everything.
  package init(_ suite: SuiteResults) {
    let comparable = suite.comparable
    let ranked = comparable.filter { !suite.methods[$0].isZeroShot }
    let scores = suite.sharedDatasets.map { dataset in
      ranked.map { Summary.mean(suite.sharedRuns($0, dataset).map(\.value)) }
    }
    let test =
      ranked.count >= Self.fewestRankedMethods && scores.count >= Self.fewestRankedDatasets
      ? FriedmanTest(scores: scores) : nil
    ranking = test.map { Ranking(methods: ranked, test: $0) }

    let evidence = RowEvidence(suite, methods: comparable)
    heldDatasets = evidence.heldDatasets
    rowCount = evidence.rowCount
    standings = suite.cells.map { cells in
      zip(suite.datasets, cells).map { MethodStanding.of([($0, $1.runs)]) }
    }
    let standings = standings
    tops = suite.datasets.indices.map { dataset in
      Self.top(on: dataset, of: suite, comparable.filter { standings[$0][dataset].isEligible }, evidence: evidence)
    }
    intervals = suite.methods.indices.map { method in
      suite.datasets.indices.map { comparable.contains(method) ? evidence.interval(method, on: $0) : nil }
    }
    let formula = PenaltyMeans(suite, methods: comparable)
    let ranks = Dictionary(
      uniqueKeysWithValues: zip(ranked, test?.averageRanks ?? []).map { ($0, $1) })
    let rows = suite.methods.indices.map { method in
      Self.row(
        method, of: suite, interval: evidence.interval(method), penalties: formula.candidates[method],
        beta: formula.beta, rank: ranks[method])
    }
    let leaderboard = rows.sorted { one, other in
      Self.place(one, suite) < Self.place(other, suite)
    }
    self.leaderboard = leaderboard
    // The better one by PSCP comes first in a pair.
    pairs = Self.pairs(suite, methods: leaderboard.map(\.method).filter(comparable.contains), evidence: evidence)
    // An order of methods that show nothing learned would be one of their costs.
    let eligible = Set(rows.filter(\.standing.isEligible).map(\.method))
    let candidates = ranked.filter { formula.candidates[$0] != nil && eligible.contains($0) }
    if let beta = formula.beta, candidates.count >= 2 {
      sensitivity = Sensitivity(
        methods: candidates, result: PSCPSensitivity(candidates.compactMap { formula.candidates[$0] }, beta: beta))
    } else {
      sensitivity = nil
    }
    notes =
      Self.notes(suite, comparable: comparable, held: evidence.heldDatasets, isCounted: evidence.isCounted)
      + suite.contentNotes + formula.notes + suite.rowNotes
    verdict = Verdict(suite, self, evidence: evidence)
  }

  /// Ranked methods by falling PSCP, then those without one, then the base model.
  private static func place(_ row: Row, _ suite: SuiteResults) -> (Int, Double, Int) {
    let group = suite.methods[row.method].isZeroShot ? 2 : row.mean == nil ? 1 : 0
    return (group, -(row.pscp ?? row.mean.map { $0 * 1e-9 } ?? 0), row.method)
  }

  private static func row(
    _ method: Int, of suite: SuiteResults, interval: Bootstrap.Interval?,
    penalties: PSCPSensitivity.Candidate?, beta: PSCP.Exponents?, rank: Double?
  ) -> Row {
    let runs = suite.sharedDatasets.map { suite.sharedRuns(method, $0) }
    let isComplete = !runs.isEmpty && runs.allSatisfy { !$0.isEmpty }
    let seeds =
      isComplete
      ? runs.dropFirst().reduce(Set(runs[0].map(\.seed))) { $0.intersection($1.map(\.seed)) }.sorted() : []
    let seedMeans = seeds.map { seed in
      Summary.mean(runs.compactMap { runs in runs.first { $0.seed == seed }?.value })
    }
    func mean(_ value: (ReportedRun) -> Double) -> Double { Summary.mean(runs.map { Summary.mean($0.map(value)) }) }
    let cells = suite.cells[method]
    let all = cells.flatMap(\.runs)
    let times = all.compactMap { run in run.costs.trainingSeconds.map { $0 + (run.costs.evaluationSeconds ?? 0) } }
    let formula = penalties.flatMap { candidate in beta.map { PSCP(constants: candidate.constants, beta: $0) } }
    return Row(
      method: method, mean: isComplete ? mean(\.value) : nil, seedMeans: seedMeans,
      deviation: seedMeans.count > 1 ? Summary(seedMeans).sampleDeviation : nil,
      interval: interval, majority: suite.majority, chance: suite.baseline(\.chance),
      standing: isComplete ? .of(zip(suite.sharedDatasets, runs).map { (suite.datasets[$0], $1) }) : .usual,
      pscp: penalties.flatMap { candidate in
        formula?.value(performance: candidate.performance, costs: candidate.costs)
      }, terms: penalties.flatMap { formula?.terms($0.costs) },
      costs: isComplete
        ? PSCP.Costs(
          parameters: mean(\.costs.countedParameters), flops: mean(\.costs.addedFLOPs),
          memory: mean(\.costs.tensorBytes.total)) : nil,
      averageRank: rank, seconds: times.isEmpty ? nil : Summary.mean(times), runCount: all.count,
      failedCount: cells.reduce(0) { $0 + $1.failedSeeds.count },
      missingCount: cells.reduce(0) { $0 + $1.missingSeeds.count })
  }

  /// The method with the highest score on a dataset, with all that cannot be told from it.
  private static func top(
    on dataset: Int, of suite: SuiteResults, _ methods: [Int], evidence: RowEvidence
  ) -> Verdict.Top? {
    guard suite.sharedDatasets.contains(dataset), methods.count > 1 else { return nil }
    func value(_ method: Int) -> Double { Summary.mean(suite.sharedRuns(method, dataset).map(\.value)) }
    guard let highest = methods.max(by: { (value($0), $1) < (value($1), $0) }) else { return nil }
    let others = methods.filter { $0 != highest }
    let pValues = others.map { evidence.difference(highest, $0, on: dataset)?.pValue }
    guard pValues.contains(where: { $0 != nil }) else { return nil }
    let tied = zip(others, HolmCorrection.adjust(pValues.map { $0 ?? 1 })).filter { $0.1 > 0.05 }.map(\.0)
    return Verdict.Top(highest: highest, tied: tied)
  }

  private static func pairs(_ suite: SuiteResults, methods: [Int], evidence: RowEvidence) -> [Pair] {
    var pairs: [(first: Int, second: Int, difference: PairedDifference)] = []
    for (position, first) in methods.enumerated() {
      for second in methods.dropFirst(position + 1) {
        if let difference = evidence.difference(first, second) { pairs.append((first, second, difference)) }
      }
    }
    let corrected = HolmCorrection.adjust(pairs.map(\.difference.pValue))
    return zip(pairs, corrected).map { pair, correctedP in
      let scores = suite.sharedDatasets.map { dataset in
        [pair.first, pair.second].map { Summary.mean(suite.sharedRuns($0, dataset).map(\.value)) }
      }
      return Pair(
        first: pair.first, second: pair.second, difference: pair.difference, correctedP: correctedP,
        detectable: pair.difference.detectable(significance: 0.05 / Double(pairs.count)),
        wilcoxonP: scores.count >= fewestWilcoxonDatasets
          ? WilcoxonTest(scores.map { $0[0] }, scores.map { $0[1] }).pValue : nil,
        wins: scores.count { $0[0] > $0[1] }, ties: scores.count { $0[0] == $0[1] },
        losses: scores.count { $0[0] < $0[1] })
    }
  }

  private static func notes(_ suite: SuiteResults, comparable: [Int], held: [Int], isCounted: Bool) -> [String] {
    var notes: [String] = []
    let left = suite.datasets.indices.filter { !suite.sharedDatasets.contains($0) }
    if !left.isEmpty {
      notes.append(
        "Means are over the \(suite.sharedDatasets.count) of \(suite.datasets.count) datasets that all trained methods "
          + "have with a common seed. Left out: \(left.map { suite.datasets[$0] }.joined(separator: ", ")).")
    }
    let partial = suite.sharedDatasets.filter { dataset in
      suite.methods.indices.contains { method in
        !suite.methods[method].isZeroShot && suite.cells[method][dataset].runs.count > suite.sharedSeeds[dataset].count
      }
    }
    if !partial.isEmpty {
      notes.append(
        "Not all methods have the same seeds on \(partial.map { suite.datasets[$0] }.joined(separator: ", ")); there, "
          + "only common seeds count.")
    }
    let incomplete = suite.methods.indices.filter { !comparable.contains($0) }
    if !incomplete.isEmpty, !suite.sharedDatasets.isEmpty {
      notes.append(
        "Without a mean, since runs are missing: \(incomplete.map { suite.methods[$0].title }.joined(separator: ", "))."
      )
    }
    if !suite.failures.isEmpty {
      let count = suite.failures.count
      notes.append(count == 1 ? "1 run failed; it is in no mean." : "\(count) runs failed; they are in no mean.")
    }
    if !suite.missing.isEmpty {
      let count = suite.missing.count
      notes.append(
        count == 1
          ? "1 planned run is not done yet." : "\(count) planned runs are not done yet.")
    }
    if !held.isEmpty {
      let names = held.map { suite.datasets[$0] }.joined(separator: ", ")
      let isPart = held.count < suite.sharedDatasets.count
      if isCounted {
        notes.append(
          "Which rows were right is unknown of \(names), so that intervals are by their number alone, and "
            + (isPart ? "tests of pairs hold these datasets at their scores." : "there are no tests of pairs."))
        return notes
      }
      notes.append(
        isPart
          ? "Intervals and tests hold these datasets at their scores, of which no rows are known: \(names)."
          : "There are no intervals and no tests of pairs: nothing but the scores is known of \(names).")
    }
    return notes
  }
}
