import Dispatch
import Foundation
import PEFTCore
import PEFTMethods

/// How an attempt at a run ended.
package enum RunOutcome: Sendable {
  /// The run is complete, by this attempt or by another process just before.
  case complete(RunRecord, isNew: Bool)
  /// It failed, for this reason; the failure is on disk.
  case failed(String)
  /// Another process is working on it.
  case taken
  /// The process that carried it out is gone, for this reason.
  case lost(String)
}

/// Carries out runs, one at a time: takes the run's lock, attaches, trains, evaluates, scores, writes, detaches.
///
/// A run's numbers depend on nothing that ran before it. One that was killed resumes from its last checkpoint.
package final class RunExecutor {
  private let configuration: RunConfiguration
  private let context: ComputeContext
  private let results: ResultsFolder
  private let locks: RunLocks
  private let cancellation: CancellationFlag
  private let watch: @Sendable (RunEvent) -> Void
  private let assembly: RunAssembly
  /// What a run may take; nil for what is free.
  private let memoryLimit: AvailableMemory?
  private var loaded: LoadedModel?

  init(
    assembly: RunAssembly, results: ResultsFolder, locks: RunLocks, context: ComputeContext,
    cancellation: CancellationFlag, memoryLimit: AvailableMemory? = nil, watch: @escaping @Sendable (RunEvent) -> Void
  ) {
    configuration = assembly.configuration
    (self.assembly, self.results, self.locks, self.context) = (assembly, results, locks, context)
    (self.cancellation, self.memoryLimit, self.watch) = (cancellation, memoryLimit, watch)
  }

  /// Creates an executor that reads models and data by itself, in a process that is given runs one by one.
  ///
  /// - Parameter memoryLimit: What a run may take; nil for what is free.
  /// - Throws: `FileError` where the results folder cannot be locked.
  package convenience init(
    _ configuration: RunConfiguration, results: ResultsFolder, context: ComputeContext,
    cancellation: CancellationFlag, memoryLimit: AvailableMemory? = nil, watch: @escaping @Sendable (RunEvent) -> Void
  ) throws {
    self.init(
      assembly: RunAssembly(configuration, context: context, note: { _ in }), results: results,
      locks: try RunLocks(forTakingIn: results.path), context: context, cancellation: cancellation,
      memoryLimit: memoryLimit, watch: watch)
  }

  /// Carries out a run, unless it is complete or another process has it.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - fresh: Do it even if it is complete, and from the beginning.
  /// - Throws: `Interruption` on a request to stop; `FileError` where the results folder cannot be written to.
  package func perform(_ run: SweepRun, fresh: Bool) throws -> RunOutcome {
    try locks.checkPlace()
    guard try locks.take(run.id) else { return .taken }
    defer { locks.release(run.id) }
    switch results.recordState(of: run.id) {
    case .complete(let record) where !fresh: return .complete(record, isNew: false)
    case .refused(let reason): return .failed(reason)
    case .absent, .complete, .damaged: break
    }
    let start = DispatchTime.now()
    do {
      if let note = try results.begin(run.id, fresh: fresh) { watch(.note(note)) }
      watch(.began(run))
      let record = try carryOut(run)
      results.tidy(run.id)
      return .complete(record, isNew: true)
    } catch let interruption as Interruption {
      throw interruption
    } catch {
      if error is TrainingFailure || error is NonFiniteError {
        // It would only fail in the same way.
        try? FileManager.default.removeItem(atPath: checkpointFolder(of: run))
      }
      let cause = "\(error)"
      try locks.checkPlace()
      // Behind a full disk all other runs would fail too, one after the other.
      if let error = error as? FileError, error.isMachineFault { throw error }
      do {
        try results.fail(run, data: configuration.data, cause: cause, seconds: start.secondsUntilNow)
      } catch let second as FileError {
        throw FileError(path: second.path, "\(second.message), to say that \(run.planned.title) failed: \(cause)")
      }
      return .failed(cause)
    }
  }

  private func checkpointFolder(of run: SweepRun) -> String {
    "\(results.folder(of: run.id))/\(ResultsFolder.checkpointName)"
  }

  // MARK: - One run

  /// Goes through the stages: the adapter, after its choice if there is one, its training, the answers, the record.
  private func carryOut(_ run: SweepRun) throws -> RunRecord {
    let planned = run.planned
    let loaded = try model(of: run)
    let data = try assembly.data(of: planned)
    guard let identity = try assembly.identity(of: planned) else {
      throw FileError(path: planned.model.path, "has no weights")
    }
    guard identity.id == run.id else { throw replaced(in: run, now: identity, of: loaded.outline) }
    // Full fine-tuning before this run may have taken the frozen weights away.
    try loaded.restoreWeights()
    let started = Date()
    // What earlier runs left in memory is not part of this one's peak.
    context.pool.trim()
    ProcessMemory.resetPeak()
    let folder = results.folder(of: run.id)
    // Chosen once, since what is free changes while the run is done.
    let memoryShare = try memoryShare(of: run)
    let scene = RunScene(
      run: run, configuration: configuration, model: loaded, data: data, context: context,
      spareBytes: { [assembly, memoryLimit] in
        Self.spareBytes(
          beside: try assembly.memory(of: planned, within: memoryShare).largest, limit: memoryLimit)
      },
      recomputedBlocks: planned.training.recompute == .none
        ? [] : try assembly.memory(of: planned, within: memoryShare).recomputed,
      folder: folder, cancellation: cancellation, checkPlace: locks.checkPlace, watch: watch,
      progress: RunProgressWriter(folder: folder))

    try assembly.checkAdapter(of: planned)
    let choice = try planned.method.adapterSource.choice.map {
      try ChoiceStage(
        scene: scene, choice: $0, rows: try assembly.choiceRows(of: planned),
        notes: try assembly.choiceNotes(of: planned)
      ).result()
    }
    let chosen = choice.map { planned.starting(from: $0.source) } ?? planned
    let attachment = try RunAttachment(chosen, to: loaded, data: data, context: context)
    defer { attachment.detach() }
    try assembly.checkAdapter(of: planned)
    // Of what was attached, whatever happens to the files while it is trained.
    let start = try AdapterOrigin.Adapter(chosen.method.adapterSource, hash: assembly.adapterHash(of: chosen))
    let training = TrainingStage(scene, attachment: attachment)
    let trained = try training.result()
    let evaluation = try EvaluationStage(scene, attachment: attachment).result { training.save(trained) }
    let stage = RecordStage(
      scene: scene, identity: identity, attachment: attachment, choice: choice?.record, start: start, started: started)
    let record = try stage.write(trained, evaluation)
    results.link(run, namesModel: configuration.models.count > 1)
    return record
  }

  /// Bytes that a run may take, by which `training.recompute: auto` goes; nil where it does not, or nobody knows.
  private func memoryShare(of run: SweepRun) throws -> Int? {
    guard run.planned.training.recompute == .automatic else { return nil }
    if let share = run.memoryShare ?? memoryLimit?.bytes { return share }
    // Of what it needs, its weights are loaded already.
    let loaded = try assembly.outline(of: run.planned.model).weightBytes()
    return AvailableMemory.now().map { $0.bytes + loaded }
  }

  /// Memory that a run does not need once its weights are loaded.
  private static func spareBytes(beside need: MemoryUse, limit: AvailableMemory?) -> Int? {
    let free = AvailableMemory.now().map { $0.bytes - (need.total - need[.weights]) }
    return [free, limit.map { $0.bytes - need.total }].compactMap(\.self).min()
  }

  /// What to say of a run that is not the one that was planned any more.
  private func replaced(in run: SweepRun, now identity: RunIdentity, of outline: ModelOutline) -> FileError {
    let planned = run.planned
    guard let weights = outline.weights, let what = run.inputs?.difference(from: RunInputs(identity, weights: weights))
    else {
      return FileError(path: configuration.file.path, "the config or the program changed while the sweep ran")
    }
    switch what {
    case "training rows", "evaluation rows", "test rows", "further rows", "further training rows":
      return FileError(path: planned.dataset.id, "the \(what) changed while the sweep ran")
    case "adapter to start from":
      return FileError(path: planned.method.adapterSource.name, "was replaced while the sweep ran")
    default:
      return FileError(path: planned.model.path, "the \(what) changed while the sweep ran")
    }
  }

  private func model(of run: SweepRun) throws -> LoadedModel {
    if let loaded, loaded.outline.configuration == run.planned.model { return loaded }
    // The old one goes first: both together may be too much for the machine.
    loaded = nil
    context.pool.trim()
    watch(.loading(model: run.planned.model.name))
    let model = try LoadedModel(
      try assembly.outline(of: run.planned.model, weights: run.inputs?.weights), context: context)
    loaded = model
    return model
  }
}
