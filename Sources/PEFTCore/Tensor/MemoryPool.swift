import Synchronization

/// What a piece of tensor memory is held for; peak memory is reported by these kinds.
public enum MemoryKind: Int, CaseIterable, Sendable {
  /// Frozen base weights, in their storage type.
  case weights
  /// Trainable parameters.
  case adapter
  /// Gradients of trainable parameters.
  case gradients
  /// What the optimizer keeps a parameter (AdamW: two moments).
  case optimizer
  /// Values of the forward and backward pass, key/value caches included.
  case activations
}

/// Bytes held at one moment, by kind.
public struct MemoryUse: Sendable, Equatable {
  private var bytes = [Int](repeating: 0, count: MemoryKind.allCases.count)

  /// No bytes at all.
  public init() {}

  /// Bytes of one kind.
  public subscript(kind: MemoryKind) -> Int {
    get { bytes[kind.rawValue] }
    set { bytes[kind.rawValue] = newValue }
  }

  /// Bytes of all kinds together.
  public var total: Int { bytes.reduce(0, +) }
}

/// Where tensors get their memory: 64-byte aligned blocks, counted exactly by kind.
///
/// The count is of the bytes that tensors ask for; it does not depend on the threads, on the allocator or on
/// what ran before, so the memory term of a score is a fact of the run. Freed blocks are kept for the next
/// tensor of the same size, because a training step asks for the same sizes again and again.
public final class MemoryPool: Sendable {
  private struct State {
    var live = MemoryUse()
    var peak = MemoryUse()
    var free: [Int: [UInt]] = [:]
    var freeBytes = 0
  }

  private let state = Mutex(State())

  /// Creates an empty pool.
  public init() {}

  deinit { trim() }

  /// Bytes held now.
  public var live: MemoryUse { state.withLock { $0.live } }

  /// Bytes held at the moment since the last `resetPeak()` at which most were held in total.
  public var peak: MemoryUse { state.withLock { $0.peak } }

  /// Starts a new measurement: the peak becomes what is held now.
  public func resetPeak() { state.withLock { $0.peak = $0.live } }

  /// Gives the kept free blocks back to the system.
  public func trim() {
    let blocks = state.withLock { state in
      let blocks = state.free.values.flatMap { $0 }
      state.free = [:]
      state.freeBytes = 0
      return blocks
    }
    for block in blocks { UnsafeMutableRawPointer(bitPattern: block)?.deallocate() }
  }

  /// Counts `byteCount` bytes that live outside the pool's own blocks, such as a packed weight's.
  func count(_ byteCount: Int, as kind: MemoryKind) {
    state.withLock { state in
      state.live[kind] += byteCount
      if state.live.total > state.peak.total { state.peak = state.live }
    }
  }

  func allocate(_ byteCount: Int, as kind: MemoryKind) -> UnsafeMutableRawPointer {
    let size = Self.blockSize(byteCount)
    let reused: UInt? = state.withLock { state in
      state.live[kind] += byteCount
      if state.live.total > state.peak.total { state.peak = state.live }
      guard let block = state.free[size]?.popLast() else { return nil }
      state.freeBytes -= size
      return block
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
    return .allocate(byteCount: size, alignment: 64)
  }

  func release(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int, as kind: MemoryKind) {
    let size = Self.blockSize(byteCount)
    state.withLock { state in
      state.live[kind] -= byteCount
      state.free[size, default: []].append(UInt(bitPattern: pointer))
      state.freeBytes += size
    }
  }

  /// Sizes are rounded up, coarsely for large blocks, so that batches of different lengths share free blocks.
  private static func blockSize(_ byteCount: Int) -> Int {
    let bytes = max(byteCount, 64)
    let magnitude = Int.bitWidth - 1 - bytes.leadingZeroBitCount
    let grain = max(64, 1 << (magnitude - 3))
    return (bytes + grain - 1) / grain * grain
  }
}
