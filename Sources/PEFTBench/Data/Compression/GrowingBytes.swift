/// Bytes that do not change any more, owned by whoever holds this.
final class ByteBuffer: @unchecked Sendable {
  // Written only before it is made and read only while it lives, so it may pass between threads.
  private let base: UnsafeMutablePointer<UInt8>
  let count: Int

  fileprivate init(base: UnsafeMutablePointer<UInt8>, count: Int) {
    self.base = base
    self.count = count
  }

  /// A copy of `bytes`.
  convenience init(_ bytes: some Collection<UInt8>) {
    let base = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
    _ = UnsafeMutableBufferPointer(start: base, count: bytes.count).initialize(from: bytes)
    self.init(base: base, count: bytes.count)
  }

  deinit { base.deallocate() }

  /// The bytes; valid while the buffer is held.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
}

/// Output of a decompressor: grows as it is written, up to a limit that is checked before each growth.
struct GrowingBytes: ~Copyable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes written so far.
  var count = 0
  /// Bytes that may be written at most.
  let limit: Int

  /// Creates an empty output; memory beyond what is written is not touched.
  init(capacity: Int, limit: Int) {
    self.limit = limit
    self.capacity = max(64, min(capacity, limit))
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// Makes room for `more` bytes; false if that would pass the limit.
  @inline(__always)
  mutating func reserve(_ more: Int) -> Bool {
    guard more <= limit - count else { return false }
    if more > capacity - count { grow(more) }
    return true
  }

  private mutating func grow(_ more: Int) {
    let larger = min(limit, max(capacity * 2, count + more))
    let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    fresh.update(from: base, count: count)
    base.deallocate()
    base = fresh
    capacity = larger
  }

  /// Hands the bytes over.
  consuming func finish() -> ByteBuffer {
    let buffer = ByteBuffer(base: base, count: count)
    discard self
    return buffer
  }
}
