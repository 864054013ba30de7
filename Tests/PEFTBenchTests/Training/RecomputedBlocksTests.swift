import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Trainings that compute blocks again") struct RecomputedBlocksTests {
  private static let upper =
    #"{"name": "lora", "rank": 2, "target_modules": ["q_proj", "v_proj"], "layers_to_transform": [1]}"#

  private static func train(
    _ method: String, _ more: String = "", recompute: String = "false", blocks: Set<Int>? = nil,
    keepsStates: Bool = false
  ) throws -> (values: [[UInt32]], outcome: TrainingOutcome) {
    let tiny = try TinyTraining(
      "llama", method: method,
      training: "{\"epochs\": 2, \"batch_size\": 3, \"logging_steps\": 1, \"recompute\": \(recompute)\(more)}")
    let examples = tiny.examples(12, shared: 5, own: 8...16, answer: 2)
    let settings = tiny.configuration.methods[0].training.underStrategy
    let participant = settings.strategy.participant(learningRate: settings.learningRate)
    let states =
      keepsStates
      ? try FrozenStates(width: tiny.model.configuration.hiddenSize, in: .memory, limit: 1 << 20) : nil
    let outcome = try Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: settings, seeds: SeedStream(5),
      context: tiny.context
    ).train(
      Array(examples.dropLast(3)), validation: Array(examples.suffix(3)),
      participants: participant.map { [$0] } ?? [], frozenStates: states, recomputing: blocks
    ) { _, _, _, _ in }
    #expect(tiny.model.recomputedBlocks.isEmpty)
    return (tiny.attachment.parameters.map { $0.value.values.map(\.bitPattern) }, outcome)
  }

  @Test(
    "Parameters and history are the same to the bit, whichever blocks are computed again",
    arguments: [
      #"{"name": "lora", "rank": 2, "dropout": 0.1}"#, #"{"name": "prefix-tuning", "tokens": 3}"#, upper,
    ],
    ["", #", "strategy": {"name": "deni", "members": 3}"#])
  func same(method: String, more: String) throws {
    let plain = try Self.train(method, more)
    for recompute in ["1", "true"] {
      let again = try Self.train(method, more, recompute: recompute)
      #expect(again.values == plain.values && again.outcome.history == plain.outcome.history, "\(recompute)")
    }
    let last = try Self.train(method, more, blocks: [1])
    #expect(last.values == plain.values && last.outcome.history == plain.outcome.history)
  }

  @Test("Frozen layers that are answered from a cache have nothing to compute again") func frozen() throws {
    let plain = try Self.train(Self.upper, keepsStates: true)
    let again = try Self.train(Self.upper, recompute: "true", keepsStates: true)
    let first = try Self.train(Self.upper, blocks: [0], keepsStates: true)
    #expect(plain.outcome.frozenUsage.blocks == 1 && again.outcome.frozenUsage == plain.outcome.frozenUsage)
    #expect(again.values == plain.values && first.values == plain.values)
    #expect(first.outcome.peak == plain.outcome.peak, "the first layer kept nothing")
  }

  @Test("The lower block frees more than the last one") func memory() throws {
    func held(_ blocks: Set<Int>) throws -> Int {
      let tiny = try TinyTraining("llama", method: #"{"name": "lora", "rank": 2}"#)
      // Nearly all rows have labels, or the last block would do little for most of them.
      let batch = TrainingBatch(tiny.examples(8, shared: 0, own: 2...2, answer: 40), model: tiny.model, labelCount: 320)
      tiny.model.recomputedBlocks = blocks
      let before = tiny.context.pool.live[.activations]
      tiny.context.pool.resetPeak()
      _ = TrainingStep(model: tiny.model, context: tiny.context).takeGradients(of: batch, dropout: nil)
      return tiny.context.pool.peak[.activations] - before
    }
    let (none, first, last) = (try held([]), try held([0]), try held([1]))
    #expect(first < none && first < last)
  }

  @Test(
    "Values are read, and refused with the place",
    arguments: [
      ("false", "false", ""), ("true", "true", ""), ("0", "false", ""), ("3", "3", ""), (#""auto""#, #""auto""#, ""),
      (#""400MB""#, #""400000000""#, ""), (#""1.5 GiB""#, #""1610612736""#, ""), ("-1", "", "found -1"),
      ("400000000", "", "found 400000000"), ("0.5", "", "found 0.5"), (#""much""#, "", "much"), (#""12""#, "", "12"),
      ("{}", "", "found an object"),
    ])
  func reading(given: String, understood: String, complaint: String) throws {
    func recompute(_ value: String) throws -> JSONValue? {
      let text = #"{"model": ".", "methods": ["lora"], "training": {"recompute": \#(value)}}"#
      let file = try ConfigFile.read(DocumentText(name: "c.json", bytes: Array(text.utf8)))
      return try RunConfiguration(file).training.json["recompute"]
    }
    guard complaint.isEmpty else {
      let error = try #require(throws: DocumentError.self) { try recompute(given) }
      for part in ["training.recompute: expected true or false (or auto, a number of blocks", complaint] {
        #expect("\(error)".contains(part), "\(error)")
      }
      return
    }
    let json = try #require(try recompute(given))
    #expect(json.compactText == understood)
    #expect(try recompute(json.compactText) == json)
  }
}
