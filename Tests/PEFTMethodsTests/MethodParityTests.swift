import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Every method against Hugging Face PEFT on tiny random models: the same adapter gives the same logits, loss and
/// gradients, and the same twenty AdamW steps.
@Suite("Methods against PEFT") struct MethodParityTests {
  static let names = GoldenFixture.names(in: "methods")

  @Test("A saved adapter gives PEFT's logits", arguments: names)
  func logits(name: String) throws {
    let fixture = try MethodFixture(name)
    guard fixture.hasAdapter else { return }
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let file = try AdapterFile.open(fixture.folder.folder.path)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
    let attachment = try file.method().attach(to: model, with: setting)
    try file.load(into: attachment)
    let ids = try fixture.expected.integers("ids").map(Int32.init)
    expectClose(
      MethodProbe(model: model, context: context).logits(ids), try fixture.expected.tensor("logits").values,
      relative: 1e-4, absolute: 1e-4, "\(name) logits")
    try mergedWeights(fixture, model, context)
  }

  @Test("From the same start: the same logits, loss, gradients and training", arguments: names)
  func training(name: String) throws {
    let fixture = try MethodFixture(name)
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context, rows: fixture.startRows)
    let attachment: AttachedMethod
    if let method = try fixture.methodFromOptions() {
      attachment = try method.attach(to: model, with: setting)
      let options = fixture.description["options"]
      if fixture.hasAdapter, options?["rule"] != nil || options?["start"] != nil {
        try AdapterFile.open(fixture.folder.folder.path).load(into: attachment)
      }
      for parameter in attachment.parameters {
        if let start = try fixture.golden(parameter, in: "start") { parameter.assign(start) }
      }
      // What is taken out of the weight has PEFT's signs then, too.
      for tensor in attachment.format?.state ?? [] {
        for (suffix, of) in [(".start_A", ".lora_A.weight"), (".start_B", ".lora_B.weight")]
        where tensor.key.hasSuffix(suffix) {
          let name = "start/base_model.model." + tensor.key.dropLast(suffix.count) + of
          tensor.assign?(try fixture.expected.tensor(name).values)
        }
      }
    } else {
      let file = try AdapterFile.open(fixture.folder.folder.path)
      attachment = try file.method().attach(to: model, with: setting)
      try file.load(into: attachment)
    }
    #expect(attachment.trainableCount == fixture.description["trainable_parameters"]?.integer)

    let expected = fixture.expected
    let probe = MethodProbe(model: model, context: context)
    let ids = try expected.integers("ids").map(Int32.init)
    expectClose(
      probe.logits(ids), try expected.tensor("logits").values, relative: 1e-4, absolute: 1e-4, "\(name) logits")

    let batch = try (0..<(fixture.description["sequences"]?.integer ?? 0)).map { index in
      (
        ids: try expected.integers("batch_ids_\(index)").map(Int32.init),
        labels: try expected.integers("batch_labels_\(index)")
      )
    }
    let losses = try expected.tensor("losses").values
    let optimizer = try probe.optimizer(attachment, description: fixture.description)
    let steps = MethodSteps(
      attachment, optimizer: optimizer, learningRate: probe.learningRate(fixture.description),
      stepCount: losses.count - 1, context: context)
    try steps.begin()
    var actual: [Float] = []
    var compared = 0
    let taskIDs = fixture.description["options"]?["tasks"]?.array?.compactMap(\.integer)
    func loss(_ batch: [(ids: [Int32], labels: [Int])]) -> Double {
      guard let taskIDs else { return probe.loss(batch, penalty: steps.penalty) }
      // A pass is of one task.
      return zip(batch, taskIDs).reduce(0) { sum, sequence in
        attachment.tasks?.show(sequence.1)
        return sum + probe.loss([sequence.0], among: batch, penalty: steps.penalty)
      }
    }
    for step in losses.indices {
      actual.append(Float(loss(batch)))
      if step == 0 {
        for parameter in attachment.parameters {
          guard var gradient = try fixture.golden(parameter, in: "gradient") else { continue }
          var ours = parameter.gradient?.values ?? []
          for index in fixture.indeterminate(parameter) { (ours[index], gradient[index]) = (0, 0) }
          let scale = gradient.map { abs($0) }.max() ?? 0
          expectClose(
            ours, gradient, relative: 1e-4, absolute: 1e-4 * scale + 1e-7, "\(name) gradient of \(parameter.name)")
          compared += 1
        }
      }
      if step < losses.count - 1 {
        try steps.take()
      }
    }
    #expect(compared == expected.tensors(under: "gradient/").count)
    expectClose(actual, losses, relative: 1e-3, absolute: 1e-4, "\(name) losses")
    for parameter in attachment.parameters {
      guard var final = try fixture.golden(parameter, in: "final") else { continue }
      var ours = parameter.value.values
      for index in fixture.indeterminate(parameter) { (ours[index], final[index]) = (0, 0) }
      expectClose(ours, final, relative: 1e-3, absolute: 1e-4, "\(name) final \(parameter.name)")
    }
    if let export = attachment.format?.tensors.first(where: { $0.key == "prompt_embeddings" }) {
      expectClose(
        export.values(), try expected.tensor("final/prompt_embeddings").values, relative: 1e-3, absolute: 1e-4,
        "\(name) exported prompt")
    }
  }

  /// Layer 0's weights with the adapter folded in, where PEFT can; of PiSSA also what its start leaves of them.
  private func mergedWeights(_ fixture: MethodFixture, _ model: CausalLanguageModel, _ context: ComputeContext) throws {
    for linear in model.linears {
      guard let adapter = linear.adapters.first else { continue }
      func check(_ group: String) throws {
        // An added bias leaves the weight alone, and the file has what changed.
        let (goldenWeight, goldenBias) = (
          fixture.expected.floats["\(group)/\(linear.site).weight"],
          fixture.expected.floats["\(group)/\(linear.site).bias"]
        )
        guard goldenWeight != nil || goldenBias != nil else { return }
        var weight = [Float](repeating: 0, count: linear.inputs * linear.outputs)
        weight.withUnsafeMutableBufferPointer { buffer in
          if let base = buffer.baseAddress { linear.weight?.decode(into: base) }
        }
        var bias = (linear.trainedBias?.value ?? linear.bias)?.values ?? []
        #expect(adapter.merge(intoWeight: &weight))
        adapter.merge(intoBias: &bias)
        if let goldenWeight {
          let isTurned = model.storesTransposed(linear)
          expectClose(
            isTurned ? transposed(weight, rows: linear.outputs) : weight, goldenWeight.values, relative: 1e-4,
            absolute: 1e-5, "\(fixture.name) \(group) weight of \(linear.site)")
        }
        if let goldenBias {
          expectClose(bias, goldenBias.values, relative: 1e-5, "\(fixture.name) \(group) bias of \(linear.site)")
        }
      }
      try check("merged")
      if let adapter = adapter as? LoRAAdapter, adapter.origin != nil {
        adapter.pair.b.assign([Float](repeating: 0, count: adapter.pair.b.elementCount))
        try check("residual")
      }
    }
  }
}

@Suite("Recomputed activations") struct RecomputationTests {
  @Test(
    "Gradients are the same to the bit, and fewer activations are held",
    arguments: ["lora-llama", "prefix-tuning-llama", "prompt-tuning-gpt2", "ia3-qwen2"])
  func recomputed(name: String) throws {
    let fixture = GoldenFixture("methods/\(name)")
    let base = try #require(try fixture.json("expected.json")["model"]?.string)
    let expected = try fixture.tensors("expected.safetensors")
    let batch = try (0..<3).map { index in
      (
        ids: try expected.integers("batch_ids_\(index)").map(Int32.init),
        labels: try expected.integers("batch_labels_\(index)")
      )
    }
    var gradients: [[[Float]]] = []
    var losses: [Double] = []
    var peaks: [Int] = []
    for blocks in [[], [0], [0, 1]] as [Set<Int>] {
      let context = ComputeContext(threads: 2)
      let model = try ModelFiles.open(GoldenFixture("models/\(base)").folder.path).load(as: .auto, context: context)
      let file = try AdapterFile.open(fixture.folder.path)
      let attachment = try file.method().attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
      try file.load(into: attachment)
      model.recomputedBlocks = blocks
      context.pool.resetPeak()
      losses.append(MethodProbe(model: model, context: context).loss(batch))
      peaks.append(context.pool.peak[.activations])
      gradients.append(attachment.parameters.map { $0.gradient?.values ?? [] })
    }
    #expect(losses.allSatisfy { $0 == losses[0] })
    #expect(gradients.allSatisfy { $0 == gradients[0] })
    #expect(peaks[1] < peaks[0] && peaks[2] < peaks[0])
  }
}

/// The steps of a training with what the method itself does in them, in the order of the training loop.
final class MethodSteps {
  private let attachment: AttachedMethod
  private let optimizer: Optimizer
  private let learningRate: Double
  private let stepCount: Int
  private let context: ComputeContext
  private var step = 0

  init(
    _ attachment: AttachedMethod, optimizer: Optimizer, learningRate: Double, stepCount: Int, context: ComputeContext
  ) {
    self.attachment = attachment
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.stepCount = stepCount
    self.context = context
  }

  private var moment: TrainingMoment {
    TrainingMoment(
      step: step, stepCount: stepCount, learningRate: learningRate, parameters: attachment.parameters,
      optimizer: optimizer, context: context, seeds: SeedStream(1), passes: { 0 })
  }

  func begin() throws { for participant in attachment.participants { try participant.trainingBegins(moment) } }

  /// The terms that the method adds to the loss of the step.
  func penalty(on tape: Tape) -> Double {
    step += 1
    defer { step -= 1 }
    return attachment.participants.reduce(0) { $0 + $1.penalty(moment, on: tape, share: 1) }
  }

  /// From the gradients to the next step's beginning.
  func take() throws {
    step += 1
    for participant in attachment.participants { try participant.gradientsReady(moment) }
    let norm = optimizer.gradientNorm()
    let factor = optimizer.clippingFactor(gradientNorm: norm)
    for participant in attachment.participants { try participant.gradientsClipped(moment, by: factor) }
    optimizer.step(learningRate: learningRate, gradientNorm: norm)
    for participant in attachment.participants { try participant.stepTaken(moment) }
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
  ///
  /// - Parameter whole: The batch that it is a part of, over whose tokens the mean is.
  func loss(
    _ batch: [(ids: [Int32], labels: [Int])], among whole: [(ids: [Int32], labels: [Int])]? = nil,
    penalty: (Tape) -> Double = { _ in 0 }
  ) -> Double {
    let tape = Tape(context: context, recording: true)
    var (forest, root) = model.startForest()
    var labels: [LabelledPosition] = []
    let count = (whole ?? batch).reduce(0) { $0 + $1.labels.dropFirst().count(where: { $0 >= 0 }) }
    for (ids, targets) in batch {
      let segment = forest.add(.tokens(ids), under: root)
      let rows = forest.segments[segment].rows
      for index in 1..<ids.count where targets[index] >= 0 {
        labels.append(
          LabelledPosition(
            row: rows.lowerBound + index - 1, target: Int32(targets[index]), weight: 1 / Float(count)))
      }
    }
    let hidden = model.hiddenStates(forest, reading: labels.map(\.row), on: tape)
    let loss = model.loss(of: labels, hidden: hidden, on: tape) + penalty(tape)
    tape.runBackward()
    return loss
  }

  func learningRate(_ description: DocumentValue) -> Double {
    description["optimizer"]?["learning_rate"]?.number ?? 0
  }

  func optimizer(_ attachment: AttachedMethod, description: DocumentValue) throws -> Optimizer {
    Optimizer(
      .adamW(), groups: try #require(attachment.groups(under: .adamW())),
      weightDecay: description["optimizer"]?["weight_decay"]?.number ?? 0, maximumGradientNorm: nil, context: context)
  }
}
