import PEFTBench
import PEFTCore

/// What changed from one set of results to another: the regression gate.
///
/// Runs match by what determines their numbers, less the version of the code, or by chosen parts of it. Scores, parameters, inference FLOPs and
/// tensor bytes must not become worse than their tolerances, which are zero unless given: the numbers of one binary are
/// equal to the bit. PSCP follows from these, and speed is not a property of the code alone, so both count only with a
/// tolerance of their own.
package struct Comparison: Sendable {
  /// What became of a value.
  package enum Verdict: String, Sendable {
    /// Better than in the baseline.
    case improved
    /// Worse, within the tolerance.
    case tolerated
    /// Worse, but the paired interval over the examples includes zero.
    case insignificant
    /// Changed, and not counted: PSCP and speed without a tolerance.
    case uncounted
    /// Worse than allowed.
    case regression
  }

  /// One value that moved.
  package struct Move: Sendable {
    /// The run of the candidate.
    package let run: ReportedRun
    /// What moved.
    package let metric: String
    /// The value in the baseline.
    package let baseline: Double
    /// The value in the candidate.
    package let candidate: Double
    /// The values and the change as people read them.
    package let baselineText: String
    /// The candidate's value.
    package let candidateText: String
    /// The change.
    package let changeText: String
    /// What was allowed; nil for what is not counted.
    package let tolerance: Tolerance?
    /// 95 % interval of the change by the paired bootstrap over the examples; nil where rows are not right or wrong.
    package let interval: Bootstrap.Interval?
    /// What it means.
    package let verdict: Verdict
  }

  /// What is asked for.
  package struct Options: Sendable {
    /// Tolerances by metric; a later one replaces an earlier one.
    package var tolerances: [(metric: String, tolerance: Tolerance)] = []
    /// A drop of a score counts only when its paired interval excludes zero.
    package var needsSignificance = false
    /// Whether runs that the candidate lacks are not a regression.
    package var allowsMissing = false
    /// Which runs are held against each other.
    package var match = RunMatch.exact

    /// Options under which every loss counts.
    package init() {}
  }

  /// What was compared with.
  package let baselineName: String
  /// What was compared.
  package let candidateName: String
  /// The suites, by name.
  package let suites: [String]
  /// The runs that both have, as the candidate has them.
  package let matched: [ReportedRun]
  /// Settings in which runs differ that are held against each other.
  package let changes: [SettingChange]
  /// Values that moved, regressions first.
  package let moves: [Move]
  /// Runs of the baseline that the candidate lacks, with the cause where its plan says one: "not begun", say.
  package let missing: [(run: ReportedRun, cause: String?)]
  /// Runs of the baseline that failed in the candidate, with the error.
  package let failed: [(run: ReportedRun, error: String)]
  /// Runs that only the candidate has.
  package let added: [ReportedRun]
  /// Runs that failed in the candidate and that the baseline does not have complete either.
  package let otherFailures: [FailedRun]
  /// The runs of `added` and `otherFailures` that failed in the baseline, by their places.
  private let failedBefore: Set<String>
  /// Which runs are held against each other.
  package let match: RunMatch
  /// What readers must know.
  package let notes: [String]
  /// Whether runs that the candidate lacks are not a regression.
  let isMissingAllowed: Bool

  /// Values and runs that make this a regression.
  package var regressionCount: Int {
    moves.count { $0.verdict == .regression } + failed.count + (isMissingAllowed ? 0 : missing.count)
  }

  /// Whether everything is as it was, or better.
  package var isRegression: Bool { regressionCount > 0 }

  /// Compares `candidate` with `baseline`.
  ///
  /// - Throws: `FileError` where no run of the two matches, a match by parts does not tell runs of one side apart, a
  ///   tolerance names a metric that no run has, or the headline scores of two matched runs are not of one kind.
  package init(_ baseline: ReportedResults, _ candidate: ReportedResults, options: Options = Options())
    throws(FileError)
  {
    baselineName = baseline.paths.joined(separator: ", ")
    candidateName = candidate.paths.joined(separator: ", ")
    let match = options.match
    self.match = match
    // The ids of rows depend on the tokenizer and the template, which may have changed.
    let byContent = (baseline.runs + candidate.runs).allSatisfy { $0.rows.evaluationContent != nil }
    let old = try match.keyed(baseline, byContent: byContent)
    let new = try match.keyed(candidate, byContent: byContent)
    let there = Dictionary(new.map { ($0.key, $0.run) }, uniquingKeysWith: { first, _ in first })
    let known = Set(old.map(\.key))
    let pairs = old.compactMap { entry in there[entry.key].map { (entry.run, $0) } }
    let absent = old.filter { there[$0.key] == nil }.map(\.run)
    let failures = absent.map { run in candidate.failures.first { match.isAttempt($0, at: run) } }
    // A candidate whose runs all failed is a regression, one that has nothing to do with the baseline is a mistake.
    guard !pairs.isEmpty || failures.contains(where: { $0 != nil }) else {
      throw Self.nothingMatches(baseline, candidate, match)
    }
    try Self.check(options.tolerances.map(\.metric), among: pairs.isEmpty ? baseline.runs : pairs.map(\.0))

    for (old, new) in pairs { try Self.checkHeadline(old, new, candidate) }

    let causes = Dictionary(
      candidate.missing.map { (match.placeKey($0), $0.cause) }, uniquingKeysWith: { first, _ in first })
    failed = zip(absent, failures).compactMap { run, failure in failure.map { (run, $0.error) } }
    missing = zip(absent, failures).filter { $0.1 == nil }.map { run, _ in (run, causes[match.placeKey(run)]) }
    added = new.filter { !known.contains($0.key) }.map(\.run)
    otherFailures = candidate.failures.filter { failure in
      !baseline.runs.contains { match.isAttempt(failure, at: $0) }
    }
    failedBefore = Set(baseline.failures.map(match.placeKey))
    matched = pairs.map(\.1)
    changes = SettingChange.of(pairs)
    suites = Set((pairs.isEmpty ? absent : pairs.map(\.1)).map(\.suite)).sorted()
    isMissingAllowed = options.allowsMissing
    let moves = pairs.flatMap { Self.moves($0, $1, options: options) }
    self.moves = moves.filter { $0.verdict == .regression } + moves.filter { $0.verdict != .regression }
    notes = Self.notes(missing: missing.map(\.run), added: added, pairs: pairs, options: options)
  }

  // MARK: - One pair of runs

  private static func moves(_ old: ReportedRun, _ new: ReportedRun, options: Options) -> [Move] {
    var metrics: [ComparedMetric] = [.score(old.metric)]
    for (name, _) in options.tolerances where old.scores.contains(where: { $0.name == name }) && name != old.metric {
      if !metrics.contains(.score(name)) { metrics.append(.score(name)) }
    }
    metrics += isMemoryComparable(old, new) ? [.parameters, .flops, .memory, .pscp] : [.parameters, .flops]
    let speed = options.tolerances.last { $0.metric == "speed" }
    if speed != nil { metrics.append(.speed) }
    return metrics.compactMap { metric -> Move? in
      guard let before = metric.value(of: old) else { return nil }
      guard let after = metric.value(of: new), after != before else { return nil }
      let loss = metric.higherIsBetter ? before - after : after - before
      let isHeadline = metric == .score(old.metric)
      let given = options.tolerances.last { $0.metric == metric.name || (isHeadline && $0.metric == "score") }?
        .tolerance
      let isCounted = given != nil || (metric != .pscp && metric != .speed)
      let tolerance = given ?? .exact
      let interval = isHeadline ? interval(old, new) : nil
      var verdict = Verdict.improved
      if !isCounted {
        verdict = .uncounted
      } else if loss > 0 {
        verdict = tolerance.allows(loss: loss, from: before) ? .tolerated : .regression
        if verdict == .regression, isHeadline, options.needsSignificance, let interval, interval.upper >= 0 {
          verdict = .insignificant
        }
      }
      return Move(
        run: new, metric: metric.name, baseline: before, candidate: after, baselineText: metric.text(before),
        candidateText: metric.text(after), changeText: metric.changeText(from: before, to: after),
        tolerance: isCounted ? tolerance : nil, interval: interval, verdict: verdict)
    }
  }

  /// The interval of the change of a score that is the share of right rows.
  private static func interval(_ old: ReportedRun, _ new: ReportedRun) -> Bootstrap.Interval? {
    guard old.isScoredByRow, new.isScoredByRow, haveSameRows(old, new), let before = old.marks, let after = new.marks,
      before.count == after.count
    else { return nil }
    return Bootstrap(seeds: SeedStream(0)).difference(
      after.values.map { $0 ? 1 : 0 }, before.values.map { $0 ? 1 : 0 })?.interval
  }

  /// Whether both were asked the same rows, so that their answers are pairs.
  private static func haveSameRows(_ old: ReportedRun, _ new: ReportedRun) -> Bool {
    old.key == new.key || old.rows.areScoredAs(new.rows) == true
  }

  /// Whether the peaks of memory are of the same work: zero-shot has none but that of the evaluation, which grows with
  /// the batch.
  private static func isMemoryComparable(_ old: ReportedRun, _ new: ReportedRun) -> Bool {
    guard old.isZeroShot || new.isZeroShot, let before = old.evaluationBatchSize, let after = new.evaluationBatchSize
    else { return true }
    return before == after
  }

  /// Refuses to hold a score against one of another kind that happens to have its name, or against none.
  private static func checkHeadline(
    _ old: ReportedRun, _ new: ReportedRun, _ candidate: ReportedResults
  ) throws(FileError) {
    let path = candidate.paths.joined(separator: ", ")
    guard old.scoringProtocol == new.scoringProtocol else {
      throw FileError(
        path: path,
        "\(new) is scored by the protocol \(new.scoringProtocol), and in the baseline by \(old.scoringProtocol): these "
          + "scores cannot be compared")
    }
    guard ComparedMetric.score(old.metric).value(of: new) != nil else {
      throw FileError(
        path: path,
        "\(new) has no score \(old.metric), which is the headline of the baseline's run; it has \(new.metric)")
    }
  }

  // MARK: - What does not match

  /// Whether a run that the candidate alone has was tried in the baseline, and failed there.
  func failedInBaseline(_ run: some PlacedRun) -> Bool { failedBefore.contains(match.placeKey(run)) }

  private static func notes(
    missing: [ReportedRun], added: [ReportedRun], pairs: [(ReportedRun, ReportedRun)], options: Options
  ) -> [String] {
    var notes: [String] = []
    let changed = missing.filter { run in added.contains { isNamesake($0, run) } }
    if !changed.isEmpty {
      notes.append(
        "\(changed.count) of the missing runs have one of the same name among the new ones, with other settings, data or "
          + "weights: these are not compared. --match dataset,method,seed compares them.")
    }
    let unequal = pairs.count { !isMemoryComparable($0, $1) }
    if unequal > 0 {
      notes.append(
        "\(unequal) zero-shot \(unequal == 1 ? "run was" : "runs were") evaluated in batches of another size, on which "
          + "their memory and PSCP depend: these are not compared.")
    }
    if options.needsSignificance {
      let untested = pairs.count { old, new in old.value != new.value && interval(old, new) == nil }
      if untested > 0 {
        notes.append(
          "\(untested) scores that moved are not shares of rows that both sides have; for these the tolerance alone counts."
        )
      }
    }
    return notes
  }

  private static func isNamesake(_ one: ReportedRun, _ other: ReportedRun) -> Bool { one.place == other.place }

  private static func nothingMatches(
    _ baseline: ReportedResults, _ candidate: ReportedResults, _ match: RunMatch
  ) -> FileError {
    let path = candidate.paths.joined(separator: ", ")
    if baseline.runs.isEmpty || candidate.runs.isEmpty {
      let empty = baseline.runs.isEmpty ? baseline.paths.joined(separator: ", ") : path
      return FileError(path: empty, "there is no complete run to compare")
    }
    let differing = match.disjointParts(baseline, candidate)
    var reason = "they have no \(differing.joined(separator: ", no ")) in common"
    if differing.isEmpty {
      reason =
        match.parts == nil
        ? "settings, data or seeds differ (--match dataset,method,seed would compare them anyway)"
        : "no combination of these parts is on both sides"
    }
    let by = match.text.map { " by \($0)" } ?? ""
    return FileError(
      path: path, "no run matches one of \(baseline.paths.joined(separator: ", "))\(by): \(reason)")
  }

  private static func check(_ metrics: [String], among runs: [ReportedRun]) throws(FileError) {
    let known = ComparedMetric.names + Set(runs.flatMap { [$0.metric] + $0.scores.map(\.name) }).sorted()
    for metric in metrics where !known.contains(metric) {
      let hint = NearestName.of(metric, among: known).map { "; did you mean \($0)?" } ?? ""
      throw FileError(
        path: "--tolerance", "no run has the metric \(metric)\(hint) (\(known.joined(separator: ", ")))")
    }
  }
}
