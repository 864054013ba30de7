import Foundation
import PEFTCore
import PEFTMethods

/// Checks the runs of a config and estimates what each takes, without doing any.
///
/// Sizes are counted: every dataset is rendered and tokenized once a model, every method attached once to the model's
/// skeleton. Time is scaled from one short measurement of the loaded model, so it holds for this machine and its
/// present load. A model without weights gets sizes only.
package final class RunPlanner {
  private let assembly: RunAssembly
  private let results: ResultsFolder
  private let context: ComputeContext
  private let watch: (RunEvent) -> Void

  /// The speeds of the models that were looked at; nil for one without weights.
  private var speeds: [(model: ModelConfiguration, speed: MachineSpeed?)] = []
  /// What to know about the machine's load while it was measured, if it was busy.
  package private(set) var busyNote: String?
  /// The datasets that were not found, each with where it was looked for.
  package private(set) var missing: [DatasetNotFound] = []

  /// Creates a planner.
  package init(
    _ configuration: RunConfiguration, results: ResultsFolder, context: ComputeContext,
    watch: @escaping (RunEvent) -> Void
  ) {
    assembly = RunAssembly(configuration, context: context, keeping: .sizes, note: { watch(.note($0)) })
    self.results = results
    self.context = context
    self.watch = watch
  }

  /// The estimates of `runs`, in their order.
  ///
  /// - Parameters:
  ///   - runs: The runs.
  ///   - available: Bytes that a run may take, by which `training.recompute: auto` goes; nil for no bound.
  /// - Throws: An `InputError` for a model, a method or a dataset's file that cannot be used. A dataset that is not
  ///   there is listed in `missing`, and its runs have no sizes.
  package func estimates(_ runs: [PlannedRun], within available: Int? = nil) throws -> [RunEstimate] {
    try runs.map { run in
      let speed = try speed(of: run, among: runs)
      let trainable = try assembly.figures(of: run).trainable
      guard try hasData(run) else {
        return RunEstimate(
          run: run, id: nil, isComplete: false, trainableParameters: trainable, inferenceFLOPs: nil, work: nil,
          seconds: nil, measuredSeconds: nil, peak: nil, need: nil, recomputed: nil)
      }
      let id = try assembly.identity(of: run)?.id
      let cost = try assembly.cost(of: run, within: available)
      try assembly.noteAbsence(ofStrategyIn: run)
      try assembly.checkRecomputation(of: run)
      let memory = try assembly.memory(of: run, speed: speed, within: available)
      return RunEstimate(
        run: run, id: id, isComplete: id.map(results.isComplete) ?? false, trainableParameters: trainable,
        inferenceFLOPs: cost.inferenceFLOPs, work: cost.work, seconds: speed.map(cost.seconds),
        measuredSeconds: id.flatMap(measuredSeconds), peak: memory.counted, need: (memory.largest, memory.advice),
        recomputed: memory.trains && run.training.recompute != .none
          ? (memory.recomputed.count, memory.recomputableCount) : nil)
    }
  }

  /// Whether a run's dataset is there; one that is not is noted.
  private func hasData(_ run: PlannedRun) throws -> Bool {
    guard !missing.contains(where: { $0.dataset == run.dataset.id }) else { return false }
    do {
      _ = try assembly.size(of: run)
      return true
    } catch let error as DatasetNotFound {
      missing.append(error)
      return false
    }
  }

  /// What a complete run took, training and evaluation together.
  private func measuredSeconds(of id: String) -> Double? {
    guard results.isComplete(id), let record = try? results.record(of: id), record.costs.evaluationSeconds != nil
    else { return nil }
    return record.seconds
  }

  /// How fast a run's model is here, from one look at it; nil without weights.
  private func speed(of run: PlannedRun, among runs: [PlannedRun]) throws -> MachineSpeed? {
    if let known = speeds.first(where: { $0.model == run.model }) { return known.speed }
    watch(.loading(model: run.model.name))
    let outline = try assembly.outline(of: run.model)
    guard outline.weights != nil else {
      speeds.append((run.model, nil))
      return nil
    }
    // The speed is taken with the first method that trains little beside the model.
    let typical =
      runs.first { $0.model == run.model && $0.trains && !MethodRegistry.trainsEveryWeight($0.method.name) } ?? run
    let load = MachineLoad()
    let loaded = try LoadedModel(outline, context: context)
    let attachment = try typical.method.attach(
      to: loaded.model,
      with: AttachmentSetting(
        seeds: SeedStream(0).child("initialization"), context: context, tokenizer: outline.renderer.tokenizer,
        rows: .irrelevant))
    defer {
      attachment.detach()
      try? loaded.restoreWeights()
    }
    let speed = MachineSpeed(loaded.model, attachment: attachment, context: context)
    speeds.append((run.model, speed))
    noteLoad(load, speed)
    return speed
  }

  /// Notes that times may be shorter on a quiet machine.
  private func noteLoad(_ load: MachineLoad, _ speed: MachineSpeed) {
    guard load.isBusy || speed.unsteadiness > MachineLoad.mostUnsteadiness, busyNote == nil else { return }
    let figure = load.average.map { String(format: ", with a load of %.1f on %d cores", $0, load.cores) } ?? ""
    busyNote = "the machine seems busy\(figure); on a quiet one runs may take less time than estimated"
  }
}
