import PEFTCore

/// The training rows of a dataset as far as it matters how many of them a run trains on and how many it holds back.
///
/// A plan keeps these where it lets the rows go, and so counts by the rule that the run goes by.
struct TrainingRows {
  /// Which rows must not be parted.
  let groups: RowGroups
  /// Of each further row of the strategy the training row whose words it has changed; nil for a row of a file.
  let sources: [Int?]
  /// Where datasets are trained together, which of them each row is of, and each further row; nil for one by itself.
  let tasks: (mixture: DatasetMixture, rows: [Int], further: [Int])?

  /// The rows of a dataset.
  init(_ data: PreparedDataset) {
    groups = RowGroups(of: data.trainingExamples)
    sources = data.augmented.sources
    tasks = data.mixture.map { ($0, data.training.map(\.task), data.augmented.rendered.map(\.task)) }
  }

  /// How many rows there are, further ones left out.
  var count: Int { groups.count }

  /// How many rows an epoch of a run has, and how many rows it holds back.
  ///
  /// - Parameters:
  ///   - configuration: Says how many are held back.
  ///   - seeds: The run's.
  func counts(_ configuration: TrainingConfiguration, _ seeds: TrainingSeeds) -> (epoch: Int, heldBack: Int) {
    let share = configuration.heldOutShare(of: count)
    if sources.isEmpty, tasks == nil {
      let held = groups.heldBackCount(share, drawing: seeds.validation)
      return (count - held, held)
    }
    let held = groups.heldBack(share, drawing: seeds.validation)
    let rows = (0..<count).filter { !held.contains($0) }
    let further = sources.indices.filter { AugmentedTraining.mayTrain(sources[$0], without: held) }
    guard let tasks else { return (rows.count + further.count, held.count) }
    let places = rows.map { tasks.rows[$0] } + further.map { tasks.further[$0] }
    let counts = tasks.mixture.members.indices.map { task in places.count { $0 == task } }
    return (tasks.mixture.epochCount(of: counts), held.count)
  }
}
