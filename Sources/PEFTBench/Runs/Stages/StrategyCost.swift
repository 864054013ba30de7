import PEFTCore

/// What a run's strategy costs in steps and tokens, beside plain steps on the same data.
struct StrategyCost {
  /// Optimizer steps of all models together.
  let modelSteps: Int
  /// Tokens of all batches, counted for every model that took a step on them.
  let trainingTokens: Int
  /// Steps that plain steps would have taken.
  let plainSteps: Int
  /// Tokens that plain steps would have seen.
  let plainTokens: Int
  /// The steps as a share of those of as many independent trainings as there are members; nil where members are not
  /// copies of one training.
  let shareOfEnsemble: Double?

  /// The cost of a run that has trained.
  ///
  /// - Parameters:
  ///   - planned: The run.
  ///   - trained: How its trainings went.
  ///   - data: Its rows.
  init(_ planned: PlannedRun, trained: TrainingStage.Result, data: PreparedDataset) {
    let (strategy, settings, seeds) = (planned.training.strategy, planned.training, TrainingSeeds(planned.seeds))
    let steps = trained.first.stepCount
    modelSteps = strategy.modelSteps(of: steps)
    var tokens = trained.total.tokenCount
    guard strategy != .standard else {
      (trainingTokens, plainSteps, plainTokens, shareOfEnsemble) = (tokens, modelSteps, tokens, nil)
      return
    }
    let examples = data.parts(settings, seeds).training
    let batches = BatchTokens(examples, configuration: settings, seeds: seeds)
    for range in strategy.sharedSteps(of: steps) {
      tokens += strategy.copyCount * range.reduce(0) { $0 + batches.count(of: $1) }
    }
    trainingTokens = tokens
    let plain = planned.method.training.withoutStrategy
    let plainExamples = data.plainParts(plain, seeds).training
    plainSteps = Trainer.stepCount(examples: plainExamples.count, configuration: plain)
    let plainBatches = BatchTokens(plainExamples, configuration: plain, seeds: seeds)
    plainTokens = plainSteps > 0 ? (1...plainSteps).reduce(0) { $0 + plainBatches.count(of: $1) } : 0
    shareOfEnsemble =
      strategy.copiesParameters && steps > 0 ? Double(modelSteps) / Double((strategy.copyCount + 1) * steps) : nil
  }
}

/// The tokens of each step's batch.
private final class BatchTokens {
  private let lengths: [Int]
  private let configuration: TrainingConfiguration
  private let seeds: TrainingSeeds
  private var order: (epoch: Int, indices: [Int])?

  init(_ examples: [EncodedExample], configuration: TrainingConfiguration, seeds: TrainingSeeds) {
    lengths = examples.map(\.tokens.count)
    (self.configuration, self.seeds) = (configuration, seeds)
  }

  /// The tokens of a step, from 1; to be asked in order.
  func count(of step: Int) -> Int {
    let batch = ExampleSource.batch(ofStep: step, examples: lengths.count, configuration: configuration)
    if order?.epoch != batch.epoch {
      order = (
        batch.epoch,
        ExampleSource.order(
          of: lengths.count, epoch: batch.epoch, configuration: configuration, seeds: seeds.order)
      )
    }
    return (order?.indices[batch.places] ?? []).reduce(0) { $0 + lengths[$1] }
  }
}
