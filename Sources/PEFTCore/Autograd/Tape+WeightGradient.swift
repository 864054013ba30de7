extension Tape {
  /// `y` as it is; its backward pass adds the gradient of the weight that made it, `dyᵀ · x`, to a sum.
  ///
  /// So the gradient of a frozen weight can be looked at without a trainable copy of it.
  ///
  /// - Parameters:
  ///   - y: `[T, outputs]`, what the weight gave for `x`; nobody else may read it afterwards.
  ///   - x: `[T, inputs]`; kept for the backward pass.
  ///   - sum: `[outputs, inputs]`; its gradient is the sum, and its value is neither read nor made.
  /// - Returns: `[T, outputs]`, the same memory as `y`.
  public func watchingWeight(of y: Variable, x: Variable, sum: Parameter) -> Variable {
    let (rows, inputs, outputs) = (x.value.rowCount, x.value.columnCount, y.value.columnCount)
    precondition(sum.shape == [outputs, inputs], "watchingWeight: \(sum.shape) for \(x.shape) to \(y.shape)")
    let workers = context.workers
    return recordFromParameters(y.value) { [unowned self, y = y.slot, saved = x.saved] dy in
      sum.accumulateGradient { target, accumulates in
        MatrixMultiply.multiply(
          m: outputs, n: inputs, k: rows, a: dy.elements, aStride: outputs, transposeA: true, b: saved.get().elements,
          bStride: inputs, c: target, cStride: inputs, accumulate: accumulates, workers: workers)
      }
      pass(dy, to: y)
    }
  }
}
