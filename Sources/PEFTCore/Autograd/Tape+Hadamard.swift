extension Tape {
  /// `x + y`, element by element, in memory of its own.
  ///
  /// - Returns: The shape of `x`, which `y` shares.
  public func sum(_ x: Variable, _ y: Variable) -> Variable {
    precondition(x.shape == y.shape, "sum: \(x.shape) and \(y.shape)")
    let workers = context.workers
    let z = Tensor(uninitialized: x.shape, in: context.pool)
    Elementwise.add(
      x.value.elements, y.value.elements, into: z.mutableElements, count: z.elementCount, workers: workers)
    return record(z, from: [x, y]) { [unowned self, x = x.slot, y = y.slot] dz in
      guard x.isTracked, y.isTracked else { return pass(dz, to: x.isTracked ? x : y) }
      pass(dz.copy(in: context.pool), to: x)
      pass(dz, to: y)
    }
  }

  /// `x - y`, element by element, in memory of its own.
  ///
  /// - Returns: The shape of `x`, which `y` shares.
  public func difference(_ x: Variable, _ y: Variable) -> Variable {
    precondition(x.shape == y.shape, "difference: \(x.shape) and \(y.shape)")
    let workers = context.workers
    let z = Tensor(uninitialized: x.shape, in: context.pool)
    let count = z.elementCount
    Elementwise.subtract(x.value.elements, y.value.elements, into: z.mutableElements, count: count, workers: workers)
    return record(z, from: [x, y]) { [unowned self, x = x.slot, y = y.slot] dz in
      accumulate(into: y) { dy, accumulates in
        if !accumulates { dy.update(repeating: 0, count: count) }
        Elementwise.add(dz.elements, times: -1, to: dy, count: count, workers: workers)
      }
      pass(dz, to: x)
    }
  }

  /// `x ∘ y`, the product element by element.
  ///
  /// Keeps each operand whose partner is tracked.
  ///
  /// - Returns: The shape of `x`, which `y` shares; in memory of its own.
  public func hadamard(_ x: Variable, _ y: Variable) -> Variable {
    precondition(x.shape == y.shape, "hadamard: \(x.shape) and \(y.shape)")
    let workers = context.workers
    let z = Tensor(uninitialized: x.shape, in: context.pool)
    let count = z.elementCount
    Elementwise.multiply(x.value.elements, y.value.elements, into: z.mutableElements, count: count, workers: workers)
    let keptX = y.isTracked ? x.saved : nil
    let keptY = x.isTracked ? y.saved : nil
    return record(z, from: [x, y]) { [unowned self, x = x.slot, y = y.slot] dz in
      for (slot, partner) in [(x, keptY), (y, keptX)] {
        accumulate(into: slot) { target, accumulates in
          guard let partner = partner?.get() else { return }
          Elementwise.multiply(
            dz.elements, partner.elements, into: target, accumulate: accumulates, count: count, workers: workers)
        }
      }
    }
  }

  /// `factor · x`, in memory of its own, with a factor that may be trainable.
  ///
  /// - Parameters:
  ///   - x: Any shape; kept for the gradient of the factor.
  ///   - factor: One element.
  /// - Returns: The shape of `x`.
  public func scaled(_ x: Variable, by factor: Variable) -> Variable {
    precondition(factor.value.elementCount == 1, "scaled: a factor of shape \(factor.shape)")
    let workers = context.workers
    let count = x.value.elementCount
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    Elementwise.scale(
      x.value.elements, by: factor.value.elements[0], into: y.mutableElements, count: count, workers: workers)
    let kept = factor.isTracked ? x.saved : nil
    return record(y, from: [x, factor]) { [unowned self, x = x.slot, slot = factor.slot, factor = factor.value] dy in
      accumulate(into: slot) { target, accumulates in
        guard let kept = kept?.get() else { return }
        let sum = Float(Elementwise.dot(dy.elements, kept.elements, count: count, workers: workers))
        target[0] = accumulates ? target[0] + sum : sum
      }
      guard x.isTracked else { return }
      Elementwise.scale(
        dy.elements, by: factor.elements[0], into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }
}
