import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Token forest") struct TokenForestTests {
  private static let shared: [Int32] = [5, 60, 33, 2, 71]
  private static let ends: [[Int32]] = [[8, 9, 10], [44], [3, 90, 17, 28]]

  @Test("Rows follow each other; positions continue from the parent, also where it has no rows") func shape() {
    var forest = TokenForest()
    let prefix = forest.add(.prefix(count: 4), under: nil)
    let root = forest.add(.tokens(Self.shared), under: prefix)
    let first = forest.add(.tokens(Self.ends[0]), under: root)
    forest.add(.tokens(Self.ends[1]), under: root)
    forest.add(.tokens(Self.ends[2]), under: first)
    forest.add(.softPrompt(count: 2), under: nil)
    #expect(forest.rowCount == 15 && forest.segments.map(\.rows) == [0..<0, 0..<5, 5..<8, 8..<9, 9..<13, 13..<15])
    #expect(forest.positions == [4, 5, 6, 7, 8, 9, 10, 11, 9, 12, 13, 14, 15, 0, 1])
    #expect(forest.length == 16)
  }

  @Test(
    "Sequences that share their beginning have the logits that each has alone",
    arguments: ["llama", "gpt2", "mistral", "gemma3_text"])
  func sharing(_ name: String) throws {
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path).load(as: .auto, context: context)
    func logits(_ forest: TokenForest, _ rows: [Int]) -> [Float] {
      let tape = Tape(context: context, recording: false)
      return model.logits(rows: rows, of: model.hiddenStates(forest, reading: rows, on: tape), on: tape).value.values
    }
    var together = TokenForest()
    let root = together.add(.tokens(Self.shared), under: nil)
    let segments = Self.ends.map { together.add(.tokens($0), under: root) }
    for (end, segment) in zip(Self.ends, segments) {
      var alone = TokenForest()
      alone.add(.tokens(Self.shared + end), under: nil)
      expectClose(
        logits(together, [together.segments[segment].rows.upperBound - 1]), logits(alone, [alone.rowCount - 1]),
        relative: 1e-5, absolute: 1e-5)
    }
  }
}
