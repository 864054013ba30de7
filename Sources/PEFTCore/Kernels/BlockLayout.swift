/// Products of groups of columns by small matrices, one a group: a block-diagonal map and its gradients.
struct BlockLayout {
  /// Rows of the input.
  let rows: Int
  /// Groups of columns, each with a block.
  let groups: Int
  /// Columns of a group of the input.
  let width: Int
  /// Columns of a group of the result.
  let newWidth: Int
  /// Whether blocks are stored as `[newWidth, width]` and not as `[width, newWidth]`.
  let isTransposed: Bool

  private var blockSize: Int { width * newWidth }
  private var blockStride: Int { isTransposed ? width : newWidth }

  /// `y[:, g] = x[:, g] · op(B[g])`.
  func forward(
    _ x: UnsafePointer<Float>, _ blocks: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, workers: Workers
  ) {
    eachGroup(rows: rows, workers) { group, runner in
      runner.multiply(
        m: rows, n: newWidth, k: width, a: x + group * width, aStride: groups * width, transposeA: false,
        b: blocks + group * blockSize, bStride: blockStride, transposeB: isTransposed, c: y + group * newWidth,
        cStride: groups * newWidth, accumulate: false)
    }
  }

  /// `dx[:, g] = dy[:, g] · op(B[g])ᵀ`, or adds it.
  func gradientOfInput(
    _ dy: UnsafePointer<Float>, _ blocks: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
    accumulate: Bool, workers: Workers
  ) {
    eachGroup(rows: rows, workers) { group, runner in
      runner.multiply(
        m: rows, n: width, k: newWidth, a: dy + group * newWidth, aStride: groups * newWidth, transposeA: false,
        b: blocks + group * blockSize, bStride: blockStride, transposeB: !isTransposed, c: dx + group * width,
        cStride: groups * width, accumulate: accumulate)
    }
  }

  /// `dB[g] = dy[:, g]ᵀ · x[:, g]`, or its transpose, or adds it.
  func gradientOfBlocks(
    _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into dBlocks: UnsafeMutablePointer<Float>,
    accumulate: Bool, workers: Workers
  ) {
    eachGroup(rows: max(width, newWidth), workers) { group, runner in
      let (new, old) = (dy + group * newWidth, x + group * width)
      if isTransposed {
        runner.multiply(
          m: newWidth, n: width, k: rows, a: new, aStride: groups * newWidth, transposeA: true, b: old,
          bStride: groups * width, transposeB: false, c: dBlocks + group * blockSize, cStride: width,
          accumulate: accumulate)
      } else {
        runner.multiply(
          m: width, n: newWidth, k: rows, a: old, aStride: groups * width, transposeA: true, b: new,
          bStride: groups * newWidth, transposeB: false, c: dBlocks + group * blockSize, cStride: newWidth,
          accumulate: accumulate)
      }
    }
  }

  /// A few large products use all workers each; many small ones are shared out.
  private func eachGroup(
    rows: Int, _ workers: Workers, _ body: (_ group: Int, _ runner: MatrixProduct.Runner) -> Void
  ) {
    if groups < 4 {
      for group in 0..<groups { body(group, .workers(workers)) }
    } else {
      workers.runProducts(count: groups, rows: rows, body)
    }
  }
}
