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
/// tensors, because a training step asks for much the same sizes again and again, and fresh memory from the
/// system costs a page fault every 4 KB; but blocks in use and kept together never exceed the most that was in
/// use at one time by more than an eighth, or by 32 MB where that is more.
public final class MemoryPool: Sendable {
  fileprivate struct State {
    var live = MemoryUse()
    var peak = MemoryUse()
    /// Kept blocks by their size, and all sizes with blocks in ascending order.
    var free: [Int: [UInt]] = [:]
    var sizes: [Int] = []
    var freeBytes = 0
    var usedBytes = 0
    var mostUsedBytes = 0
  }

  private let state = Mutex(State())

  /// The blocks of packed weights, which `count(_:as:)` counts.
  let weightArena = WeightArena()

  /// Where all blocks lie, in a pool whose tensors have shapes alone.
  let sharedBlock: SharedBlock?

  /// Creates an empty pool.
  public init() { sharedBlock = nil }

  /// Creates an empty pool whose tensors are counted, and all lie in the same place.
  init(shapeOnly block: SharedBlock) { sharedBlock = block }

  /// Whether what its tensors hold means nothing (`ComputeContext.shapeOnly`).
  public var isShapeOnly: Bool { sharedBlock != nil }

  /// Whether there is room for a tensor of so many bytes: of a pool of shapes alone, address space for it.
  public func hasRoom(for byteCount: Int) -> Bool {
    sharedBlock.map { $0.reserve(byteCount) } ?? true
  }

  deinit { trim() }

  /// Bytes held now.
  public var live: MemoryUse { state.withLock { $0.live } }

  /// Bytes held at the moment since the last `resetPeak()` at which most were held in total.
  public var peak: MemoryUse { state.withLock { $0.peak } }

  /// Starts a new measurement: the peak becomes what is held now.
  public func resetPeak() { state.withLock { $0.peak = $0.live } }

  /// Gives the kept free blocks back to the system.
  public func trim() {
    state.withLock { state in
      while let size = state.sizes.last { state.drop(size) }
    }
  }

  /// Counts `byteCount` bytes that live outside the pool's own blocks, such as a packed weight's.
  func count(_ byteCount: Int, as kind: MemoryKind) {
    state.withLock { $0.count(byteCount, as: kind) }
  }

  /// Counts bytes as held for a moment, as those of work that is left out: they may be the peak, and are gone at once.
  func countForAMoment(_ byteCount: Int, as kind: MemoryKind) {
    state.withLock { state in
      state.count(byteCount, as: kind)
      state.count(-byteCount, as: kind)
    }
  }

  /// A block of at least `byteCount` bytes; its own size is needed to release it.
  func allocate(_ byteCount: Int, as kind: MemoryKind) -> (block: UnsafeMutableRawPointer, size: Int) {
    let size = Self.blockSize(byteCount)
    if let sharedBlock {
      count(byteCount, as: kind)
      return (sharedBlock.memory(size), size)
    }
    let reused: (block: UInt, size: Int)? = state.withLock { state in
      state.count(byteCount, as: kind)
      let kept = state.take(atLeast: size)
      state.usedBytes += kept?.size ?? size
      state.mostUsedBytes = max(state.mostUsedBytes, state.usedBytes)
      if kept == nil { state.makeRoom() }
      return kept
    }
    if let reused, let block = UnsafeMutableRawPointer(bitPattern: reused.block) { return (block, reused.size) }
    return (SystemBlock.allocate(size), size)
  }

  func release(_ block: UnsafeMutableRawPointer, size: Int, _ byteCount: Int, as kind: MemoryKind) {
    guard sharedBlock == nil else { return count(-byteCount, as: kind) }
    state.withLock { state in
      state.count(-byteCount, as: kind)
      state.usedBytes -= size
      state.keep(UInt(bitPattern: block), size)
      state.makeRoom()
    }
  }

  /// Sizes are rounded up by at most an eighth, so that batches of different lengths share kept blocks.
  private static func blockSize(_ byteCount: Int) -> Int {
    let bytes = max(byteCount, 64)
    let magnitude = Int.bitWidth - 1 - bytes.leadingZeroBitCount
    let grain = max(64, 1 << (magnitude - 3))
    return (bytes + grain - 1) / grain * grain
  }
}

extension MemoryPool.State {
  /// Bytes that may be kept beside what was in use, however little that was.
  ///
  /// A forward pass without a backward one uses a few tensors of several sizes, one after the other. An eighth of them
  /// keeps hardly any, and a sixth of the pass went into page faults.
  private static var alwaysKept: Int { 32 << 20 }

  mutating func count(_ byteCount: Int, as kind: MemoryKind) {
    live[kind] += byteCount
    if live.total > peak.total { peak = live }
  }

  mutating func keep(_ block: UInt, _ size: Int) {
    if free[size, default: []].isEmpty { sizes.insert(size, at: position(of: size)) }
    free[size, default: []].append(block)
    freeBytes += size
  }

  /// The smallest kept block that fits and is not more than twice as large.
  mutating func take(atLeast size: Int) -> (block: UInt, size: Int)? {
    let index = position(of: size)
    guard index < sizes.count, sizes[index] <= 2 * size, let block = free[sizes[index]]?.popLast() else { return nil }
    let found = sizes[index]
    if free[found]?.isEmpty == true { sizes.remove(at: index) }
    freeBytes -= found
    return (block, found)
  }

  /// Gives kept blocks back, the largest first, as long as they exceed what may be kept.
  mutating func makeRoom() {
    while usedBytes + freeBytes > mostUsedBytes + max(mostUsedBytes / 8, Self.alwaysKept), let largest = sizes.last {
      drop(largest)
    }
  }

  mutating func drop(_ size: Int) {
    guard let block = free[size]?.popLast() else { return }
    if free[size]?.isEmpty == true { sizes.remove(at: position(of: size)) }
    freeBytes -= size
    if let block = UnsafeMutableRawPointer(bitPattern: block) { SystemBlock.free(block, size) }
  }

  private func position(of size: Int) -> Int {
    var low = 0
    var high = sizes.count
    while low < high {
      let middle = (low + high) / 2
      if sizes[middle] < size { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Memory from the system, large blocks as pages of their own.
///
/// Of those nothing stays resident when they are given back, while the heap keeps what is freed between blocks in use.
private enum SystemBlock {
  /// Bytes from which on a block has its own pages.
  private static var leastMapped: Int { 256 << 10 }

  /// A block of `size` bytes, 64-byte aligned; without memory the program ends, as with any other allocation.
  static func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    guard size >= leastMapped else { return .allocate(byteCount: size, alignment: 64) }
    guard let block = SystemPages.map(size) else { preconditionFailure("no memory for a tensor of \(size) bytes") }
    return block
  }

  /// Gives a block of `size` bytes back.
  static func free(_ block: UnsafeMutableRawPointer, _ size: Int) {
    if size >= leastMapped { SystemPages.unmap(block, size) } else { block.deallocate() }
  }
}
