import PEFTCore

extension PreparedDataset {
  /// The name of training rows that a run held back, where rows have one.
  static let heldOutSplit = "train, held out"

  /// The training rows that a run held back, as rows to be answered: what may choose among adapters, and is neither
  /// trained on nor scored.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - outline: Its model.
  ///   - cutoff: Most tokens of an example.
  ///   - limit: Most rows, the first ones of those held back; all unless given.
  /// - Returns: The rows; nil where the run held none back.
  func heldOutRows(of run: PlannedRun, _ outline: ModelOutline, cutoff: Int, limit: Int? = nil) throws -> ScoredRows? {
    guard let dataset = trainingDataset else { return nil }
    let held = DatasetLoader.heldBack(
      run.training.heldOutShare(of: trainingExamples.count), of: trainingExamples,
      drawing: TrainingSeeds(run.seeds).validation)
    guard !held.isEmpty else { return nil }
    return try Self.scoredRows(
      held.sorted().prefix(limit ?? held.count).map { trainingExamples[$0] }, of: dataset, split: Self.heldOutSplit,
      answerLimit: answerLimit, renderer: outline.renderer, cutoff: cutoff)
  }
}
