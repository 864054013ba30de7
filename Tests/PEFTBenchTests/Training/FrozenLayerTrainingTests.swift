import Foundation
import PEFTCore
import PEFTMethods
import Testing

@testable import PEFTBench

/// Trainings whose frozen first layers run once an example.
@Suite("Trainings with kept states of frozen layers") struct FrozenLayerTrainingTests {
  private struct Stop: Error {}

  private struct Trained {
    let outcome: TrainingOutcome
    let values: [[Float]]
    let usage: FrozenUsage?
  }

  static let upper =
    #"{"name": "lora", "rank": 2, "dropout": 0.1, "target_modules": ["k_proj", "up_proj"], "layers_to_transform": [1]}"#
  private static let settings = #""epochs": 4, "batch_size": 3, "learning_rate": 0.01, "logging_steps": 1"#

  private enum Keeping {
    case nothing
    case states(limit: Int)
    case file
  }

  /// One attempt at a training; nil where it is stopped after `stop` steps.
  private static func train(
    _ method: String = upper, _ more: String = "", model: String = "llama", threads: Int = 2, keeping: Keeping,
    path: String? = nil, stop: Int? = nil, held: Int = 4
  ) throws -> Trained? {
    let tiny = try TinyTraining(
      model, method: method, training: "{\(settings)\(more.isEmpty ? "" : ", " + more)}", threads: threads)
    let examples = tiny.examples(15, shared: 5, own: 1...9, answer: 2)
    let settings = tiny.configuration.methods[0].training.underStrategy
    let folder = FileManager.default.temporaryDirectory.appending(path: "frozen-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let width = tiny.model.configuration.hiddenSize
    let kept: FrozenStates? =
      switch keeping {
      case .nothing: nil
      case .states(let limit): try FrozenStates(width: width, in: .memory, limit: limit)
      case .file: try FrozenStates(width: width, in: .disk(folder: folder), limit: 1 << 20)
      }
    let participant = settings.strategy.participant(learningRate: settings.learningRate)
    do {
      let outcome = try Trainer(
        model: tiny.model, attachment: tiny.attachment, configuration: settings, seeds: SeedStream(5),
        context: tiny.context
      ).train(
        Array(examples.dropLast(held)), validation: Array(examples.suffix(held)),
        participants: participant.map { [$0] } ?? [],
        checkpoint: path.map {
          TrainingCheckpoint(path: $0, identity: "a run", everySteps: 1000) { Issue.record("\($0)") }
        },
        frozenStates: kept
      ) { step, _, _, _ in if step == stop { throw Stop() } }
      #expect(tiny.model.frozenStates == nil)
      return Trained(
        outcome: outcome, values: tiny.attachment.parameters.map { $0.value.values }, usage: kept?.usage)
    } catch is Stop {
      return nil
    }
  }

  private func expectSame(_ left: Trained, _ right: Trained, _ what: String) {
    #expect(left.values.map { $0.map(\.bitPattern) } == right.values.map { $0.map(\.bitPattern) }, "\(what)")
    #expect(left.outcome.history == right.outcome.history, "\(what)")
    #expect(left.outcome.peak == right.outcome.peak, "\(what)")
    #expect(left.outcome.tokenCount == right.outcome.tokenCount && left.outcome.lastLoss == right.outcome.lastLoss)
  }

  @Test(
    "Parameters, history and counted memory are those of a training that keeps nothing",
    arguments: [
      upper, #"{"name": "llama-adapter", "tokens": 3, "layers": 1}"#,
      #"{"name": "ia3", "target_modules": ["k_proj", "down_proj"], "layers_to_transform": [1]}"#,
      #"{"name": "ln-tuning", "target_modules": ["model.norm"]}"#,
    ],
    [
      "", #""recompute": true"#, #""gradient_accumulation": 2"#, #""validation_every": 2"#,
      #""strategy": {"name": "noise-input", "end": 0.5, "every": 2}"#, #""strategy": {"name": "deni", "members": 3}"#,
      #""strategy": "ema""#,
    ])
  func same(method: String, more: String) throws {
    let plain = try #require(try Self.train(method, more, keeping: .nothing))
    for threads in [1, 2] {
      let kept = try #require(try Self.train(method, more, threads: threads, keeping: .states(limit: 1 << 20)))
      expectSame(kept, plain, "\(method) \(more)")
      let usage = try #require(kept.usage)
      #expect(usage.blocks == 1 && usage.shareLeftOut > 0.4 && kept.outcome.frozenUsage == usage)
    }
    expectSame(try #require(try Self.train(method, more, keeping: .file)), plain, "in a file")
    expectSame(try #require(try Self.train(method, more, keeping: .states(limit: 5000))), plain, "little of it")
  }

  @Test("Each example goes through the frozen layers once, in training and in validation")
  func once() throws {
    let kept = try #require(try Self.train(keeping: .states(limit: 1 << 20)))
    let usage = try #require(kept.usage)
    // Four epochs and four validations: a quarter is computed, but for beginnings that batches share in other ways.
    #expect(abs(usage.shareLeftOut - 0.75) < 0.05)
  }

  @Test("What does not come again is not kept: one epoch with one validation, or with several")
  func notAgain() throws {
    let single = #""steps": 4"#
    let once = try #require(try Self.train(Self.upper, single, keeping: .states(limit: 1 << 20)))
    #expect(once.usage?.blocks == 0 && once.usage?.shareLeftOut == 0 && once.outcome.frozenUsage.bytes == 0)
    let often = try #require(
      try Self.train(Self.upper, single + #", "validation_every": 1"#, keeping: .states(limit: 1 << 20)))
    let plain = try #require(try Self.train(Self.upper, single + #", "validation_every": 1"#, keeping: .nothing))
    expectSame(often, plain, "validations alone")
    let usage = try #require(often.usage)
    #expect(usage.blocks == 1 && usage.shareLeftOut > 0.3)
    let none = try #require(
      try Self.train(Self.upper, single + #", "validation_every": 1"#, keeping: .states(limit: 1 << 20), held: 0))
    #expect(none.usage?.blocks == 0)
  }

  @Test("Which examples a training comes to again is known before it begins")
  func returning() throws {
    func returning(_ more: String, examples: Int = 11, validation: Int = 4) throws -> ReturningExamples {
      let settings = try TinyTraining("llama", method: Self.upper, training: "{\(more)}").configuration.training
      return ReturningExamples(examples: examples, validation: validation, configuration: settings)
    }
    func expect(_ found: ReturningExamples, training: Bool, validation: Bool) {
      #expect(found.training == training && found.validation == validation)
      #expect(found.isAny == (training || validation))
    }
    expect(try returning(#""epochs": 2"#), training: true, validation: true)
    expect(try returning(#""epochs": 1"#), training: false, validation: false)
    expect(try returning(#""epochs": 1, "evaluations_per_epoch": 2"#), training: false, validation: true)
    expect(try returning(#""epochs": 2"#, validation: 0), training: true, validation: false)
    expect(try returning(#""steps": 3, "batch_size": 4"#), training: false, validation: false)
    expect(try returning(#""steps": 4, "batch_size": 4"#), training: true, validation: true)
    expect(
      try returning(#""epochs": 1, "strategy": {"name": "ensemble", "members": 2}"#), training: true, validation: true)
  }

  @Test(
    "Methods with a part in the first layer, or with rows before all layers, keep nothing",
    arguments: ["lora", "prompt-tuning", "prefix-tuning", "bitfit", "full"])
  func nothingFrozen(method: String) throws {
    let plain = try #require(try Self.train("\"\(method)\"", keeping: .nothing))
    let kept = try #require(try Self.train("\"\(method)\"", keeping: .states(limit: 1 << 20)))
    expectSame(kept, plain, method)
    #expect(kept.usage?.blocks == 0 && kept.usage?.bytes == 0 && kept.usage?.shareLeftOut == 0)
  }

  @Test(
    "A training that was stopped goes on to the same bytes, and tells what all attempts left out",
    arguments: ["", #""strategy": {"name": "deni", "members": 3}"#])
  func resumed(more: String) throws {
    let plain = try #require(try Self.train(Self.upper, more, keeping: .nothing))
    for stop in [1, 5, 9, 14] {
      let path = FileManager.default.temporaryDirectory.appending(path: "frozen-\(UUID().uuidString)/c").path
      defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
      let first = try Self.train(Self.upper, more, keeping: .states(limit: 1 << 20), path: path, stop: stop)
      #expect(first == nil)
      let second = try #require(try Self.train(Self.upper, more, keeping: .states(limit: 1 << 20), path: path))
      expectSame(second, plain, "stopped after \(stop)")
      let usage = second.outcome.frozenUsage
      #expect(usage.rows > second.usage?.rows ?? .max && usage.computedRows > second.usage?.computedRows ?? .max)
      // The checkpoint is the same whatever was kept.
      let third = try #require(try Self.train(Self.upper, more, keeping: .nothing, path: path))
      expectSame(third, plain, "stopped after \(stop), then nothing kept")
    }
  }
}
