import Foundation
import PEFTCore
import PEFTMethods

/// The last stage of a run: writes what came out of it, the record last.
struct RecordStage {
  /// The run.
  let scene: RunScene
  /// What determines its numbers.
  let identity: RunIdentity
  /// What was trained.
  let attachment: RunAttachment
  /// How the adapter that it starts from was chosen, if it was.
  let choice: RunRecord.Choice?
  /// That adapter; nil for a method's own start.
  let start: AdapterOrigin.Adapter?
  /// When it began.
  let started: Date

  /// Writes history, predictions, adapter and record.
  ///
  /// - Throws: `FileError` where the folder cannot be written to.
  func write(_ trained: TrainingStage.Result, _ evaluation: EvaluationStage.Result) throws -> RunRecord {
    for (index, training) in trained.trainings.enumerated() {
      try write(training.history.map(\.json), to: index == 0 ? "history.jsonl" : "history-\(index + 1).jsonl")
    }
    for (set, judged) in evaluation.sets { try write(judged.predictions, to: set.predictionsName) }
    try saveAdapters()
    let record = record(trained, evaluation)
    try AtomicFile.write(record.json.prettyText, to: "\(scene.folder)/\(ResultsFolder.recordName)")
    return record
  }

  /// What the adapter started from.
  private var origin: AdapterOrigin {
    let method = scene.planned.method
    var options = JSONObject()
    if case .object(let object)? = identity.json["method"]?["options"] { options = object }
    return AdapterOrigin(
      method: method.name, options: options, seed: scene.planned.initialSeed, model: scene.model.outline.sha256,
      adapter: start)
  }

  /// Saves the adapter, and those of further members in a folder within it.
  private func saveAdapters() throws {
    let folder = scene.folder + "/adapter"
    func save(_ path: String, origin: AdapterOrigin?) throws {
      try AdapterFile.save(
        attachment.method, to: path, baseModel: scene.planned.model.path, origin: origin,
        start: origin == nil ? nil : attachment.startValues)
    }
    try attachment.show(member: 0)
    try save(folder, origin: origin)
    guard let members = attachment.members, attachment.method.format != nil else { return }
    try AtomicFile.makeFolder("\(folder)/\(MemberFolders.name)")
    for member in 1..<members.count {
      try attachment.show(member: member)
      try save(MemberFolders.path(of: member, in: folder), origin: attachment.sharesOrigin ? origin : nil)
    }
    try attachment.show(member: 0)
  }

  private func write(_ lines: [JSONValue], to name: String) throws {
    try AtomicFile.write(lines.flatMap(\.line), to: "\(scene.folder)/\(name)")
  }

  private func record(_ trained: TrainingStage.Result, _ evaluation: EvaluationStage.Result) -> RunRecord {
    let (planned, configuration, model) = (scene.planned, scene.configuration, scene.model.model)
    let (scoring, method, outcome) = (configuration.evaluation.scoring, attachment.method, trained.total)
    var record = RunRecord()
    (record.id, record.identity) = (identity.id, identity.json)
    record.suite = configuration.data.suite(of: planned.dataset).rawValue
    record.model = RunRecord.Model(scene.model)
    record.method = RunRecord.Method(planned.method, identity: identity, trainable: method.trainableCount)
    (record.dataset, record.data, record.seed) = (planned.dataset.id, scene.data.facts, planned.seed)
    record.data?.repeatedEvaluationRows = evaluation.scored.repeatedCount
    if planned.seeds.sources != nil { record.seeds = planned.seeds.json }
    record.choice = choice
    if planned.trains { record.training = identity.json["training"] }
    let cost = planned.trains ? StrategyCost(planned, trained: trained, data: scene.data) : nil
    record.strategy = RunRecord.Strategy(
      planned, cost: cost, scored: evaluation.scored, data: scene.data, attachment: method)
    record.evaluation = configuration.evaluation.json
    record.scores = RunRecord.Scores(evaluation.scored, under: scoring)
    for (set, judged) in evaluation.sets.dropFirst() {
      var answered = RunRecord.EvaluationSet(judged, under: scoring)
      // What was answered with the first set took no time of its own.
      if set.part != nil { answered.seconds = nil }
      record.sets.add(answered, named: set.name)
    }
    record.costs = RunRecord.Costs(
      model, method, voters: attachment.members?.count ?? 1, outcome,
      tokens: cost?.trainingTokens ?? outcome.tokenCount, start: attachment.start,
      recomputedBlocks: planned.trains && planned.training.recompute != .none ? scene.recomputedBlocks.count : nil,
      peak: planned.trains ? outcome.peak : evaluation.peak, evaluationSeconds: evaluation.seconds)
    record.pscp = RunRecord.Penalties(
      of: evaluation.scored.scores.value, costs: record.costs, configuration.pscp, model: model,
      fullTrainingBytes: fullTrainingBytes)
    record.environment = RunEnvironment(threads: scene.context.workers.count)
    record.timestamps = RunRecord.Timestamps(since: started)
    return record
  }

  /// What full fine-tuning of this model on the run's batches needs; for a run that trains nothing, on those that it
  /// would have.
  private var fullTrainingBytes: Int {
    var training = scene.planned.training
    if !training.trains { training.steps = nil }
    let examples = scene.data.parts(training, scene.seeds).training
    return FullTrainingMemory.peakBytes(
      scene.model.model, batch: Trainer.largestBatch(of: examples, configuration: training, seeds: scene.seeds.order),
      accumulates: training.gradientAccumulation > 1)
  }
}

extension AdapterOrigin.Adapter {
  /// What a run starts from; nil for a method's own start.
  ///
  /// - Parameter hash: What identifies it.
  init?(_ source: AdapterSource, hash: String?) {
    guard let json = source.json, let hash else { return nil }
    self.init(source: json, hash: hash)
  }
}
