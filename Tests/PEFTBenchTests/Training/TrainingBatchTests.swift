import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Training batches") struct TrainingBatchTests {
  static let methods = [#""full""#, #"{"name": "lora", "rank": 4}"#]

  @Test(
    "A shared beginning changes neither the loss nor any gradient", arguments: ["llama", "qwen2", "gpt2"], methods)
  func sharing(name: String, method: String) throws {
    let tiny = try TinyTraining(name, method: method)
    let examples = tiny.examples(5, shared: 21, own: 1...17, answer: 3)
    let labelCount = 15
    let shared = TrainingBatch(examples, model: tiny.model, labelCount: labelCount)
    let lengths = examples.reduce(0) { $0 + $1.tokens.count }
    #expect(shared.tokenCount == lengths && shared.forest.rowCount == lengths - 4 * 21)

    // The same examples, each from its own root.
    var (forest, root) = tiny.model.startForest()
    var labels: [LabelledPosition] = []
    for example in examples {
      let segment = forest.add(.tokens(example.tokens), under: root)
      let rows = forest.segments[segment].rows
      for (offset, token) in example.answer.enumerated() {
        labels.append(
          LabelledPosition(
            row: rows.lowerBound + example.prompt.count + offset - 1, target: token, weight: 1 / Float(labelCount)))
      }
    }
    // B of a fresh LoRA is zero, and with it the gradient of A.
    for parameter in tiny.attachment.parameters where parameter.name.contains("lora_B") {
      parameter.assign((0..<parameter.elementCount).map { 0.01 * Float(($0 * 7) % 11 - 5) })
    }
    let (expected, expectedGradients) = try gradients(tiny, forest, labels)
    let (actual, actualGradients) = try gradients(tiny, shared.forest, shared.labels)
    #expect(abs(actual - expected) < 1e-5 * abs(expected), "\(actual) and \(expected)")
    for (index, parameter) in tiny.attachment.parameters.enumerated() {
      let largest = expectedGradients[index].map(abs).max() ?? 0
      expectClose(
        actualGradients[index], expectedGradients[index], relative: 1e-5, absolute: 1e-5 * largest + 1e-7,
        parameter.name)
    }
  }

  private func gradients(
    _ tiny: TinyTraining, _ forest: TokenForest, _ labels: [LabelledPosition]
  ) throws -> (Double, [[Float]]) {
    let tape = Tape(context: tiny.context, recording: true)
    let hidden = tiny.model.hiddenStates(forest, on: tape)
    let loss = tiny.model.loss(of: labels, hidden: hidden, on: tape)
    tape.runBackward()
    let gradients = try tiny.attachment.parameters.map { try #require($0.gradient).values }
    for parameter in tiny.attachment.parameters { parameter.clearGradient() }
    return (loss, gradients)
  }

  @Test("Every labelled token is predicted from the row before it, within the shared beginning too")
  func labels() throws {
    let tiny = try TinyTraining("llama", method: #""none""#)
    // The same prompt and the same first tokens of the answer: the shared part reaches into the answers.
    let prompt: [Int32] = [5, 6, 7, 8]
    let examples = [[9, 10, 11], [9, 10, 12, 13]].map { EncodedExample(prompt: prompt, answer: $0) }
    let batch = TrainingBatch(examples, model: tiny.model, labelCount: 7)
    #expect(batch.forest.segments.map(\.rows) == [0..<6, 6..<7, 7..<9])
    #expect(batch.labels.map(\.row) == [3, 4, 5, 3, 4, 5, 7])
    #expect(batch.labels.map(\.target) == [9, 10, 11, 9, 10, 12, 13])
    #expect(batch.labels.allSatisfy { $0.weight == 1 / 7 })
    // Equal examples keep a last token of their own; too short a beginning is not shared.
    let twins = TrainingBatch([examples[0], examples[0]], model: tiny.model, labelCount: 6)
    #expect(twins.forest.segments.map(\.rows) == [0..<6, 6..<7, 7..<8])
    let short = [[1, 2, 3, 4], [1, 2, 3, 5]].map { EncodedExample(prompt: $0, answer: [0]) }
    #expect(TrainingBatch(short, model: tiny.model, labelCount: 2).forest.rowCount == 10)
  }
}
