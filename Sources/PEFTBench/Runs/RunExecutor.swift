import Dispatch
import Foundation
public import PEFTCore
import PEFTMethods

/// How an attempt at a run ended.
public enum RunOutcome: Sendable {
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
/// A run's numbers depend on nothing that ran before it. One that was killed goes on from its last checkpoint.
public final class RunExecutor {
  private let configuration: RunConfiguration
  private let context: ComputeContext
  private let results: ResultsFolder
  private let locks: RunLocks
  private let cancellation: CancellationFlag
  private let watch: @Sendable (RunEvent) -> Void
  private let inputs: SweepInputs
  private var loaded: LoadedModel?

  init(
    inputs: SweepInputs, results: ResultsFolder, locks: RunLocks, context: ComputeContext,
    cancellation: CancellationFlag, watch: @escaping @Sendable (RunEvent) -> Void
  ) {
    configuration = inputs.configuration
    (self.inputs, self.results, self.locks, self.context) = (inputs, results, locks, context)
    (self.cancellation, self.watch) = (cancellation, watch)
  }

  /// Creates an executor that reads models and data by itself, in a process that is given runs one by one.
  ///
  /// - Throws: `FileError` where the results folder cannot be locked.
  public convenience init(
    _ configuration: RunConfiguration, results: ResultsFolder, context: ComputeContext,
    cancellation: CancellationFlag, watch: @escaping @Sendable (RunEvent) -> Void
  ) throws {
    self.init(
      inputs: SweepInputs(configuration, context: context, note: { _ in }), results: results,
      locks: try RunLocks(forTakingIn: results.path), context: context, cancellation: cancellation, watch: watch)
  }

  /// Carries out a run, unless it is complete or another process has it.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - fresh: Do it even if it is complete, and from the beginning.
  /// - Throws: `Interruption` on a wish to stop; `FileError` where the results folder cannot be written to.
  public func perform(_ run: SweepRun, fresh: Bool) throws -> RunOutcome {
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

  private func carryOut(_ run: SweepRun) throws -> RunRecord {
    let planned = run.planned
    let loaded = try model(of: run)
    let data = try inputs.data(of: planned)
    let identity = try inputs.identity(of: planned)
    guard identity.id == run.id else { throw replaced(in: run, now: identity, of: loaded.outline) }
    // Full fine-tuning before this run may have taken the frozen weights away.
    try loaded.restoreWeights()
    let folder = results.folder(of: run.id)
    let started = Date()
    // What earlier runs left in memory is no part of this one's peak.
    context.pool.trim()
    ProcessMemory.resetPeak()
    let seeds = SeedStream(planned.seed)
    try inputs.checkAdapter(of: planned)
    let attachment = try planned.method.attach(
      to: loaded.model,
      with: AttachmentSetting(
        seeds: seeds.child("initialization"), context: context, tokenizer: loaded.renderer.tokenizer),
      of: configuration.file)
    defer { attachment.detach() }
    try inputs.checkAdapter(of: planned)

    let checkpoint = TrainingCheckpoint(
      path: checkpointFolder(of: run) + "/training.safetensors", identity: run.id,
      everySteps: planned.method.training.checkpointSteps,
      complain: { [watch] text in watch(.note("\(planned.title): \(text)")) })
    let progress = RunProgressWriter(folder: folder)
    let outcome = try train(
      run, data: data, model: loaded, attachment: attachment, seeds: seeds, checkpoint: checkpoint, progress: progress)
    for parameter in attachment.parameters { parameter.clearGradient() }

    let evaluation: AnswerCheckpoint.Answers
    var third: AnswerCheckpoint.Answers?
    do {
      let unfold = loaded.model.foldAdapters(context: context)
      defer { unfold() }
      let total = data.scored.examples.count + (data.test?.examples.count ?? 0)
      func saveTraining() {
        checkpoint.saveResult(outcome, parameters: attachment.parameters, evenIfRecent: true)
      }
      func answerCheckpoint(_ name: String) -> AnswerCheckpoint {
        AnswerCheckpoint(
          path: "\(checkpointFolder(of: run))/\(name)", identity: run.id,
          complain: { [watch] text in watch(.note("\(planned.title): \(text)")) })
      }
      let first = answerCheckpoint(AnswerCheckpoint.fileName)
      evaluation = try answers(
        run, data.scored, limit: data.answerLimit, of: total, model: loaded, checkpoint: first, progress: progress,
        saveOthers: saveTraining)
      third = try data.test.map { rows in
        try answers(
          run, rows, limit: data.answerLimit, after: data.scored.examples.count, of: total, model: loaded,
          checkpoint: answerCheckpoint(AnswerCheckpoint.testFileName), progress: progress
        ) {
          saveTraining()
          first.save(evaluation)
        }
      }
    }
    let validation = try judge(data.scored, evaluation, of: planned.dataset)
    let test = try data.test.flatMap { rows in try third.map { try judge(rows, $0, of: planned.dataset) } }

    try write(outcome.history.map(\.json), to: folder + "/history.jsonl")
    try write(validation.predictions, to: folder + "/predictions.jsonl")
    if let test { try write(test.predictions, to: folder + "/predictions-test.jsonl") }
    try AdapterFile.save(attachment, to: folder + "/adapter", baseModel: planned.model.path)

    let scoring = configuration.evaluation.scoring
    var record = RunRecord()
    (record.id, record.identity) = (identity.id, identity.json)
    record.suite = configuration.data.suite(of: planned.dataset).rawValue
    record.model = RunRecord.Model(loaded)
    record.method = RunRecord.Method(planned.method, identity: identity, trainable: attachment.trainableCount)
    (record.dataset, record.data, record.seed) = (planned.dataset.id, data.facts, planned.seed)
    record.training = planned.isZeroShot ? nil : planned.method.training.resultJSON
    record.evaluation = configuration.evaluation.json
    record.scores = RunRecord.Scores(validation, under: scoring)
    if let test { record.sets.add(RunRecord.EvaluationSet(test, under: scoring), named: "test") }
    record.costs = RunRecord.Costs(
      loaded.model, attachment, outcome, peak: planned.isZeroShot ? evaluation.peak : outcome.peak,
      evaluationSeconds: evaluation.seconds + (third?.seconds ?? 0))
    record.pscp = RunRecord.Penalties(
      of: validation.scores.value, costs: record.costs, configuration.pscp, model: loaded.model,
      fullTrainingBytes: fullTrainingBytes(of: planned, data, loaded.model))
    record.environment = RunEnvironment(threads: context.workers.count)
    record.timestamps = RunRecord.Timestamps(since: started)
    try AtomicFile.write(record.json.prettyText, to: folder + "/record.json")
    results.link(run, namesModel: configuration.models.count > 1)
    return record
  }

  /// What full fine-tuning of this model on the run's batches needs.
  private func fullTrainingBytes(of run: PlannedRun, _ data: PreparedDataset, _ model: CausalLanguageModel) -> Int {
    let training = run.method.training
    let seeds = SeedStream(run.seed)
    let examples = data.parts(training, seeds).training
    return FullTrainingMemory.peakBytes(
      model, batch: Trainer.largestBatch(of: examples, configuration: training, seeds: seeds),
      accumulates: training.gradientAccumulation > 1)
  }

  /// What to say of a run that is not the one that was planned any more.
  private func replaced(in run: SweepRun, now identity: RunIdentity, of outline: ModelOutline) -> FileError {
    let planned = run.planned
    guard let what = run.inputs?.difference(from: RunInputs(identity, weights: outline.weights)) else {
      return FileError(path: configuration.file.path, "the config or the program changed while the sweep ran")
    }
    switch what {
    case "training rows", "evaluation rows", "test rows":
      return FileError(path: planned.dataset.id, "the \(what) changed while the sweep ran")
    case "adapter to start from":
      return FileError(path: planned.method.initialAdapter ?? "", "was replaced while the sweep ran")
    default:
      return FileError(path: planned.model.path, "the \(what) changed while the sweep ran")
    }
  }

  private func train(
    _ run: SweepRun, data: PreparedDataset, model: LoadedModel, attachment: AttachedMethod, seeds: SeedStream,
    checkpoint: TrainingCheckpoint, progress: RunProgressWriter
  ) throws -> Trainer.Outcome {
    let planned = run.planned
    let (training, validation) = data.parts(planned.isZeroShot ? nil : planned.method.training, seeds)
    let start = DispatchTime.now()
    var first: (step: Int, tokens: Int)?
    let outcome = try Trainer(
      model: model.model, attachment: attachment, configuration: planned.method.training, seeds: seeds,
      context: context
    ).train(training, validation: validation, checkpoint: checkpoint) { step, steps, loss, tokens in
      // A checkpoint must not bring back a results folder that was removed.
      try locks.checkPlace()
      let before = first ?? (step - 1, tokens)
      if first == nil {
        first = before
        if step > 1 { watch(.resumed(run, step: step - 1)) }
      }
      watch(.step(run, done: step, of: steps, loss: loss, tokens: tokens))
      progress.update(
        RunProgress(
          phase: .training, done: step, total: steps, loss: loss,
          rate: Double(tokens - before.tokens) / start.secondsUntilNow, seconds: start.secondsUntilNow))
      try cancellation.check()
    }
    checkpoint.saveResult(outcome, parameters: attachment.parameters)
    return outcome
  }

  /// Scores the answers to a set of rows.
  private func judge(
    _ rows: ScoredRows, _ answers: AnswerCheckpoint.Answers, of dataset: DatasetDescription
  ) throws -> JudgedRows {
    let scored = zip(rows.examples, answers.answers).map { $0.scored($1) }
    let scoring = configuration.evaluation.scoring
    return JudgedRows(
      rows: rows, scored: scored, scores: try dataset.metric.score(scored, under: scoring),
      summary: try dataset.metric.summary(of: scored, under: scoring),
      // A side score can be absent; it fails no run.
      otherScores: Result { () throws(ScoringError) in
        try dataset.metric.score(scored, under: scoring == .strict ? .peftBench : .strict)
      },
      seconds: answers.seconds)
  }

  /// Asks for the answers to a set of rows.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - rows: The rows.
  ///   - limit: Most tokens of an answer.
  ///   - before: How many rows of other sets are answered.
  ///   - total: How many rows all sets have.
  ///   - model: The model, with what was trained.
  ///   - checkpoint: Where the answers are kept.
  ///   - progress: Told how far it is.
  ///   - saveOthers: Saves what came before these answers and is needed with them.
  private func answers(
    _ run: SweepRun, _ rows: ScoredRows, limit: Int, after before: Int = 0, of total: Int, model: LoadedModel,
    checkpoint: AnswerCheckpoint, progress: RunProgressWriter, saveOthers: () -> Void
  ) throws -> AnswerCheckpoint.Answers {
    let planned = run.planned
    let known = checkpoint.restore(prompts: rows.rendered.count) ?? AnswerCheckpoint.Answers()
    context.pool.resetPeak()
    let start = DispatchTime.now()
    func state(_ answers: [String]) -> AnswerCheckpoint.Answers {
      AnswerCheckpoint.Answers(
        answers: answers, seconds: known.seconds + start.secondsUntilNow, peak: known.peak.peak(with: context.pool.peak)
      )
    }
    func saw(_ done: Int, _ answers: @autoclosure () -> [String]) throws {
      try locks.checkPlace()
      watch(.answered(run, done: before + done, of: total))
      progress.update(
        RunProgress(
          phase: .evaluation, done: before + done, total: total, loss: nil,
          rate: Double(done - known.answers.count) / start.secondsUntilNow, seconds: start.secondsUntilNow))
      if cancellation.isCancelled || checkpoint.isDue, before + done < total {
        saveOthers()
        checkpoint.save(state(answers()))
      }
      try cancellation.check()
    }

    let evaluator = Evaluator(
      model: model.model, tokenizer: model.renderer.tokenizer, endTokens: model.outline.endTokens, context: context)
    let prompts = rows.rendered.map(\.promptIDs)
    if configuration.evaluation.mode == .rank, !planned.dataset.labels.isEmpty {
      let choices = zip(rows.examples, rows.rendered).map { example, rendered in
        model.renderer.answerIDs(example.choices, after: rendered.prompt)
      }
      func words(_ values: [[Double]]) -> [String] {
        known.answers
          + zip(values, rows.examples.dropFirst(known.answers.count)).map { values, example in
            // The first among equals.
            let best = values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }
            return best.map { example.choices[$0] } ?? ""
          }
      }
      let ranked = try evaluator.rank(prompts, choices: choices, from: known.answers.count) { values in
        try saw(known.answers.count + values.count, words(values))
      }
      return state(words(ranked))
    }
    let answers = try evaluator.generate(
      prompts, maximumNewTokens: limit,
      batchSize: configuration.evaluation.batchSize, known: known.answers
    ) { try saw($0.count, $0) }
    return state(answers)
  }

  private func write(_ lines: [JSONValue], to path: String) throws {
    try AtomicFile.write(lines.flatMap(\.line), to: path)
  }

  private func model(of run: SweepRun) throws -> LoadedModel {
    if let loaded, loaded.outline.configuration == run.planned.model { return loaded }
    // The old one goes first: both together may be too much for the machine.
    loaded = nil
    context.pool.trim()
    watch(.loading(model: run.planned.model.name))
    let model = try LoadedModel(
      try inputs.outline(of: run.planned.model, weights: run.inputs?.weights), context: context)
    loaded = model
    return model
  }
}
