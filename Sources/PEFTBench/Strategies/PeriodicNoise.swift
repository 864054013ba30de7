import PEFTCore

/// Noise at regular steps of a part of a training: every 25 steps between 30 % and 90 % of 1250.
package struct PeriodicNoise: Sendable, Equatable {
  /// The noise's variance, as a share of that of what it is added to.
  package var variance = 0.15
  /// Where it begins, as a share of all steps.
  package var start = 0.3
  /// Where it ends.
  package var end = 0.9
  /// Steps between two times; a fiftieth of all unless given, which are the paper's 25 of 1250.
  package var every: Int?

  var options: [(key: String, value: JSONValue)] {
    [
      ("variance", .number(variance)), ("start", .number(start)), ("end", .number(end)), ("every", JSONValue(every)),
    ]
  }

  /// Whether a step, from 1, has noise.
  func isDue(at step: Int, of stepCount: Int) -> Bool {
    let first = StepShare.firstStep(from: start, of: stepCount)
    guard first <= step, Double(step) <= end * Double(stepCount) + 1e-6 else { return false }
    return (step - first) % (every ?? StepShare.steps(0.02, of: stepCount)) == 0
  }
}

/// Adds noise to the trainable parameters before some steps: of parameter p at step t, with the standard deviation
/// √(variance / t) · std(p).
///
/// The optimizer goes on as if nothing had happened.
final class WeightNoise: TrainingParticipant {
  let name = "weight noise"
  private let noise: PeriodicNoise

  init(_ noise: PeriodicNoise) { self.noise = noise }

  var settings: String { "\(noise)" }

  func stepBegins(_ moment: TrainingMoment) {
    guard noise.isDue(at: moment.step, of: moment.stepCount) else { return }
    let share = (noise.variance / Double(moment.step)).squareRoot()
    ParameterNoise.addNormal(share, to: moment.parameters, seeds: moment.seeds.child(moment.step))
  }
}

/// Noise on the embeddings of the prompts in some steps of one training, with the standard deviation
/// √variance · std(embeddings of the batch's prompts).
///
/// The paper disturbs the pooled output of an encoder and keeps the encoder as it is in such a step. A causal language
/// model has no pooled output, and nearly all that is trained lies between the embeddings and the answer, so the noise is
/// on the embeddings and all trainable parameters learn from the step.
struct InputNoise: Sendable {
  let noise: PeriodicNoise
  /// Steps of the training.
  let stepCount: Int

  /// The noise for a pass of a step; nil where there is none.
  ///
  /// - Parameters:
  ///   - step: The step, from 1.
  ///   - rows: The rows of the pass that belong to prompts.
  ///   - seeds: Where the pass draws from.
  func embeddingNoise(at step: Int, rows: [Range<Int>], seeds: SeedStream) -> EmbeddingNoise? {
    guard noise.isDue(at: step, of: stepCount) else { return nil }
    return EmbeddingNoise(rows: rows, share: Float(noise.variance.squareRoot()), seeds: seeds)
  }
}
