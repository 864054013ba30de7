import Dispatch
import PEFTCore
import PEFTMethods

/// The second stage of a run: trains what is attached, or leaves it as it is.
///
/// A strategy may ask for several trainings, one after the other. Each has a checkpoint of its own, which at its end holds
/// its result, so that a run which is stopped goes on with the training that it was at.
struct TrainingStage {
  /// What it came to.
  struct Result {
    /// How each training went; one that did nothing for a run that trains nothing.
    let trainings: [Trainer.Outcome]

    /// The first, by whose history the run is judged.
    var first: Trainer.Outcome { trainings[0] }

    /// Seconds, tokens, the memory peak and what was left out of all of them; everything else is the first one's.
    var total: Trainer.Outcome {
      var total = first
      for training in trainings.dropFirst() {
        total.seconds += training.seconds
        total.tokenCount += training.tokenCount
        total.peak = total.peak.peak(with: training.peak)
        total.frozenUsage = total.frozenUsage + training.frozenUsage
      }
      return total
    }
  }

  /// The run.
  let scene: RunScene
  /// What is trained.
  let attachment: RunAttachment
  private let checkpoints: [TrainingCheckpoint]

  private var strategy: TrainingStrategy { scene.planned.training.strategy }

  init(_ scene: RunScene, attachment: RunAttachment) {
    (self.scene, self.attachment) = (scene, attachment)
    checkpoints = (0..<scene.planned.training.strategy.trainingCount).map { number in
      TrainingCheckpoint(
        path: scene.checkpointFolder + (number == 0 ? "/training.safetensors" : "/training-\(number + 1).safetensors"),
        identity: scene.run.id, everySteps: scene.planned.training.checkpointSteps, complain: scene.note)
    }
  }

  /// Trains, from the last checkpoint on if there is one.
  ///
  /// - Returns: How it went; nothing at all for a run that only judges what is attached, for which no gradient and no
  ///   optimizer is ever made.
  /// - Throws: `TrainingFailure` for a loss that is not a number; `Interruption` on a request to stop.
  func result() throws -> Result {
    guard scene.planned.trains else { return Result(trainings: [Trainer.Outcome()]) }
    let frozenStates = try frozenStates()
    var outcomes: [Trainer.Outcome] = []
    var values: [ParameterSnapshot] = []
    for (number, checkpoint) in checkpoints.enumerated() {
      if number > 0 { try attachment.begin(training: number) }
      let strategy = strategy.participant(learningRate: scene.planned.training.learningRate)
      let outcome = try train(
        number, participants: strategy.map { [$0] } ?? [], checkpoint: checkpoint, frozenStates: frozenStates)
      outcomes.append(outcome)
      let copies = (strategy as? NoisyMembers)?.values ?? []
      if !copies.isEmpty || checkpoints.count > 1 {
        // Later on the parameters stand for one member after the other.
        save(outcome, as: checkpoint)
        values.append(attachment.snapshot())
      }
      if !copies.isEmpty { attachment.keep(.copies(values + copies)) }
    }
    if checkpoints.count > 1 { attachment.keep(.trainings(values)) }
    return Result(trainings: outcomes)
  }

  /// Where all trainings of the run keep the states of their examples after the frozen first layers; nil where no layer is
  /// frozen, nothing comes again, or the config asks for none.
  ///
  /// No other run has a share in it, or the seconds of a run would depend on which runs were done before.
  private func frozenStates() throws -> FrozenStates? {
    let settings = scene.planned.training
    let (training, validation) = scene.data.parts(settings, scene.seeds)
    let returning = ReturningExamples(
      examples: training.count, validation: validation.count, configuration: settings)
    let model = scene.model.model
    guard returning.isAny, model.frozenBlockCount > 0 else { return nil }
    return try settings.frozenLayerCache.states(
      width: model.configuration.hiddenSize, folder: scene.checkpointFolder, spareBytes: scene.spareBytes
    ) { [scene] in scene.note("\($0)") }
  }

  private func train(
    _ number: Int, participants: [any TrainingParticipant], checkpoint: TrainingCheckpoint, frozenStates: FrozenStates?
  ) throws -> Trainer.Outcome {
    let settings = scene.planned.training
    let (training, validation) = scene.data.parts(settings, scene.seeds)
    let method = attachment.method
    let start = DispatchTime.now()
    var first: (step: Int, tokens: Int)?
    let outcome = try Trainer(
      model: scene.model.model, attachment: method, configuration: settings,
      seeds: TrainingSeeds(scene.planned.seeds, member: number), context: scene.context
    ).train(
      training, validation: validation, participants: participants, checkpoint: checkpoint,
      frozenStates: frozenStates, recomputing: scene.recomputedBlocks
    ) { step, steps, loss, tokens in
      // A checkpoint must not bring back a results folder that was removed.
      try scene.checkPlace()
      let before = first ?? (step - 1, tokens)
      if first == nil {
        first = before
        if step > 1 { scene.watch(.resumed(scene.run, step: step - 1)) }
      }
      let (done, total) = (number * steps + step, checkpoints.count * steps)
      scene.watch(.step(scene.run, done: done, of: total, loss: loss, tokens: tokens))
      scene.progress.update(
        RunProgress(
          phase: .training, done: done, total: total, loss: loss,
          rate: Double(tokens - before.tokens) / start.secondsUntilNow, seconds: start.secondsUntilNow))
      try scene.cancellation.check()
    }
    if number == 0, let note = settings.warmupNote(stepCount: outcome.stepCount) { scene.note(note) }
    checkpoint.saveResult(outcome, parameters: method.parameters)
    for parameter in method.parameters { parameter.clearGradient() }
    return outcome
  }

  /// Keeps the result for a run that may be stopped after this stage.
  func save(_ result: Result) {
    guard scene.planned.trains, attachment.members == nil else { return }
    save(result.first, as: checkpoints[0])
  }

  private func save(_ outcome: Trainer.Outcome, as checkpoint: TrainingCheckpoint) {
    checkpoint.saveResult(outcome, parameters: attachment.method.parameters, evenIfRecent: true)
  }
}
