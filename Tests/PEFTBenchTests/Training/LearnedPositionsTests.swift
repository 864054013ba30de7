import PEFTCore
import Testing

@Suite("Learned positions") struct LearnedPositionsTests {
  @Test("Generation ends with the last position, whatever else is in the batch") func lastPosition() throws {
    let tiny = try TinyTraining("gpt2", method: #""none""#)
    #expect(tiny.model.positionLimit == 80)
    let generator = Generator(model: tiny.model, endTokens: [], context: tiny.context)
    let long = (0..<78).map { Int32($0) }
    let short = Array(long.prefix(5))
    let both = try generator.generate([long, short], after: nil, maximumNewTokens: 20)
    // 78 tokens give the 79th, and with two more positions two more.
    #expect(both.map(\.count) == [3, 20])
    #expect(try generator.generate([short], after: nil, maximumNewTokens: 20) == [both[1]])
    let shared = generator.cache(shared: Array(long.prefix(70)))
    #expect(try generator.generate([Array(long.dropFirst(70))], after: shared, maximumNewTokens: 20) == [both[0]])
    #expect(try TinyTraining("llama", method: #""none""#).model.positionLimit == nil)
  }
}
