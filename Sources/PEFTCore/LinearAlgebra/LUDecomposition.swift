/// `P · A = L · U` of a square matrix in double precision, by Gaussian elimination with partial pivoting.
///
/// - Source: Golub & Van Loan, Matrix Computations, algorithm 3.4.1.
public struct LUDecomposition: Sendable {
  /// Rows and columns.
  public let size: Int
  /// L below the diagonal (its own diagonal is 1) and U from the diagonal on.
  private var factors: DoubleMatrix
  /// Row i of P · A is row `order[i]` of A.
  private var order: [Int]

  /// Decomposes a matrix; nil if a pivot is zero or not a number, so that it is singular.
  ///
  /// - Precondition: The matrix is square.
  public init?(_ matrix: DoubleMatrix) {
    precondition(matrix.rows == matrix.columns, "LU of a [\(matrix.rows), \(matrix.columns)] matrix")
    size = matrix.rows
    factors = matrix
    order = Array(0..<size)
    for step in 0..<size {
      var pivot = step
      for row in step..<size where abs(factors[row, step]) > abs(factors[pivot, step]) { pivot = row }
      guard abs(factors[pivot, step]) > 0 else { return nil }
      if pivot != step {
        order.swapAt(pivot, step)
        for column in 0..<size { factors.elements.swapAt(pivot * size + column, step * size + column) }
      }
      for row in step + 1..<max(size, step + 1) where factors[row, step] != 0 {
        let factor = factors[row, step] / factors[step, step]
        factors[row, step] = factor
        for column in step + 1..<size { factors[row, column] -= factor * factors[step, column] }
      }
    }
  }

  /// Solves `A · X = B`.
  ///
  /// - Parameter right: B, with as many rows as A.
  /// - Returns: X, of B's shape.
  public func solve(_ right: DoubleMatrix) -> DoubleMatrix {
    precondition(right.rows == size, "LU of size \(size) for \(right.rows) rows")
    var x = DoubleMatrix(order.flatMap { right.rows($0..<$0 + 1).elements }, rows: size, columns: right.columns)
    for row in 0..<size {
      for earlier in 0..<row { x.subtract(factors[row, earlier], times: earlier, from: row) }
    }
    for row in stride(from: size - 1, through: 0, by: -1) {
      for later in row + 1..<max(size, row + 1) { x.subtract(factors[row, later], times: later, from: row) }
      for column in 0..<x.columns { x[row, column] /= factors[row, row] }
    }
    return x
  }

  /// A⁻¹.
  public var inverse: DoubleMatrix { solve(DoubleMatrix(identity: size)) }
}

extension DoubleMatrix {
  /// Subtracts a multiple of one row from another one.
  fileprivate mutating func subtract(_ factor: Double, times source: Int, from target: Int) {
    guard factor != 0 else { return }
    for column in 0..<columns { self[target, column] -= factor * self[source, column] }
  }
}
