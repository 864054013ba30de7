import Foundation
public import PEFTCore
import PEFTMethods

/// What a sweep is doing, for whoever watches it.
public enum RunEvent {
  /// A model is being loaded.
  case loading(model: String)
  /// A run begins: its number and how many there are.
  case began(PlannedRun, number: Int, of: Int)
  /// A run was complete before.
  case skipped(PlannedRun, record: RunRecord)
  /// A training step was done.
  case step(PlannedRun, done: Int, of: Int, loss: Double, tokens: Int)
  /// Answers were made.
  case answered(PlannedRun, done: Int, of: Int)
  /// A run is complete.
  case finished(PlannedRun, record: RunRecord)
  /// A run failed; the others go on.
  case failed(PlannedRun, cause: String)
  /// Something that the user should know, said once.
  case note(String)
}

/// Carries out the runs of a config one after the other.
///
/// Complete runs are skipped, a run that was interrupted starts again, one that fails is recorded and the others go
/// on. A run's numbers depend on nothing that ran before it.
public final class Runner {
  private let configuration: RunConfiguration
  private let context: ComputeContext
  private let results: ResultsFolder
  private let cancellation: CancellationFlag
  private let watch: (RunEvent) -> Void

  private var loaded: (configuration: ModelConfiguration, model: LoadedModel)?
  private var datasets: [String: PreparedDataset] = [:]
  private var notes: Set<String> = []
  private var virtualTokens: [String: Int] = [:]

  /// Creates a runner that writes to `results`.
  public init(
    _ configuration: RunConfiguration, results: ResultsFolder, context: ComputeContext, cancellation: CancellationFlag,
    watch: @escaping (RunEvent) -> Void
  ) {
    self.configuration = configuration
    self.results = results
    self.context = context
    self.cancellation = cancellation
    self.watch = watch
  }

  /// Carries out `runs`.
  ///
  /// - Parameters:
  ///   - runs: The plan.
  ///   - fresh: Do complete runs again.
  /// - Returns: The records of all complete runs, in the order of the plan, and how many failed.
  /// - Throws: An `InputError` for a model or a dataset that cannot be read; `Interruption` on a wish to stop.
  public func run(_ runs: [PlannedRun], fresh: Bool) throws -> (records: [RunRecord], failures: Int) {
    // What cannot be read is found before anything is written.
    for run in runs { _ = try prepared(run) }
    try results.prepare()
    try AtomicFile.write(configuration.resolvedJSON.prettyText, to: results.path + "/config.json")
    var records: [RunRecord] = []
    var failures = 0
    for (index, run) in runs.enumerated() {
      try cancellation.check()
      let data = try prepared(run)
      let identity = try identity(of: run, data: data)
      if !fresh, results.isComplete(identity.id) {
        let record = try RunRecord.read(results.folder(of: identity.id) + "/record.json")
        records.append(record)
        watch(.skipped(run, record: record))
        continue
      }
      watch(.began(run, number: index + 1, of: runs.count))
      do {
        let record = try perform(run, data: data, identity: identity)
        records.append(record)
        watch(.finished(run, record: record))
      } catch let interruption as Interruption {
        throw interruption
      } catch {
        failures += 1
        let cause = "\(error)"
        let report: JSONValue = ["id": JSONValue(identity.id), "identity": identity.json, "error": JSONValue(cause)]
        try AtomicFile.write(report.prettyText, to: results.folder(of: identity.id) + "/error.json")
        watch(.failed(run, cause: cause))
      }
    }
    return (records, failures)
  }

  // MARK: - One run

  private func perform(_ run: PlannedRun, data: PreparedDataset, identity: RunIdentity) throws -> RunRecord {
    let loaded = try model(run.model)
    try results.begin(identity.id)
    // Full fine-tuning before this run may have taken the frozen weights away.
    try loaded.model.restoreWeights()
    let folder = results.folder(of: identity.id)
    let started = Date()
    let seeds = SeedStream(run.seed)
    let method = try run.method.method(of: configuration.file)
    let attachment = try method.attach(
      to: loaded.model,
      with: AttachmentSetting(
        seeds: seeds.child("initialization"), context: context, tokenizer: loaded.renderer.tokenizer))
    defer { attachment.detach() }
    if let initial = run.method.initialAdapter { try AdapterFile.open(initial).load(into: attachment) }

    context.pool.resetPeak()
    let trainingStart = DispatchTime.now()
    let (training, validation) = data.parts(
      fraction: run.isZeroShot ? 0 : run.method.training.validationFraction, seeds)
    let outcome = try Trainer(
      model: loaded.model, attachment: attachment, configuration: run.method.training, seeds: seeds, context: context
    ).train(training, validation: validation) { step, steps, loss, tokens in
      watch(.step(run, done: step, of: steps, loss: loss, tokens: tokens))
      try cancellation.check()
    }
    let trainingSeconds = trainingStart.secondsUntilNow
    let trainingPeak = context.pool.peak
    for parameter in attachment.parameters { parameter.clearGradient() }

    context.pool.resetPeak()
    let evaluationStart = DispatchTime.now()
    let answers = try answers(run, data: data, model: loaded)
    let evaluationSeconds = evaluationStart.secondsUntilNow
    let peak = run.isZeroShot ? context.pool.peak : trainingPeak

    let scored = zip(data.examples, answers).map { $0.scored($1) }
    let metric = run.dataset.metric
    let scores = try metric.score(scored, under: configuration.evaluation.scoring)
    let other = try metric.score(
      scored, under: configuration.evaluation.scoring == .strict ? .peftBench : .strict)

    try write(outcome.history.map(\.json), to: folder + "/history.jsonl")
    let predictions = data.evaluation.indices.map { index -> JSONValue in
      [
        "index": JSONValue(index), "prompt": JSONValue(data.evaluation[index].prompt),
        "label": JSONValue(scored[index].label), "predict": JSONValue(answers[index]),
        // A correlation credits no single row.
        "correct": scores.rowCredits.isEmpty ? .null : JSONValue(scores.rowCredits[index] == 1),
      ]
    }
    try write(predictions, to: folder + "/predictions.jsonl")
    try AdapterFile.save(attachment, to: folder + "/adapter", baseModel: run.model.path)

    let record = RecordWriter(
      configuration: configuration, run: run, identity: identity, loaded: loaded, data: data, attachment: attachment,
      outcome: outcome, scores: scores, otherScores: other, peak: peak, trainingSeconds: trainingSeconds,
      evaluationSeconds: evaluationSeconds, started: started, threads: context.workers.count
    ).record()
    try AtomicFile.write(record.json.prettyText, to: folder + "/record.json")
    return record
  }

  private func answers(_ run: PlannedRun, data: PreparedDataset, model: LoadedModel) throws -> [String] {
    let evaluator = Evaluator(
      model: model.model, tokenizer: model.renderer.tokenizer, endTokens: model.endTokens, context: context)
    let prompts = data.evaluation.map(\.promptIDs)
    let total = prompts.count
    func progress(_ done: Int) throws {
      watch(.answered(run, done: done, of: total))
      try cancellation.check()
    }
    if configuration.evaluation.mode == .rank, !run.dataset.labels.isEmpty {
      let choices = data.examples.map { example in example.choices.map { model.renderer.choiceIDs($0) } }
      let ranked = try evaluator.rank(prompts, choices: choices, progress: progress)
      return zip(ranked, data.examples).map { values, example in
        // The first among equals.
        let best = values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }
        return best.map { example.choices[$0] } ?? ""
      }
    }
    return try evaluator.generate(
      prompts, maximumNewTokens: configuration.evaluation.maximumNewTokens ?? run.dataset.maximumNewTokens,
      batchSize: configuration.evaluation.batchSize, progress: progress)
  }

  private func write(_ lines: [JSONValue], to path: String) throws {
    try AtomicFile.write(lines.flatMap(\.line), to: path)
  }

  // MARK: - What runs share

  private func model(_ configuration: ModelConfiguration) throws -> LoadedModel {
    if let loaded, loaded.configuration == configuration { return loaded.model }
    loaded = nil
    datasets = [:]
    watch(.loading(model: configuration.name))
    let model = try LoadedModel(configuration, context: context)
    loaded = (configuration, model)
    return model
  }

  private func prepared(_ run: PlannedRun) throws -> PreparedDataset {
    let model = try model(run.model)
    let cutoff = try run.cutoff(of: model.model, virtualTokens: virtualTokens(of: run))
    let key = "\(run.dataset.id) \(cutoff)"
    if let data = datasets[key] { return data }
    let data = try PreparedDataset(
      run.dataset, configuration: configuration, renderer: model.renderer, cutoff: cutoff,
      answerTokens: configuration.evaluation.maximumNewTokens ?? run.dataset.maximumNewTokens)
    if model.model.positionLimit != nil, data.longestExample > cutoff {
      throw FileError(
        path: run.model.path,
        "has positions for \(cutoff) tokens, but an example of \(run.dataset.id) cannot be cut below "
          + "\(data.longestExample)")
    }
    for note in data.notes where notes.insert(note).inserted { watch(.note(note)) }
    datasets[key] = data
    return data
  }

  /// Attaches a run's method to the model without weights, once for all runs: so options that do not fit the model are
  /// found before anything is written.
  ///
  /// - Returns: Positions that the method puts before every sequence.
  private func virtualTokens(of run: PlannedRun) throws -> Int {
    let key = "\(run.model.name) \(run.model.path) \(run.method.label)"
    if let count = virtualTokens[key] { return count }
    let loaded = try model(run.model)
    let skeleton = try loaded.files.skeleton()
    let attachment = try run.method.method(of: configuration.file).attach(
      to: skeleton,
      with: AttachmentSetting(
        seeds: SeedStream(run.seed), context: context, tokenizer: loaded.renderer.tokenizer))
    if let initial = run.method.initialAdapter { try AdapterFile.open(initial).load(into: attachment) }
    let count = skeleton.prompt?.count ?? 0
    virtualTokens[key] = count
    return count
  }

  private func identity(of run: PlannedRun, data: PreparedDataset) throws -> RunIdentity {
    RunIdentity(of: run, in: configuration, modelHash: try model(run.model).sha256, dataset: data.identity)
  }
}

extension DispatchTime {
  var secondsUntilNow: Double { Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) / 1e9 }
}
