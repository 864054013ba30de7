import Foundation
import PEFTCore

/// How far the sweeps of a results folder have come, judged by its files and locks alone.
package struct SweepStatus: Sendable {
  /// What is known of one run.
  package struct Run: Sendable {
    /// The model's name.
    package let model: String
    /// The dataset's name.
    package let dataset: String
    /// The method's label.
    package let method: String
    /// The seed.
    package let seed: Int
    /// The id; nil until a process has read the run's data.
    package let id: String?
    /// Where it is.
    package let state: State
  }

  /// Where a run is.
  package enum State: Sendable {
    /// Complete: seconds of training and evaluation, and the primary score.
    case complete(seconds: Double, score: Double?)
    /// A process is working on it; how far it has come is nil in its first second.
    case running(RunProgress?)
    /// It failed, for this reason.
    case failed(String)
    /// Its record is damaged or another run's, for this reason; the next `run` does it again.
    case damaged(String)
    /// Not begun, or interrupted and to resume from a checkpoint.
    case waiting(isInterrupted: Bool)
  }

  /// The runs in the order of the plan, then complete ones that the present plan does not have.
  package let runs: [Run]
  /// The records that tell no result of runs that the plan does not have: the run's id, and why.
  package let strays: [(id: String, reason: String)]

  /// Looks at a results folder.
  ///
  /// - Throws: `FileError` for what is not a results folder.
  package init(of results: ResultsFolder) throws {
    guard FileManager.default.fileExists(atPath: results.path + "/runs") else {
      throw FileError(path: results.path, "is not a results folder: there is no folder \"runs\" in it")
    }
    let entries = SweepPlan(folder: results.path).entries
    var found = SweepStatus(of: results, entries: entries, locks: RunLocks(forLookingIn: results.path)).runs
    let planned = Set(entries.compactMap(\.id))
    let records = results.records()
    strays = records.unusable.filter { !planned.contains($0.id) }
    for record in records.complete where !planned.contains(record.id) {
      found.append(
        Run(
          model: record.model.name, dataset: record.dataset, method: record.method.label ?? "", seed: record.seed,
          id: record.id, state: Self.complete(record)))
    }
    runs = found
  }

  /// Looks at planned runs alone.
  package init(of results: ResultsFolder, entries: [SweepPlan.Entry], locks: RunLocks?) {
    strays = []
    runs = entries.map { entry in
      Run(
        model: entry.model, dataset: entry.dataset, method: entry.method, seed: entry.seed, id: entry.id,
        state: entry.id.map { Self.state(of: $0, in: results, locks: locks) }
          ?? .waiting(isInterrupted: false))
    }
  }

  private static func state(of id: String, in results: ResultsFolder, locks: RunLocks?) -> State {
    let before = results.recordState(of: id)
    if case .complete(let record) = before { return complete(record) }
    let folder = results.folder(of: id)
    if locks?.isTaken(id) == true {
      // It may have ended between the two looks.
      if case .complete(let record) = results.recordState(of: id) { return complete(record) }
      return .running(RunProgress(folder: folder))
    }
    switch before {
    case .damaged(let reason): return .damaged(reason)
    case .refused(let reason): return .failed(reason)
    case .absent, .complete: break
    }
    if let cause = results.failure(of: id) { return .failed(cause) }
    return .waiting(
      isInterrupted: FileManager.default.fileExists(atPath: "\(folder)/\(ResultsFolder.checkpointName)"))
  }

  private static func complete(_ record: RunRecord) -> State {
    .complete(seconds: record.seconds, score: record.scores.primary.value)
  }

  // MARK: - Sums

  /// How many runs stand in each way.
  package struct Counts: Sendable, Equatable {
    /// Complete runs.
    package var complete = 0
    /// Runs that a process is working on.
    package var running = 0
    /// Runs that failed.
    package var failed = 0
    /// Runs whose record is damaged.
    package var damaged = 0
    /// Runs that nobody is working on.
    package var waiting = 0
    /// Those of the waiting ones that resume from a checkpoint.
    package var interrupted = 0

    /// All of them.
    package var total: Int { complete + running + failed + damaged + waiting }
  }

  /// How many of `runs` stand in each way.
  package static func counts(_ runs: some Sequence<Run>) -> Counts {
    var counts = Counts()
    for run in runs {
      switch run.state {
      case .complete: counts.complete += 1
      case .running: counts.running += 1
      case .failed: counts.failed += 1
      case .damaged: counts.damaged += 1
      case .waiting(let isInterrupted):
        counts.waiting += 1
        if isInterrupted { counts.interrupted += 1 }
      }
    }
    return counts
  }

  /// Seconds of work that complete runs took and that running ones have taken in their present attempts.
  package var secondsSpent: Double {
    runs.reduce(0) { sum, run in
      switch run.state {
      case .complete(let seconds, _): sum + seconds
      case .running(let progress): sum + (progress?.seconds ?? 0)
      default: sum
      }
    }
  }

  /// Seconds until all runs are done if as many run at once as do now, at least one; nil before the first is complete.
  ///
  /// A run is taken to last as long as complete ones of its method and dataset, or else as its dataset and its method
  /// let expect.
  package var secondsLeft: Double? {
    guard let usual = Self.mean(runs) else { return nil }
    let datasets = Dictionary(grouping: runs, by: \.dataset).mapValues { Self.mean($0) }
    let methods = Dictionary(grouping: runs, by: \.method).mapValues { Self.mean($0) }
    let pairs = Dictionary(grouping: runs, by: { [$0.dataset, $0.method] }).mapValues { Self.mean($0) }
    func expected(_ run: Run) -> Double {
      if let known = pairs[[run.dataset, run.method]] ?? nil { return known }
      let dataset = (datasets[run.dataset] ?? nil) ?? usual
      let method = (methods[run.method] ?? nil) ?? usual
      return usual > 0 ? dataset * method / usual : 0
    }
    var left = 0.0
    var workers = 0
    for run in runs {
      switch run.state {
      case .running(let progress):
        workers += 1
        left += max(0, expected(run) - (progress?.seconds ?? 0))
      case .waiting, .damaged: left += expected(run)
      default: break
      }
    }
    return left / Double(max(1, workers))
  }

  private static func mean(_ runs: [Run]) -> Double? {
    let seconds = runs.compactMap { run in
      if case .complete(let seconds, _) = run.state { seconds } else { nil }
    }
    return seconds.isEmpty ? nil : seconds.reduce(0, +) / Double(seconds.count)
  }
}
