import Foundation
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

  /// What must be known of adapters that were trained on rows which a run holds back to choose among them: such rows favour
  /// whatever keeps most of what was trained.
  ///
  /// - Parameters:
  ///   - run: The run, which chooses.
  ///   - adapters: The folders of the adapters; of one that lies in a run's folder the record tells what it trained on.
  /// - Returns: A note for each adapter that saw some of the rows, or may have.
  func notesOfTrainedRows(heldBackBy run: PlannedRun, from adapters: [String]) -> [String] {
    let count = trainingExamples.count
    func held(_ share: Double, _ seeds: RunSeeds) -> Set<Int> {
      DatasetLoader.heldBack(share, of: trainingExamples, drawing: TrainingSeeds(seeds).validation)
    }
    let own = held(run.training.heldOutShare(of: count), run.seeds)
    return adapters.compactMap { adapter in
      let folder = URL(filePath: adapter).deletingLastPathComponent().path
      guard let record = try? RunRecord.read("\(folder)/\(ResultsFolder.recordName)"), let training = record.training,
        record.dataset == run.dataset.id
      else { return nil }
      let start = "\(adapter) was trained on"
      guard let content = record.data?.trainingContent, content == facts.trainingContent else {
        return
          "\(start) other rows of \(record.dataset), which may be among the \(own.count) that the choice is made on"
      }
      let share = TrainingConfiguration.heldOutShare(
        fraction: training.number("validation_fraction") ?? 0,
        rows: training.number("validation_rows").flatMap { Int(exactly: $0) }, of: count)
      let sample = record.seeds?.number(RunSeeds.Source.sample.rawValue).flatMap { Int(exactly: $0) }
      let trained = own.subtracting((0..<1).contains(share) ? held(share, RunSeeds(sample ?? record.seed)) : [])
      guard !trained.isEmpty else { return nil }
      return "\(start) \(trained.count) of the \(own.count) rows that the choice is made on; train it with the same "
        + "validation_fraction and seed, so that it holds them back too"
    }
  }
}
