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
  let attachment: AttachedMethod
  /// When it began.
  let started: Date

  /// Writes history, predictions, adapter and record.
  ///
  /// - Throws: `FileError` where the folder cannot be written to.
  func write(_ outcome: Trainer.Outcome, _ evaluation: EvaluationStage.Result) throws -> RunRecord {
    try write(outcome.history.map(\.json), to: "history.jsonl")
    for (set, judged) in evaluation.sets { try write(judged.predictions, to: set.predictionsName) }
    try AdapterFile.save(
      attachment, to: scene.folder + "/adapter", baseModel: scene.planned.model.path, origin: origin)
    let record = record(outcome, evaluation)
    try AtomicFile.write(record.json.prettyText, to: "\(scene.folder)/\(ResultsFolder.recordName)")
    return record
  }

  /// What the adapter started from.
  private var origin: AdapterOrigin {
    let method = scene.planned.method
    let own = identity.json["method"]
    var adapter: AdapterOrigin.Adapter?
    if let source = method.adapterSource.json, case .string(let hash)? = own?["init_from"] {
      adapter = AdapterOrigin.Adapter(source: source, hash: hash)
    }
    var options = JSONObject()
    if case .object(let object)? = own?["options"] { options = object }
    return AdapterOrigin(
      method: method.name, options: options, seed: scene.planned.initialSeed, model: scene.model.outline.sha256,
      adapter: adapter)
  }

  private func write(_ lines: [JSONValue], to name: String) throws {
    try AtomicFile.write(lines.flatMap(\.line), to: "\(scene.folder)/\(name)")
  }

  private func record(_ outcome: Trainer.Outcome, _ evaluation: EvaluationStage.Result) -> RunRecord {
    let (planned, configuration, model) = (scene.planned, scene.configuration, scene.model.model)
    let scoring = configuration.evaluation.scoring
    var record = RunRecord()
    (record.id, record.identity) = (identity.id, identity.json)
    record.suite = configuration.data.suite(of: planned.dataset).rawValue
    record.model = RunRecord.Model(scene.model)
    record.method = RunRecord.Method(planned.method, identity: identity, trainable: attachment.trainableCount)
    (record.dataset, record.data, record.seed) = (planned.dataset.id, scene.data.facts, planned.seed)
    if planned.trains { record.training = planned.method.training.resultJSON }
    record.evaluation = configuration.evaluation.json
    record.scores = RunRecord.Scores(evaluation.scored, under: scoring)
    for (set, judged) in evaluation.sets.dropFirst() {
      record.sets.add(RunRecord.EvaluationSet(judged, under: scoring), named: set.name)
    }
    record.costs = RunRecord.Costs(
      model, attachment, outcome, peak: planned.trains ? outcome.peak : evaluation.peak,
      evaluationSeconds: evaluation.seconds)
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
    var training = scene.planned.method.training
    if !training.trains { training.steps = nil }
    let examples = scene.data.parts(training, scene.seeds).training
    return FullTrainingMemory.peakBytes(
      scene.model.model, batch: Trainer.largestBatch(of: examples, configuration: training, seeds: scene.seeds),
      accumulates: training.gradientAccumulation > 1)
  }
}
