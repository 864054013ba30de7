import Foundation
import PEFTBench
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Evaluator") struct EvaluatorTests {
  private struct Stop: Error {}

  private static let prompts: [[Int32]] = [[5, 60, 2], [5, 60, 71, 8, 44], [5, 60, 90], [5, 60, 17, 33]]
  private let context = ComputeContext(threads: 2)
  private let model: CausalLanguageModel
  private let evaluator: Evaluator

  init() throws {
    let files = try ModelFiles.open(GoldenFixture("gguf_models").url("llama-q8_0.gguf").path)
    model = try files.load(as: .auto, context: context)
    evaluator = Evaluator(
      model: model, tokenizer: try files.tokenizer(), endTokens: files.endTokens, context: context)
  }

  @Test("Answers do not depend on the batch size, and known ones are not asked again") func batches() throws {
    var batches: [Int] = []
    let answers = try evaluator.generate(Self.prompts, maximumNewTokens: 4, batchSize: 4) { batches.append($0.count) }
    #expect(answers.count == 4 && batches == [4] && Set(answers).count > 1)
    #expect(try evaluator.generate(Self.prompts, maximumNewTokens: 4, batchSize: 1) { _ in } == answers)

    batches = []
    let known = ["kept as it is", answers[1]]
    let resumed = try evaluator.generate(
      Self.prompts, maximumNewTokens: 4, batchSize: 1, known: known
    ) { batches.append($0.count) }
    #expect(resumed == known + answers[2...] && batches == [3, 4])
    #expect(throws: Stop.self) {
      try evaluator.generate(Self.prompts, maximumNewTokens: 4, batchSize: 1) { _ in throw Stop() }
    }
  }

  @Test("A prompt that comes again is asked once and answered alike") func duplicates() throws {
    let once = try evaluator.generate(Self.prompts, maximumNewTokens: 4, batchSize: 4) { _ in }
    let order = [0, 0, 1, 0, 2, 1, 3, 3]
    let prompts = order.map { Self.prompts[$0] }
    var batches: [Int] = []
    let answers = try evaluator.generate(prompts, maximumNewTokens: 4, batchSize: 2) { batches.append($0.count) }
    #expect(answers == order.map { once[$0] })
    // Two different prompts a batch, with what repeats them and earlier ones.
    #expect(batches == [4, 8])
    let resumed = try evaluator.generate(prompts, maximumNewTokens: 4, batchSize: 2, known: ["kept as it is"]) { _ in }
    #expect(resumed == order.map { $0 == 0 ? "kept as it is" : once[$0] }, "an answer that is known is not asked again")

    let choices: [[[Int32]]] = order.map { _ in [[8], [9, 10, 2]] }
    let values = try evaluator.rank(Self.prompts, choices: Array(choices.prefix(4)), batchSize: 4) { _ in }
    batches = []
    let ranked = try evaluator.rank(prompts, choices: choices, batchSize: 2) { batches.append($0.count) }
    #expect(ranked == order.map { values[$0] } && batches == [4, 8])
    let others = try evaluator.rank(
      [prompts[0], prompts[0]], choices: [choices[0], [[44, 3], [8]]], batchSize: 2
    ) { _ in }
    #expect(others[0] == values[0] && others[1][1] == values[0][0] && others[1][0] != values[0][0])
  }

  @Test("A choice has the log-probability that its tokens have in a pass of its own") func ranking() throws {
    let choices: [[[Int32]]] = Self.prompts.map { _ in [[8], [9, 10, 2], [44, 3], []] }
    let values = try evaluator.rank(Self.prompts, choices: choices, batchSize: 1) { _ in }
    for (prompt, (options, found)) in zip(Self.prompts, zip(choices, values)) {
      #expect(found.last == -.infinity, "an answer without tokens is never the likeliest")
      for (option, value) in zip(options, found) where !option.isEmpty {
        let tape = Tape(context: context, recording: false)
        var forest = TokenForest()
        forest.add(.tokens(prompt + option.dropLast()), under: nil)
        let labels = option.enumerated().map { index, token in
          LabelledPosition(row: prompt.count - 1 + index, target: token, weight: 1)
        }
        let hidden = model.hiddenStates(forest, reading: labels.map(\.row), on: tape)
        let expected = model.logProbabilities(of: labels, hidden: hidden, on: tape).reduce(0) { $0 + $1.logProbability }
        #expect(abs(value - expected) < 1e-4, "\(prompt) \(option)")
      }
    }
    #expect(try evaluator.rank(Self.prompts, choices: choices, batchSize: 1, from: 2) { _ in } == Array(values[2...]))
  }

  @Test("Choices have the same values to the bit whatever the batch size and where it begins", arguments: [1, 2, 3, 8])
  func rankedBatches(batchSize: Int) throws {
    // Prompts and choices of many lengths, so that every batch has other numbers of rows.
    let prompts: [[Int32]] = (0..<9).map { (prompt: Int32) -> [Int32] in
      [5, 60] + (0...(prompt * 3 % 7)).map { (token: Int32) -> Int32 in 7 + 5 * prompt + token }
    }
    let choices: [[[Int32]]] = (0..<9).map { (prompt: Int32) -> [[Int32]] in
      (0...(prompt % 3)).map { (option: Int32) -> [Int32] in
        (0...option).map { (token: Int32) -> Int32 in 3 + 5 * option + prompt + token }
      }
    }
    var alone: [[Double]] = []
    for (prompt, options) in zip(prompts, choices) {
      // With a second prompt, so that the beginning that all share is the same.
      let values = try evaluator.rank([prompt, [5, 60, 1]], choices: [options, [[8]]], batchSize: 1) { _ in }
      alone.append(values[0])
    }
    #expect(Set(alone.joined()).count > 9)
    #expect(try evaluator.rank(prompts, choices: choices, batchSize: batchSize) { _ in } == alone)
    var counts: [Int] = []
    let rest = try evaluator.rank(prompts, choices: choices, batchSize: batchSize, from: 4) { counts.append($0.count) }
    #expect(rest == Array(alone[4...]) && counts == stride(from: batchSize, to: 5, by: batchSize) + [5])
    #expect(throws: Stop.self) {
      try evaluator.rank(prompts, choices: choices, batchSize: batchSize) { _ in throw Stop() }
    }
  }
}
