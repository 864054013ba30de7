import Foundation
import PEFTCore
import PEFTMethods

/// Checks the runs of a config and estimates what each takes, without doing any.
///
/// Sizes are counted: every dataset is rendered and tokenized once a model, every method attached once to the model's
/// skeleton. Time is scaled from one short measurement of the loaded model, so it holds for this machine and its
/// present load. A model without weights gets sizes only.
package final class RunPlanner {
  private let configuration: RunConfiguration
  private let results: ResultsFolder
  private let context: ComputeContext
  private let watch: (RunEvent) -> Void

  private var models: [String: PlannedModel] = [:]
  private var sizes: [String: DatasetSizes?] = [:]
  private var figures: [String: MethodFigures] = [:]
  private var notes: Set<String> = []
  /// What to know about the machine's load while it was measured, if it was busy.
  package private(set) var busyNote: String?
  /// The datasets that were not found, each with where it was looked for.
  package private(set) var missing: [DatasetNotFound] = []

  /// Creates a planner.
  package init(
    _ configuration: RunConfiguration, results: ResultsFolder, context: ComputeContext,
    watch: @escaping (RunEvent) -> Void
  ) {
    self.configuration = configuration
    self.results = results
    self.context = context
    self.watch = watch
  }

  /// The estimates of `runs`, in their order.
  ///
  /// - Throws: An `InputError` for a model, a method or a dataset's file that cannot be used. A dataset that is not
  ///   there is listed in `missing`, and its runs have no sizes.
  package func estimates(_ runs: [PlannedRun]) throws -> [RunEstimate] {
    try runs.map { run in
      let model = try model(of: run, among: runs)
      let figures = try methodFigures(of: run, on: model)
      guard let data = try sizes(of: run, on: model) else {
        return RunEstimate(
          run: run, id: nil, isComplete: false, trainableParameters: figures.trainable, work: nil, seconds: nil,
          measuredSeconds: nil, peak: nil, need: nil)
      }
      let id = try model.identity.map { identity in
        try RunIdentity(
          of: run, in: configuration, model: identity,
          adapterHash: try run.method.initialAdapter.map { try SealedFiles(adapter: $0).sha256WithNames },
          dataset: data.identity
        ).id
      }
      let cost = RunCost(
        run: run, evaluation: configuration.evaluation, model: model.skeleton, method: figures, data: data)
      let memory = RunMemory(
        run: run, evaluation: configuration.evaluation, model: model.skeleton, weightBytes: model.weightBytes,
        method: figures, data: data, speed: model.speed)
      return RunEstimate(
        run: run, id: id, isComplete: id.map(results.isComplete) ?? false, trainableParameters: figures.trainable,
        work: cost.work, seconds: model.speed.map(cost.seconds), measuredSeconds: id.flatMap(measuredSeconds),
        peak: memory.counted,
        need: (memory.largest, memory.advice))
    }
  }

  /// What a complete run took, training and evaluation together.
  private func measuredSeconds(of id: String) -> Double? {
    guard results.isComplete(id), let record = try? results.record(of: id), record.costs.evaluationSeconds != nil
    else { return nil }
    return record.seconds
  }

  // MARK: - What runs share

  private func model(of run: PlannedRun, among runs: [PlannedRun]) throws -> PlannedModel {
    let key =
      "\(run.model.path)\u{0}\(run.model.revision ?? "")\u{0}\(run.model.dataType)\u{0}\(run.model.template ?? "")"
    if let model = models[key] { return model }
    watch(.loading(model: run.model.name))
    // The speed is taken with the first method that trains little beside the model.
    let typical = runs.first { $0.model == run.model && !$0.isZeroShot && $0.method.name != "full" }
    let model = try PlannedModel(
      run.model, key: key, probing: (typical ?? run).method, of: configuration.file, context: context)
    models[key] = model
    if let speed = model.speed { noteLoad(load: model.load, speed) }
    return model
  }

  /// Notes that times may be shorter on a quiet machine.
  private func noteLoad(load: MachineLoad, _ speed: MachineSpeed) {
    guard load.isBusy || speed.unsteadiness > MachineLoad.mostUnsteadiness, busyNote == nil else { return }
    let figure = load.average.map { String(format: ", with a load of %.1f on %d cores", $0, load.cores) } ?? ""
    busyNote = "the machine seems busy\(figure); on a quiet one runs may take less time than estimated"
  }

  private func methodFigures(of run: PlannedRun, on model: PlannedModel) throws -> MethodFigures {
    let key = "\(model.key)\u{0}\(run.method.place)\u{0}\(run.method.label)"
    if let known = figures[key] { return known }
    let attachment = try run.method.attach(
      to: model.skeleton,
      with: AttachmentSetting(seeds: SeedStream(run.seed), context: context, tokenizer: model.renderer.tokenizer),
      of: configuration.file)
    defer { attachment.detach() }
    for note in attachment.notes.map({ "\(run.method.label): \($0)" }) where notes.insert(note).inserted {
      watch(.note(note))
    }
    let new = MethodFigures(trainable: attachment.trainableCount, inference: attachment.inferenceCost)
    figures[key] = new
    return new
  }

  private func sizes(of run: PlannedRun, on model: PlannedModel) throws -> DatasetSizes? {
    try model.renderer.requireEndToken(of: run.model.path)
    let inference = try methodFigures(of: run, on: model).inference
    let cutoff = try run.cutoff(
      of: model.skeleton, virtualTokens: inference.virtualTokens + inference.prefixPositions)
    let key = "\(model.key)\u{0}\(run.dataset.id)\u{0}\(cutoff)"
    if let known = sizes[key] { return known }
    var new: DatasetSizes?
    do {
      let data = try PreparedDataset(
        run.dataset, configuration: configuration, renderer: model.renderer, cutoff: cutoff,
        vocabularySize: model.skeleton.configuration.vocabularySize)
      for note in data.notes where notes.insert(note).inserted { watch(.note(note)) }
      new = DatasetSizes(data, renderer: model.renderer)
    } catch let error as DatasetNotFound {
      if !missing.contains(where: { $0.dataset == error.dataset }) { missing.append(error) }
    }
    sizes.updateValue(new, forKey: key)
    return new
  }
}

/// What a method's attachment says of its cost.
struct MethodFigures {
  let trainable: Int
  let inference: InferenceCost
}

/// A model as a plan needs it.
final class PlannedModel {
  let key: String
  let renderer: ChatRenderer
  let skeleton: CausalLanguageModel
  /// What of the model determines a run's numbers; nil without weights.
  let identity: ModelIdentity?
  /// The measured speed; nil without weights.
  let speed: MachineSpeed?
  /// What else the machine was doing before it was measured.
  let load = MachineLoad()
  /// Bytes of the weights as they are held.
  let weightBytes: Int

  init(
    _ configuration: ModelConfiguration, key: String, probing method: MethodConfiguration, of file: ConfigFile,
    context: ComputeContext
  ) throws {
    self.key = key
    let files = try ModelFiles.open(configuration.path, revision: configuration.revision)
    skeleton = try files.skeleton()
    guard files.hasWeights else {
      renderer = try LoadedModel.renderer(of: files, template: configuration.template)
      (identity, speed) = (nil, nil)
      // Half precision is what weights are mostly published in.
      weightBytes = skeleton.parameterCount * (configuration.dataType == .float32 ? 4 : 2)
      return
    }
    let before = context.pool.live[.weights]
    let loaded = try LoadedModel(try ModelOutline(configuration), context: context)
    renderer = loaded.renderer
    identity = loaded.outline.identity
    weightBytes = context.pool.live[.weights] - before
    let attachment = try method.attach(
      to: loaded.model,
      with: AttachmentSetting(
        seeds: SeedStream(0).child("initialization"), context: context, tokenizer: renderer.tokenizer),
      of: file)
    defer {
      attachment.detach()
      try? loaded.model.restoreWeights()
    }
    speed = MachineSpeed(loaded.model, attachment: attachment, context: context)
  }
}
