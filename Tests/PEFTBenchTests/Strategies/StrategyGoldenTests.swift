import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Averages of weights and mixout against PyTorch") struct StrategyGoldenTests {
  private static let fixture = GoldenFixture("strategies")

  /// The parameters after the fixture's training with a strategy, by their keys, and the losses of its steps.
  private static func train(_ strategy: String) throws -> (values: [String: [Float]], losses: [Double]) {
    let settings = try fixture.json("expected.json")
    let expected = try fixture.tensors("expected.safetensors")
    let count = try #require(settings["sequences"]?.integer)
    let examples = try (0..<count).map { index -> EncodedExample in
      let ids = try expected.integers("batch_ids_\(index)").map(Int32.init)
      let labelled = try expected.integers("batch_labels_\(index)").count { $0 >= 0 }
      return EncodedExample(prompt: Array(ids.dropLast(labelled)), answer: Array(ids.suffix(labelled)))
    }
    func number(_ key: String) throws -> Double { try #require(settings[key]?.number) }
    let training = """
      {"steps": \(try number("steps")), "learning_rate": \(try number("learning_rate")), "batch_size": \(count),
       "weight_decay": \(try number("weight_decay")), "scheduler": "constant", "warmup_ratio": 0, "max_grad_norm": 0,
       "shuffle": false, "validation_fraction": 0, "logging_steps": 1, "strategy": \(strategy)}
      """
    let tiny = try TinyTraining(
      "llama", method: #"{"name": "lora", "rank": 2, "alpha": 4, "target_modules": ["q_proj", "v_proj"]}"#,
      training: training)
    let start = try fixture.tensors("start.safetensors")
    let format = try #require(tiny.attachment.format)
    for tensor in format.tensors { tensor.assign?(try start.tensor(tensor.key).values) }
    let configuration = tiny.configuration.methods[0].training.underStrategy
    let participant = try #require(configuration.strategy.participant(learningRate: configuration.learningRate))
    let outcome = try Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: configuration,
      seeds: SeedStream(try #require(settings["seed"]?.integer)), context: tiny.context
    ).train(examples, validation: [], participants: [participant]) { _, _, _, _ in }
    let losses = outcome.history.compactMap { entry -> Double? in
      if case .step(_, _, let loss, _, _, _) = entry { loss } else { nil }
    }
    return (
      Dictionary(format.tensors.map { ($0.key, $0.values()) }, uniquingKeysWith: { first, _ in first }), losses
    )
  }

  @Test(
    "Twelve steps end with the same parameters and had the same losses within 1e-4",
    arguments: ["swa", "ema", "mixout"])
  func parameters(name: String) throws {
    let settings = try Self.fixture.json("expected.json")
    func number(_ key: String) throws -> Double { try #require(settings[key]?.number) }
    let options =
      switch name {
      case "swa": #""start": \#(try number("start"))"#
      case "ema": #""decay": \#(try number("decay"))"#
      default: #""probability": \#(try number("probability"))"#
      }
    let (values, losses) = try Self.train(#"{"name": "\#(name)", \#(options)}"#)
    let expected = try Self.fixture.tensors("expected.safetensors")
    let wanted = expected.tensors(under: name + "/")
    #expect(wanted.count == 8 && values.count == 8)
    for (key, shape, tensor) in wanted {
      expectClose(try #require(values[key]), tensor, absolute: 1e-4, shape: shape, key)
    }
    let wantedLosses = try expected.tensor(name == "mixout" ? "mixout_losses" : "losses").values
    #expect(losses.count == wantedLosses.count)
    for (loss, wanted) in zip(losses, wantedLosses) { #expect(abs(loss - Double(wanted)) < 1e-4) }
  }

  private func expectClose(_ values: [Float], _ wanted: [Float], absolute: Float, shape: [Int], _ name: String) {
    #expect(values.count == wanted.count, "\(name) \(shape)")
    let worst = zip(values, wanted).map { abs($0 - $1) }.max() ?? 0
    #expect(worst < absolute, "\(name): \(worst)")
  }
}
