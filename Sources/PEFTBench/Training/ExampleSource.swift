import PEFTCore
import PEFTMethods

/// Batches of encoded examples for fine-tuning.
///
/// They are drawn from a permutation of the examples for each epoch, which is a function of the seed and of the epoch.
final class ExampleSource: TrainingSource {
  /// Optimizer steps of one pass over the examples.
  let stepsPerEpoch: Int

  private let step: TrainingStep
  private let examples: [EncodedExample]
  private let validation: [EncodedExample]
  private let trained: [Parameter]
  private let configuration: TrainingConfiguration
  private let seeds: TrainingSeeds
  private let noise: InputNoise?
  private let tasks: TaskChoice?
  /// What comes again, so that the model's `frozenStates` are worth filling with it.
  private let returning: ReturningExamples
  /// What had been left out of the frozen blocks before the training.
  private let earlierUsage: FrozenUsage
  /// The step of the batch, from 1.
  private var number = 1
  private var order: (epoch: Int, indices: [Int])?
  /// The batch of the step.
  private var chosen: [EncodedExample] = []
  private var dropout: SeedStream

  /// - Parameters:
  ///   - step: The model.
  ///   - examples: The training set, not empty.
  ///   - validation: The validation set; empty for none.
  ///   - trained: What is trained, for messages.
  ///   - configuration: Batch sizes and order.
  ///   - seeds: Where orders and dropout masks are drawn from.
  ///   - noise: What is added to the embeddings of some steps, if anything.
  ///   - tasks: How the method is told which task's examples come next, if that matters to it.
  init(
    _ step: TrainingStep, examples: [EncodedExample], validation: [EncodedExample], trained: [Parameter],
    configuration: TrainingConfiguration, seeds: TrainingSeeds, noise: InputNoise? = nil, tasks: TaskChoice? = nil
  ) {
    self.step = step
    self.examples = examples
    self.validation = validation
    self.trained = trained
    self.configuration = configuration
    self.seeds = seeds
    self.noise = noise
    self.tasks = tasks
    returning = ReturningExamples(
      examples: examples.count, validation: validation.count, configuration: configuration)
    earlierUsage = step.model.frozenStates?.usage ?? FrozenUsage()
    dropout = seeds.dropout.child("dropout")
    stepsPerEpoch = Self.stepsPerEpoch(examples: examples.count, configuration: configuration)
  }

  /// Optimizer steps of one pass over so many examples.
  static func stepsPerEpoch(examples: Int, configuration: TrainingConfiguration) -> Int {
    let perStep = configuration.batchSize * configuration.gradientAccumulation
    return max(1, (examples + perStep - 1) / perStep)
  }

  /// The examples' order in an epoch.
  static func order(of count: Int, epoch: Int, configuration: TrainingConfiguration, seeds: SeedStream) -> [Int] {
    configuration.shuffle ? seeds.child("shuffle").child(epoch).permutation(count) : Array(0..<count)
  }

  /// Which examples of which epoch's order a step has.
  ///
  /// - Parameters:
  ///   - step: The step, from 1.
  ///   - count: How many examples there are.
  ///   - configuration: Batch sizes.
  static func batch(
    ofStep step: Int, examples count: Int, configuration: TrainingConfiguration
  ) -> (epoch: Int, places: Range<Int>) {
    let (epoch, within) = (step - 1).quotientAndRemainder(
      dividingBy: stepsPerEpoch(examples: count, configuration: configuration))
    let perStep = configuration.batchSize * configuration.gradientAccumulation
    return (epoch, (within * perStep)..<min(count, (within + 1) * perStep))
  }

  func nextBatch(step: Int, tokenCount: Int) throws(TrainingFailure) -> Int {
    let (epoch, places) = Self.batch(ofStep: step, examples: examples.count, configuration: configuration)
    if order?.epoch != epoch {
      order = (epoch, Self.order(of: examples.count, epoch: epoch, configuration: configuration, seeds: seeds.order))
    }
    let indices = order?.indices ?? []
    chosen = indices[places].map { examples[$0] }
    guard chosen.contains(where: { !$0.answer.isEmpty }) else {
      throw TrainingFailure(description: "step \(step): no token of the batch is labelled")
    }
    number = step
    dropout = seeds.dropout.child("dropout").child(step - 1)
    return chosen.reduce(0) { $0 + $1.tokens.count }
  }

  func keepCommonPart(_ keeps: Bool) { step.model.frozenBeginning = keeps ? FrozenBeginning() : nil }

  var frozenUsage: FrozenUsage { (step.model.frozenStates?.usage ?? FrozenUsage()).since(earlierUsage) }

  func takeGradients(penalty: Penalty) -> Double {
    step.model.frozenStates?.isInUse = returning.training
    let labelCount = chosen.reduce(0) { $0 + $1.answer.count }
    var loss = 0.0
    for (part, batch) in batches(of: chosen).enumerated() {
      let noise = noise?.embeddingNoise(
        at: number, rows: batch.promptRows, seeds: seeds.dropout.child("input noise").child(number).child(part))
      loss += step.takeGradients(of: batch, dropout: dropout.child(part), noise: noise) { tape in
        penalty(tape, Double(batch.labels.count) / Double(labelCount))
      }
    }
    return loss
  }

  var hasValidation: Bool { !validation.isEmpty }

  func validationLoss() -> Double {
    step.model.frozenStates?.isInUse = returning.validation
    return batches(of: validation).reduce(0.0) { $0 + step.loss(of: $1) }
  }

  /// Parts of some examples that are in memory at one time; the losses of all together are the mean over all labels.
  ///
  /// The method stands for the part's task when the part is asked for, and until the next one is.
  private func batches(of examples: [EncodedExample]) -> some Sequence<TrainingBatch> {
    let labelCount = examples.reduce(0) { $0 + $1.answer.count }
    return pieces(of: examples).lazy.map { [step, tasks] piece in
      if let task = piece.first?.task { tasks?.show(task) }
      return TrainingBatch(piece, model: step.model, labelCount: labelCount)
    }
  }

  /// The examples as they are in memory at one time; of one task each, where the method tells tasks apart.
  private func pieces(of examples: [EncodedExample]) -> [ArraySlice<EncodedExample>] {
    let groups: [[EncodedExample]]
    if let tasks, tasks.count > 1 {
      groups = (0..<tasks.count).map { task in examples.filter { $0.task == task } }
    } else {
      groups = [examples]
    }
    return groups.flatMap { group in
      stride(from: 0, to: group.count, by: configuration.batchSize).map { start in
        group[start..<min(group.count, start + configuration.batchSize)]
      }
    }
  }

  func extent(step: Int, tokenCount: Int) -> HistoryEntry.Extent {
    .epoch(Double(step) / Double(stepsPerEpoch))
  }

  var originOfNonFinite: String { step.model.originOfNonFinite(trained: trained) }
}
