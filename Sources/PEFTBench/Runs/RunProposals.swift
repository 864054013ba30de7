import Foundation
import PEFTCore

/// Asks a source of runs for one batch after the other, gives each run its id, and keeps the plan on disk up to date.
///
/// The threads of a sweep share it: one at a time asks, and the others wait for it.
final class RunProposals: @unchecked Sendable {
  private let lock = NSLock()
  private let source: any RunSource
  private let configuration: RunConfiguration
  private let results: ResultsFolder
  private var assembly: RunAssembly?
  private var runs: [SweepRun]
  private var hasEnded: Bool

  /// - Parameters:
  ///   - source: The source.
  ///   - assembly: What runs are put together from.
  ///   - results: Where results go.
  ///   - check: Called before each run; throws on a request to stop.
  /// - Throws: An `InputError` for a run of the first batch that cannot be made.
  init(
    _ source: any RunSource, assembly: RunAssembly, results: ResultsFolder, check: () throws -> Void
  ) throws {
    (self.source, self.assembly, self.results) = (source, assembly, results)
    configuration = assembly.configuration
    let batch = try source.batch(after: [])
    hasEnded = batch.isLast
    runs = try batch.runs.enumerated().map { index, run in
      try check()
      return try assembly.sweepRun(run, index: index, isListed: source.isList)
    }
  }

  /// All runs so far, in the order in which they were proposed.
  var all: [SweepRun] { lock.withLock { runs } }

  /// Whether there may be more.
  var mayGoOn: Bool { lock.withLock { !hasEnded } }

  /// Lets go what is not needed for further runs, where those who do the runs read models and data by themselves.
  func forgetData() {
    lock.withLock {
      if hasEnded { assembly = nil } else { assembly?.keepSizesAlone() }
    }
  }

  /// Writes the config and the plan of all runs so far.
  func announce(_ locks: RunLocks) throws { try lock.withLock { try write(locks) } }

  /// The next runs.
  ///
  /// - Parameters:
  ///   - count: How many runs the caller knows; where another thread has asked already, what it got is given.
  ///   - locks: Whose lock the plan is written under.
  /// - Returns: Runs beyond those; none where there are no more.
  func next(after count: Int, _ locks: RunLocks) throws -> [SweepRun] {
    try lock.withLock {
      guard let assembly, runs.count == count, !hasEnded else { return Array(runs.dropFirst(count)) }
      let finished = runs.map { FinishedRun(planned: $0.planned, record: try? results.record(of: $0.id)) }
      let batch = try source.batch(after: finished)
      hasEnded = batch.isLast
      let new = try batch.runs.enumerated().map {
        try assembly.sweepRun($1, index: count + $0, isListed: source.isList)
      }
      runs += new
      if !new.isEmpty { try write(locks) }
      return new
    }
  }

  private func write(_ locks: RunLocks) throws {
    let proposed = runs.map(\.planned)
    let asked = source.asked.isEmpty ? proposed : source.asked
    let plan = SweepPlan(asked, known: runs, possible: source.all.isEmpty ? proposed : source.all)
    try results.announce(configuration, plan: plan, locks: locks)
  }
}
