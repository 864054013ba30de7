/// What every computation needs: where tensors come from and how many threads work.
public struct ComputeContext: Sendable {
  /// Where tensors get their memory, and where it is counted.
  public let pool: MemoryPool
  /// The threads that kernels run on; their number never changes a result.
  public let workers: Workers

  /// Creates a context with its own memory pool.
  ///
  /// - Parameter profile: Where the time of every kernel is noted, if that is wanted.
  public init(threads: Int, pool: MemoryPool = MemoryPool(), profile: KernelProfile? = nil) {
    self.init(pool: pool, workers: Workers(count: threads, profile: profile))
  }

  private init(pool: MemoryPool, workers: Workers) {
    self.pool = pool
    self.workers = workers
  }

  /// A context in which operations run in full but for their arithmetic, as with PyTorch's fake tensors.
  ///
  /// Tensors have their shapes and are counted, kernels do nothing, and what a tensor holds means nothing. So a whole
  /// training step of a model without weights says what it would hold, whatever operations it is made of.
  ///
  /// - Parameter other: Another such context whose address space it shares, while its tensors are counted apart. Both must
  ///   be used by the same thread.
  public static func shapeOnly(besides other: ComputeContext? = nil) -> ComputeContext {
    ComputeContext(pool: MemoryPool(shapeOnly: other?.pool.sharedBlock ?? SharedBlock()), workers: .absent)
  }

  /// Whether values mean nothing here, so that nothing should be made of them at a cost.
  public var isShapeOnly: Bool { pool.isShapeOnly }

  /// The same threads, with tensors of another pool.
  func counting(in pool: MemoryPool) -> ComputeContext { ComputeContext(pool: pool, workers: workers) }
}
