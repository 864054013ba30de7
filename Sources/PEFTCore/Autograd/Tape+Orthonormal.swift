extension Tape {
  /// `x · W` with a frozen weight: the product of the backward pass, as an operation of its own.
  ///
  /// Saves nothing: the gradient of x needs only W.
  ///
  /// - Parameters:
  ///   - x: `[R, outputs]`.
  ///   - weight: `[outputs, inputs]`.
  /// - Returns: `[R, inputs]`, which the caller may overwrite.
  public func linearTransposed(_ x: Variable, _ weight: WeightMatrix) -> Variable {
    let rows = x.value.rowCount
    precondition(
      x.value.columnCount == weight.outputs, "linearTransposed: \(x.shape) · [\(weight.outputs), \(weight.inputs)]")
    let workers = context.workers
    let y = Tensor(uninitialized: [rows, weight.inputs], in: context.pool)
    weight.multiplyTransposed(
      x.value.elements, rows: rows, yStride: weight.outputs, into: y.mutableElements, xStride: weight.inputs,
      accumulate: false, workers: workers)
    return record(y, from: [x]) { [unowned self, slot = x.slot] dy in
      accumulate(into: slot) { dx, accumulates in
        weight.multiply(
          dy.elements, rows: rows, xStride: weight.inputs, into: dx, yStride: weight.outputs, accumulate: accumulates,
          workers: workers)
      }
    }
  }

  /// The orthonormal factor Q of `x = Q · R`, computed in double precision with LAPACK's signs.
  ///
  ///     dX = (dQ + Q · copyltu(-dQᵀ · Q)) · R⁻ᵀ,   copyltu: the lower triangle, mirrored
  ///
  /// Keeps Q and R. Columns of x that depend on each other have no gradient: it is not finite, which training reports.
  ///
  /// - Parameter x: `[m, r]` with r no more than m.
  /// - Returns: `[m, r]` with orthonormal columns.
  /// - Source: Walter & Lehmann 2018, arXiv 1001.1654, as in PyTorch's backward pass of `linalg.qr`.
  public func orthonormalFactor(_ x: Variable) -> Variable {
    let (rows, columns) = (x.value.rowCount, x.value.columnCount)
    let workers = context.workers
    let decomposition = HouseholderQR(
      DoubleMatrix(x.value.values, rows: rows, columns: columns), workers: workers)
    let (q, r) = (decomposition.q(workers: workers), decomposition.r)
    return record(Tensor(q.floats, shape: [rows, columns], in: context.pool), from: [x]) {
      [unowned self, slot = x.slot] dy in
      guard slot.isTracked else { return }
      let dq = DoubleMatrix(dy.values, rows: rows, columns: columns)
      let inner = dq.transposed.times(q, workers: workers)
      var mirrored = DoubleMatrix(zeros: columns, columns)
      for row in 0..<columns {
        for column in 0..<columns { mirrored[row, column] = -inner[max(row, column), min(row, column)] }
      }
      var dx = q.times(mirrored, workers: workers)
      for row in 0..<rows {
        for column in 0..<columns { dx[row, column] += dq[row, column] }
        // dx · Rᵀ = what is there: back substitution, from the last column on.
        for column in stride(from: columns - 1, through: 0, by: -1) {
          let known = (column + 1..<max(columns, column + 1)).reduce(0.0) { $0 + dx[row, $1] * r[column, $1] }
          dx[row, column] = (dx[row, column] - known) / r[column, column]
        }
      }
      pass(Tensor(dx.floats, shape: [rows, columns], in: context.pool), to: slot)
    }
  }
}
