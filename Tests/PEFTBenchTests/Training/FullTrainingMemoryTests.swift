import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Memory of full fine-tuning") struct FullTrainingMemoryTests {
  @Test(
    "The count by shapes is within 5 % of a real full fine-tuning's peak",
    arguments: ["llama", "llama-tied", "llama-bias", "qwen2", "gpt2"],
    [(rows: 2, shared: 0, answer: 2), (rows: 16, shared: 0, answer: 3), (rows: 12, shared: 20, answer: 20)])
  func peak(name: String, shape: (rows: Int, shared: Int, answer: Int)) throws {
    let tiny = try TinyTraining(
      name, method: #""full""#, training: #"{"batch_size": \#(shape.rows), "epochs": 2, "validation_fraction": 0}"#)
    let examples = tiny.examples(3 * shape.rows - 1, shared: shape.shared, own: 10...35, answer: shape.answer)
    let seeds = SeedStream(4)
    tiny.context.pool.resetPeak()
    _ = try Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.training, seeds: seeds,
      context: tiny.context
    ).train(examples, validation: []) { _, _, _, _ in }
    let measured = tiny.context.pool.peak.total
    let batch = Trainer.largestBatch(of: examples, configuration: tiny.configuration.training, seeds: seeds)
    let counted = FullTrainingMemory.peakBytes(tiny.model, batch: batch)
    #expect(abs(Double(counted) / Double(measured) - 1) < 0.05, "counted \(counted), measured \(measured), \(batch)")
  }

  @Test("Frozen weights are given up while everything is trained, and come back after it")
  func weights() throws {
    let tiny = try TinyTraining("llama", method: #""none""#)
    let before = tiny.context.pool.live
    let configuration = try TinyTraining("llama", method: #""full""#).configuration
    let attachment = try configuration.methods[0].method.attach(
      to: tiny.model, with: .init(seeds: SeedStream(1), context: tiny.context))
    _ = attachment.parameters.map(\.value)
    #expect(tiny.context.pool.live[.weights] == 0)
    #expect(tiny.context.pool.live[.adapter] == 4 * tiny.model.parameterCount)
    attachment.detach()
    try tiny.model.restoreWeights()
    #expect(tiny.context.pool.live[.weights] == before[.weights])
  }
}
