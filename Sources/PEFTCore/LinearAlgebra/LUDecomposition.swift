/// `P · A = L · U` of a square matrix in double precision, by Gaussian elimination with partial pivoting.
///
/// - Source: Golub & Van Loan, Matrix Computations, algorithm 3.4.1.
public struct LUDecomposition: Sendable {
  /// Rows and columns.
  public let size: Int
  /// L below the diagonal (its own diagonal is 1) and U from the diagonal on, row-major.
  private var factors: [Double]
  /// Row i of P · A is row `order[i]` of A.
  private var order: [Int]

  /// Decomposes a matrix; nil if a pivot is zero or not a number, so that it is singular.
  ///
  /// - Parameters:
  ///   - elements: `[size, size]`, row-major.
  ///   - size: Rows and columns.
  /// - Precondition: There are size² elements.
  public init?(_ elements: [Double], size: Int) {
    precondition(elements.count == size * size, "LU: \(elements.count) elements for size \(size)")
    self.size = size
    factors = elements
    order = Array(0..<size)
    for step in 0..<size {
      var pivot = step
      for row in step..<size where abs(factors[row * size + step]) > abs(factors[pivot * size + step]) { pivot = row }
      guard abs(factors[pivot * size + step]) > 0 else { return nil }
      if pivot != step {
        order.swapAt(pivot, step)
        for column in 0..<size { factors.swapAt(pivot * size + column, step * size + column) }
      }
      let diagonal = factors[step * size + step]
      for row in step + 1..<max(size, step + 1) {
        let factor = factors[row * size + step] / diagonal
        factors[row * size + step] = factor
        guard factor != 0 else { continue }
        for column in step + 1..<size { factors[row * size + column] -= factor * factors[step * size + column] }
      }
    }
  }

  /// Solves `A · X = B`.
  ///
  /// - Parameters:
  ///   - right: B, `[size, columns]`, row-major.
  ///   - columns: Right-hand sides.
  /// - Returns: X, `[size, columns]`, row-major.
  public func solve(_ right: [Double], columns: Int) -> [Double] {
    precondition(right.count == size * columns, "LU: \(right.count) elements for \(columns) columns of \(size)")
    var x = [Double](repeating: 0, count: right.count)
    for row in 0..<size {
      for column in 0..<columns { x[row * columns + column] = right[order[row] * columns + column] }
      for earlier in 0..<row { subtract(factors[row * size + earlier], times: earlier, from: row, &x, columns) }
    }
    for row in stride(from: size - 1, through: 0, by: -1) {
      for later in row + 1..<max(size, row + 1) {
        subtract(factors[row * size + later], times: later, from: row, &x, columns)
      }
      for column in 0..<columns { x[row * columns + column] /= factors[row * size + row] }
    }
    return x
  }

  /// A⁻¹, `[size, size]`, row-major.
  public var inverse: [Double] {
    var identity = [Double](repeating: 0, count: size * size)
    for index in 0..<size { identity[index * size + index] = 1 }
    return solve(identity, columns: size)
  }

  private func subtract(_ factor: Double, times source: Int, from target: Int, _ x: inout [Double], _ columns: Int) {
    guard factor != 0 else { return }
    for column in 0..<columns { x[target * columns + column] -= factor * x[source * columns + column] }
  }
}
