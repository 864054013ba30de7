import Dispatch
import PEFTCore
import PEFTMethods

/// The second stage of a run: trains what is attached, or leaves it as it is.
struct TrainingStage {
  /// The run.
  let scene: RunScene
  /// What is trained.
  let attachment: AttachedMethod
  private let checkpoint: TrainingCheckpoint

  init(_ scene: RunScene, attachment: AttachedMethod) {
    (self.scene, self.attachment) = (scene, attachment)
    checkpoint = TrainingCheckpoint(
      path: scene.checkpointFolder + "/training.safetensors", identity: scene.run.id,
      everySteps: scene.planned.method.training.checkpointSteps, complain: scene.note)
  }

  /// Trains, from the last checkpoint on if there is one.
  ///
  /// - Returns: How it went; nothing at all for a run that only judges what is attached, for which no gradient and no
  ///   optimizer is ever made.
  /// - Throws: `TrainingFailure` for a loss that is not a number; `Interruption` on a request to stop.
  func outcome() throws -> Trainer.Outcome {
    guard scene.planned.trains else { return Trainer.Outcome() }
    let settings = scene.planned.method.training
    let (training, validation) = scene.data.parts(settings, scene.seeds)
    let start = DispatchTime.now()
    var first: (step: Int, tokens: Int)?
    let outcome = try Trainer(
      model: scene.model.model, attachment: attachment, configuration: settings, seeds: scene.seeds,
      context: scene.context
    ).train(training, validation: validation, checkpoint: checkpoint) { step, steps, loss, tokens in
      // A checkpoint must not bring back a results folder that was removed.
      try scene.checkPlace()
      let before = first ?? (step - 1, tokens)
      if first == nil {
        first = before
        if step > 1 { scene.watch(.resumed(scene.run, step: step - 1)) }
      }
      scene.watch(.step(scene.run, done: step, of: steps, loss: loss, tokens: tokens))
      scene.progress.update(
        RunProgress(
          phase: .training, done: step, total: steps, loss: loss,
          rate: Double(tokens - before.tokens) / start.secondsUntilNow, seconds: start.secondsUntilNow))
      try scene.cancellation.check()
    }
    checkpoint.saveResult(outcome, parameters: attachment.parameters)
    for parameter in attachment.parameters { parameter.clearGradient() }
    return outcome
  }

  /// Keeps the result for a run that may be stopped after this stage.
  func save(_ outcome: Trainer.Outcome) {
    guard scene.planned.trains else { return }
    checkpoint.saveResult(outcome, parameters: attachment.parameters, evenIfRecent: true)
  }
}
