import Dispatch

/// What the matrix kernel reaches when everything it reads is in the first-level cache: the bound of every product.
public enum KernelPeak {
  /// Multiplications and additions a second of all workers together; the best of some short rounds.
  public static func operationsPerSecond(on workers: Workers) -> Double {
    let depth = KernelShape.depthBlock / 4
    let rows = KernelShape.tileRows
    let width = KernelShape.panelWidth
    let repetitions = 4096
    let operations = Double(2 * rows * width * depth * repetitions * workers.count)
    let bytes = MemoryLayout<Float>.stride * (rows * depth + depth * width + rows * width)
    var best = 0.0
    for _ in 0..<8 {
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
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
      best = max(best, operations / seconds)
    }
    return best
  }
}
