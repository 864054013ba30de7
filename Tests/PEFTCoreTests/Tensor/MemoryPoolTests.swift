import Testing

@testable import PEFTCore

@Suite("Memory pool")
struct MemoryPoolTests {
  /// Fresh pages are zero, so a mark that is still there tells that a block was kept.
  private static let mark: UInt64 = 0x5EED

  /// Takes a block, marks it and gives it back.
  private static func leaveMark(in pool: MemoryPool, _ byteCount: Int) {
    let (block, size) = pool.allocate(byteCount, as: .activations)
    block.storeBytes(of: mark, as: UInt64.self)
    pool.release(block, size: size, byteCount, as: .activations)
  }

  @Test("Small passes find their blocks again, whatever other sizes they use between")
  func keepsBlocksOfSmallPasses() {
    let pool = MemoryPool()
    Self.leaveMark(in: pool, 3 << 20)
    // Too small to take the large block's place, so that both are held together.
    let small = pool.allocate(1 << 20, as: .activations)
    pool.release(small.block, size: small.size, 1 << 20, as: .activations)
    let again = pool.allocate(3 << 20, as: .activations)
    #expect(again.block.load(as: UInt64.self) == Self.mark)
    pool.release(again.block, size: again.size, 3 << 20, as: .activations)
  }

  @Test("What is kept beside what was in use is bounded")
  func givesBack() {
    let pool = MemoryPool()
    Self.leaveMark(in: pool, 100 << 20)
    // 140 MB together are more than 100 MB and 32 MB.
    let other = pool.allocate(40 << 20, as: .activations)
    let again = pool.allocate(100 << 20, as: .activations)
    #expect(again.block.load(as: UInt64.self) == 0)
    pool.release(again.block, size: again.size, 100 << 20, as: .activations)
    pool.release(other.block, size: other.size, 40 << 20, as: .activations)
  }

  @Test("Counts are of the bytes asked for, at the moment when most were held")
  func counts() {
    let pool = MemoryPool()
    let weights = pool.allocate(1000, as: .weights)
    let values = pool.allocate(500, as: .activations)
    pool.release(values.block, size: values.size, 500, as: .activations)
    let fewer = pool.allocate(300, as: .activations)
    #expect(pool.live[.weights] == 1000 && pool.live[.activations] == 300)
    #expect(pool.peak.total == 1500)
    pool.resetPeak()
    #expect(pool.peak.total == 1300)
    pool.release(fewer.block, size: fewer.size, 300, as: .activations)
    pool.release(weights.block, size: weights.size, 1000, as: .weights)
  }
}
