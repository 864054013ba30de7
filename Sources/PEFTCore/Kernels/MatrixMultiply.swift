/// Products of dense float32 matrices.
///
/// Every result is summed in one order that depends on nothing but the depth `k`: blocks of 256 terms from
/// 0, each one chain of (fused) multiply-adds in order, the blocks' sums added in order, to the old value
/// first where the product accumulates. So a row has the same bits whatever rows are beside it and
/// whatever number of threads computes it.
public enum MatrixMultiply {
  /// Whether this build's multiply-add rounds once.
  public static var usesFusedMultiplyAdd: Bool {
    #if CPU_X86_64_V3 || CPU_X86_64_V4 || arch(arm64)
      true
    #else
      false
    #endif
  }

  /// Computes `C = op(A)·op(B)`, or adds the product to `C`, on all workers.
  ///
  /// - Parameters:
  ///   - m: Rows of op(A) and C.
  ///   - n: Columns of op(B) and C.
  ///   - k: Columns of op(A), rows of op(B).
  ///   - a: `[m, k]`, or `[k, m]` if `transposeA`; rows `aStride` apart.
  ///   - b: `[k, n]`, or `[n, k]` if `transposeB`; rows `bStride` apart.
  ///   - c: `[m, n]`, rows `cStride` apart; overlaps neither `a` nor `b`.
  ///   - accumulate: Whether the product is added to what `c` holds.
  public static func multiply(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aStride: Int, transposeA: Bool = false,
    b: UnsafePointer<Float>, bStride: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, cStride: Int,
    accumulate: Bool = false, workers: Workers
  ) {
    let rows = ProductRows(
      rowCount: m, depth: k, a: a, aStride: aStride, aIsTransposed: transposeA, c: c, cStride: cStride,
      accumulates: accumulate)
    let source = StridedPanels(columnCount: n, b: b, stride: bStride, isTransposed: transposeB)
    BlockedMultiply(rows, by: source).run(on: workers, as: .denseProduct)
  }

  /// As `multiply`, on the calling thread, for use inside a piece of parallel work.
  ///
  /// - Parameter scratch: `serialScratchBytes(m:)` bytes, 64-byte aligned.
  public static func multiplySerially(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aStride: Int, transposeA: Bool = false,
    b: UnsafePointer<Float>, bStride: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, cStride: Int,
    accumulate: Bool = false, scratch: UnsafeMutableRawPointer
  ) {
    let rows = ProductRows(
      rowCount: m, depth: k, a: a, aStride: aStride, aIsTransposed: transposeA, c: c, cStride: cStride,
      accumulates: accumulate)
    let source = StridedPanels(columnCount: n, b: b, stride: bStride, isTransposed: transposeB)
    BlockedMultiply(rows, by: source).runSerially(scratch: scratch)
  }

  /// Bytes of scratch that `multiplySerially` needs for products of at most `m` rows.
  public static func serialScratchBytes(m: Int) -> Int {
    MemoryLayout<Float>.stride * BlockedMultiply<StridedPanels>.scratchCount(rows: m, sourceScratch: 0)
  }
}

/// Panels of a dense float32 matrix.
private struct StridedPanels: PanelSource {
  let columnCount: Int
  let b: UnsafePointer<Float>
  let stride: Int
  /// Whether `b` is stored as `[columns, depth]` and not as `[depth, columns]`.
  let isTransposed: Bool

  var scratchCount: Int { 0 }

  func panel(
    _ index: Int, depths: Range<Int>, buffer: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> (elements: UnsafePointer<Float>, stride: Int) {
    let panelWidth = KernelShape.panelWidth
    let column = index * panelWidth
    let width = min(panelWidth, columnCount - column)
    // Of a panel with fewer columns nothing else is read.
    let isWhole = width == PanelPart(columns: width).width
    if !isTransposed, isWhole { return (b + depths.lowerBound * stride + column, stride) }
    if !isWhole { buffer.update(repeating: 0, count: depths.count * panelWidth) }
    if isTransposed {
      BlockTransposition.transpose(
        b + column * stride + depths.lowerBound, sourceStride: stride, rows: width, columns: depths.count, to: buffer,
        targetStride: panelWidth)
    } else {
      for (row, depth) in depths.enumerated() {
        (buffer + row * panelWidth).update(from: b + depth * stride + column, count: width)
      }
    }
    return (UnsafePointer(buffer), panelWidth)
  }
}
