import PEFTCore
import PEFTMethods

/// Fine-tunes an attached method on encoded examples.
///
/// Batches are drawn from a permutation of the examples for each epoch. With a validation set, the parameters with
/// the lowest validation loss are kept. Everything is a function of examples, configuration and seed.
package struct Trainer {
  /// What training did.
  package typealias Outcome = TrainingOutcome

  /// Called after every step: step, total steps, loss, tokens so far.
  package typealias Progress = (_ step: Int, _ steps: Int, _ loss: Double, _ tokens: Int) throws -> Void

  private let model: CausalLanguageModel
  private let attachment: AttachedMethod
  private let configuration: TrainingConfiguration
  private let seeds: TrainingSeeds
  private let context: ComputeContext

  /// Creates a trainer for an attached method, all of whose draws come from one stream.
  package init(
    model: CausalLanguageModel, attachment: AttachedMethod, configuration: TrainingConfiguration, seeds: SeedStream,
    context: ComputeContext
  ) {
    self.init(
      model: model, attachment: attachment, configuration: configuration, seeds: TrainingSeeds(seeds), context: context)
  }

  /// Creates a trainer for an attached method.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - attachment: What is trained.
  ///   - configuration: The settings that count, those of its strategy included (`underStrategy`).
  ///   - seeds: Where everything is drawn from.
  ///   - context: Memory and threads.
  package init(
    model: CausalLanguageModel, attachment: AttachedMethod, configuration: TrainingConfiguration,
    seeds: TrainingSeeds, context: ComputeContext
  ) {
    self.model = model
    self.attachment = attachment
    self.configuration = configuration
    self.seeds = seeds
    self.context = context
  }

  /// Optimizer steps that a run over that many examples takes.
  package static func stepCount(examples: Int, configuration: TrainingConfiguration) -> Int {
    if let steps = configuration.steps { return steps }
    let perEpoch = ExampleSource.stepsPerEpoch(examples: examples, configuration: configuration)
    return Int((configuration.epochs * Double(perEpoch)).rounded(.up))
  }

  /// Trains.
  ///
  /// - Parameters:
  ///   - examples: The training set.
  ///   - validation: The validation set; empty for none.
  ///   - participants: Strategies beside keeping the best parameters and what the method itself brings; these come before
  ///     them, in this order.
  ///   - checkpoint: Where the state is kept; if it is there already, the training resumes from it.
  ///   - frozenStates: Where the states of examples after the frozen first blocks are kept; nil to compute them each time.
  ///   - recomputed: The blocks whose activations are computed again; unless given, those of which the configuration
  ///     gives the number.
  ///   - progress: Called after every step; what it throws (a request to stop) ends the training.
  /// - Returns: The history and totals. The attached parameters hold the result.
  /// - Throws: `TrainingFailure` where a loss or gradient is not finite or enormous; what participants and `progress`
  ///   throw.
  package func train(
    _ examples: [EncodedExample], validation: [EncodedExample], participants: [any TrainingParticipant] = [],
    checkpoint: TrainingCheckpoint? = nil, frozenStates: FrozenStates? = nil, recomputing recomputed: Set<Int>? = nil,
    progress: Progress
  ) throws -> Outcome {
    guard !attachment.parameters.isEmpty else {
      context.pool.resetPeak()
      return Outcome()
    }
    guard !examples.isEmpty else { throw TrainingFailure(description: "there are no training examples") }
    model.recomputedBlocks =
      recomputed
      ?? configuration.recompute.blocks(among: RecomputationOrder.blocks(of: model, frozen: model.frozenBlockCount))
    model.frozenStates = frozenStates
    defer {
      model.recomputedBlocks = []
      model.frozenStates = nil
    }
    let steps = Self.stepCount(examples: examples.count, configuration: configuration)
    let source = ExampleSource(
      TrainingStep(model: model, context: context), examples: examples, validation: validation,
      trained: attachment.parameters, configuration: configuration, seeds: seeds,
      noise: configuration.strategy.inputNoise(stepCount: steps), tasks: attachment.tasks)
    let rule = configuration.optimizer.rule(configuration)
    guard let groups = attachment.groups(under: rule) else {
      throw TrainingFailure(
        description: "the method projects gradients for AdamW (galore), and optimizer is "
          + "\(configuration.optimizer.rawValue): set it to adamw")
    }
    let optimizer = Optimizer(
      rule, groups: groups,
      weightDecay: configuration.weightDecay,
      maximumGradientNorm: configuration.maximumGradientNorm > 0 ? configuration.maximumGradientNorm : nil,
      stateFormat: configuration.optimizerState, seeds: seeds.dropout.child("optimizer state"), context: context)
    let keepsBest = configuration.keepBest && !validation.isEmpty
    let plan = plan(steps: steps, stepsPerEpoch: source.stepsPerEpoch)
    let loop = TrainingLoop(
      TrainingAssembly(
        parameters: attachment.parameters, optimizer: optimizer, source: source,
        participants: (keepsBest ? [BestParameters()] : []) + attachment.participants + participants),
      plan: plan, seeds: seeds.dropout, context: context)
    return try loop.run(checkpoint: checkpoint) { event in
      guard case .stepped(let loss, let outcome, _) = event else { return }
      try progress(outcome.stepCount, plan.steps, loss, outcome.tokenCount)
    }
  }

  private func plan(steps: Int, stepsPerEpoch: Int) -> TrainingLoop.Plan {
    TrainingLoop.Plan(
      steps: steps, learningRate: configuration.learningRate,
      schedule: configuration.schedule(stepCount: steps),
      loggingSteps: configuration.loggingSteps,
      validationEvery: Self.validationEvery(configuration, stepsPerEpoch: stepsPerEpoch), validatesLast: true)
  }

  /// Steps between two validations.
  static func validationEvery(_ configuration: TrainingConfiguration, stepsPerEpoch: Int) -> Int {
    configuration.validationEvery ?? max(1, stepsPerEpoch / max(1, configuration.evaluationsPerEpoch))
  }

  /// Most batches that are looked at for the largest one.
  private static let mostBatches = 20_000

  /// The batch with the most rows of all that training takes, without what a method puts before the examples.
  ///
  /// Of a training of very many steps only the first epochs are looked at, and at least one of them; without shuffling
  /// all are the same.
  static func largestBatch(
    of examples: [EncodedExample], configuration: TrainingConfiguration, seeds: SeedStream
  ) -> BatchSize {
    let steps = stepCount(examples: examples.count, configuration: configuration)
    let perEpoch = ExampleSource.stepsPerEpoch(examples: examples.count, configuration: configuration)
    var largest = BatchSize()
    let perPass = max(1, (examples.count + configuration.batchSize - 1) / configuration.batchSize)
    let epochs = min(steps / perEpoch + (steps % perEpoch > 0 ? 1 : 0), max(1, mostBatches / perPass))
    for epoch in 0..<(configuration.shuffle ? epochs : min(1, epochs)) {
      let order = ExampleSource.order(
        of: examples.count, epoch: epoch, configuration: configuration, seeds: seeds)
      for start in stride(from: 0, to: order.count, by: configuration.batchSize) {
        let chosen = order[start..<min(order.count, start + configuration.batchSize)].map { examples[$0] }
        let batch = TrainingBatch(chosen, labelCount: 1)
        if batch.forest.rowCount > largest.rows {
          largest = BatchSize(rows: batch.forest.rowCount, labels: batch.labels.count)
        }
      }
    }
    return largest
  }
}

extension TrainingConfiguration {
  /// The learning rate over so many steps, as a share of the largest one.
  func schedule(stepCount steps: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      scheduler.shape, warmupSteps: warmupSteps ?? Int((warmupRatio * Double(steps)).rounded(.up)), stepCount: steps)
  }

  /// What should be known of a training of so many steps: that its only one is the first of the warm-up, whose rate is
  /// zero; nil for all others.
  func warmupNote(stepCount steps: Int) -> String? {
    guard steps == 1, schedule(stepCount: steps).factor(at: 0) == 0 else { return nil }
    return "its only step is the first of the warm-up, whose learning rate is 0, so that nothing is trained; "
      + "warmup_steps: 0 leaves the warm-up out"
  }
}

extension TrainingConfiguration.Scheduler {
  var shape: LearningRateSchedule.Shape {
    switch self {
    case .constant: .constant
    case .linear: .linear
    case .cosine: .cosine
    }
  }
}

extension TrainingConfiguration.Optimizer {
  func rule(_ configuration: TrainingConfiguration) -> PEFTCore.Optimizer.Rule {
    switch self {
    case .adamw: .adamW(beta1: configuration.beta1, beta2: configuration.beta2, epsilon: configuration.epsilon)
    case .sgd: .sgd(momentum: configuration.momentum)
    }
  }
}
