import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// A training of a tiny model with a strategy, attempt by attempt; its checkpoint is gone when it is.
final class StrategyTraining {
  struct Stop: Error {}

  struct Trained {
    let outcome: TrainingOutcome
    let values: [[Float]]
    /// Of the members beside the first.
    let copies: [[[Float]]]
    let tiny: TinyTraining
  }

  let strategy: String
  let method: String
  let training: String
  let path: String
  var complaints: [String] = []

  /// - Parameters:
  ///   - strategy: As a config has it.
  ///   - method: A method's entry.
  ///   - training: More training settings, each followed by a comma.
  init(
    _ strategy: String, method: String = #"{"name": "lora", "rank": 4, "dropout": 0.2}"#,
    training: String = #""keep_best": false, "validation_every": 7,"#
  ) {
    (self.strategy, self.method) = (strategy, method)
    self.training =
      #"{\#(training) "batch_size": 2, "steps": 20, "logging_steps": 3, "learning_rate": 0.01, "strategy": \#(strategy)}"#
    path = FileManager.default.temporaryDirectory.appending(path: "strategy-\(UUID().uuidString)/c").path
  }

  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

  /// Trains on; nil where it is stopped after `stop` steps.
  func train(stop: Int? = nil) throws -> Trained? {
    let tiny = try TinyTraining("llama", method: method, training: training)
    let examples = tiny.examples(13, shared: 5, own: 1...9, answer: 2)
    let settings = tiny.configuration.methods[0].training.underStrategy
    let participant = settings.strategy.participant(learningRate: settings.learningRate)
    let checkpoint = TrainingCheckpoint(path: path, identity: "a run", everySteps: 1000) { self.complaints.append($0) }
    do {
      let outcome = try Trainer(
        model: tiny.model, attachment: tiny.attachment, configuration: settings, seeds: SeedStream(5),
        context: tiny.context
      ).train(
        Array(examples.prefix(10)), validation: Array(examples.suffix(3)), participants: participant.map { [$0] } ?? [],
        checkpoint: checkpoint
      ) { step, _, _, _ in if step == stop { throw Stop() } }
      let copies = (participant as? NoisyMembers)?.values ?? []
      return Trained(
        outcome: outcome, values: tiny.attachment.parameters.map { $0.value.values },
        copies: copies.map { $0.tensors.map(\.values) }, tiny: tiny)
    } catch is Stop {
      return nil
    }
  }
}
