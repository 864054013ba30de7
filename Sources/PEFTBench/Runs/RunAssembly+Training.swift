import PEFTCore
import PEFTMethods

extension RunAssembly {
  /// Refuses a training that the method cannot go through, as far as that is known without its rows.
  ///
  /// - Throws: `DocumentError` with the place of the method in the config.
  func checkTraining(of run: PlannedRun, _ attachment: AttachedMethod) throws(DocumentError) {
    guard run.trains else { return }
    let (training, entry) = (run.training, run.method.entry)
    if attachment.groups(under: training.optimizer.rule(training)) == nil {
      throw entry.error(
        ": \(run.method.name) projects gradients for AdamW, and optimizer is \(training.optimizer.rawValue): set it to adamw"
      )
    }
    try checkState(training, attachment, of: run)
    guard let steps = training.steps else { return }
    try check(attachment.schedules, steps: steps, of: entry)
  }

  /// Refuses a form of the optimizer's state where there is no state, and notes where nothing is long enough for it.
  private func checkState(
    _ training: TrainingConfiguration, _ attachment: AttachedMethod, of run: PlannedRun
  ) throws(DocumentError) {
    guard training.optimizerState != .float32, !attachment.parameters.isEmpty else { return }
    let (moments, format) = (training.momentsPerValue, training.optimizerState)
    guard moments > 0 else {
      throw run.method.entry.error(
        ": \(TrainingConfiguration.optimizerStateKey) is \(format.rawValue), but \(training.optimizer.rawValue) without "
          + "momentum keeps no state; leave it out, or set momentum, or optimizer: adamw")
    }
    if attachment.stateShape.isFloat32(momentsPerValue: moments, as: format) {
      noteOnce(
        "\(run.method.label): \(TrainingConfiguration.optimizerStateKey): \(format.rawValue) changes nothing, since all its "
          + "moments have fewer than \(OptimizerStateFormat.leastQuantized) values, which stay float32")
    }
  }

  /// Refuses epochs whose steps a method's schedule does not fit into, which depends on how many rows there are.
  ///
  /// - Throws: `DocumentError` with the place of the method in the config; what `size` throws.
  func checkSteps(of run: PlannedRun) throws {
    guard run.trains, run.training.steps == nil else { return }
    let schedules = try figures(of: run).schedules
    guard !schedules.isEmpty else { return }
    let rows = try size(of: run).rows.counts(run.training, TrainingSeeds(run.seeds)).epoch
    try check(
      schedules, steps: Trainer.stepCount(examples: rows, configuration: run.training), of: run.method.entry,
      place: "on \(run.dataset.id), of which \(rows) \(rows == 1 ? "row is" : "rows are") trained on: ")
  }

  private func check(
    _ schedules: [any StepSchedule], steps: Int, of entry: MethodEntry, place: String = ""
  ) throws(DocumentError) {
    for schedule in schedules {
      do { try schedule.check(stepCount: steps) } catch {
        throw entry.error(": \(place)\(error.description)", at: error.option.flatMap { entry.given($0)?.offset })
      }
    }
  }
}
