import PEFTCore
import PEFTMethods

/// One run that a config asks for.
package struct PlannedRun: Sendable {
  /// The model.
  package let model: ModelConfiguration
  /// The dataset.
  package let dataset: DatasetDescription
  /// The method with its options and training settings.
  package let method: MethodConfiguration
  /// What its draws are made by.
  package let seeds: RunSeeds

  /// Creates a run.
  package init(
    model: ModelConfiguration, dataset: DatasetDescription, method: MethodConfiguration, seeds: RunSeeds
  ) {
    (self.model, self.dataset, self.method, self.seeds) = (model, dataset, method, seeds)
  }

  /// The same run with another adapter to start from.
  func starting(from source: AdapterSource) -> PlannedRun {
    PlannedRun(model: model, dataset: dataset, method: method.starting(from: source), seeds: seeds)
  }

  /// The number that tells its seeds from others.
  package var seed: Int { seeds.number }
  /// What the adapter's initial values are drawn by.
  var initialSeed: Int { method.training.initialSeed ?? seeds[.initialization] }
  /// What of its strategy changes the rows that it trains on; plain steps where nothing does.
  var rowStrategy: TrainingStrategy {
    guard trains else { return .standard }
    if case .allData = method.training.strategy { return method.training.strategy }
    return method.training.strategy.augmentation.map { .augmentation($0) } ?? .standard
  }

  /// The folders of saved members that vote; empty where members are trained, or one model answers alone.
  ///
  /// An error names a member that is missing among others.
  var memberFolders: [String] {
    get throws(FileError) {
      guard !trains, method.training.strategy.voterCount > 1, case .saved(let adapter) = method.adapterSource else {
        return []
      }
      return try MemberFolders.all(in: adapter)
    }
  }

  /// Models that answer each row, every one in a pass of its own: those that it trains, or saved ones.
  ///
  /// An error names a saved member that is missing among others.
  var voterCount: Int {
    get throws(FileError) { trains ? training.strategy.voterCount : max(1, try memberFolders.count) }
  }

  /// How it trains.
  package var training: TrainingConfiguration { method.training.underStrategy }
  /// Whether it is the base model's own answer, which has no training.
  package var isZeroShot: Bool { method.isZeroShot }
  /// Whether anything is trained.
  package var trains: Bool { method.trains }
  /// Most tokens of an example.
  ///
  /// - Parameters:
  ///   - model: The model; where it learned a vector for each position, these bound the method's virtual tokens too.
  ///   - count: Positions that the method puts before every sequence.
  func cutoff(of model: CausalLanguageModel, virtualTokens count: Int) throws -> Int {
    guard let limit = model.positionLimit else {
      return min(method.training.cutoffTokens, model.configuration.contextLength)
    }
    guard limit - count > 1 else {
      throw FileError(
        path: self.model.path, "has \(limit) positions, which the \(count) virtual tokens of \(method.label) take up")
    }
    return min(method.training.cutoffTokens, limit - count)
  }
  /// `dataset/method`, with the seed where there are several.
  package var title: String { "\(dataset.id)/\(method.label)" }
}

extension PlannedRun: FilteredRun {
  package func names(under key: String) -> [String] {
    switch key {
    case "dataset": [dataset.id]
    case "method": [method.label, method.name]
    case "seed": [String(seed)]
    default: [model.name]
    }
  }
}

/// The selected runs of a config, and what they were selected from.
package struct RunSelection: Sendable {
  /// Runs to be done.
  package let runs: [PlannedRun]
  /// Runs to be done here or elsewhere: those that `--shard` chose among.
  package let asked: [PlannedRun]
  /// All runs of the config.
  package let all: [PlannedRun]
}

extension RunSelection {
  /// What the config's runs are called under a key of `--only`.
  package func names(under key: String) -> [String] { all.flatMap { $0.names(under: key) } }
}

extension RunConfiguration {
  /// The runs, ordered so that partial results are useful early: all methods on the first dataset, then all datasets
  /// and models, and only then the next seed; zero-shot first.
  ///
  /// - Parameters:
  ///   - datasets: The datasets that the config names, in its order.
  ///   - only: Keep runs that match (`dataset`, `method`, `seed`, `model`).
  ///   - shard: Keep one run of every `count`, the `index`-th from 1; which one of them moves on by one each time, so
  ///     that no shard gets the same method again and again.
  /// - Returns: The runs.
  package func selection(
    datasets: [DatasetDescription], only: RunFilter = RunFilter(), shard: (index: Int, count: Int)? = nil
  ) -> RunSelection {
    let all = plan(datasets: datasets)
    let asked = all.filter(only.keeps)
    guard let shard else { return RunSelection(runs: asked, asked: asked, all: all) }
    let runs = asked.enumerated().filter { Self.shard(of: $0.offset, count: shard.count) == shard.index }
    return RunSelection(runs: runs.map(\.element), asked: asked, all: all)
  }

  /// The shard, from 1, of the run at a place of the plan.
  package static func shard(of place: Int, count: Int) -> Int { (place + place / count) % count + 1 }

  private func plan(datasets: [DatasetDescription]) -> [PlannedRun] {
    var runs: [PlannedRun] = []
    for (position, seeds) in seeds.enumerated() {
      for model in models {
        for dataset in datasets {
          // The base model's answers depend on no seed.
          if position == 0, evaluation.zeroShot, !methods.contains(where: \.isZeroShot) {
            runs.append(PlannedRun(model: model, dataset: dataset, method: zeroShot, seeds: seeds))
          }
          for method in methods where !method.isZeroShot || position == 0 {
            runs.append(
              PlannedRun(model: model, dataset: dataset, method: method.with(tasks: dataset.taskCount), seeds: seeds))
          }
        }
      }
    }
    return runs
  }

  /// The base model alone on a dataset, which asks for the dataset's evaluation rows and for no training.
  func untrainedRun(of model: ModelConfiguration, on dataset: DatasetDescription) -> PlannedRun {
    PlannedRun(model: model, dataset: dataset, method: zeroShot, seeds: seeds[0])
  }

  private var zeroShot: MethodConfiguration {
    MethodConfiguration(untrained: training)
  }
}
