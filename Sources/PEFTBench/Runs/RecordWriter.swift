import Foundation
import PEFTCore
import PEFTMethods

/// Puts together the record of a run that has just ended.
struct RecordWriter {
  let configuration: RunConfiguration
  let run: PlannedRun
  let identity: RunIdentity
  let loaded: LoadedModel
  let data: PreparedDataset
  let attachment: AttachedMethod
  let outcome: Trainer.Outcome
  let scores: DatasetScores
  /// What stands beside them.
  let summary: AnswerSummary
  /// The scores of the protocol that the config does not ask for, or why there are none.
  let otherScores: Result<DatasetScores, ScoringError>
  /// The third set, where it was answered too.
  let test: JudgedRows?
  let peak: MemoryUse
  let evaluationSeconds: Double
  let started: Date
  let threads: Int

  func record() -> RunRecord {
    let baseFLOPs = ForwardFLOPs.count(loaded.model, tokens: ForwardFLOPs.referenceTokens)
    let methodFLOPs = ForwardFLOPs.count(
      loaded.model, tokens: ForwardFLOPs.referenceTokens, cost: attachment.inferenceCost)
    let costs = Costs(
      trainable: attachment.trainableCount, addedFLOPs: methodFLOPs - baseFLOPs, peakBytes: peak.total)
    var json: JSONValue = [
      "schema": JSONValue(RunRecord.schema), "id": JSONValue(identity.id), "identity": identity.json,
    ]
    json["suite"] = JSONValue(configuration.data.suite(of: run.dataset).rawValue)
    json["model"] = [
      "name": JSONValue(run.model.name), "path": JSONValue(run.model.path), "sha256": JSONValue(loaded.outline.sha256),
      "parameters": JSONValue(loaded.model.parameterCount),
      "architecture": JSONValue(loaded.model.configuration.family), "dtype": JSONValue(run.model.dataType.rawValue),
    ]
    json["method"] = [
      "name": JSONValue(run.method.name), "label": JSONValue(run.method.label), "options": options,
      "trainable_parameters": JSONValue(attachment.trainableCount),
    ]
    if let preset = run.method.preset { json["method"]?["preset"] = JSONValue(preset) }
    json["dataset"] = JSONValue(run.dataset.id)
    json["data"] = data.facts
    json["seed"] = JSONValue(run.seed)
    json["training"] = run.isZeroShot ? .null : run.method.training.resultJSON
    json["evaluation"] = configuration.evaluation.json
    json["scores"] = scoresJSON(scores, summary, other: otherScores)
    if let test {
      json["sets"] = [
        "test": [
          "split": JSONValue(test.rows.split), "rows": JSONValue(test.rows.examples.count),
          "sha256": JSONValue(test.rows.sha256), "classes": test.rows.classes?.json ?? .null,
          "cut_rows": JSONValue(test.rows.rendered.count { $0.isPromptCut }), "count": JSONValue(test.scores.count),
          "scores": scoresJSON(test.scores, test.summary, other: test.otherScores), "seconds": JSONValue(test.seconds),
        ]
      ]
    }
    json["costs"] = [
      "trainable_parameters": JSONValue(attachment.trainableCount), "inference_flops": JSONValue(methodFLOPs),
      "added_inference_flops": JSONValue(methodFLOPs - baseFLOPs), "peak_tensor_bytes": peakJSON,
      "peak_rss_bytes": JSONValue(ProcessMemory.peakResidentBytes), "steps": JSONValue(outcome.stepCount),
      "training_seconds": JSONValue(outcome.seconds), "evaluation_seconds": JSONValue(evaluationSeconds),
      "tokens_seen": JSONValue(outcome.tokenCount), "training_tokens_per_second": JSONValue(tokensPerSecond),
    ]
    json["pscp"] = pscpJSON(costs, baseFLOPs: baseFLOPs)
    json["environment"] = RunEnvironment.json(threads: threads)
    json["timestamps"] = [
      "started": JSONValue(started.formatted(.iso8601)), "finished": JSONValue(Date().formatted(.iso8601)),
    ]
    return RunRecord(json: json)
  }

  /// The method's options: those with a default first, as records have had them from the first version on.
  private var options: JSONValue {
    guard let values = identity.json["method"]?["options"] else { return [:] }
    let described = MethodConfiguration.options(ofMethod: run.method.name) ?? []
    var options: JSONValue = [:]
    for option in described.filter({ $0.defaultValue != nil }) + described.filter({ $0.defaultValue == nil }) {
      if let value = values[option.name] { options[option.name] = value }
    }
    if let adapter = run.method.initialAdapter { options["init_from"] = JSONValue(adapter) }
    return options
  }

  private var peakJSON: JSONValue {
    [
      "total": JSONValue(peak.total), "weights": JSONValue(peak[.weights]), "adapter": JSONValue(peak[.adapter]),
      "gradients": JSONValue(peak[.gradients]), "optimizer": JSONValue(peak[.optimizer]),
      "activations": JSONValue(peak[.activations]),
    ]
  }

  private var tokensPerSecond: Double? {
    outcome.tokenCount > 0 ? Double(outcome.tokenCount) / outcome.seconds : nil
  }

  private struct Costs {
    let trainable: Int
    let addedFLOPs: Int
    let peakBytes: Int
  }

  private func scoresJSON(
    _ scores: DatasetScores, _ summary: AnswerSummary, other otherScores: Result<DatasetScores, ScoringError>
  ) -> JSONValue {
    var result: JSONValue = [
      "primary": ["name": JSONValue(scores.primary), "value": JSONValue(scores.value)],
      "protocol": JSONValue(configuration.evaluation.scoring.rawValue),
    ]
    for score in scores.scores { result[score.name] = JSONValue(score.value) }
    result["invalid_rate"] = JSONValue(scores.invalidRate)
    result["count"] = JSONValue(scores.count)
    summary.add(to: &result)
    var other: JSONValue = [:]
    var notes = scores.notes
    let name = configuration.evaluation.scoring == .strict ? ScoringProtocol.peftBench : .strict
    switch otherScores {
    case .success(let scores):
      for score in scores.scores { other[score.name] = JSONValue(score.value) }
    case .failure(let reason):
      other["absent"] = JSONValue(reason.description)
      notes.append("there is no score by the protocol \(name.rawValue): \(reason)")
    }
    result[name.rawValue] = other
    if !notes.isEmpty { result["notes"] = JSONValue(notes) }
    return result
  }

  /// The score, with its constants in the units of its preset: plain counts and bytes for `relative`, TFLOP and GB
  /// for `paper`.
  private func pscpJSON(_ costs: Costs, baseFLOPs: Int) -> JSONValue {
    let settings = configuration.pscp
    let fullBytes = fullTrainingBytes
    let preset: PSCP.Preset
    let measured: PSCP.Costs
    switch settings.preset {
    case .paper:
      preset = .paper
      measured = PSCP.Costs(
        parameters: Double(costs.trainable), flops: Double(costs.addedFLOPs) / 1e12,
        memory: Double(costs.peakBytes) / 1e9)
    case .relative:
      preset = .relative(
        PSCP.Costs(
          parameters: Double(loaded.model.parameterCount), flops: Double(baseFLOPs), memory: Double(fullBytes)))
      measured = PSCP.Costs(
        parameters: Double(costs.trainable), flops: Double(costs.addedFLOPs), memory: Double(costs.peakBytes))
    }
    let isPaper = settings.preset == .paper
    let unit: (flops: Double, memory: Double) = isPaper ? (1e12, 1e9) : (1, 1)
    let constants = PSCP.Costs(
      parameters: settings.parameters ?? preset.constants.parameters,
      flops: settings.flops.map { $0 / unit.flops } ?? preset.constants.flops,
      memory: settings.memory.map { $0 / unit.memory } ?? preset.constants.memory)
    let pscp = PSCP(constants: constants, beta: settings.beta)
    let terms = pscp.terms(measured)
    let performance = 100 * max(0, scores.value)
    return [
      "value": JSONValue(pscp.value(performance: performance, costs: measured)),
      "preset": JSONValue(settings.preset.rawValue),
      "beta": JSONValue([settings.beta.parameters, settings.beta.flops, settings.beta.memory]),
      "constants": [
        "parameters": JSONValue(constants.parameters), "flops": JSONValue(constants.flops),
        "memory": JSONValue(constants.memory),
      ],
      "terms": [
        "performance": JSONValue(performance), "parameters": JSONValue(terms.parameters),
        "flops": JSONValue(terms.flops), "memory": JSONValue(terms.memory),
      ],
    ]
  }

  /// What full fine-tuning of this model on the run's batches needs.
  private var fullTrainingBytes: Int {
    let training = run.method.training
    let seeds = SeedStream(run.seed)
    let examples = data.parts(training, seeds).training
    return FullTrainingMemory.peakBytes(
      loaded.model, batch: Trainer.largestBatch(of: examples, configuration: training, seeds: seeds),
      accumulates: training.gradientAccumulation > 1)
  }
}
