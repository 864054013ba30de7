extension Tape {
  /// Normalizes every row of `x`, then applies the gain and the bias.
  ///
  /// Saves x and one or two numbers a row.
  ///
  /// - Parameters:
  ///   - x: `[T, C]`; with `groups`, each row is normalized in that many equal parts, which share the gain.
  ///   - normalization: RMSNorm or LayerNorm.
  ///   - gain: `[C / groups]`, or nil for none.
  ///   - bias: `[C / groups]`, or nil for none.
  ///   - groups: Parts of a row, more than 1 for query/key norms by head.
  /// - Returns: `[T, C]`, which the caller may overwrite.
  public func normalize(
    _ x: Variable, _ normalization: Normalization, gain: Variable?, bias: Variable?, groups: Int = 1
  ) -> Variable {
    let rows = x.value.rowCount * groups
    let columns = x.value.columnCount / groups
    let workers = context.workers
    let inverseDeviations = Tensor(uninitialized: [rows], in: context.pool)
    let means = normalization.centers ? Tensor(uninitialized: [rows], in: context.pool) : nil
    let compute = { [pool = context.pool, x = x.value, gain = gain?.value, bias = bias?.value] in
      let y = Tensor(uninitialized: x.shape, in: pool)
      normalization.forward(
        x.elements, gain: gain?.elements, bias: bias?.elements, into: y.mutableElements,
        inverseDeviations: inverseDeviations.mutableElements, means: means?.mutableElements, rows: rows,
        columns: columns, workers: workers)
      return y
    }
    return record(compute(), from: [x] + [gain, bias].compactMap { $0 }, recipe: compute) { [unowned self] dy in
      if let gain {
        accumulate(into: gain) { target, accumulates in
          if !accumulates { target.update(repeating: 0, count: columns) }
          normalization.addGainGradient(
            dy.elements, x: x.value.elements, inverseDeviations: inverseDeviations.elements, means: means?.elements,
            to: target, rows: rows, columns: columns, workers: workers)
        }
      }
      if let bias {
        accumulate(into: bias) { target, accumulates in
          if !accumulates { target.update(repeating: 0, count: columns) }
          Elementwise.addColumnSums(of: dy.elements, to: target, rows: rows, columns: columns, workers: workers)
        }
      }
      guard x.isTracked else { return }
      normalization.backward(
        dy.elements, x: x.value.elements, gain: gain?.value.elements, inverseDeviations: inverseDeviations.elements,
        means: means?.elements, into: dy.mutableElements, rows: rows, columns: columns, workers: workers)
      pass(dy, to: x)
    }
  }
}
