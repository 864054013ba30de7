/// `A = Q · R` of a tall matrix by Householder reflections, in double precision.
///
///     H_k = I - tau_k · v_k · v_kᵀ,  Q = H_0 · H_1 ⋯,  R upper triangular
///
/// Signs are those of LAPACK's `dgeqrf`, hence of numpy and PyTorch: element k of R's diagonal has the opposite sign of
/// what it replaces, unless nothing but zeros is below it, when it stays.
///
/// - Source: Golub & Van Loan, Matrix Computations, algorithm 5.2.1, with LAPACK's `dlarfg`.
public struct HouseholderQR: Sendable {
  /// Rows of A.
  public let rows: Int
  /// Columns of A.
  public let columns: Int
  /// Column k of A after the reflections, one after the other: R above and on the diagonal, v_k below (its own first
  /// element, 1, is not stored).
  private var stored: [Double]
  private var taus: [Double]

  /// Decomposes a matrix.
  ///
  /// - Parameters:
  ///   - matrix: `[rows, columns]`.
  ///   - workers: Share the columns out; the result does not depend on their number.
  /// - Precondition: There are at least as many rows as columns.
  public init(_ matrix: DoubleMatrix, workers: Workers) {
    self.init(ofTransposed: matrix.transposed, workers: workers)
  }

  /// As `init(_:workers:)` for a matrix whose columns are given as rows.
  init(ofTransposed matrix: DoubleMatrix, workers: Workers) {
    let (rows, columns) = (matrix.columns, matrix.rows)
    precondition(rows >= columns, "QR of a [\(rows), \(columns)] matrix, which is not tall")
    (self.rows, self.columns) = (rows, columns)
    stored = matrix.elements
    taus = [Double](repeating: 0, count: columns)
    stored.withUnsafeMutableBufferPointer { buffer in
      guard let stored = buffer.baseAddress else { return }
      for step in 0..<columns {
        let pivot = stored + step * rows + step
        let length = rows - step
        taus[step] = Self.makeReflector(pivot, count: length)
        let tau = taus[step]
        workers.run(count: columns - step - 1, grain: max(1, 8192 / length)) { start, count in
          for column in start..<start + count {
            Self.reflect(stored + (step + 1 + column) * rows + step, by: pivot, tau: tau, count: length)
          }
        }
      }
    }
  }

  /// R, `[columns, columns]`, upper triangular.
  public var r: DoubleMatrix {
    var r = DoubleMatrix(zeros: columns, columns)
    for column in 0..<columns { for row in 0...column { r[row, column] = stored[column * rows + row] } }
    return r
  }

  /// The first columns of Q, which are orthonormal and span A's: `[rows, columns]`.
  public func q(workers: Workers) -> DoubleMatrix {
    var vectors = DoubleMatrix(zeros: columns, rows)
    for column in 0..<columns { vectors[column, column] = 1 }
    applyQ(toRowsOf: &vectors, workers: workers)
    return vectors.transposed
  }

  /// Replaces every row x by `Q · x`.
  ///
  /// - Parameter vectors: `[any, rows]`.
  func applyQ(toRowsOf vectors: inout DoubleMatrix, workers: Workers) {
    precondition(vectors.columns == rows, "Q of \(rows) rows and vectors of \(vectors.columns)")
    let count = vectors.rows
    vectors.elements.withUnsafeMutableBufferPointer { buffer in
      stored.withUnsafeBufferPointer { stored in
        guard let vectors = buffer.baseAddress, let stored = stored.baseAddress else { return }
        workers.run(count: count, grain: 8) { start, count in
          for step in stride(from: columns - 1, through: 0, by: -1) {
            for row in start..<start + count {
              Self.reflect(
                vectors + row * rows + step, by: stored + step * rows + step, tau: taus[step], count: rows - step)
            }
          }
        }
      }
    }
  }

  /// Makes the reflector that leaves nothing of x but its first element, which becomes R's diagonal.
  ///
  /// - Returns: tau; 0 where x has only zeros after its first element.
  private static func makeReflector(_ x: UnsafeMutablePointer<Double>, count: Int) -> Double {
    let rest = DoubleVectors.dot(x + 1, x + 1, count: count - 1)
    guard rest > 0 else { return 0 }
    let length = (x[0] * x[0] + rest).squareRoot()
    let diagonal = x[0] < 0 ? length : -length
    let tau = (diagonal - x[0]) / diagonal
    DoubleVectors.scale(x + 1, by: 1 / (x[0] - diagonal), count: count - 1)
    x[0] = diagonal
    return tau
  }

  private static func reflect(
    _ x: UnsafeMutablePointer<Double>, by v: UnsafePointer<Double>, tau: Double, count: Int
  ) {
    guard tau != 0 else { return }
    let factor = tau * (x[0] + DoubleVectors.dot(v + 1, x + 1, count: count - 1))
    x[0] -= factor
    DoubleVectors.add(v + 1, times: -factor, to: x + 1, count: count - 1)
  }
}
