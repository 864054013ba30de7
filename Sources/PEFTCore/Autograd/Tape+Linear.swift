extension Tape {
  /// `y = x · Wᵀ` with a frozen weight.
  ///
  /// Saves nothing: the gradient of x needs only W.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`.
  ///   - weight: `[outputs, inputs]`.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  public func linear(_ x: Variable, _ weight: WeightMatrix) -> Variable {
    let rows = x.value.rowCount
    precondition(x.value.columnCount == weight.inputs, "linear: \(x.shape) · [\(weight.outputs), \(weight.inputs)]ᵀ")
    let y = Tensor(uninitialized: [rows, weight.outputs], in: context.pool)
    weight.multiply(
      x.value.elements, rows: rows, xStride: weight.inputs, into: y.mutableElements, yStride: weight.outputs,
      accumulate: false, workers: context.workers)
    return record(y, from: [x]) { [unowned self, slot = x.slot] dy in
      accumulate(into: slot) { dx, accumulates in
        weight.multiplyTransposed(
          dy.elements, rows: rows, yStride: weight.outputs, into: dx, xStride: weight.inputs,
          accumulate: accumulates, workers: self.context.workers)
      }
    }
  }

  /// `y = x · Wᵀ` with a weight that may be trainable.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`.
  ///   - weight: `[outputs, inputs]`.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  public func linear(_ x: Variable, weight: Variable) -> Variable {
    let rows = x.value.rowCount
    let inputs = x.value.columnCount
    let outputs = weight.shape[0]
    precondition(weight.shape == [outputs, inputs], "linear: \(x.shape) · \(weight.shape)ᵀ")
    let y = Tensor(uninitialized: [rows, outputs], in: context.pool)
    let workers = context.workers
    MatrixMultiply.multiply(
      m: rows, n: outputs, k: inputs, a: x.value.elements, aStride: inputs, transposeA: false,
      b: weight.value.elements, bStride: inputs, transposeB: true, c: y.mutableElements, cStride: outputs,
      accumulate: false, workers: workers)
    // The gradient of each needs the other's value; what is not trained keeps nothing alive.
    let keptInput = weight.isTracked ? x.saved : nil
    let keptWeight = x.isTracked ? weight.value : nil
    return record(y, from: [x, weight]) { [unowned self, x = x.slot, weight = weight.slot] dy in
      accumulate(into: x) { dx, accumulates in
        guard let keptWeight else { return }
        MatrixMultiply.multiply(
          m: rows, n: inputs, k: outputs, a: dy.elements, aStride: outputs, transposeA: false,
          b: keptWeight.elements, bStride: inputs, transposeB: false, c: dx, cStride: inputs,
          accumulate: accumulates, workers: workers)
      }
      accumulate(into: weight) { dw, accumulates in
        guard let input = keptInput?.get() else { return }
        MatrixMultiply.multiply(
          m: outputs, n: inputs, k: rows, a: dy.elements, aStride: outputs, transposeA: true,
          b: input.elements, bStride: inputs, transposeB: false, c: dw, cStride: inputs,
          accumulate: accumulates, workers: workers)
      }
    }
  }

  /// `y + bias`, in place, for every row.
  ///
  /// - Parameters:
  ///   - bias: `[columns]`.
  ///   - y: `[T, columns]`; its value is overwritten.
  /// - Returns: `[T, columns]`, the same memory as `y`.
  public func addBias(_ bias: Variable, to y: Variable) -> Variable {
    let rows = y.value.rowCount
    let columns = y.value.columnCount
    precondition(bias.value.elementCount == columns, "addBias: \(bias.shape) to \(y.shape)")
    let workers = context.workers
    Elementwise.addRow(
      bias.value.elements, to: y.value.elements, into: y.value.mutableElements, rows: rows, columns: columns,
      workers: workers)
    return record(y.value, from: [y, bias]) { [unowned self, y = y.slot, bias = bias.slot] dy in
      accumulate(into: bias) { db, accumulates in
        if !accumulates { db.update(repeating: 0, count: columns) }
        Elementwise.addColumnSums(of: dy.elements, to: db, rows: rows, columns: columns, workers: workers)
      }
      pass(dy, to: y)
    }
  }

  /// Every row of `x` multiplied by `factors`, element by element: IA3's scaling.
  ///
  /// - Parameters:
  ///   - x: `[T, columns]`; saved for the gradient of the factors.
  ///   - factors: `[columns]`, in any shape with as many elements.
  /// - Returns: `[T, columns]`.
  public func scaleColumns(_ x: Variable, by factors: Variable) -> Variable {
    let rows = x.value.rowCount
    let columns = x.value.columnCount
    precondition(factors.value.elementCount == columns, "scaleColumns: \(x.shape) by \(factors.shape)")
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    let workers = context.workers
    Elementwise.multiplyRow(
      factors.value.elements, with: x.value.elements, into: y.mutableElements, rows: rows, columns: columns,
      workers: workers)
    let kept = factors.isTracked ? x.saved : nil
    return record(y, from: [x, factors]) { [unowned self, x = x.slot] dy in
      accumulate(into: factors) { df, accumulates in
        guard let kept = kept?.get() else { return }
        if !accumulates { df.update(repeating: 0, count: columns) }
        Elementwise.addColumnSums(
          ofProduct: dy.elements, kept.elements, to: df, rows: rows, columns: columns, workers: workers)
      }
      guard x.isTracked else { return }
      Elementwise.multiplyRow(
        factors.value.elements, with: dy.elements, into: dy.mutableElements, rows: rows, columns: columns,
        workers: workers)
      pass(dy, to: x)
    }
  }
}
