/// What a sweep is doing, for whoever watches it.
package enum RunEvent: Sendable {
  /// A model is being loaded.
  case loading(model: String)
  /// A run was complete before.
  case skipped(SweepRun, record: RunRecord)
  /// A run begins.
  case began(SweepRun)
  /// A run resumes from a checkpoint after this step.
  case resumed(SweepRun, step: Int)
  /// Adapters to start from were judged.
  case judged(SweepRun, done: Int, of: Int)
  /// A training step was done.
  case step(SweepRun, done: Int, of: Int, loss: Double, tokens: Int)
  /// Answers were made.
  case answered(SweepRun, done: Int, of: Int)
  /// A run is complete.
  case finished(SweepRun, record: RunRecord)
  /// A run failed; the others continue.
  case failed(SweepRun, cause: String)
  /// Nothing is left but runs that other processes are working on.
  case waiting(runs: Int)
  /// Something that the user should know, said once.
  case note(String)
}
