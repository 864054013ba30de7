import Dispatch
import Foundation
import PEFTCore
import PEFTMethods

/// One line of a run's history: an optimizer step that was logged, or a look at the validation set.
package enum HistoryEntry: Sendable, Equatable {
  /// A step: its number from 1, the epoch reached, mean loss since the last line, and what the optimizer did.
  case step(step: Int, epoch: Double, loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int)
  /// The loss on the validation set after a step.
  case validation(step: Int, epoch: Double, loss: Double)

  /// The line as JSON.
  package var json: JSONValue {
    switch self {
    case .step(let step, let epoch, let loss, let learningRate, let gradientNorm, let tokens):
      [
        "step": JSONValue(step), "epoch": JSONValue(epoch), "loss": JSONValue(loss),
        "learning_rate": JSONValue(learningRate), "gradient_norm": JSONValue(gradientNorm),
        "tokens": JSONValue(tokens),
      ]
    case .validation(let step, let epoch, let loss):
      ["step": JSONValue(step), "epoch": JSONValue(epoch), "validation_loss": JSONValue(loss)]
    }
  }
}

/// A number that went wrong in training; the run is recorded as failed with this as its cause.
package struct TrainingFailure: Error, CustomStringConvertible, Sendable {
  /// What, and at which step.
  package let description: String
}

/// Fine-tunes an attached method on encoded examples.
///
/// Batches are drawn from a permutation of the examples for each epoch. With a validation set, the parameters with
/// the lowest validation loss are kept. Everything is a function of examples, configuration and seed.
package struct Trainer {
  /// What training did.
  package struct Outcome: Sendable {
    /// The logged steps and validation losses.
    package var history: [HistoryEntry] = []
    /// Optimizer steps.
    package var stepCount = 0
    /// Tokens of all batches, shared beginnings counted for every example.
    package var tokenCount = 0
    /// Loss of the last step.
    package var lastLoss = 0.0
    /// Seconds that it took, those of earlier attempts up to their last checkpoint included.
    package var seconds = 0.0
    /// Most tensor memory that was held at one time.
    package var peak = MemoryUse()
    /// The step of the checkpoint that it went on from; 0 without one.
    package var resumedStep = 0
  }

  /// Told after every step: step, steps in all, loss, tokens so far.
  package typealias Progress = (_ step: Int, _ steps: Int, _ loss: Double, _ tokens: Int) throws -> Void

  private let model: CausalLanguageModel
  private let attachment: AttachedMethod
  private let configuration: TrainingConfiguration
  private let seeds: SeedStream
  private let context: ComputeContext

  /// Creates a trainer for an attached method.
  package init(
    model: CausalLanguageModel, attachment: AttachedMethod, configuration: TrainingConfiguration, seeds: SeedStream,
    context: ComputeContext
  ) {
    self.model = model
    self.attachment = attachment
    self.configuration = configuration
    self.seeds = seeds
    self.context = context
  }

  /// Optimizer steps that a run over so many examples takes.
  package static func stepCount(examples: Int, configuration: TrainingConfiguration) -> Int {
    if let steps = configuration.steps { return steps }
    let perEpoch = Self.stepsPerEpoch(examples: examples, configuration: configuration)
    return Int((configuration.epochs * Double(perEpoch)).rounded(.up))
  }

  private static func stepsPerEpoch(examples: Int, configuration: TrainingConfiguration) -> Int {
    let perStep = configuration.batchSize * configuration.gradientAccumulation
    return max(1, (examples + perStep - 1) / perStep)
  }

  /// Trains.
  ///
  /// - Parameters:
  ///   - examples: The training set.
  ///   - validation: The validation set; empty for none.
  ///   - checkpoint: Where the state is kept; if it is there already, the training goes on from it.
  ///   - progress: Told after every step; what it throws (a wish to stop) ends the training.
  /// - Returns: The history and totals. The attached parameters hold the result.
  /// - Throws: `TrainingFailure` where a loss or gradient is not finite or enormous; what `progress` throws.
  package func train(
    _ examples: [EncodedExample], validation: [EncodedExample], checkpoint: TrainingCheckpoint? = nil,
    progress: Progress
  ) throws -> Outcome {
    var state = TrainingState()
    let start = DispatchTime.now()
    context.pool.resetPeak()
    guard !attachment.parameters.isEmpty else { return state.outcome }
    model.recomputesActivations = configuration.recompute
    defer { model.recomputesActivations = false }
    guard !examples.isEmpty else { throw TrainingFailure(description: "there are no training examples") }
    let steps = Self.stepCount(examples: examples.count, configuration: configuration)
    let perEpoch = Self.stepsPerEpoch(examples: examples.count, configuration: configuration)
    let schedule = LearningRateSchedule(
      configuration.scheduler.shape,
      warmupSteps: configuration.warmupSteps ?? Int((configuration.warmupRatio * Double(steps)).rounded(.up)),
      stepCount: steps)
    let optimizer = Optimizer(
      configuration.optimizer.rule(configuration), parameters: attachment.parameters,
      weightDecay: configuration.weightDecay,
      maximumGradientNorm: configuration.maximumGradientNorm > 0 ? configuration.maximumGradientNorm : nil,
      context: context)
    if let saved = checkpoint?.restore(parameters: attachment.parameters, optimizer: optimizer, steps: steps) {
      state = saved
      state.outcome.resumedStep = saved.outcome.stepCount
      // Taking the state up is no part of the training whose memory counts.
      context.pool.resetPeak()
    }
    let earlier = (seconds: state.outcome.seconds, peak: state.outcome.peak)
    func save() {
      state.outcome.seconds = earlier.seconds + start.secondsUntilNow
      state.outcome.peak = earlier.peak.peak(with: context.pool.peak)
      checkpoint?.save(state, parameters: attachment.parameters, optimizer: optimizer)
    }
    let validateEvery = configuration.validationEvery ?? max(1, perEpoch / max(1, configuration.evaluationsPerEpoch))
    var order: [Int] = []
    for step in state.outcome.stepCount..<steps {
      let (epoch, within) = step.quotientAndRemainder(dividingBy: perEpoch)
      if within == 0 || order.isEmpty {
        order = Self.order(of: examples.count, epoch: epoch, configuration: configuration, seeds: seeds)
      }
      let perStep = configuration.batchSize * configuration.gradientAccumulation
      let chosen = order[(within * perStep)..<min(order.count, (within + 1) * perStep)].map { examples[$0] }
      let loss = try takeGradients(of: chosen, step: step, outcome: &state.outcome)
      let norm = optimizer.gradientNorm()
      guard norm.isFinite else {
        let culprit = attachment.parameters.first { parameter in
          parameter.gradient.map { !$0.values.allSatisfy(\.isFinite) } ?? false
        }
        let place = culprit.map { "; the gradient of \($0.name) is not finite" } ?? ""
        throw TrainingFailure(description: "step \(step + 1): the gradient's norm is \(norm)\(place); \(Self.advice)")
      }
      let rate = configuration.learningRate * schedule.factor(at: step)
      optimizer.step(learningRate: rate, gradientNorm: norm)
      state.outcome.stepCount = step + 1
      state.outcome.lastLoss = loss
      state.logged = (state.logged.loss + loss, state.logged.steps + 1)
      let epochReached = Double(step + 1) / Double(perEpoch)
      if (step + 1) % configuration.loggingSteps == 0 || step + 1 == steps {
        state.outcome.history.append(
          .step(
            step: step + 1, epoch: epochReached, loss: state.logged.loss / Double(state.logged.steps),
            learningRate: rate, gradientNorm: norm, tokens: state.outcome.tokenCount))
        state.logged = (0, 0)
      }
      if !validation.isEmpty, (step + 1) % validateEvery == 0 || step + 1 == steps {
        let loss = meanLoss(of: validation)
        guard loss.isFinite else {
          throw TrainingFailure(
            description: "step \(step + 1): the validation loss is \(loss)\(origin); \(Self.advice)")
        }
        state.outcome.history.append(.validation(step: step + 1, epoch: epochReached, loss: loss))
        if configuration.keepBest, loss < state.best?.loss ?? .infinity {
          state.best = (loss, attachment.parameters.map { $0.value.values })
        }
      }
      do {
        try progress(step + 1, steps, loss, state.outcome.tokenCount)
      } catch {
        save()
        throw error
      }
      if step + 1 < steps, let checkpoint, checkpoint.isDue(step: step + 1) { save() }
    }
    if let best = state.best {
      for (parameter, values) in zip(attachment.parameters, best.values) { parameter.assign(values) }
      state.best = nil
    }
    state.outcome.seconds = earlier.seconds + start.secondsUntilNow
    state.outcome.peak = earlier.peak.peak(with: context.pool.peak)
    return state.outcome
  }

  /// The examples' order in an epoch.
  private static func order(of count: Int, epoch: Int, configuration: TrainingConfiguration, seeds: SeedStream) -> [Int]
  {
    configuration.shuffle ? seeds.child("shuffle").child(epoch).permutation(count) : Array(0..<count)
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
    let perEpoch = stepsPerEpoch(examples: examples.count, configuration: configuration)
    var largest = BatchSize()
    let perPass = max(1, (examples.count + configuration.batchSize - 1) / configuration.batchSize)
    let epochs = min(steps / perEpoch + (steps % perEpoch > 0 ? 1 : 0), max(1, mostBatches / perPass))
    for epoch in 0..<(configuration.shuffle ? epochs : min(1, epochs)) {
      let order = order(of: examples.count, epoch: epoch, configuration: configuration, seeds: seeds)
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

  private static let advice = "the learning rate may be too high"
  /// A loss, in nats a token, from which no training comes back: to know nothing at all costs 13 at most.
  private static let divergedLoss = 1000.0

  /// Which tensor a loss that is not finite comes from.
  private var origin: String { model.originOfNonFinite(trained: attachment.parameters) }

  private var step: TrainingStep { TrainingStep(model: model, context: context) }

  /// Forward and backward passes of one optimizer step; returns its mean loss.
  private func takeGradients(
    of examples: [EncodedExample], step: Int, outcome: inout Outcome
  ) throws(TrainingFailure) -> Double {
    let labelCount = examples.reduce(0) { $0 + $1.answer.count }
    guard labelCount > 0 else {
      throw TrainingFailure(description: "step \(step + 1): no token of the batch is labelled")
    }
    var loss = 0.0
    for (part, start) in stride(from: 0, to: examples.count, by: configuration.batchSize).enumerated() {
      let batch = TrainingBatch(
        examples[start..<min(examples.count, start + configuration.batchSize)], model: model, labelCount: labelCount)
      loss += self.step.takeGradients(of: batch, dropout: seeds.child("dropout").child(step).child(part))
      outcome.tokenCount += batch.tokenCount
    }
    guard loss.isFinite else {
      let value = loss.isNaN ? "not a number" : "\(loss)"
      throw TrainingFailure(description: "step \(step + 1): the loss is \(value)\(origin); \(Self.advice)")
    }
    guard loss <= Self.divergedLoss else {
      throw TrainingFailure(
        description: "step \(step + 1): the loss is \(loss), so the training has diverged; \(Self.advice)")
    }
    return loss
  }

  /// The mean loss over all labelled tokens of a set, without dropout.
  private func meanLoss(of examples: [EncodedExample]) -> Double {
    let labelCount = examples.reduce(0) { $0 + $1.answer.count }
    var loss = 0.0
    for start in stride(from: 0, to: examples.count, by: configuration.batchSize) {
      let batch = TrainingBatch(
        examples[start..<min(examples.count, start + configuration.batchSize)], model: model, labelCount: labelCount)
      loss += step.loss(of: batch)
    }
    return loss
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
