import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Greedy generation") struct GeneratorTests {
  private static let shared: [Int32] = [5, 60, 33]
  private static let prompts: [[Int32]] = [[2], [71, 8, 44, 19], [90, 17]]
  private let context = ComputeContext(threads: 2)

  private func model(_ name: String) throws -> CausalLanguageModel {
    try ModelFiles.open(GoldenFixture("models/\(name)").folder.path).load(as: .auto, context: context)
  }

  /// The likeliest token after `tokens`, by a pass over all of them.
  private func next(_ tokens: [Int32], _ model: CausalLanguageModel) -> Int32 {
    let tape = Tape(context: context, recording: false)
    var forest = TokenForest()
    forest.add(.tokens(tokens), under: nil)
    let row = [tokens.count - 1]
    let logits = model.logits(rows: row, of: model.hiddenStates(forest, reading: row, on: tape), on: tape).value.values
    return Int32(logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0)
  }

  @Test("From a cache, the tokens are those of whole passes, one by one", arguments: ["llama", "gpt2", "gemma2"])
  func tokens(_ name: String) throws {
    let model = try model(name)
    let generator = Generator(model: model, endTokens: [], context: context)
    let found = try generator.generate(
      Self.prompts, after: generator.cache(shared: Self.shared), maximumNewTokens: 6)
    for (prompt, tokens) in zip(Self.prompts, found) {
      var all = Self.shared + prompt
      for _ in 0..<6 { all.append(next(all, model)) }
      #expect(tokens == Array(all.suffix(6)), "\(name): \(prompt)")
    }
  }

  @Test("A sequence does not depend on the others, and ends before its end token") func ending() throws {
    let model = try model("llama")
    let free = Generator(model: model, endTokens: [], context: context)
    let cache = free.cache(shared: Self.shared)
    let together = try free.generate(Self.prompts, after: cache, maximumNewTokens: 5)
    for (prompt, tokens) in zip(Self.prompts, together) {
      #expect(try free.generate([prompt], after: cache, maximumNewTokens: 5) == [tokens])
    }
    let end = together[1][2]
    let ended = try Generator(model: model, endTokens: [end], context: context)
      .generate(Self.prompts, after: cache, maximumNewTokens: 5)
    #expect(ended == together.map { Array($0.prefix { $0 != end }) })
    #expect(try free.generate(Self.prompts, after: cache, maximumNewTokens: 0) == [[], [], []])
    #expect(free.cache(shared: []) == nil)
  }
}
