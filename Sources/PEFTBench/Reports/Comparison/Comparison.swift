public import PEFTCore

/// What changed from one set of results to another: the regression gate.
///
/// Runs match by what determines their numbers, less the version of the code. Scores, parameters, inference FLOPs and
/// tensor bytes must not become worse than their tolerances, which are zero unless given: the numbers of one binary are
/// equal to the bit. PSCP follows from these, and speed is no property of the code alone, so both count only with a
/// tolerance of their own.
public struct Comparison: Sendable {
  /// What became of a value.
  public enum Verdict: String, Sendable {
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
  public struct Move: Sendable {
    /// The run of the candidate.
    public let run: ReportedRun
    /// What moved.
    public let metric: String
    /// The value in the baseline.
    public let baseline: Double
    /// The value in the candidate.
    public let candidate: Double
    /// The values and the change as people read them.
    public let baselineText: String
    /// The candidate's value.
    public let candidateText: String
    /// The change.
    public let changeText: String
    /// What was allowed; nil for what is not counted.
    public let tolerance: Tolerance?
    /// 95 % interval of the change by the paired bootstrap over the examples; nil where rows are not right or wrong.
    public let interval: Bootstrap.Interval?
    /// What it means.
    public let verdict: Verdict
  }

  /// What is asked for.
  public struct Options: Sendable {
    /// Tolerances by metric; a later one replaces an earlier one.
    public var tolerances: [(metric: String, tolerance: Tolerance)] = []
    /// A drop of a score counts only when its paired interval excludes zero.
    public var needsSignificance = false
    /// Whether runs that the candidate lacks are no regression.
    public var allowsMissing = false

    /// Options under which every loss counts.
    public init() {}
  }

  /// What was compared with.
  public let baselineName: String
  /// What was compared.
  public let candidateName: String
  /// The suites, by name.
  public let suites: [String]
  /// The runs that both have, as the candidate has them.
  public let matched: [ReportedRun]
  /// Values that moved, regressions first.
  public let moves: [Move]
  /// Runs of the baseline that the candidate lacks, with the cause where its plan tells one: "not begun", say.
  public let missing: [(run: ReportedRun, cause: String?)]
  /// Runs of the baseline that failed in the candidate, with the error.
  public let failed: [(run: ReportedRun, error: String)]
  /// Runs that only the candidate has.
  public let added: [ReportedRun]
  /// Runs that failed in the candidate and that the baseline does not have complete either.
  public let otherFailures: [FailedRun]
  /// The runs of `added` and `otherFailures` that failed in the baseline, by their places.
  private let failedBefore: Set<RunPlace>
  /// What readers must know.
  public let notes: [String]
  /// Whether runs that the candidate lacks are no regression.
  let isMissingAllowed: Bool

  /// Values and runs that make this a regression.
  public var regressionCount: Int {
    moves.count { $0.verdict == .regression } + failed.count + (isMissingAllowed ? 0 : missing.count)
  }

  /// Whether everything is as it was, or better.
  public var isRegression: Bool { regressionCount > 0 }

  /// Compares `candidate` with `baseline`.
  ///
  /// - Throws: `FileError` where no run of the two matches, or a tolerance names a metric that no run has.
  public init(_ baseline: ReportedResults, _ candidate: ReportedResults, options: Options = Options()) throws(FileError)
  {
    baselineName = baseline.paths.joined(separator: ", ")
    candidateName = candidate.paths.joined(separator: ", ")
    let there = Dictionary(candidate.runs.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let known = Set(baseline.runs.map(\.key))
    let pairs = baseline.runs.compactMap { run in there[run.key].map { (run, $0) } }
    let absent = baseline.runs.filter { there[$0.key] == nil }
    let failures = absent.map { run in candidate.failures.first { $0.isAttempt(at: run) } }
    // A candidate whose runs all failed is a regression, one that has nothing to do with the baseline is a mistake.
    guard !pairs.isEmpty || failures.contains(where: { $0 != nil }) else {
      throw Self.nothingMatches(baseline, candidate)
    }
    try Self.check(options.tolerances.map(\.metric), among: pairs.isEmpty ? baseline.runs : pairs.map(\.0))

    let causes = Dictionary(candidate.missing.map { ($0.place, $0.cause) }, uniquingKeysWith: { first, _ in first })
    failed = zip(absent, failures).compactMap { run, failure in failure.map { (run, $0.error) } }
    missing = zip(absent, failures).filter { $0.1 == nil }.map { run, _ in (run, causes[run.place]) }
    added = candidate.runs.filter { !known.contains($0.key) }
    otherFailures = candidate.failures.filter { failure in !baseline.runs.contains { failure.isAttempt(at: $0) } }
    failedBefore = Set(baseline.failures.map(\.place))
    matched = pairs.map(\.1)
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
    metrics += [.parameters, .flops, .memory, .pscp]
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
    guard old.isScoredByRow, new.isScoredByRow, let before = old.marks, let after = new.marks,
      before.count == after.count
    else { return nil }
    return Bootstrap(seeds: SeedStream(0)).difference(
      after.values.map { $0 ? 1 : 0 }, before.values.map { $0 ? 1 : 0 })?.interval
  }

  // MARK: - What does not match

  /// Whether a run that the candidate alone has was tried in the baseline, and failed there.
  func failedInBaseline(_ place: RunPlace) -> Bool { failedBefore.contains(place) }

  private static func notes(
    missing: [ReportedRun], added: [ReportedRun], pairs: [(ReportedRun, ReportedRun)], options: Options
  ) -> [String] {
    var notes: [String] = []
    let changed = missing.filter { run in added.contains { isNamesake($0, run) } }
    if !changed.isEmpty {
      notes.append(
        "\(changed.count) of the missing runs have one of the same name among the new ones, with other settings, data or "
          + "weights: these are not compared.")
    }
    if options.needsSignificance {
      let untested = pairs.count { old, new in old.value != new.value && interval(old, new) == nil }
      if untested > 0 {
        notes.append(
          "\(untested) scores that moved are no shares of rows that both sides know; there the tolerance alone counts.")
      }
    }
    return notes
  }

  private static func isNamesake(_ one: ReportedRun, _ other: ReportedRun) -> Bool { one.place == other.place }

  private static func nothingMatches(_ baseline: ReportedResults, _ candidate: ReportedResults) -> FileError {
    let path = candidate.paths.joined(separator: ", ")
    if baseline.runs.isEmpty || candidate.runs.isEmpty {
      let empty = baseline.runs.isEmpty ? baseline.paths.joined(separator: ", ") : path
      return FileError(path: empty, "there is no complete run to compare")
    }
    func names(_ runs: [ReportedRun], _ name: (ReportedRun) -> String) -> Set<String> { Set(runs.map(name)) }
    let parts: [(title: String, name: (ReportedRun) -> String)] = [
      ("suites", \.suite), ("models", \.modelHash), ("datasets", \.dataset), ("methods", \.methodName),
    ]
    let differing = parts.filter { names(baseline.runs, $0.name).isDisjoint(with: names(candidate.runs, $0.name)) }
    let reason =
      differing.isEmpty
      ? "settings, data or seeds differ" : "they have no \(differing.map(\.title).joined(separator: ", no ")) in common"
    return FileError(
      path: path, "no run matches one of \(baseline.paths.joined(separator: ", ")): \(reason)")
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
