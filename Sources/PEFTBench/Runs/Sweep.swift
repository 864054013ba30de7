import Foundation
import PEFTCore
import PEFTMethods

/// The runs of a config, carried out by workers, or here.
///
/// Complete runs are skipped; one that was killed resumes from its last checkpoint; one that fails is recorded, the
/// others continue, and the next sweep tries it again. Any number of sweeps may work on one results folder.
package final class Sweep {
  /// Which runs a sweep does.
  package struct Choice: Sendable {
    /// Do complete runs again, and all from the beginning.
    package var isFresh: Bool
    /// Do nothing but runs that failed before.
    package var onlyFailed: Bool

    /// Chooses.
    package init(isFresh: Bool = false, onlyFailed: Bool = false) {
      (self.isFresh, self.onlyFailed) = (isFresh, onlyFailed)
    }
  }

  /// What a sweep came to.
  package struct Result: Sendable {
    /// The records of all complete runs, in the order of the plan.
    package let records: [RunRecord]
    /// How many runs failed.
    package let failures: Int
    /// How many runs were completed whose records are not there any more.
    package let missing: Int
  }

  /// The runs that are known before any is done, with their ids, in the order of the plan: all of a fixed list.
  package let runs: [SweepRun]

  private let configuration: RunConfiguration
  private let results: ResultsFolder
  private let context: ComputeContext
  private let cancellation: CancellationFlag
  private let watch: @Sendable (RunEvent) -> Void
  private var assembly: RunAssembly
  private let proposals: RunProposals

  /// Checks the runs: what cannot be read or does not fit is found before anything is written.
  ///
  /// - Parameters:
  ///   - configuration: The config.
  ///   - source: Which runs are to be done: a selection of the config's, or a search.
  ///   - results: Where results go.
  ///   - context: Memory and threads.
  ///   - cancellation: The request to stop.
  ///   - watch: Called with what happens, from any thread.
  /// - Throws: An `InputError` for a model or a dataset that cannot be read, or a method that does not fit.
  package init(
    _ configuration: RunConfiguration, _ source: some RunSource, results: ResultsFolder, context: ComputeContext,
    cancellation: CancellationFlag, watch: @escaping @Sendable (RunEvent) -> Void
  ) throws {
    self.configuration = configuration
    self.results = results
    self.context = context
    self.cancellation = cancellation
    self.watch = watch
    assembly = RunAssembly(configuration, context: context, note: { watch(.note($0)) })
    proposals = try RunProposals(source, assembly: assembly, results: results, check: cancellation.check)
    runs = proposals.all
  }

  /// How much work each run is beside the others, estimated from its data and the shapes of its model and method.
  ///
  /// - Throws: An `InputError` for data that cannot be read.
  package func relativeWork() throws -> [Double] { try runs.map { try assembly.cost(of: $0.planned).seconds(.usual) } }

  /// Bytes of the largest model's weights as they will be held in memory.
  ///
  /// - Throws: An `InputError` for files that do not hold the model.
  package func largestWeightBytes() throws -> Int {
    try runs.map { try assembly.outline(of: $0.planned.model).weightBytes() }.max() ?? 0
  }

  /// How many runs fit into memory side by side, whichever these are; complete ones are not asked.
  ///
  /// - Parameters:
  ///   - most: The largest count that is asked for.
  ///   - available: What there is for all of them.
  ///   - choice: Which runs.
  ///   - share: Bytes that a run is to take at most where it can choose; all unless given.
  /// - Returns: The largest count, at most `most`, of which even the largest runs fit together; 1 where nothing is to do.
  /// - Throws: `MemoryError` for the first run that does not fit alone.
  package func fittingJobs(
    _ most: Int, in available: AvailableMemory, choice: Choice, share: Int? = nil
  ) throws -> Int {
    let needs = try largestNeeds(in: available, choice: choice, share: share)
    var count = 0
    var total = 0
    for need in needs.prefix(most) {
      total += need.total
      if total > available.bytes { break }
      count += 1
    }
    // Fewer runs than workers take no more memory.
    return count == needs.count ? most : max(1, count)
  }

  /// Refuses a number of workers whose runs may need more memory together than there is.
  ///
  /// - Throws: `MemoryError` for them, or for the first run that does not fit alone.
  package func checkMemory(_ available: AvailableMemory, jobs: Int, choice: Choice) throws {
    let share = available.bytes / max(1, jobs)
    let fitting = try fittingJobs(jobs, in: available, choice: choice, share: share)
    guard fitting < jobs else { return }
    var together = MemoryUse()
    for need in try largestNeeds(in: available, choice: choice, share: share).prefix(jobs) {
      for kind in MemoryKind.allCases { together[kind] += need[kind] }
    }
    throw MemoryError(
      subject: "--jobs \(jobs)", need: together, available: available,
      advice: fitting > 1 ? "take --jobs \(fitting) or --jobs auto" : "do one run after the other")
  }

  /// What the runs to do need, the largest need first.
  private func largestNeeds(in available: AvailableMemory, choice: Choice, share: Int?) throws -> [MemoryUse] {
    try runs.filter { choice.isFresh || !results.isComplete($0.id) }
      .map { try assembly.checkMemory(of: $0.planned, in: available, share: share) }
      .sorted { $0.total > $1.total }
  }

  /// Carries the runs out in this process, for whoever embeds a sweep: what ends a run ends it all.
  ///
  /// - Throws: `Interruption` on a request to stop; `FileError` for a results folder that cannot be written to.
  package func run(_ choice: Choice) throws -> Result {
    let (queue, locks) = try begin(choice)
    let executor = RunExecutor(
      assembly: assembly, results: results, locks: locks, context: context, cancellation: cancellation, watch: watch)
    try queue.work { try executor.perform($0, fresh: choice.isFresh) }
    return queue.result
  }

  /// Carries the runs out by workers, each on a thread of its own that waits for it; the first on the caller's.
  ///
  /// - Parameters:
  ///   - choice: Which runs.
  ///   - workers: Take a run and give its outcome.
  ///   - memoryShare: Bytes that each of them may take, by which `training.recompute: auto` goes; what is free when a run
  ///     begins unless given.
  /// - Throws: `Interruption` on a request to stop; the first error of a worker.
  package func run(
    _ choice: Choice, workers: [@Sendable (SweepRun) throws -> RunOutcome], memoryShare: Int? = nil
  ) throws -> Result {
    let (queue, _) = try begin(choice)
    // Workers read the data by themselves.
    assembly = RunAssembly(configuration, context: context, note: { _ in })
    proposals.forgetData()
    let errors = WorkerErrors()
    let work: @Sendable (@Sendable (SweepRun) throws -> RunOutcome) -> Void = { worker in
      do { try queue.work { try worker($0.within(memoryShare)) } } catch {
        // The others finish what they are at.
        queue.stop()
        errors.add(error)
      }
    }
    let group = DispatchGroup()
    for worker in workers.dropFirst() {
      group.enter()
      let hasStarted = CheckedThread.start {
        work(worker)
        group.leave()
      }
      if !hasStarted {
        group.leave()
        watch(.note("fewer runs at once: the system has no more threads for them"))
        break
      }
    }
    if let first = workers.first { work(first) }
    group.wait()
    if let error = errors.first { throw error }
    return queue.result
  }

  private func begin(_ choice: Choice) throws -> (SweepQueue, RunLocks) {
    try results.prepare()
    let locks = try RunLocks(forTakingIn: results.path)
    try proposals.announce(locks)
    let ids = Set(runs.map(\.id))
    if let note = results.noteOfEarlierEngines(besides: ids) { watch(.note(note)) }
    if let note = results.noteOfInterrupted(besides: ids) { watch(.note(note)) }
    let queue = SweepQueue(
      proposals, of: configuration.data, choice: choice, results: results, locks: locks, cancellation: cancellation,
      watch: watch)
    return (queue, locks)
  }
}

/// The first of the errors that several threads met.
private final class WorkerErrors: @unchecked Sendable {
  private let lock = NSLock()
  private var errors: [any Error] = []

  func add(_ error: any Error) { lock.withLock { errors.append(error) } }

  /// What went wrong goes before a mere request to stop.
  var first: (any Error)? {
    lock.withLock { errors.first { !($0 is Interruption) } ?? errors.first }
  }
}
