extension Tape {
  /// `x + y`, the residual connection, computed in y's memory.
  ///
  /// - Parameters:
  ///   - x: `[T, C]`.
  ///   - y: `[T, C]`; its value is overwritten.
  /// - Returns: `[T, C]`, the same memory as `y`.
  public func add(_ x: Variable, inPlaceTo y: Variable) -> Variable {
    precondition(x.value.elementCount == y.value.elementCount, "add: \(x.shape) to \(y.shape)")
    let workers = context.workers
    Elementwise.add(x.value.elements, to: y.value.mutableElements, count: y.value.elementCount, workers: workers)
    return record(y.value, from: [x, y]) { [unowned self, x = x.slot, y = y.slot] gradient in
      guard x.isTracked, y.isTracked else {
        return pass(gradient, to: x.isTracked ? x : y)
      }
      // Both summands get the same gradient, and either may be written to further on.
      pass(gradient.copy(in: context.pool), to: x)
      pass(gradient, to: y)
    }
  }

  /// `factor · x`, in place.
  ///
  /// - Returns: The same memory as `x`.
  public func scale(_ x: Variable, by factor: Float) -> Variable {
    guard factor != 1 else { return x }
    let workers = context.workers
    let count = x.value.elementCount
    Elementwise.scale(x.value.elements, by: factor, into: x.value.mutableElements, count: count, workers: workers)
    return record(x.value, from: [x]) { [unowned self, x = x.slot] gradient in
      Elementwise.scale(
        gradient.elements, by: factor, into: gradient.mutableElements, count: count, workers: workers)
      pass(gradient, to: x)
    }
  }

  /// `factor · x`, in memory of its own.
  ///
  /// - Returns: The shape of `x`.
  public func scaled(_ x: Variable, by factor: Float) -> Variable {
    let copy = x.value.copy(in: context.pool)
    return scale(record(copy, from: [x]) { [unowned self, x = x.slot] in pass($0, to: x) }, by: factor)
  }

  /// `x` with its elements brought into −limit…limit.
  ///
  /// Saves x. The gradient of elements outside is zero.
  ///
  /// - Returns: The same shape as `x`, in memory of its own.
  public func clip(_ x: Variable, to limit: Float) -> Variable {
    let count = x.value.elementCount
    let workers = context.workers
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    Elementwise.clip(x.value.elements, to: limit, into: y.mutableElements, count: count, workers: workers)
    return record(y, from: [x]) { [unowned self] dy in
      Elementwise.clipGradient(
        dy.elements, x: x.value.elements, limit: limit, into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }

  /// Whether dropout of this probability changes anything in this pass.
  public func drops(_ probability: Double) -> Bool { probability > 0 && dropoutStream != nil }

  /// Zeroes elements with the given probability and scales the others by 1 / (1 − probability).
  ///
  /// The mask is a function of (stream, element index), drawn again in the backward pass instead of saved.
  /// Without a dropout stream (in evaluation) x passes unchanged.
  ///
  /// - Parameters:
  ///   - x: `[T, C]`.
  ///   - probability: Of an element to be zeroed, 0..<1.
  ///   - purpose: Keeps the masks of different places apart, such as a site's name.
  /// - Returns: `[T, C]`, in memory of its own unless x passed unchanged.
  public func dropout(_ x: Variable, probability: Float, purpose: String) -> Variable {
    guard probability > 0, let stream = dropoutStream?.child(purpose) else { return x }
    let dropout = Dropout(probability: Double(probability), stream: stream)
    let count = x.value.elementCount
    let workers = context.workers
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    dropout.apply(to: x.value.elements, into: y.mutableElements, count: count, workers: workers)
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      dropout.apply(to: dy.elements, into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }

  /// `activation(gate) · up`: SwiGLU and its relatives.
  ///
  /// Saves both inputs and computes the activation again in the backward pass.
  ///
  /// - Parameters:
  ///   - gate: `[T, F]`.
  ///   - up: `[T, F]`.
  ///   - activation: The non-linearity of the gate.
  /// - Returns: `[T, F]`.
  public func gated(_ gate: Variable, _ up: Variable, _ activation: Activation) -> Variable {
    let count = gate.value.elementCount
    precondition(count == up.value.elementCount, "gated: \(gate.shape) and \(up.shape)")
    let workers = context.workers
    let compute = { [pool = context.pool, gate = gate.value, up = up.value] in
      let y = Tensor(uninitialized: gate.shape, in: pool)
      activation.gatedForward(
        gate: gate.elements, up: up.elements, into: y.mutableElements, count: count, workers: workers)
      return y
    }
    return record(compute(), from: [gate, up], recipe: compute) { [unowned self] dy in
      let dGate = Tensor(uninitialized: gate.shape, in: context.pool)
      let dUp = Tensor(uninitialized: gate.shape, in: context.pool)
      activation.gatedBackward(
        dy.elements, gate: gate.value.elements, up: up.value.elements, gateGradient: dGate.mutableElements,
        upGradient: dUp.mutableElements, count: count, workers: workers)
      pass(dGate, to: gate)
      pass(dUp, to: up)
    }
  }

  /// `activation(x)`.
  ///
  /// - Returns: The same shape as `x`, in memory of its own.
  public func apply(_ activation: Activation, to x: Variable) -> Variable {
    let count = x.value.elementCount
    let workers = context.workers
    let compute = { [pool = context.pool, x = x.value] in
      let y = Tensor(uninitialized: x.shape, in: pool)
      activation.forward(x.elements, into: y.mutableElements, count: count, workers: workers)
      return y
    }
    return record(compute(), from: [x], recipe: compute) { [unowned self] dy in
      activation.backward(
        dy.elements, x: x.value.elements, into: dy.mutableElements, count: count, workers: workers)
      pass(dy, to: x)
    }
  }
}
