extension Tape {
  /// `eˣ`, element by element.
  ///
  /// Saves x and computes the exponential again in the backward pass.
  ///
  /// - Returns: The shape of `x`, in memory of its own.
  public func exponential(_ x: Variable) -> Variable {
    let (count, workers) = (x.value.elementCount, context.workers)
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    Elementwise.exponential(x.value.elements, into: y.mutableElements, count: count, workers: workers)
    return record(y, from: [x]) { [unowned self, saved = x.saved, x = x.slot] dy in
      Elementwise.exponentialGradient(
        dy.elements, x: saved.get().elements, into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }

  /// The logistic function `1 / (1 + e⁻ˣ)`, element by element.
  ///
  /// Saves x and computes the function again in the backward pass.
  ///
  /// - Returns: The shape of `x`, in memory of its own.
  public func sigmoid(_ x: Variable) -> Variable {
    let (count, workers) = (x.value.elementCount, context.workers)
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    Elementwise.sigmoid(x.value.elements, into: y.mutableElements, count: count, workers: workers)
    return record(y, from: [x]) { [unowned self, saved = x.saved, x = x.slot] dy in
      Elementwise.sigmoidGradient(
        dy.elements, x: saved.get().elements, into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }

  /// `cos x`, element by element, computed in double precision: for angles, of which there are few.
  ///
  /// Saves x.
  ///
  /// - Returns: The shape of `x`, in memory of its own.
  public func cosine(_ x: Variable) -> Variable { cosine(x, shift: 0) }

  /// `sin x`, as `cosine`.
  public func sine(_ x: Variable) -> Variable { cosine(x, shift: -.pi / 2) }

  private func cosine(_ x: Variable, shift: Double) -> Variable {
    let (count, workers) = (x.value.elementCount, context.workers)
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    Elementwise.cosine(x.value.elements, shift: shift, into: y.mutableElements, count: count, workers: workers)
    return record(y, from: [x]) { [unowned self, saved = x.saved, x = x.slot] dy in
      let slope = Tensor(uninitialized: dy.shape, in: context.pool)
      // The derivative of a cosine is the cosine a quarter turn on.
      Elementwise.cosine(
        saved.get().elements, shift: shift + .pi / 2, into: slope.mutableElements, count: count, workers: workers)
      Elementwise.multiply(slope.elements, dy.elements, into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }

  /// Every row divided by its length: `y_r = x_r / max(|x_r|, epsilon)`.
  ///
  /// Saves x. A row shorter than epsilon has the constant divisor epsilon, as in PyTorch's `normalize` and `clamp`.
  ///
  /// - Parameters:
  ///   - x: `[R, C]`.
  ///   - epsilon: The smallest divisor; with 0, a row of zeros becomes NaN.
  /// - Returns: `[R, C]`, in memory of its own.
  public func normalizedRows(_ x: Variable, epsilon: Float) -> Variable {
    let (rows, columns) = (x.value.rowCount, x.value.columnCount)
    let workers = context.workers
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    let length = { (row: UnsafePointer<Float>) -> Float in
      sumOfVectors(columns) { i, n in
        let lanes = Lanes(at: row + i, count: n)
        return lanes * lanes
      }.squareRoot()
    }
    workers.run(count: rows, grain: rowGrain(columns: columns)) { start, count in
      for row in start..<start + count {
        let source = x.value.elements + row * columns
        let divisor = max(length(source), epsilon)
        mapVectors(source, into: y.mutableElements + row * columns, count: columns) { $0 / divisor }
      }
    }
    return record(y, from: [x]) { [unowned self, saved = x.saved, x = x.slot] dy in
      let x0 = saved.get()
      workers.run(count: rows, grain: rowGrain(columns: columns)) { start, count in
        for row in start..<start + count {
          let (source, gradient) = (x0.elements + row * columns, dy.mutableElements + row * columns)
          let length = length(source)
          let divisor = max(length, epsilon)
          // The part along the row changes its length alone, which does not show, unless the divisor is constant.
          let along =
            length < epsilon
            ? 0
            : sumOfVectors(columns) { Lanes(at: source + $0, count: $1) * Lanes(at: gradient + $0, count: $1) }
              / (divisor * divisor)
          mapVectors(source, gradient, into: gradient, count: columns) { ($1 - along * $0) / divisor }
        }
      }
      pass(dy, to: x)
    }
  }
}
