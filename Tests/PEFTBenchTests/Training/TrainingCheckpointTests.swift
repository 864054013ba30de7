import Foundation
import PEFTCore
import PEFTMethods
import Testing

@testable import PEFTBench

@Suite("Training checkpoints") struct TrainingCheckpointTests {
  private struct Stop: Error {}

  private struct Trained {
    let outcome: Trainer.Outcome
    let values: [[Float]]
  }

  /// One attempt at a training, which ends behind `stop` steps.
  private func attempt(
    _ method: String, training: String, path: String, stop: Int?, everySteps: Int? = nil,
    complaints: (String) -> Void = { _ in }
  ) throws -> Trained? {
    let tiny = try TinyTraining("llama", method: method, training: training)
    let examples = tiny.examples(13, shared: 5, own: 1...9, answer: 2)
    let trainer = Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.methods[0].training,
      seeds: SeedStream(5), context: tiny.context)
    var complaint: [String] = []
    let checkpoint = TrainingCheckpoint(
      path: path, identity: "\(method) \(training)", everySteps: everySteps, complain: { complaint.append($0) })
    defer { complaint.forEach(complaints) }
    do {
      let outcome = try trainer.train(
        Array(examples.prefix(10)), validation: Array(examples.suffix(3)), checkpoint: checkpoint
      ) { step, _, _, _ in
        if step == stop { throw Stop() }
      }
      return Trained(outcome: outcome, values: tiny.attachment.parameters.map { $0.value.values })
    } catch is Stop {
      return nil
    }
  }

  @Test(
    "A training that is stopped after any step and taken up by another process ends with the same bits",
    arguments: [
      #"{"name": "lora", "rank": 4, "dropout": 0.2}"#, #"{"name": "lora", "rank": 4, "init": "pissa"}"#, #""full""#,
      #""prefix-tuning""#,
    ],
    [
      #"{"batch_size": 3, "epochs": 2, "validation_every": 3, "logging_steps": 2}"#,
      #"{"batch_size": 2, "gradient_accumulation": 2, "steps": 5, "optimizer": "sgd", "momentum": 0.9}"#,
    ]) func resuming(method: String, training: String) throws
  {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    let expected = try #require(try attempt(method, training: training, path: path, stop: nil))
    #expect(!FileManager.default.fileExists(atPath: path))
    for stop in 1...expected.outcome.stepCount {
      #expect(try attempt(method, training: training, path: path, stop: stop) == nil)
      let resumed = try #require(try attempt(method, training: training, path: path, stop: nil))
      #expect(resumed.outcome.resumedStep == stop)
      #expect(resumed.outcome.history == expected.outcome.history, "\(stop)")
      #expect(resumed.outcome.tokenCount == expected.outcome.tokenCount)
      #expect(resumed.outcome.lastLoss == expected.outcome.lastLoss)
      #expect(resumed.outcome.peak == expected.outcome.peak, "\(stop)")
      #expect(resumed.values == expected.values, "\(stop)")
      try FileManager.default.removeItem(atPath: path)
    }
    // Stopped again and again, and with checkpoints from time to time.
    var stop = 2
    while try attempt(method, training: training, path: path, stop: stop, everySteps: 2) == nil { stop += 2 }
    let last = try #require(try attempt(method, training: training, path: path, stop: nil, everySteps: 2))
    #expect(last.values == expected.values && last.outcome.history == expected.outcome.history)
  }

  @Test("A checkpoint of something else, or a broken one, is passed over") func otherCheckpoints() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    let settings = #"{"batch_size": 3}"#
    #expect(try attempt(#""lora""#, training: settings, path: path, stop: 3) == nil)
    let other = try attempt(#""ia3""#, training: settings, path: path, stop: nil)
    #expect(other?.outcome.resumedStep == 0)
    let whole = try #require(FileManager.default.contents(atPath: path))
    for length in [0, 7, 100, whole.count - 1] {
      try whole.prefix(length).write(to: URL(filePath: path))
      var complaints: [String] = []
      let result = try attempt(#""lora""#, training: settings, path: path, stop: nil) { complaints.append($0) }
      #expect(result?.outcome.resumedStep == 0 && complaints.count == 1, "\(length)")
    }
  }
}
