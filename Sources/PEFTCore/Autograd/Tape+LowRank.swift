extension Tape {
  /// `y + scale · dropout(x) · Aᵀ · Bᵀ`, in place: LoRA's update.
  ///
  /// Source: Hu et al. 2021, equation 3. Saves the `[T, rank]` projection, and x where A is
  /// trained; a dropped-out x is drawn again in the backward pass.
  ///
  /// - Parameters:
  ///   - y: `[T, outputs]`; its value is overwritten.
  ///   - x: `[T, inputs]`.
  ///   - a: `[rank, inputs]`.
  ///   - b: `[outputs, rank]`.
  ///   - scale: The factor of the update.
  ///   - dropout: Probability of an element of x to be dropped while a dropout stream is set.
  ///   - purpose: Keeps the masks of different places apart.
  /// - Returns: `[T, outputs]`, the same memory as `y`.
  public func addLowRank(
    to y: Variable, x: Variable, a: Variable, b: Variable, scale: Float, dropout probability: Double, purpose: String
  ) -> Variable {
    let rows = x.value.rowCount
    let inputs = x.value.columnCount
    let outputs = y.value.columnCount
    let rank = a.shape[0]
    precondition(a.shape == [rank, inputs] && b.shape == [outputs, rank], "low rank: \(a.shape), \(b.shape)")
    let workers = context.workers
    let mask =
      probability > 0 ? dropoutStream.map { Dropout(probability: probability, stream: $0.child(purpose)) } : nil
    func dropped(_ x: Tensor) -> Tensor {
      guard let mask else { return x }
      let result = Tensor(uninitialized: x.shape, in: context.pool)
      mask.apply(to: x.elements, into: result.mutableElements, count: result.elementCount, workers: workers)
      return result
    }
    let projected = Tensor(uninitialized: [rows, rank], in: context.pool)
    let input = dropped(x.value)
    MatrixMultiply.multiply(
      m: rows, n: rank, k: inputs, a: input.elements, aStride: inputs, b: a.value.elements, bStride: inputs,
      transposeB: true, c: projected.mutableElements, cStride: rank, workers: workers)
    Elementwise.scale(
      projected.elements, by: scale, into: projected.mutableElements, count: rows * rank, workers: workers)
    MatrixMultiply.multiply(
      m: rows, n: outputs, k: rank, a: projected.elements, aStride: rank, b: b.value.elements, bStride: rank,
      transposeB: true, c: y.value.mutableElements, cStride: outputs, accumulate: true, workers: workers)
    let saved = a.isTracked ? x.saved : nil
    return record(y.value, from: [y, x, a, b]) {
      [unowned self, x = x.slot, shape = x.shape, y = y.slot] dy in
      accumulate(into: b) { db, accumulates in
        MatrixMultiply.multiply(
          m: outputs, n: rank, k: rows, a: dy.elements, aStride: outputs, transposeA: true, b: projected.elements,
          bStride: rank, c: db, cStride: rank, accumulate: accumulates, workers: workers)
      }
      let dProjected = Tensor(uninitialized: [rows, rank], in: context.pool)
      MatrixMultiply.multiply(
        m: rows, n: rank, k: outputs, a: dy.elements, aStride: outputs, b: b.value.elements, bStride: rank,
        c: dProjected.mutableElements, cStride: rank, workers: workers)
      Elementwise.scale(
        dProjected.elements, by: scale, into: dProjected.mutableElements, count: rows * rank, workers: workers)
      accumulate(into: a) { da, accumulates in
        guard let saved else { return }
        let input = dropped(saved.get())
        MatrixMultiply.multiply(
          m: rank, n: inputs, k: rows, a: dProjected.elements, aStride: rank, transposeA: true, b: input.elements,
          bStride: inputs, c: da, cStride: inputs, accumulate: accumulates, workers: workers)
      }
      if let mask, x.isTracked {
        let dx = Tensor(uninitialized: shape, in: context.pool)
        MatrixMultiply.multiply(
          m: rows, n: inputs, k: rank, a: dProjected.elements, aStride: rank, b: a.value.elements, bStride: inputs,
          c: dx.mutableElements, cStride: inputs, workers: workers)
        mask.apply(to: dx.elements, into: dx.mutableElements, count: dx.elementCount, workers: workers)
        pass(dx, to: x)
      } else {
        accumulate(into: x) { dx, accumulates in
          MatrixMultiply.multiply(
            m: rows, n: inputs, k: rank, a: dProjected.elements, aStride: rank, b: a.value.elements, bStride: inputs,
            c: dx, cStride: inputs, accumulate: accumulates, workers: workers)
        }
      }
      pass(dy, to: y)
    }
  }

  /// `x / divisors`, element by element, with divisors that count as constants: the row factors of DoRA.
  ///
  /// - Parameters:
  ///   - x: Any shape.
  ///   - divisors: As many elements; saved.
  /// - Returns: The shape of `x`, in memory of its own.
  public func divide(_ x: Variable, by divisors: Tensor) -> Variable {
    let count = x.value.elementCount
    precondition(divisors.elementCount == count, "divide: \(x.shape) by \(divisors.shape)")
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    for index in 0..<count { y.mutableElements[index] = x.value.elements[index] / divisors.elements[index] }
    return record(y, from: [x]) { [unowned self] dy in
      for index in 0..<count { dy.mutableElements[index] /= divisors.elements[index] }
      pass(dy, to: x)
    }
  }
}
