import PEFTCore

/// What the stages of one run share: what is to be done, with what, and who is told.
struct RunScene {
  /// The run.
  let run: SweepRun
  /// The config that asks for it.
  let configuration: RunConfiguration
  /// The model, with what is attached to it by then.
  let model: LoadedModel
  /// The rows.
  let data: PreparedDataset
  /// Memory and threads.
  let context: ComputeContext
  /// Memory that is free, or within the user's limit, and that the run does not need; nil where the system does not tell.
  let spareBytes: () throws -> Int?
  /// The blocks whose activations its training computes again.
  let recomputedBlocks: Set<Int>
  /// The run's folder.
  let folder: String
  /// The request to stop.
  let cancellation: CancellationFlag
  /// Whether the run's folder is still there and its lock is held.
  let checkPlace: () throws -> Void
  /// Called with what happens.
  let watch: @Sendable (RunEvent) -> Void
  /// Writes progress.json.
  let progress: RunProgressWriter

  /// What to do.
  var planned: PlannedRun { run.planned }
  /// Where the run keeps what it needs to resume after a kill.
  var checkpointFolder: String { "\(folder)/\(ResultsFolder.checkpointName)" }
  /// Where its draws come from.
  var seeds: TrainingSeeds { TrainingSeeds(planned.seeds) }

  /// Says something about the run.
  func note(_ text: String) { watch(.note("\(planned.title): \(text)")) }
}
