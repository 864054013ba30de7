import PEFTCore

/// What the runs of one suite say about its methods.
///
/// Methods are compared on the datasets and seeds that all trained ones have; a method that lacks one of them gets no
/// mean, and a failed run counts as one that is not there.
public struct SuiteStatistics: Sendable {
  /// A method in the leaderboard.
  public struct Row: Sendable {
    /// The method's place in `SuiteResults.methods`.
    public let method: Int
    /// The mean of the headline scores over shared datasets and seeds, 0...1; nil where one is missing.
    public let mean: Double?
    /// The mean over the shared datasets by seed, for the seeds that all of them have.
    public let seedMeans: [Double]
    /// The spread of `seedMeans`; nil for fewer than two seeds.
    public let deviation: Double?
    /// 95 % interval of the mean by resampling seeds; nil for fewer than two.
    public let seedInterval: Bootstrap.Interval?
    /// 95 % interval of the mean by resampling the evaluated examples within each dataset.
    public let exampleInterval: Bootstrap.Interval?
    /// PSCP of the mean score and the mean costs.
    public let pscp: Double?
    /// The three factors of PSCP.
    public let terms: PSCP.Terms?
    /// Mean costs: trainable parameters, added FLOPs, peak bytes of tensors.
    public let costs: PSCP.Costs?
    /// Friedman's average rank over the shared datasets, 1 the best; nil for what was not ranked.
    public let averageRank: Double?
    /// Mean seconds of a run, training and evaluation together.
    public let seconds: Double?
    /// Complete runs.
    public let runCount: Int
    /// Failed runs.
    public let failedCount: Int
    /// Runs that are not there though others of their kind are.
    public let missingCount: Int
  }

  /// Two methods on the same examples.
  public struct Pair: Sendable {
    /// The method that is better by PSCP.
    public let first: Int
    /// The other one.
    public let second: Int
    /// The difference of the means over the shared datasets, 0...1, with its interval over resampled examples.
    public let difference: Bootstrap.Difference
    /// On the examples of all shared datasets, with the lowest shared seed of each.
    public let mcnemar: McNemarTest?
    /// McNemar's p-value corrected for the number of pairs.
    public let correctedP: Double?
    /// Over the scores of the shared datasets.
    public let wilcoxonP: Double
    /// Datasets on which the first is better, equal and worse.
    public let wins: Int
    /// Datasets on which both are equal.
    public let ties: Int
    /// Datasets on which the second is better.
    public let losses: Int
  }

  /// Average ranks over the shared datasets.
  public struct Ranking: Sendable {
    /// The trained methods that were ranked.
    public let methods: [Int]
    /// Friedman's test of their scores.
    public let test: FriedmanTest
  }

  /// How PSCP's ranking depends on the exponents.
  public struct Sensitivity: Sendable {
    /// The methods: rows of every table.
    public let methods: [Int]
    /// The scores under other exponents.
    public let result: PSCPSensitivity
  }

  /// The methods by PSCP, the best first; the base model's own answer and methods without a mean come last.
  public let leaderboard: [Row]
  /// Average ranks; nil for fewer than two methods or datasets.
  public let ranking: Ranking?
  /// Every two methods that have a mean.
  public let pairs: [Pair]
  /// PSCP under other exponents; nil for fewer than two methods.
  public let sensitivity: Sensitivity?
  /// Shared datasets whose scores are no shares of right rows, so that resampled examples do not move them.
  public let heldDatasets: [Int]
  /// What readers must know.
  public let notes: [String]

  /// Computes everything.
  public init(_ suite: SuiteResults) {
    let comparable = suite.comparable
    let ranked = comparable.filter { !suite.methods[$0].isZeroShot }
    let scores = suite.sharedDatasets.map { dataset in
      ranked.map { Summary.mean(suite.sharedRuns($0, dataset).map(\.value)) }
    }
    let test = ranked.count >= 2 && scores.count >= 2 ? FriedmanTest(scores: scores) : nil
    ranking = test.map { Ranking(methods: ranked, test: $0) }

    let examples = ExampleBootstrap(suite, methods: comparable)
    heldDatasets = examples.heldDatasets
    let formula = PenaltyMeans(suite, methods: comparable)
    let ranks = Dictionary(
      uniqueKeysWithValues: zip(ranked, test?.averageRanks ?? []).map { ($0, $1) })
    let rows = suite.methods.indices.map { method in
      Self.row(
        method, of: suite, interval: examples.interval(method), penalties: formula.candidates[method],
        beta: formula.beta, rank: ranks[method])
    }
    let leaderboard = rows.sorted { one, other in
      Self.place(one, suite) < Self.place(other, suite)
    }
    self.leaderboard = leaderboard
    // The better one by PSCP comes first in a pair.
    pairs = Self.pairs(suite, methods: leaderboard.map(\.method).filter(comparable.contains), examples: examples)
    let candidates = ranked.filter { formula.candidates[$0] != nil }
    if let beta = formula.beta, candidates.count >= 2 {
      sensitivity = Sensitivity(
        methods: candidates, result: PSCPSensitivity(candidates.compactMap { formula.candidates[$0] }, beta: beta))
    } else {
      sensitivity = nil
    }
    notes = Self.notes(suite, comparable: comparable, held: examples.heldDatasets) + formula.notes
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
      seedInterval: seedMeans.count > 1 ? Bootstrap(seeds: SeedStream(0)).mean(of: seedMeans) : nil,
      exampleInterval: interval,
      pscp: penalties.flatMap { candidate in
        formula?.value(performance: candidate.performance, costs: candidate.costs)
      }, terms: penalties.flatMap { formula?.terms($0.costs) },
      costs: isComplete
        ? PSCP.Costs(
          parameters: mean(\.costs.trainableParameters), flops: mean(\.costs.addedFLOPs),
          memory: mean(\.costs.tensorBytes)) : nil,
      averageRank: rank, seconds: times.isEmpty ? nil : Summary.mean(times), runCount: all.count,
      failedCount: cells.reduce(0) { $0 + $1.failedSeeds.count },
      missingCount: cells.reduce(0) { $0 + $1.missingSeeds.count })
  }

  private static func pairs(_ suite: SuiteResults, methods: [Int], examples: ExampleBootstrap) -> [Pair] {
    var pairs: [(Int, Int)] = []
    for (position, first) in methods.enumerated() {
      for second in methods.dropFirst(position + 1) { pairs.append((first, second)) }
    }
    let tests = pairs.map { mcnemar(suite, $0.0, $0.1) }
    let corrected = HolmCorrection.adjust(tests.map { $0?.pValue ?? 1 })
    return zip(pairs, zip(tests, corrected)).compactMap { pair, test -> Pair? in
      guard let difference = examples.difference(pair.0, pair.1) else { return nil }
      let scores = suite.sharedDatasets.map { dataset in
        [pair.0, pair.1].map { Summary.mean(suite.sharedRuns($0, dataset).map(\.value)) }
      }
      return Pair(
        first: pair.0, second: pair.1, difference: difference, mcnemar: test.0, correctedP: test.0.map { _ in test.1 },
        wilcoxonP: WilcoxonTest(scores.map { $0[0] }, scores.map { $0[1] }).pValue,
        wins: scores.count { $0[0] > $0[1] }, ties: scores.count { $0[0] == $0[1] },
        losses: scores.count { $0[0] < $0[1] })
    }
  }

  /// One answer an example: several seeds would count it several times.
  private static func mcnemar(_ suite: SuiteResults, _ first: Int, _ second: Int) -> McNemarTest? {
    var onlyFirst = 0
    var onlySecond = 0
    var hasRows = false
    for dataset in suite.sharedDatasets {
      guard let one = suite.sharedRuns(first, dataset).first?.marks,
        let other = suite.sharedRuns(second, dataset).first?.marks, one.count == other.count
      else { continue }
      hasRows = true
      for row in 0..<one.count where one[row] != other[row] {
        if one[row] { onlyFirst += 1 } else { onlySecond += 1 }
      }
    }
    return hasRows ? McNemarTest(onlyFirst: onlyFirst, onlySecond: onlySecond) : nil
  }

  private static func notes(_ suite: SuiteResults, comparable: [Int], held: [Int]) -> [String] {
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
          ? "1 planned run is not there yet." : "\(count) planned runs are not there yet.")
    }
    if !held.isEmpty, held.count < suite.sharedDatasets.count {
      notes.append(
        "Intervals and tests over examples hold these datasets at their scores, which are no shares of right answers: "
          + held.map { suite.datasets[$0] }.joined(separator: ", ") + ".")
    }
    return notes
  }
}

/// The means that PSCP is computed from, by method.
private struct PenaltyMeans {
  private(set) var candidates: [Int: PSCPSensitivity.Candidate] = [:]
  private(set) var beta: PSCP.Exponents?
  private(set) var notes: [String] = []

  init(_ suite: SuiteResults, methods: [Int]) {
    for method in methods {
      let runs = suite.sharedDatasets.map { suite.sharedRuns(method, $0) }
      let penalties = runs.map { $0.compactMap(\.penalties) }
      guard zip(runs, penalties).allSatisfy({ $0.count == $1.count }), let first = penalties.first?.first else {
        notes.append("\(suite.methods[method].title) has runs without PSCP, so it has none.")
        continue
      }
      if beta == nil {
        beta = first.beta
        preset = first.preset
      }
      guard penalties.allSatisfy({ $0.allSatisfy { $0.preset == preset && $0.beta == beta } }) else {
        notes.append(
          "\(suite.methods[method].title) has runs with another preset or other exponents of PSCP than \(preset), so it "
            + "has none.")
        continue
      }
      func mean(_ value: (ReportedRun.Penalties) -> Double) -> Double {
        Summary.mean(penalties.map { Summary.mean($0.map(value)) })
      }
      candidates[method] = PSCPSensitivity.Candidate(
        performance: Summary.mean(runs.map { Summary.mean($0.map { 100 * max(0, $0.value) }) }),
        costs: PSCP.Costs(
          parameters: mean(\.costs.parameters), flops: mean(\.costs.flops), memory: mean(\.costs.memory)),
        constants: PSCP.Costs(
          parameters: mean(\.constants.parameters), flops: mean(\.constants.flops), memory: mean(\.constants.memory)))
    }
  }

  private var preset = ""
}

/// The means of methods over the shared datasets when the evaluated examples are drawn again, the same ones for all.
private struct ExampleBootstrap {
  /// Shared datasets that stay at their scores.
  private(set) var heldDatasets: [Int] = []
  private let methods: [Int]
  private let bootstrap: Bootstrap
  /// By resample, then by method.
  private var means: [Double]
  /// By method.
  private var estimates: [Double]
  private let hasRows: Bool

  /// Draws that are made at most, so that a report of the largest sweeps takes seconds.
  private static let drawBudget = 20_000_000

  init(_ suite: SuiteResults, methods: [Int]) {
    self.methods = methods
    var credits: [(dataset: Int, values: [Double])] = []
    for dataset in suite.sharedDatasets {
      if let values = Self.credits(suite, methods, dataset) {
        credits.append((dataset, values))
      } else {
        heldDatasets.append(dataset)
      }
    }
    hasRows = !credits.isEmpty
    let rows = credits.reduce(0) { $0 + $1.values.count } / max(1, methods.count)
    let resamples = min(10_000, max(1_000, Self.drawBudget / max(1, rows)))
    bootstrap = Bootstrap(seeds: SeedStream(0), resamples: resamples)
    let share = 1 / Double(max(1, suite.sharedDatasets.count))
    var fixed = [Double](repeating: 0, count: methods.count)
    estimates = fixed
    for dataset in suite.sharedDatasets {
      for (place, method) in methods.enumerated() {
        let score = Summary.mean(suite.sharedRuns(method, dataset).map(\.value)) * share
        estimates[place] += score
        if heldDatasets.contains(dataset) { fixed[place] += score }
      }
    }
    means = []
    for _ in 0..<resamples { means += fixed }
    for (dataset, values) in credits {
      let drawn = bootstrap.means(ofRows: values, methodCount: methods.count, name: suite.datasets[dataset])
      for index in means.indices { means[index] += drawn[index] * share }
    }
  }

  func interval(_ method: Int) -> Bootstrap.Interval? {
    guard hasRows, let place = methods.firstIndex(of: method) else { return nil }
    return bootstrap.interval(estimate: estimates[place], resampled: column { $0[$1 + place] })
  }

  func difference(_ first: Int, _ second: Int) -> Bootstrap.Difference? {
    guard hasRows, let one = methods.firstIndex(of: first), let other = methods.firstIndex(of: second) else {
      return nil
    }
    return bootstrap.difference(
      estimate: estimates[one] - estimates[other], resampled: column { $0[$1 + one] - $0[$1 + other] })
  }

  private func column(_ value: ([Double], Int) -> Double) -> [Double] {
    (0..<bootstrap.resamples).map { value(means, $0 * methods.count) }
  }

  /// By row, then by method: the share of a method's seeds that have the row right; nil where that is not the score.
  private static func credits(_ suite: SuiteResults, _ methods: [Int], _ dataset: Int) -> [Double]? {
    let marks = methods.map { method in suite.sharedRuns(method, dataset).map { $0.isScoredByRow ? $0.marks : nil } }
    let flat = marks.flatMap { $0 }
    guard let count = flat.first??.count, flat.allSatisfy({ $0?.count == count }) else { return nil }
    var values = [Double](repeating: 0, count: count * methods.count)
    for (place, list) in marks.enumerated() {
      for mark in list.compactMap({ $0 }) {
        for row in 0..<count where mark[row] { values[row * methods.count + place] += 1 / Double(list.count) }
      }
    }
    return values
  }
}
