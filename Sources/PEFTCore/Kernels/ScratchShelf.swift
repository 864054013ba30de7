import Synchronization

/// Working memory that regions of parallel work leave behind for the next.
///
/// A training step has some two thousand regions. If each asked the allocator for tens of kilobytes and gave them back, the
/// heap would merge, split and trim itself between them, and pages that it trimmed would be faulted in again.
final class ScratchShelf: Sendable {
  private let buffers = Mutex<[Buffer]>([])

  /// A buffer that nobody uses.
  private struct Buffer: @unchecked Sendable {
    let memory: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
      memory = .allocate(byteCount: byteCount, alignment: 64)
      self.byteCount = byteCount
    }
  }

  /// Bytes of the largest buffer that is kept; long contexts ask for more, and seldom.
  private static let largestKept = 4 << 20
  /// Bytes that the size of a buffer is a multiple of, so that a batch a little longer finds room in what is there.
  private static let grain = 64 << 10
  /// Most buffers that are kept: regions are nested once or twice, on each of the threads that have regions of their own.
  private static let mostKept = 8

  deinit {
    buffers.withLock { buffers in
      for buffer in buffers { buffer.memory.deallocate() }
    }
  }

  /// Calls `body` with at least `byteCount` bytes of uninitialized memory, 64-byte aligned; with an address that nothing
  /// may be written to where that is zero.
  func withMemory(_ byteCount: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
    if byteCount == 0 {
      var nothing: UInt64 = 0
      return withUnsafeMutablePointer(to: &nothing) { body(UnsafeMutableRawPointer($0)) }
    }
    let buffer = take(byteCount)
    body(buffer.memory)
    putBack(buffer)
  }

  /// The smallest kept buffer that is large enough; without one a new one, in place of a kept one.
  private func take(_ byteCount: Int) -> Buffer {
    let kept: Buffer? = buffers.withLock { buffers in
      var best: Int?
      for (index, buffer) in buffers.enumerated() where buffer.byteCount >= byteCount {
        if best.map({ buffer.byteCount < buffers[$0].byteCount }) ?? true { best = index }
      }
      return (best ?? buffers.indices.last).map { buffers.remove(at: $0) }
    }
    if let kept, kept.byteCount >= byteCount { return kept }
    kept?.memory.deallocate()
    return Buffer(byteCount: (byteCount + Self.grain - 1) / Self.grain * Self.grain)
  }

  private func putBack(_ buffer: Buffer) {
    let isKept =
      buffer.byteCount <= Self.largestKept
      && buffers.withLock { buffers in
        guard buffers.count < Self.mostKept else { return false }
        buffers.append(buffer)
        return true
      }
    if !isKept { buffer.memory.deallocate() }
  }
}
