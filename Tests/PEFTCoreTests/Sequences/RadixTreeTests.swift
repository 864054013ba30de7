import Testing

@testable import PEFTCore

@Suite("Radix tree of token sequences") struct RadixTreeTests {
  /// Sequences over few tokens, so that many begin alike and some are the beginning of others.
  private static func sequences(_ count: Int, seed: Int) -> [[Int32]] {
    let stream = SeedStream(seed)
    return (0..<count).map { index in
      let own = stream.child(index)
      return (0..<own.integer(below: 9, at: 100)).map { Int32(own.integer(below: 3, at: $0)) }
    }
  }

  @Test("Every token has the row of the first sequence that came with it", arguments: [1, 2, 3])
  func rows(seed: Int) {
    var tree = RadixTree()
    // What is known, the plain way: the row of each beginning.
    var known: [[Int32]: Int] = [:]
    var next = 0
    for sequence in Self.sequences(300, seed: seed) {
      let expected = (0..<sequence.count).map { known[Array(sequence[...$0])] }
      let runs = tree.rows(of: sequence)
      #expect(runs.runs.flatMap { Array($0) } == expected.prefix { $0 != nil }.compactMap(\.self))
      #expect(runs.count == expected.count { $0 != nil })
      tree.add(sequence, rowsFrom: next)
      for end in sequence.indices where known[Array(sequence[...end])] == nil {
        known[Array(sequence[...end])] = next
        next += 1
      }
      #expect(tree.rows(of: sequence).count == sequence.count)
    }
    #expect(known.count > 100 && tree.byteCount >= 4 * known.count)
  }

  @Test("Rows that are left out are those of the first tokens")
  func dropped() {
    var runs = RowRuns()
    for run in [3..<5, 5..<7, 20..<21, 30..<30, 8..<11] { runs.append(run) }
    #expect(runs.runs == [3..<7, 20..<21, 8..<11] && runs.count == 8)
    for skipped in 0...9 {
      let rest = runs.dropFirst(skipped)
      #expect(rest.runs.flatMap { Array($0) } == [3, 4, 5, 6, 20, 8, 9, 10].dropFirst(skipped).map { $0 })
      #expect(rest.count == max(0, 8 - skipped))
    }
  }
}
