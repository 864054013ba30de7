import Dispatch
import PEFTCore
import PEFTMethods

/// Times training steps and forward passes of a method on random tokens, as the peer script does.
///
/// The last four positions of each row carry labels, dropout is off, and AdamW takes every step.
package struct SpeedProbe {
  /// What was measured.
  package struct Result: Sendable {
    /// Median seconds of a training step.
    package let medianStepSeconds: Double
    /// Tokens of a batch over the median step.
    package let tokensPerSecond: Double
    /// Tokens of a batch over the median forward pass without recording.
    package let inferenceTokensPerSecond: Double
    /// Loss of the last step.
    package let finalLoss: Double
    /// Peak tensor memory of the training steps.
    package let peak: MemoryUse
    /// Seconds of all timed training steps.
    package let trainingSeconds: Double
    /// Where they went, kernel by kernel; empty unless the context has a profile.
    package let kernels: [KernelKind: KernelProfile.Entry]
    /// The timed steps beside the matrix kernel's peak; empty unless that was asked for.
    package let turns: [PeakTurn]

    /// Serial part of the training steps: what runs between the kernels.
    package var serialSeconds: Double { max(0, trainingSeconds - kernels.values.reduce(0) { $0 + $1.seconds }) }

    /// What the training steps would speed up to on more threads, by the pieces that kernels are cut into.
    ///
    /// Only meaningful where they were measured on one thread.
    package var projectedSpeedups: [(threads: Int, speedup: Double)] {
      KernelProfile.threadCounts.enumerated().map { index, threads in
        let parallel = kernels.values.reduce(0) { $0 + $1.secondsOnThreads[index] }
        return (threads, trainingSeconds / (serialSeconds + parallel))
      }
    }
  }

  /// Rows of a batch.
  package let batch: Int
  /// Tokens of a row.
  package let tokens: Int
  /// Timed steps; one more is taken before them.
  package let steps: Int
  /// Tokens that all rows of a batch begin with.
  package let sharedPrefix: Int

  /// Positions of each row that carry labels, the last ones.
  static let labels = 4

  /// Creates a probe.
  package init(batch: Int, tokens: Int, steps: Int, sharedPrefix: Int = 0) {
    self.batch = batch
    self.tokens = tokens
    self.steps = steps
    self.sharedPrefix = sharedPrefix
  }

  /// Measures an attached method.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - attachment: What is attached to it.
  ///   - context: Memory and threads, with a profile if kernels are wanted.
  ///   - besidePeak: Whether the matrix kernel's peak is measured after each timed step, for as long as that took.
  package func measure(
    _ model: CausalLanguageModel, attachment: AttachedMethod, context: ComputeContext, besidePeak: Bool = false
  ) -> Result {
    let stream = SeedStream(0).child("bench")
    let labels = Self.labels
    let examples = (0..<batch).map { row in
      let ids = (0..<tokens).map { position in
        let source = position < sharedPrefix ? stream : stream.child(row)
        return Int32(source.integer(below: model.configuration.vocabularySize - 1, at: position))
      }
      return EncodedExample(prompt: Array(ids.dropLast(labels)), answer: Array(ids.suffix(labels)))
    }
    let optimizer = Optimizer(
      .adamW(), groups: attachment.groups(under: .adamW()) ?? [], weightDecay: 0.01, maximumGradientNorm: nil,
      context: context)
    let pass = TrainingStep(model: model, context: context)
    context.pool.resetPeak()
    var seconds: [Double] = []
    var turns: [PeakTurn] = []
    var loss = 0.0
    for step in 0...steps {
      if step == 1 { context.workers.profile?.reset() }
      let before = context.workers.profile?.products
      let start = DispatchTime.now()
      let batch = TrainingBatch(examples, model: model, labelCount: labels * examples.count)
      if attachment.parameters.isEmpty {
        loss = pass.loss(of: batch)
      } else {
        loss = pass.takeGradients(of: batch, dropout: nil)
        optimizer.step(learningRate: 1e-4, gradientNorm: 0)
      }
      seconds.append(start.secondsUntilNow)
      if besidePeak, step > 0, let before, let after = context.workers.profile?.products {
        turns.append(
          PeakTurn(
            stepSeconds: seconds[step], productSeconds: after.seconds - before.seconds,
            operations: after.operations - before.operations,
            peak: KernelPeak.operationsPerSecond(on: context.workers, over: seconds[step])))
      }
    }
    let peak = context.pool.peak
    var kernels: [KernelKind: KernelProfile.Entry] = [:]
    if let profile = context.workers.profile {
      for kind in KernelKind.allCases where profile[kind].calls > 0 { kernels[kind] = profile[kind] }
    }
    var inference: [Double] = []
    for _ in 0...min(steps, 3) {
      let start = DispatchTime.now()
      let batch = TrainingBatch(examples, model: model, labelCount: labels * examples.count)
      _ = pass.logits(of: batch)
      inference.append(start.secondsUntilNow)
    }
    let median = Self.median(seconds.dropFirst())
    let count = Double(batch * tokens)
    return Result(
      medianStepSeconds: median, tokensPerSecond: count / median,
      inferenceTokensPerSecond: count / Self.median(inference.dropFirst()), finalLoss: loss, peak: peak,
      trainingSeconds: seconds.dropFirst().reduce(0, +), kernels: kernels, turns: turns)
  }

  /// The upper one of the two in the middle, of an even number of values; not a number of none.
  static func median(_ values: some Sequence<Double>) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
  }
}
