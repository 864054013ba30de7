import Foundation
import PEFTCore
import Synchronization

/// Gives the runs of a sweep out one by one, in the order of the plan, to any number of threads, and when all of them have
/// ended asks for further ones.
///
/// What is complete is passed over. What another process is working on is put off, and looked at again when nothing
/// else is left: then it is complete, or its process was killed and the run is free to be taken.
final class SweepQueue: Sendable {
  private struct State {
    var pending: [SweepRun]
    /// How many runs were given to this queue so far.
    var count: Int
    /// Runs that were neither done nor failed, since they were not asked for.
    var passedOver = 0
    /// Runs that other processes have.
    var elsewhere: [SweepRun] = []
    /// The ids of complete runs by the place in the plan; their records stay on disk, since a sweep may have thousands.
    var complete: [Int: String] = [:]
    var failures: Set<Int> = []
    var isStopped = false
    var hasSaidWaiting = false

    /// Whether every run so far has ended.
    var hasEnded: Bool { complete.count + failures.count + passedOver == count }
  }

  private enum Next {
    case run(SweepRun)
    case wait
    case nothing
  }

  private let state: Mutex<State>
  private let proposals: RunProposals
  private let choice: Sweep.Choice
  private let data: DataConfiguration
  private let results: ResultsFolder
  private let locks: RunLocks
  private let cancellation: CancellationFlag
  private let watch: @Sendable (RunEvent) -> Void
  /// The failures that are there before the sweep; later ones are not tried again by this one.
  private let earlierFailures: Mutex<[String: [Int]]>

  /// Seconds between two looks at runs that other processes have.
  private static let patience = 0.1...2.0

  init(
    _ proposals: RunProposals, of data: DataConfiguration, choice: Sweep.Choice, results: ResultsFolder,
    locks: RunLocks, cancellation: CancellationFlag, watch: @escaping @Sendable (RunEvent) -> Void
  ) {
    self.choice = choice
    self.data = data
    self.results = results
    self.locks = locks
    self.cancellation = cancellation
    self.watch = watch
    self.proposals = proposals
    let runs = proposals.all
    earlierFailures = Mutex(Self.failureMarks(of: runs, in: results))
    // One id may stand in the plan twice, as two spellings of one method.
    state = Mutex(State(pending: runs, count: runs.count))
  }

  private static func failureMarks(of runs: [SweepRun], in results: ResultsFolder) -> [String: [Int]] {
    var failures: [String: [Int]] = [:]
    for run in runs { failures[run.id] = results.failureMark(of: run.id) }
    return failures
  }

  /// Takes runs and has them carried out by `perform`, until none is left.
  ///
  /// - Throws: What `perform` throws; `Interruption` on a request to stop.
  func work(_ perform: (SweepRun) throws -> RunOutcome) throws {
    var last: SweepRun?
    var pause = Self.patience.lowerBound
    while true {
      try cancellation.check()
      switch try next(after: last) {
      case .nothing: return
      case .wait:
        Thread.sleep(forTimeInterval: pause)
        pause = min(2 * pause, Self.patience.upperBound)
      case .run(let run):
        pause = Self.patience.lowerBound
        last = run
        try locks.checkPlace()
        try take(try outcome(of: run, by: perform), of: run)
        try locks.checkPlace()
      }
    }
  }

  private func outcome(of run: SweepRun, by perform: (SweepRun) throws -> RunOutcome) throws -> RunOutcome {
    do { return try perform(run) } catch let interruption as Interruption { throw interruption } catch {
      // What goes wrong in a results folder that is gone, such as reading a record that was just written, goes wrong for
      // that reason.
      try locks.checkPlace()
      throw error
    }
  }

  /// Gives out nothing more.
  func stop() { state.withLock { $0.isStopped = true } }

  /// What the sweep has come to.
  var result: Sweep.Result {
    let (complete, failures) = state.withLock { ($0.complete.sorted { $0.key < $1.key }, $0.failures.count) }
    let records = complete.compactMap { try? results.record(of: $0.value) }
    return Sweep.Result(records: records, failures: failures, missing: complete.count - records.count)
  }

  private func take(_ outcome: RunOutcome, of run: SweepRun) throws {
    switch outcome {
    case .complete(let record, let isNew):
      state.withLock { $0.complete[run.index] = run.id }
      watch(isNew ? .finished(run, record: record) : .skipped(run, record: record))
    case .failed(let cause):
      _ = state.withLock { $0.failures.insert(run.index) }
      watch(.failed(run, cause: cause))
    case .taken: state.withLock { $0.elsewhere.append(run) }
    case .lost(let cause): try take(self.outcome(ofLost: run, cause: cause), of: run)
    }
  }

  /// What became of a run whose worker ended in the middle of it: a run that takes its process down must not be
  /// tried again and again, so it counts as failed.
  private func outcome(ofLost run: SweepRun, cause: String) throws -> RunOutcome {
    try locks.checkPlace()
    guard try locks.take(run.id) else { return .taken }
    defer { locks.release(run.id) }
    switch results.recordState(of: run.id) {
    case .complete(let record):
      results.tidy(run.id)
      return .complete(record, isNew: true)
    case .refused(let reason): return .failed(reason)
    case .absent, .damaged: break
    }
    try results.fail(run, data: data, cause: cause, seconds: 0)
    return .failed(cause)
  }

  private func next(after last: SweepRun?) throws -> Next {
    while let run = nextPending(after: last) {
      if let settled = settled(run) {
        try settle(run, with: settled)
      } else if locks.isTaken(run.id) {
        state.withLock { $0.elsewhere.append(run) }
      } else {
        return .run(run)
      }
    }
    let (elsewhere, isStopped) = state.withLock { state in
      defer { state.elsewhere = [] }
      return (state.elsewhere, state.isStopped)
    }
    if isStopped { return .nothing }
    var free: SweepRun?
    var waiting: [SweepRun] = []
    for run in elsewhere {
      if let settled = settled(run) {
        try settle(run, with: settled)
      } else if free == nil, !locks.isTaken(run.id) {
        free = run
      } else {
        waiting.append(run)
      }
    }
    let isNews = state.withLock { state in
      state.elsewhere += waiting
      guard free == nil, !waiting.isEmpty, !state.hasSaidWaiting else { return false }
      state.hasSaidWaiting = true
      return true
    }
    if isNews { watch(.waiting(runs: waiting.count)) }
    if let free { return .run(free) }
    guard waiting.isEmpty else { return .wait }
    guard proposals.mayGoOn || state.withLock({ $0.count }) < proposals.all.count else { return .nothing }
    // What comes next depends on what comes out of the runs that other threads are at.
    guard state.withLock({ $0.hasEnded }) else { return .wait }
    return try ask() ? try next(after: last) : .nothing
  }

  /// Asks for further runs.
  ///
  /// - Returns: Whether there are any.
  private func ask() throws -> Bool {
    let count = state.withLock { $0.count }
    let new = try proposals.next(after: count, locks)
    let marks = Self.failureMarks(of: new, in: results)
    return state.withLock { state in
      // Another thread may have been given the same ones.
      guard state.count == count else { return true }
      state.pending += new
      state.count += new.count
      earlierFailures.withLock { $0.merge(marks) { $1 } }
      return !new.isEmpty
    }
  }

  private func settle(_ run: SweepRun, with outcome: RunOutcome?) throws {
    if let outcome { try take(outcome, of: run) } else { state.withLock { $0.passedOver += 1 } }
  }

  /// The next run in the order of the plan; within one seed rather one of the model that is loaded.
  private func nextPending(after last: SweepRun?) -> SweepRun? {
    state.withLock { state in
      guard !state.isStopped, let first = state.pending.first else { return nil }
      let same = last.flatMap { last in
        state.pending.prefix { $0.planned.seed == first.planned.seed }
          .firstIndex { $0.planned.model == last.planned.model }
      }
      return state.pending.remove(at: same ?? 0)
    }
  }

  /// What there is to say of a run without doing it.
  ///
  /// - Returns: nil if it has to be done; an outcome, or none for a run that was not asked for.
  private func settled(_ run: SweepRun) -> RunOutcome?? {
    var isDamaged = false
    switch results.recordState(of: run.id) {
    case .complete(let record) where !choice.isFresh:
      sweepUp(run)
      return .some(.complete(record, isNew: false))
    case .refused(let reason): return .some(.failed(reason))
    case .damaged: isDamaged = true
    case .absent, .complete: break
    }
    let mark = results.failureMark(of: run.id)
    if let mark, mark != earlierFailures.withLock({ $0[run.id] }) {
      return .some(.failed(results.failure(of: run.id) ?? "in another process"))
    }
    if choice.onlyFailed, !isDamaged, !results.hasFailed(run.id) { return .some(nil) }
    return nil
  }

  /// Removes what a process left that was killed between a run's record and its end.
  private func sweepUp(_ run: SweepRun) {
    guard results.isUntidy(run.id), (try? locks.take(run.id)) == true else { return }
    results.tidy(run.id)
    locks.release(run.id)
  }
}
