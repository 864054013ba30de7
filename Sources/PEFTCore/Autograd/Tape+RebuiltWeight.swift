extension Tape {
  /// `x · Wᵀ` with a weight that is built from parameters whenever it is needed, and never kept.
  ///
  /// Builds the weight once without recording it, and once more in the backward pass, recorded, through which its gradient
  /// `dyᵀ · x` goes back to the parameters. Kept is x alone: with a weight of its own for each of a model's maps, keeping them
  /// would take the model's memory once more.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`.
  ///   - build: Makes the weight `[outputs, inputs]` on the tape that it is given, from parameters and constants alone; it is
  ///     called twice and must give the same both times.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  public func linear(_ x: Variable, rebuilding build: @escaping (Tape) -> Variable) -> Variable {
    let weight = builtOnce(build)
    let y = Tensor(uninitialized: [x.value.rowCount, weight.rowCount], in: context.pool)
    multiply(x.value, by: weight, into: y, accumulate: false)
    return recordFromParameters(y) { [unowned self, x = x.slot, saved = x.saved] dy in
      goBack(dy, x: x, saved: saved, build: build)
    }
  }

  /// `y + x · ΔWᵀ`, in place, with an update that is built as `linear(_:rebuilding:)` builds a weight.
  ///
  /// - Parameters:
  ///   - y: `[T, outputs]`; its value is overwritten.
  ///   - x: `[T, inputs]`.
  ///   - build: Makes the update `[outputs, inputs]`.
  /// - Returns: `[T, outputs]`, the same memory as `y`.
  public func addLinear(to y: Variable, x: Variable, rebuilding build: @escaping (Tape) -> Variable) -> Variable {
    multiply(x.value, by: builtOnce(build), into: y.value, accumulate: true)
    return recordFromParameters(y.value) { [unowned self, y = y.slot, x = x.slot, saved = x.saved] dy in
      goBack(dy, x: x, saved: saved, build: build)
      pass(dy, to: y)
    }
  }

  private func builtOnce(_ build: (Tape) -> Variable) -> Tensor {
    build(Tape(context: context, recording: false, dropout: dropoutStream)).value
  }

  private func multiply(_ x: Tensor, by weight: Tensor, into y: Tensor, accumulate: Bool) {
    let (rows, inputs, outputs) = (x.rowCount, x.columnCount, y.columnCount)
    precondition(
      weight.shape == [outputs, inputs] && y.rowCount == rows,
      "rebuilt weight: \(weight.shape) for \(x.shape) to \(y.shape)")
    MatrixMultiply.multiply(
      m: rows, n: outputs, k: inputs, a: x.elements, aStride: inputs, b: weight.elements, bStride: inputs,
      transposeB: true, c: y.mutableElements, cStride: outputs, accumulate: accumulate, workers: context.workers)
  }

  /// Passes the gradient of a product on to its input, and through the weight to the parameters.
  private func goBack(_ dy: Tensor, x: GradientSlot, saved: SavedValue, build: (Tape) -> Variable) {
    let again = Tape(context: context, recording: true, dropout: dropoutStream)
    let (rows, outputs) = (dy.rowCount, dy.columnCount)
    let workers = context.workers
    // The weight is let go before its gradient, which is as large, is made.
    let slot = {
      let weight = build(again)
      accumulate(into: x) { dx, accumulates in
        let inputs = weight.value.columnCount
        MatrixMultiply.multiply(
          m: rows, n: inputs, k: outputs, a: dy.elements, aStride: outputs, b: weight.value.elements, bStride: inputs,
          c: dx, cStride: inputs, accumulate: accumulates, workers: workers)
      }
      return weight.slot
    }()
    again.accumulate(into: slot) { dw, accumulates in
      let input = saved.get()
      let inputs = input.columnCount
      MatrixMultiply.multiply(
        m: outputs, n: inputs, k: rows, a: dy.elements, aStride: outputs, transposeA: true, b: input.elements,
        bStride: inputs, c: dw, cStride: inputs, accumulate: accumulates, workers: workers)
    }
    again.runBackward()
  }
}
