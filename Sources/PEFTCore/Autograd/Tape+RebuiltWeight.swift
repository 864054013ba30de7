extension Tape {
  /// `y + x · ΔWᵀ`, in place, with an update that is built from parameters whenever it is needed, and never kept.
  ///
  /// Builds the update once without recording it, and once more in the backward pass, recorded, through which the gradient
  /// `dyᵀ · x` of the update goes back to the parameters. Kept is x alone: with an update as large as the weight for each of a
  /// model's maps, keeping them would take the model's memory once more.
  ///
  /// - Parameters:
  ///   - y: `[T, outputs]`; its value is overwritten.
  ///   - x: `[T, inputs]`.
  ///   - build: Makes the update `[outputs, inputs]` on the tape that it is given, from parameters and constants alone; it is
  ///     called twice and must give the same both times.
  /// - Returns: `[T, outputs]`, the same memory as `y`.
  public func addLinear(to y: Variable, x: Variable, rebuilding build: @escaping (Tape) -> Variable) -> Variable {
    let (rows, inputs, outputs) = (x.value.rowCount, x.value.columnCount, y.value.columnCount)
    let workers = context.workers
    let first = Tape(context: context, recording: false, dropout: dropoutStream)
    let weight = build(first).value
    precondition(weight.shape == [outputs, inputs], "rebuilt weight: \(weight.shape) for \(x.shape) to \(y.shape)")
    MatrixMultiply.multiply(
      m: rows, n: outputs, k: inputs, a: x.value.elements, aStride: inputs, b: weight.elements, bStride: inputs,
      transposeB: true, c: y.value.mutableElements, cStride: outputs, accumulate: true, workers: workers)
    return recordFromParameters(y.value) { [unowned self, y = y.slot, x = x.slot, saved = x.saved] dy in
      let again = Tape(context: context, recording: true, dropout: dropoutStream)
      let update = build(again)
      accumulate(into: x) { dx, accumulates in
        MatrixMultiply.multiply(
          m: rows, n: inputs, k: outputs, a: dy.elements, aStride: outputs, b: update.value.elements, bStride: inputs,
          c: dx, cStride: inputs, accumulate: accumulates, workers: workers)
      }
      again.accumulate(into: update) { dw, accumulates in
        MatrixMultiply.multiply(
          m: outputs, n: inputs, k: rows, a: dy.elements, aStride: outputs, transposeA: true, b: saved.get().elements,
          bStride: inputs, c: dw, cStride: inputs, accumulate: accumulates, workers: workers)
      }
      again.runBackward()
      pass(dy, to: y)
    }
  }
}
