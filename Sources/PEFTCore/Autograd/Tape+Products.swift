extension Tape {
  /// `op(a) · op(b)`, a product of two matrices either of which may be trainable.
  ///
  /// Keeps each operand whose partner is tracked.
  ///
  /// - Parameters:
  ///   - a: `[m, k]`, or `[k, m]` if `transposeA`.
  ///   - b: `[k, n]`, or `[n, k]` if `transposeB`.
  /// - Returns: `[m, n]`, which the caller may overwrite.
  public func product(
    _ a: Variable, _ b: Variable, transposeA: Bool = false, transposeB: Bool = false
  ) -> Variable {
    guard let product = MatrixProduct(a: a.shape, b: b.shape, transposeA: transposeA, transposeB: transposeB) else {
      preconditionFailure("product: \(a.shape)\(transposeA ? "ᵀ" : "") · \(b.shape)\(transposeB ? "ᵀ" : "")")
    }
    let runner = MatrixProduct.Runner.workers(context.workers)
    let c = Tensor(uninitialized: [product.m, product.n], in: context.pool)
    product.run(a.value.elements, b.value.elements, into: c.mutableElements, on: runner)
    let keptA = b.isTracked ? a.saved : nil
    let keptB = a.isTracked ? b.saved : nil
    return record(c, from: [a, b]) { [unowned self, a = a.slot, b = b.slot] dc in
      accumulate(into: a) { da, accumulates in
        guard let keptB = keptB?.get() else { return }
        product.gradientOfA(dc.elements, b: keptB.elements, into: da, accumulate: accumulates, on: runner)
      }
      accumulate(into: b) { db, accumulates in
        guard let keptA = keptA?.get() else { return }
        product.gradientOfB(dc.elements, a: keptA.elements, into: db, accumulate: accumulates, on: runner)
      }
    }
  }

  /// `a[i] · b[i]` for every matrix of two batches.
  ///
  /// Meant for many small matrices: each product is the work of one thread.
  ///
  /// - Parameters:
  ///   - a: `[q, m, k]`, or `[q, k, m]` if `transposeA`.
  ///   - b: `[q, k, n]`, or `[q, n, k]` if `transposeB`.
  /// - Returns: `[q, m, n]`, which the caller may overwrite.
  public func batchedProduct(
    _ a: Variable, _ b: Variable, transposeA: Bool = false, transposeB: Bool = false
  ) -> Variable {
    let count = a.shape[0]
    guard a.shape.count == 3, b.shape.count == 3, b.shape[0] == count,
      let product = MatrixProduct(
        a: Array(a.shape[1...]), b: Array(b.shape[1...]), transposeA: transposeA, transposeB: transposeB)
    else { preconditionFailure("batchedProduct: \(a.shape) · \(b.shape)") }
    let workers = context.workers
    let (sizeA, sizeB, sizeC) = (product.m * product.k, product.k * product.n, product.m * product.n)
    let c = Tensor(uninitialized: [count, product.m, product.n], in: context.pool)
    workers.runProducts(count: count, rows: product.mostRows) { i, runner in
      product.run(
        a.value.elements + i * sizeA, b.value.elements + i * sizeB, into: c.mutableElements + i * sizeC, on: runner)
    }
    let keptA = b.isTracked ? a.saved : nil
    let keptB = a.isTracked ? b.saved : nil
    return record(c, from: [a, b]) { [unowned self, a = a.slot, b = b.slot] dc in
      accumulate(into: a) { da, accumulates in
        guard let keptB = keptB?.get() else { return }
        workers.runProducts(count: count, rows: product.mostRows) { i, runner in
          product.gradientOfA(
            dc.elements + i * sizeC, b: keptB.elements + i * sizeB, into: da + i * sizeA, accumulate: accumulates,
            on: runner)
        }
      }
      accumulate(into: b) { db, accumulates in
        guard let keptA = keptA?.get() else { return }
        workers.runProducts(count: count, rows: product.mostRows) { i, runner in
          product.gradientOfB(
            dc.elements + i * sizeC, a: keptA.elements + i * sizeA, into: db + i * sizeB, accumulate: accumulates,
            on: runner)
        }
      }
    }
  }

  /// `y + x · Wᵀ`, in place, with an update of a weight that may be trainable.
  ///
  /// - Parameters:
  ///   - y: `[T, outputs]`; its value is overwritten.
  ///   - x: `[T, inputs]`.
  ///   - weight: `[outputs, inputs]`, dense; its gradient is `dyᵀ · x`.
  /// - Returns: `[T, outputs]`, the same memory as `y`.
  public func addLinear(to y: Variable, x: Variable, weight: Variable) -> Variable {
    guard let product = MatrixProduct(a: x.shape, b: weight.shape, transposeA: false, transposeB: true),
      y.shape == [product.m, product.n]
    else { preconditionFailure("addLinear: \(x.shape) · \(weight.shape)ᵀ to \(y.shape)") }
    let runner = MatrixProduct.Runner.workers(context.workers)
    product.run(
      x.value.elements, weight.value.elements, into: y.value.mutableElements, accumulate: true, on: runner)
    let keptInput = weight.isTracked ? x.saved : nil
    let keptWeight = x.isTracked ? weight.saved : nil
    return record(y.value, from: [y, x, weight]) {
      [unowned self, y = y.slot, x = x.slot, weight = weight.slot] dy in
      accumulate(into: x) { dx, accumulates in
        guard let keptWeight = keptWeight?.get() else { return }
        product.gradientOfA(dy.elements, b: keptWeight.elements, into: dx, accumulate: accumulates, on: runner)
      }
      accumulate(into: weight) { dw, accumulates in
        guard let keptInput = keptInput?.get() else { return }
        product.gradientOfB(dy.elements, a: keptInput.elements, into: dw, accumulate: accumulates, on: runner)
      }
      pass(dy, to: y)
    }
  }

  /// The Kronecker product: every element of `a` times the whole of `b`.
  ///
  ///     y[i·k + c, j·l + d] = a[i, j] · b[c, d]
  ///
  /// - Parameters:
  ///   - a: `[m, n]`.
  ///   - b: `[k, l]`.
  /// - Returns: `[m·k, n·l]`.
  public func kronecker(_ a: Variable, _ b: Variable) -> Variable {
    precondition(a.shape.count == 2 && b.shape.count == 2, "kronecker: \(a.shape) and \(b.shape)")
    let (m, n, k, l) = (a.shape[0], a.shape[1], b.shape[0], b.shape[1])
    let workers = context.workers
    let y = Tensor(uninitialized: [m * k, n * l], in: context.pool)
    workers.run(count: m * k, grain: rowGrain(columns: n * l)) { start, count in
      for row in start..<start + count {
        let (i, c) = row.quotientAndRemainder(dividingBy: k)
        for j in 0..<n {
          let factor = a.value.elements[i * n + j]
          mapVectors(b.value.elements + c * l, into: y.mutableElements + row * n * l + j * l, count: l) { $0 * factor }
        }
      }
    }
    let keptA = b.isTracked ? a.saved : nil
    let keptB = a.isTracked ? b.saved : nil
    return record(y, from: [a, b]) { [unowned self, a = a.slot, b = b.slot] dy in
      accumulate(into: a) { da, accumulates in
        guard let keptB = keptB?.get() else { return }
        workers.run(pieces: m) { i in
          for j in 0..<n {
            var sum: Float = 0
            for c in 0..<k {
              let row = dy.elements + (i * k + c) * n * l + j * l
              sum += sumOfVectors(l) {
                Lanes(at: row + $0, count: $1) * Lanes(at: keptB.elements + c * l + $0, count: $1)
              }
            }
            da[i * n + j] = accumulates ? da[i * n + j] + sum : sum
          }
        }
      }
      accumulate(into: b) { db, accumulates in
        guard let keptA = keptA?.get() else { return }
        if !accumulates { db.update(repeating: 0, count: k * l) }
        workers.run(pieces: k) { c in
          for i in 0..<m {
            for j in 0..<n {
              let row = dy.elements + (i * k + c) * n * l + j * l
              Elementwise.add(row, times: keptA.elements[i * n + j], to: db + c * l, count: l, workers: .one)
            }
          }
        }
      }
    }
  }
}
