import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Every method against Hugging Face PEFT on tiny random models: the same adapter gives the same logits, loss and
/// gradients, and the same twenty AdamW steps.
@Suite("Methods against PEFT") struct MethodParityTests {
  static let names = GoldenFixture.names(in: "methods").filter { name in
    ["lora-llama", "lora-qwen2", "lora-gpt2", "lora-rs-", "lora-all-linear-", "lora-regex-"].contains {
      name.hasPrefix($0)
    }
  }

  @Test("A saved adapter gives PEFT's logits, loss, gradients and training", arguments: names)
  func parity(name: String) throws {
    let fixture = GoldenFixture("methods/\(name)")
    let description = try fixture.json("expected.json")
    let base = try #require(description["model"]?.string)
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(GoldenFixture("models/\(base)").folder.path).load(as: .auto, context: context)
    let file = try AdapterFile.open(fixture.folder.path)
    let attachment = try file.method().attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    try file.load(into: attachment)
    #expect(attachment.trainableCount == description["trainable_parameters"]?.integer)

    let expected = try fixture.tensors("expected.safetensors")
    let probe = MethodProbe(model: model, context: context)
    let ids = try expected.integers("ids").map(Int32.init)
    expectClose(
      probe.logits(ids), try expected.tensor("logits").values, relative: 1e-4, absolute: 1e-4, "\(name) logits")

    let batch = try (0..<(description["sequences"]?.integer ?? 0)).map { index in
      (
        ids: try expected.integers("batch_ids_\(index)").map(Int32.init),
        labels: try expected.integers("batch_labels_\(index)")
      )
    }
    let losses = try expected.tensor("losses").values
    let optimizer = try probe.optimizer(attachment, description: description)
    var actual: [Float] = []
    for step in losses.indices {
      actual.append(Float(probe.loss(batch)))
      if step == 0 {
        for parameter in attachment.parameters {
          let gradient = try expected.tensor("gradient/base_model.model.\(parameter.name)").values
          let scale = gradient.map { abs($0) }.max() ?? 0
          expectClose(
            parameter.gradient?.values ?? [], gradient, relative: 1e-4, absolute: 1e-4 * scale + 1e-7,
            "\(name) gradient of \(parameter.name)")
        }
      }
      if step < losses.count - 1 {
        optimizer.step(learningRate: probe.learningRate(description), gradientNorm: optimizer.gradientNorm())
      }
    }
    expectClose(actual, losses, relative: 1e-3, absolute: 1e-4, "\(name) losses")
    for parameter in attachment.parameters {
      let final = try expected.tensor("final/base_model.model.\(parameter.name)").values
      expectClose(
        parameter.value.values, final, relative: 1e-3, absolute: 1e-4, "\(name) final \(parameter.name)")
    }
  }
}

/// Runs a tiny model the way the golden scripts do.
struct MethodProbe {
  let model: CausalLanguageModel
  let context: ComputeContext

  func logits(_ ids: [Int32]) -> [Float] {
    let tape = Tape(context: context, recording: false)
    var (forest, root) = model.startForest()
    let segment = forest.add(.tokens(ids), under: root)
    let rows = Array(forest.segments[segment].rows)
    let hidden = model.hiddenStates(forest, on: tape)
    return model.logits(rows: rows, of: hidden, on: tape).value.values
  }

  /// The mean loss of the labelled tokens of a batch; gradients are added to the parameters.
  func loss(_ batch: [(ids: [Int32], labels: [Int])]) -> Double {
    let tape = Tape(context: context, recording: true)
    var (forest, root) = model.startForest()
    var labels: [LabelledPosition] = []
    let count = batch.reduce(0) { $0 + $1.labels.dropFirst().count(where: { $0 >= 0 }) }
    for (ids, targets) in batch {
      let segment = forest.add(.tokens(ids), under: root)
      let rows = forest.segments[segment].rows
      for index in 1..<ids.count where targets[index] >= 0 {
        labels.append(
          LabelledPosition(
            row: rows.lowerBound + index - 1, target: Int32(targets[index]), weight: 1 / Float(count)))
      }
    }
    let hidden = model.hiddenStates(forest, on: tape)
    let loss = model.loss(of: labels, hidden: hidden, on: tape)
    tape.runBackward()
    return loss
  }

  func learningRate(_ description: DocumentValue) -> Double {
    description["optimizer"]?["learning_rate"]?.number ?? 0
  }

  func optimizer(_ attachment: AttachedMethod, description: DocumentValue) throws -> Optimizer {
    Optimizer(
      .adamW(), parameters: attachment.parameters,
      weightDecay: description["optimizer"]?["weight_decay"]?.number ?? 0, maximumGradientNorm: nil, context: context)
  }
}
