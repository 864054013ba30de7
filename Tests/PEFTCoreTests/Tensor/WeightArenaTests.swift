import Testing

@testable import PEFTCore

@Suite("Weight arena") struct WeightArenaTests {
  @Test("Blocks are aligned, apart from each other, and keep what is written to them")
  func blocks() {
    let arena = WeightArena()
    // The last one is larger than a region, the one before leaves no room after it.
    let sizes = [1, 63, 64, 65, 0, 5_000_000, 11_000_000, 40 << 20]
    let blocks = sizes.map { arena.allocate($0) }
    for (index, block) in blocks.enumerated() {
      #expect(UInt(bitPattern: block) % 64 == 0)
      block.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: sizes[index])
    }
    for (index, block) in blocks.enumerated() where sizes[index] > 0 {
      let bytes = block.assumingMemoryBound(to: UInt8.self)
      #expect(bytes[0] == UInt8(index) && bytes[sizes[index] - 1] == UInt8(index))
    }
    for block in blocks.reversed() { arena.release(block) }
  }

  @Test("A region lasts as long as one of its blocks")
  func release() {
    let arena = WeightArena()
    #expect(arena.mappedBytes == 0)
    for _ in 0..<3 {
      let blocks = (0..<10).map { _ in arena.allocate(3 << 20) }
      #expect(arena.mappedBytes >= 30 << 20)
      for block in blocks.dropLast() { arena.release(block) }
      #expect((3 << 20...16 << 20).contains(arena.mappedBytes))
      for block in blocks.suffix(1) { arena.release(block) }
      #expect(arena.mappedBytes == 0)
    }
  }
}
