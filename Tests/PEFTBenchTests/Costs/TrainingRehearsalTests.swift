import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// Plans of a training's memory beside what trainings hold.
@Suite("Training steps without arithmetic") struct TrainingRehearsalTests {
  private static let methods = [
    #"{"name": "lora", "rank": 2, "dropout": 0.1}"#, #""full""#, #"{"name": "prompt-tuning", "tokens": 5}"#, #""ia3""#,
    #"{"name": "adapter", "reduction_factor": 4}"#, #"{"name": "prefix-tuning", "tokens": 5}"#,
    #"{"name": "lora", "rank": 2, "target_modules": "all-linear", "layers_to_transform": [1]}"#,
  ]

  /// Bytes by kind, for a message.
  private static func text(_ use: MemoryUse) -> String {
    MemoryKind.allCases.map { "\($0) \(use[$0])" }.joined(separator: ", ") + ", total \(use.total)"
  }

  private static func rehearsal(_ model: String, _ tiny: TinyTraining, _ batch: BatchOutline, accumulates: Bool = false)
    throws -> TrainingRehearsal
  {
    let shapes = ComputeContext.shapeOnly()
    let skeleton = try ModelFiles.open(GoldenFixture("models/\(model)").folder.path).skeleton()
    let attachment = try tiny.configuration.methods[0].attachShapes(to: skeleton, context: shapes, tokenizer: nil)
    return try #require(
      TrainingRehearsal(
        skeleton, attachment: attachment, context: shapes, batch: batch, holdsAllGradients: accumulates))
  }

  @Test(
    "The peak of a training is planned within a tenth, whichever blocks are computed again",
    arguments: ["llama", "gpt2"],
    methods)
  func peaks(model: String, method: String) throws {
    for (blocks, accumulation) in [(Set<Int>(), 1), ([0], 1), ([0, 1], 1), ([], 2)] {
      let training = """
        {"batch_size": 4, "epochs": 3, "validation_fraction": 0, "gradient_accumulation": \(accumulation)}
        """
      let tiny = try TinyTraining(model, method: method, training: training)
      let weights = tiny.context.pool.live[.weights]
      let examples = tiny.examples(8, shared: 0, own: 30...30, answer: 3)
      let measured = try Trainer(
        model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.training,
        seeds: SeedStream(4), context: tiny.context
      ).train(examples, validation: [], recomputing: blocks) { _, _, _, _ in }.peak

      let batch = BatchOutline(examples: [ExampleLength](repeating: .init(prompt: 30, answer: 3), count: 4), shared: 0)
      let rehearsal = try Self.rehearsal(model, tiny, batch, accumulates: accumulation > 1)
      var planned = rehearsal.peak(recomputing: blocks)
      planned[.weights] += weights
      planned[.optimizer] = tiny.attachment.stateShape.byteCount(momentsPerValue: 2, as: .float32)
      #expect(
        abs(Double(planned.total) / Double(measured.total) - 1) < 0.1,
        "\(blocks.sorted()): planned \(Self.text(planned)); measured \(Self.text(measured))")
      // The training alone, beside which weights and moments would hide an error.
      let own = (planned[.activations] + planned[.gradients], measured[.activations] + measured[.gradients])
      #expect(
        abs(Double(own.0) / Double(own.1) - 1) < 0.1,
        "\(blocks.sorted()): planned \(Self.text(planned)); measured \(Self.text(measured))")
    }
  }

  @Test("Shared beginnings stand once, and a part of a large batch stands for all of it") func batches() throws {
    let outline = BatchOutline(
      examples: [.init(prompt: 20, answer: 3), .init(prompt: 15, answer: 2), .init(prompt: 12, answer: 4)], shared: 10)
    let encoded = outline.encoded(vocabularySize: 96)
    #expect(outline.rows == 56 - 20 && TrainingBatch(encoded, labelCount: 1).forest.rowCount == outline.rows)
    #expect(encoded.map(\.answer.count) == [3, 2, 4] && encoded.map(\.tokens.count) == [23, 17, 16])
    #expect(BatchOutline(examples: outline.examples, shared: 3).rows == 56)
    #expect(outline.within(rows: 30).examples == Array(outline.examples.prefix(2)))
    #expect(outline.within(rows: 10).examples == [.init(prompt: 7, answer: 3)])
    #expect(outline.within(rows: 36) == outline)
    #expect(BatchOutline(examples: [], shared: 0).within(rows: 5).rows == 0)

    let tiny = try TinyTraining("llama", method: #"{"name": "lora", "rank": 2}"#)
    let example = ExampleLength(prompt: 60, answer: 4)
    func peak(_ count: Int) throws -> Int {
      let batch = BatchOutline(examples: [ExampleLength](repeating: example, count: count), shared: 0)
      return try Self.rehearsal("llama", tiny, batch).peak(recomputing: [])[.activations]
    }
    // 1024 examples are the most that are gone through.
    let (whole, twice) = (try peak(1024), try peak(2048))
    #expect(twice == 2 * whole)
  }
}
