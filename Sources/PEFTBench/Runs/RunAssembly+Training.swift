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
    guard let steps = training.steps else { return }
    do { try attachment.check(stepCount: steps) } catch {
      throw entry.error(": \(error.description)", at: error.option.flatMap { entry.given($0)?.offset })
    }
  }
}
