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

  /// The same threads, with tensors of another pool.
  func counting(in pool: MemoryPool) -> ComputeContext { ComputeContext(pool: pool, workers: workers) }
}
