import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Nothing to learn, nothing to say") struct NothingToLearnTests {
  /// Trains on `examples`, and gives the loss of each step.
  @discardableResult
  private func losses(_ tiny: TinyTraining, _ examples: [EncodedExample]) throws -> [Double] {
    var losses: [Double] = []
    _ = try Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.training, seeds: SeedStream(1),
      context: tiny.context
    ).train(examples, validation: []) { _, _, loss, _ in losses.append(loss) }
    return losses
  }

  @Test("A batch without a labelled token ends the training at its step") func unlabelled() throws {
    let tiny = try TinyTraining(
      "llama", method: #""lora""#, training: #"{"batch_size": 2, "epochs": 1, "shuffle": false}"#)
    let good = tiny.examples(2, shared: 3, own: 2...5, answer: 2)
    let empty = good.map { EncodedExample(prompt: $0.prompt, answer: []) }
    let failure = #expect(throws: TrainingFailure.self) { try losses(tiny, good + empty) }
    #expect(failure?.description == "step 2: no token of the batch is labelled")
  }

  @Test("An example without an answer adds nothing to the loss of its batch") func emptyCompletion() throws {
    let settings = #"{"batch_size": 2, "steps": 1, "shuffle": false}"#
    let tiny = try TinyTraining("llama", method: #""lora""#, training: settings)
    let good = tiny.examples(2, shared: 3, own: 2...5, answer: 2)
    let silent = EncodedExample(prompt: good[1].prompt, answer: [])
    let both = try losses(tiny, [good[0], silent])
    let alone = try losses(try TinyTraining("llama", method: #""lora""#, training: settings), [good[0]])
    #expect(both.count == 1 && alone.count == 1 && zip(both, alone).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("A training whose only step has the warm-up's rate of zero is said to train nothing") func onlyWarmup() {
    var training = TrainingConfiguration()
    #expect(training.warmupNote(stepCount: 1)?.contains("nothing is trained") == true)
    #expect(training.warmupNote(stepCount: 0) == nil && training.warmupNote(stepCount: 2) == nil)
    training.warmupSteps = 0
    #expect(training.warmupNote(stepCount: 1) == nil)
  }

  @Test("A choice without tokens is never the likeliest") func emptyChoice() throws {
    let tiny = try TinyTraining("llama", method: #""none""#)
    let files = try ModelFiles.open(GoldenFixture("gguf_models").url("llama-f32.gguf").path)
    let evaluator = Evaluator(
      model: tiny.model, tokenizer: try files.tokenizer(), endTokens: [], context: tiny.context)
    let values = try evaluator.rank([[5, 6, 7]], choices: [[[], [8], [9, 10]]], batchSize: 1) { _ in }
    #expect(values[0][0] == -.infinity)
    #expect(values[0].dropFirst().allSatisfy { $0.isFinite })
  }
}
