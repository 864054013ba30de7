import Dispatch

/// What the matrix kernel reaches when everything it reads is in the first-level cache: the bound of every product.
public enum KernelPeak {
  /// Multiplications and additions a second of all workers together; the best of some short rounds.
  public static func operationsPerSecond(on workers: Workers) -> Double {
    (0..<8).reduce(0) { best, _ in
      let (operations, seconds) = round(on: workers)
      return max(best, operations / seconds)
    }
  }

  /// The same over a span of time, with whatever else the machine does in it.
  ///
  /// - Parameter seconds: How long to go on; one round at least.
  public static func operationsPerSecond(on workers: Workers, over seconds: Double) -> Double {
    var total = (operations: 0.0, seconds: 0.0)
    repeat {
      let (operations, seconds) = round(on: workers)
      total = (total.operations + operations, total.seconds + seconds)
    } while total.seconds < seconds
    return total.operations / total.seconds
  }

  /// A millisecond or two of the kernel on each worker.
  private static func round(on workers: Workers) -> (operations: Double, seconds: Double) {
    let depth = KernelShape.depthBlock / 4
    let rows = KernelShape.tileRows
    let width = KernelShape.panelWidth
    let repetitions = 4096
    let operations = Double(2 * rows * width * depth * repetitions * workers.count)
    let bytes = MemoryLayout<Float>.stride * (rows * depth + depth * width + rows * width)
    let start = DispatchTime.now().uptimeNanoseconds
    workers.run(pieces: workers.count, scratchBytes: bytes + 1) { _, scratch in
      let sink = (scratch + bytes).assumingMemoryBound(to: UInt8.self)
      let a = scratch.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
      a.update(repeating: 0, count: bytes / MemoryLayout<Float>.stride)
      let b = a + rows * depth
      // Rows interleaved, as products read them that copy their rows.
      let product = TileProduct(
        a: a, aRowStride: 1, aDepthStride: rows, depth: depth, c: b + depth * width, cStride: width, adding: false,
        ahead: FetchAhead(start: a, stride: 0, sink: sink))
      for _ in 0..<repetitions { TileKernel.multiply(height: rows, product, b: b, bStride: width) }
    }
    return (operations, Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
  }
}
