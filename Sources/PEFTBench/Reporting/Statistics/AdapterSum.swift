import PEFTBench
import PEFTCore

/// A sum of adapters, or an adapter at parts of its strength, judged at several values of the expression's numbers: what
/// each task keeps of the score that its own adapter has.
struct AdapterSum: Sendable {
  /// A task that the sum was judged on, at one choice of the numbers.
  struct Score: Sendable {
    let dataset: String
    /// 0...1, or -1...1 for correlations.
    let value: Double
    let interval: ClosedRange<Double>?
    /// The score over that of the task's own adapter; nil where that is not known, or not above zero.
    let retained: Double?
  }

  /// A choice of the numbers, with the scores of all tasks that were judged.
  struct Candidate: Sendable {
    let values: [(name: String, value: Double)]
    let scores: [Score]

    /// What the tasks of its adapters keep on average, or else the mean score of all tasks.
    var merit: Double {
      let retained = scores.compactMap(\.retained)
      return Summary.mean(retained.isEmpty ? scores.map(\.value) : retained)
    }
  }

  /// The method's name with the model's where there are several.
  let method: String
  /// The expression as configs have it, so that sums of the same form are alike.
  let form: String
  /// The expression with the tasks of its adapters.
  let title: String
  /// The tasks whose adapters are added, as far as they are known.
  let tasks: [String]
  /// By rising values.
  let candidates: [Candidate]
  /// The candidate that was chosen, with its scores on the rows that are reported.
  let choice: Candidate?
  /// Whether it was chosen on held-out rows, which are then those of `candidates`; else on the rows that are reported.
  let isChosenOnOthers: Bool

  /// The candidate with the highest merit; the first of several.
  private static func best(of candidates: [Candidate]) -> Candidate? {
    candidates.enumerated().max { ($0.element.merit, $1.offset) < ($1.element.merit, $0.offset) }?.element
  }

  /// The numbers of the expression that have several values.
  var varying: [String] {
    (candidates.first?.values.map(\.name) ?? []).filter { name in
      Set(candidates.compactMap { $0.values.first { $0.name == name }?.value }).count > 1
    }
  }

  /// The candidates along one number, where all others are as they were chosen.
  func line(along name: String) -> [(value: Double, candidate: Candidate)] {
    guard let choice else { return [] }
    return candidates.compactMap { candidate in
      let isOnLine = zip(candidate.values, choice.values).allSatisfy { $0.name == name || $0.value == $1.value }
      guard isOnLine, let value = candidate.values.first(where: { $0.name == name })?.value else { return nil }
      return (value, candidate)
    }.sorted { $0.value < $1.value }
  }

  /// Candidates by rising values.
  static func sorted(_ candidates: [Candidate]) -> [Candidate] {
    candidates.sorted { $0.values.map(\.value).lexicographicallyPrecedes($1.values.map(\.value)) }
  }

  /// The sums that runs of a suite have judged.
  static func all(of suite: SuiteResults) -> [AdapterSum] {
    let owners = AdapterOwners(suite.runs)
    let judged = suite.runs.filter { !$0.isTrained }.compactMap { run in
      AdapterStart(run).map { (start: $0, run: run) }
    }
    let groups = judged.groupedInOrder { start, run -> [String] in
      [run.modelHash, run.methodName, start.expression ?? "", start.convention ?? "", suite.contentName(of: run)]
        + start.members.flatMap { [$0.name, $0.path] }
        // Each choice has candidates of its own.
        + (run.choice == nil ? [] : [run.id])
    }
    return groups.map { sum(of: $0.elements, in: suite, owners) }
  }

  private static func sum(
    of runs: [(start: AdapterStart, run: ReportedRun)], in suite: SuiteResults, _ owners: AdapterOwners
  ) -> AdapterSum {
    let (start, run) = runs[0]
    let owned = start.members.map { owners.owner(of: $0.path) }
    func task(_ name: String) -> String {
      guard let place = start.members.firstIndex(where: { $0.name == name }) else { return name }
      return owned[place]?.dataset ?? name
    }
    var choices: [AdapterStart] = []
    for (other, _) in runs where !choices.contains(other) { choices.append(other) }
    let candidates = choices.map { choice -> Candidate in
      let own = runs.filter { $0.start == choice }.map(\.run)
      let scores = suite.datasets.compactMap { dataset -> Score? in
        let runs = own.filter { $0.dataset == dataset }
        guard !runs.isEmpty else { return nil }
        let value = Summary.mean(runs.map(\.value))
        let reference = zip(start.members, owned).compactMap { $1 }.first { $0.dataset == dataset }?.score
        return Score(
          dataset: dataset, value: value,
          interval: RunInterval.of(runs).map { min($0.lower, $0.upper)...max($0.lower, $0.upper) },
          retained: reference.flatMap { $0 > 0 ? value / $0 : nil })
      }
      return Candidate(values: choice.values, scores: scores)
    }
    // A choice was made on held-out rows, which the candidates' scores are of.
    let tried = (run.choice?.candidates ?? []).map { candidate in
      Candidate(
        values: start.values(of: candidate),
        scores: [Score(dataset: run.dataset, value: candidate.score, interval: nil, retained: nil)])
    }
    let form = (start.expression ?? "strength × adapter") + (start.convention.map { " (\($0))" } ?? "")
    let title =
      start.expression.map { AdapterStart.text($0, naming: task) }
      ?? "strength × \(owned.first.flatMap { $0?.dataset } ?? start.members[0].path)"
    return AdapterSum(
      method: (suite.modelNames.count > 1 ? run.modelName + " · " : "") + run.methodName, form: form,
      title: title + (start.convention.map { " (\($0))" } ?? "") + suite.contentName(of: run)
        + (tried.isEmpty ? "" : ", chosen for \(run.dataset)" + (suite.seeds.count > 1 ? ", seed \(run.seed)" : "")),
      tasks: owned.compactMap { $0?.dataset }, candidates: sorted(tried.isEmpty ? candidates : tried),
      choice: best(of: candidates), isChosenOnOthers: !tried.isEmpty)
  }
}

/// The interval of runs' mean score on one dataset, wherever no other method has the same rows.
enum RunInterval {
  /// - Parameter runs: Runs of one dataset that differ in their seed alone.
  /// - Returns: nil where nothing is known by rows.
  static func of(_ runs: [ReportedRun]) -> Bootstrap.Interval? {
    part(of: runs).flatMap { ScoreInterval.mean(of: [$0]) }
  }

  /// The same as a part of the mean over several datasets.
  static func part(of runs: [ReportedRun]) -> ScoreInterval.Part? {
    guard let first = runs.first else { return nil }
    return RowEvidence.Cell(runs, dataset: first.dataset, isByRow: runs.allSatisfy(\.isScoredByRow))?.part
  }
}
