import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// A layer with shapes of its own: methods attach to it, and what counts parameters, operations and memory follows.
@Suite("Models whose layers have shapes of their own") struct PrunedModelTests {
  private static let (heads, neurons) = ([1, 2], [0, 3, 4, 11, 17])

  private func trained(_ method: String, prunes: Bool, rows: Int = 6) throws -> (TinyTraining, AttachedMethod) {
    let tiny = try TinyTraining(
      "llama", method: #""none""#, training: #"{"batch_size": \#(rows), "epochs": 2, "validation_fraction": 0}"#)
    if prunes {
      try tiny.model.keepHeads(Self.heads, ofLayer: 1, context: tiny.context)
      try tiny.model.keepNeurons(Self.neurons, ofLayer: 1, context: tiny.context)
    }
    let text = #"{"model": ".", "methods": [\#(method)]}"#
    let configuration = try RunConfiguration(ConfigFile.read(DocumentText(name: "test", bytes: Array(text.utf8))))
    let attachment = try configuration.methods[0].method.attach(
      to: tiny.model, with: AttachmentSetting(seeds: SeedStream(3), context: tiny.context))
    return (tiny, attachment)
  }

  private func train(_ tiny: TinyTraining, _ attachment: AttachedMethod) throws -> Trainer.Outcome {
    try Trainer(
      model: tiny.model, attachment: attachment, configuration: tiny.configuration.training, seeds: SeedStream(4),
      context: tiny.context
    ).train(tiny.examples(12, shared: 0, own: 10...20, answer: 2), validation: []) { _, _, _, _ in }
  }

  /// Hidden 16, heads 4 wide, two of four query heads left with a key/value head each, five of 24 neurons.
  @Test(
    "Methods count what the layer has",
    arguments: [
      // Rank 2 at queries and values: 2 · (16 + outputs).
      (#"{"name": "lora", "rank": 2, "target_modules": ["q_proj", "v_proj"]}"#, 2 * (16 + 16) - 2 * (16 + 8)),
      // The down projection's input, whose scale IA3 trains.
      (#"{"name": "ia3", "target_modules": ["down_proj"], "feedforward_modules": ["down_proj"]}"#, 24 - 5),
      // Keys and values of both heads stay.
      (#"{"name": "prefix-tuning", "tokens": 3}"#, 0),
      (#"{"name": "prefix-tuning", "tokens": 3, "projection": true}"#, 0),
      (#"{"name": "sequential-adapter", "reduction_factor": 4}"#, 0),
    ])
  func counts(method: String, fewer: Int) throws {
    let (_, whole) = try trained(method, prunes: false)
    let (tiny, pruned) = try trained(method, prunes: true)
    #expect(whole.trainableCount - pruned.trainableCount == fewer, "\(method)")
    let before = pruned.parameters.map(\.value.values)
    let outcome = try train(tiny, pruned)
    #expect(!outcome.history.isEmpty && pruned.parameters.map(\.value.values) != before)
    let values = pruned.parameters.flatMap(\.value.values)
    #expect(values.allSatisfy { $0.isFinite })
    pruned.detach()
    #expect(!tiny.model.sites.contains { $0.isOccupied })
  }

  @Test("A prefix has each layer's width, where a key/value head is gone too, and comes back from its file")
  func prefix() throws {
    let context = ComputeContext(threads: 1)
    let folder = FileManager.default.temporaryDirectory.appending(path: "pruned-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    func model() throws -> CausalLanguageModel {
      let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
      try model.keepHeads([2, 3], ofLayer: 0, context: context)
      return model
    }
    func attach(_ model: CausalLanguageModel, seed: Int) throws -> AttachedMethod {
      let text = #"{"model": ".", "methods": [{"name": "prefix-tuning", "tokens": 3}]}"#
      let configuration = try RunConfiguration(ConfigFile.read(DocumentText(name: "test", bytes: Array(text.utf8))))
      return try configuration.methods[0].method.attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(seed), context: context))
    }
    func logits(_ model: CausalLanguageModel) -> [Float] {
      var (forest, root) = model.startForest()
      forest.add(.tokens([5, 17, 80]), under: root)
      let tape = Tape(context: context, recording: false)
      let rows = [forest.rowCount - 1]
      return model.logits(rows: rows, of: model.hiddenStates(forest, reading: rows, on: tape), on: tape).value.values
    }
    let (one, other) = (try model(), try model())
    let (first, second) = (try attach(one, seed: 1), try attach(other, seed: 2))
    // Three positions, a key and a value of one head in layer 0, of two in layer 1.
    #expect(first.trainableCount == 3 * 2 * (4 + 8))
    try AdapterFile.save(first, to: folder.path, baseModel: "tiny")
    #expect(logits(one) != logits(other))
    try AdapterFile.open(folder.path).load(into: second)
    #expect(logits(one) == logits(other))
  }

  @Test("Operations and activations fall by what was taken out") func costs() throws {
    let (whole, pruned) = (
      try trained(#""none""#, prunes: false).0.model, try trained(#""none""#, prunes: true).0.model
    )
    // Query and output rows of two heads, gate, up and down rows of 19 neurons; the keys of both heads stay.
    let weights = 2 * 2 * 4 * 16 + 3 * 19 * 16
    #expect(whole.parameterCount - pruned.parameterCount == weights)
    let tokens = 10
    let seen = tokens * (tokens + 1) / 2
    #expect(
      ForwardFLOPs.count(whole, tokens: tokens) - ForwardFLOPs.count(pruned, tokens: tokens)
        == 2 * tokens * weights + 4 * 2 * 4 * seen)
    // Two heads' queries, a number each, and two values of each neuron.
    #expect(
      TrainingActivations.bytes(whole, rows: 1) - TrainingActivations.bytes(pruned, rows: 1) == 4 * (8 + 2 + 2 * 19))
    #expect(TrainingActivations.forwardBytes(whole, rows: 1) == TrainingActivations.forwardBytes(pruned, rows: 1))
    let batch = BatchSize(rows: 40, labels: 8)
    #expect(
      FullTrainingMemory.peakBytes(whole, batch: batch) - FullTrainingMemory.peakBytes(pruned, batch: batch)
        > 16 * weights)
  }

  @Test("The memory of its full fine-tuning is counted within 5 %", arguments: [2, 12]) func memory(rows: Int) throws {
    let (tiny, attachment) = try trained(#""full""#, prunes: true, rows: rows)
    let examples = tiny.examples(2 * rows, shared: 0, own: 10...35, answer: 3)
    tiny.context.pool.resetPeak()
    _ = try Trainer(
      model: tiny.model, attachment: attachment, configuration: tiny.configuration.training, seeds: SeedStream(4),
      context: tiny.context
    ).train(examples, validation: []) { _, _, _, _ in }
    let measured = tiny.context.pool.peak.total
    let batch = Trainer.largestBatch(of: examples, configuration: tiny.configuration.training, seeds: SeedStream(4))
    let counted = FullTrainingMemory.peakBytes(tiny.model, batch: batch)
    #expect(abs(Double(counted) / Double(measured) - 1) < 0.05, "counted \(counted), measured \(measured), \(batch)")
  }

  @Test("It is not written as a model, since no config.json can say its shapes") func writing() throws {
    let (tiny, _) = try trained(#""none""#, prunes: true)
    let error = #expect(throws: AttachError.self) { try ModelMerger.checkMergeable(tiny.model) }
    #expect(error?.description.contains("shapes of their own") == true)
  }
}
