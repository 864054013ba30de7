/// The shape of a product `C = op(A) · op(B)` of matrices without gaps, and the two products of its backward pass.
struct MatrixProduct {
  /// Rows of op(A) and C.
  let m: Int
  /// Columns of op(B) and C.
  let n: Int
  /// Columns of op(A), rows of op(B).
  let k: Int
  /// Whether A is stored as `[k, m]`.
  let transposeA: Bool
  /// Whether B is stored as `[n, k]`.
  let transposeB: Bool

  /// What carries products out: all workers, or the calling thread inside a piece of parallel work.
  enum Runner {
    case workers(Workers)
    /// `MatrixMultiply.serialScratchBytes(m:)` bytes for the product with the most rows.
    case serial(scratch: UnsafeMutableRawPointer)
  }

  /// The shape for operands as they are stored; nil if they do not fit.
  init?(a: [Int], b: [Int], transposeA: Bool, transposeB: Bool) {
    guard a.count == 2, b.count == 2 else { return nil }
    (m, k) = transposeA ? (a[1], a[0]) : (a[0], a[1])
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    n = transposeB ? b[0] : b[1]
    guard k == (transposeB ? b[1] : b[0]) else { return nil }
  }

  /// The most rows of the product and of its two gradients, for scratch.
  var mostRows: Int { max(m, n, k) }

  /// `C = op(A) · op(B)`, or adds it to C.
  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, accumulate: Bool = false,
    on runner: Runner
  ) {
    runner.multiply(
      m: m, n: n, k: k, a: a, aStride: transposeA ? m : k, transposeA: transposeA, b: b, bStride: transposeB ? k : n,
      transposeB: transposeB, c: c, cStride: n, accumulate: accumulate)
  }

  /// The gradient of A as it is stored, from that of C: `dC · op(B)ᵀ`, or its transpose.
  func gradientOfA(
    _ dc: UnsafePointer<Float>, b: UnsafePointer<Float>, into da: UnsafeMutablePointer<Float>, accumulate: Bool,
    on runner: Runner
  ) {
    let bStride = transposeB ? k : n
    if transposeA {
      runner.multiply(
        m: k, n: m, k: n, a: b, aStride: bStride, transposeA: transposeB, b: dc, bStride: n, transposeB: true, c: da,
        cStride: m, accumulate: accumulate)
    } else {
      runner.multiply(
        m: m, n: k, k: n, a: dc, aStride: n, transposeA: false, b: b, bStride: bStride, transposeB: !transposeB, c: da,
        cStride: k, accumulate: accumulate)
    }
  }

  /// The gradient of B as it is stored, from that of C: `op(A)ᵀ · dC`, or its transpose.
  func gradientOfB(
    _ dc: UnsafePointer<Float>, a: UnsafePointer<Float>, into db: UnsafeMutablePointer<Float>, accumulate: Bool,
    on runner: Runner
  ) {
    let aStride = transposeA ? m : k
    if transposeB {
      runner.multiply(
        m: n, n: k, k: m, a: dc, aStride: n, transposeA: true, b: a, bStride: aStride, transposeB: transposeA, c: db,
        cStride: k, accumulate: accumulate)
    } else {
      runner.multiply(
        m: k, n: n, k: m, a: a, aStride: aStride, transposeA: !transposeA, b: dc, bStride: n, transposeB: false, c: db,
        cStride: n, accumulate: accumulate)
    }
  }
}

extension MatrixProduct.Runner {
  /// As `MatrixMultiply.multiply`.
  func multiply(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aStride: Int, transposeA: Bool, b: UnsafePointer<Float>,
    bStride: Int, transposeB: Bool, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    switch self {
    case .workers(let workers):
      MatrixMultiply.multiply(
        m: m, n: n, k: k, a: a, aStride: aStride, transposeA: transposeA, b: b, bStride: bStride,
        transposeB: transposeB, c: c, cStride: cStride, accumulate: accumulate, workers: workers)
    case .serial(let scratch):
      MatrixMultiply.multiplySerially(
        m: m, n: n, k: k, a: a, aStride: aStride, transposeA: transposeA, b: b, bStride: bStride,
        transposeB: transposeB, c: c, cStride: cStride, accumulate: accumulate, scratch: scratch)
    }
  }
}

extension Workers {
  /// Calls `body` for each of `count` small products, which are independent of each other.
  ///
  /// - Parameter rows: The most rows of one product.
  func runProducts(
    count: Int, rows: Int, _ body: (_ index: Int, _ runner: MatrixProduct.Runner) -> Void
  ) {
    run(pieces: count, scratchBytes: MatrixMultiply.serialScratchBytes(m: rows), as: .denseProduct) { index, scratch in
      body(index, .serial(scratch: scratch))
    }
  }
}
