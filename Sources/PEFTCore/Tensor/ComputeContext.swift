/// What every computation needs: where tensors come from and how many threads work.
public struct ComputeContext: Sendable {
  /// Where tensors get their memory, and where it is counted.
  public let pool: MemoryPool
  /// The threads that kernels run on; their number never changes a result.
  public let workers: Workers

  /// Creates a context with its own memory pool.
  public init(threads: Int, pool: MemoryPool = MemoryPool()) {
    self.pool = pool
    workers = Workers(count: threads)
  }
}
