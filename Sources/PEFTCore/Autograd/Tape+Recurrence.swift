import Foundation

extension Tape {
  /// One direction of an LSTM layer over the rows of `x`, from zero states.
  ///
  ///     i, f, g, o = split(Wᵢ·xₜ + bᵢ + Wₕ·hₜ₋₁ + bₕ);   cₜ = σ(f)·cₜ₋₁ + σ(i)·tanh(g);   hₜ = σ(o)·tanh(cₜ)
  ///
  /// Saves x, the gates after their functions and the states.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`, one row a time step.
  ///   - inputWeight: `[4 · H, inputs]`, gates in PyTorch's order: input, forget, cell, output.
  ///   - stateWeight: `[4 · H, H]`.
  ///   - inputBias: `[4 · H]`.
  ///   - stateBias: `[4 · H]`.
  ///   - isReversed: Whether time runs from the last row to the first.
  /// - Returns: `[T, H]`, which the caller may overwrite.
  /// - Source: Hochreiter and Schmidhuber 1997, with forget gates; matches PyTorch's `nn.LSTM`.
  public func longShortTermMemory(
    _ x: Variable, inputWeight: Variable, stateWeight: Variable, inputBias: Variable, stateBias: Variable,
    isReversed: Bool
  ) -> Variable {
    let (steps, inputs, width) = (x.value.rowCount, x.value.columnCount, stateWeight.shape[1])
    precondition(
      inputWeight.shape == [4 * width, inputs] && stateWeight.shape == [4 * width, width],
      "LSTM: \(x.shape), \(inputWeight.shape), \(stateWeight.shape)")
    let (pool, workers) = (context.pool, context.workers)
    let order = isReversed ? Array((0..<steps).reversed()) : Array(0..<steps)
    // The gates' inputs, then (in place) the gates.
    let gates = Tensor(uninitialized: [steps, 4 * width], in: pool)
    MatrixMultiply.multiply(
      m: steps, n: 4 * width, k: inputs, a: x.value.elements, aStride: inputs, b: inputWeight.value.elements,
      bStride: inputs, transposeB: true, c: gates.mutableElements, cStride: 4 * width, workers: workers)
    for bias in [inputBias, stateBias] {
      Elementwise.addRow(
        bias.value.elements, to: gates.elements, into: gates.mutableElements, rows: steps, columns: 4 * width,
        workers: workers)
    }
    let cells = Tensor(uninitialized: [steps, width], in: pool)
    let states = Tensor(uninitialized: [steps, width], in: pool)
    for (index, row) in order.enumerated() {
      let gate = gates.mutableElements + row * 4 * width
      let before = index > 0 ? order[index - 1] : nil
      if let before {
        MatrixMultiply.multiply(
          m: 1, n: 4 * width, k: width, a: states.elements + before * width, aStride: width,
          b: stateWeight.value.elements, bStride: width, transposeB: true, c: gate, cStride: 4 * width,
          accumulate: true, workers: workers)
      }
      for j in 0..<width {
        let (i, f) = (Self.sigmoid(gate[j]), Self.sigmoid(gate[width + j]))
        let (g, o) = (tanh(gate[2 * width + j]), Self.sigmoid(gate[3 * width + j]))
        let cell = f * (before.map { cells.elements[$0 * width + j] } ?? 0) + i * g
        (gate[j], gate[width + j], gate[2 * width + j], gate[3 * width + j]) = (i, f, g, o)
        cells.mutableElements[row * width + j] = cell
        states.mutableElements[row * width + j] = o * tanh(cell)
      }
    }
    let output = states.copy(in: pool)
    return record(output, from: [x, inputWeight, stateWeight, inputBias, stateBias]) { [unowned self] dy in
      // Gradients of the gates' inputs, in place of the gates.
      let dState = Tensor(zeros: [width], in: pool)
      let dCell = Tensor(zeros: [width], in: pool)
      for (index, row) in order.enumerated().reversed() {
        let gate = gates.mutableElements + row * 4 * width
        let before = index > 0 ? order[index - 1] : nil
        for j in 0..<width {
          let (i, f, g, o) = (gate[j], gate[width + j], gate[2 * width + j], gate[3 * width + j])
          let squashed = tanh(cells.elements[row * width + j])
          let dh = dy.elements[row * width + j] + dState.elements[j]
          let dc = dCell.elements[j] + dh * o * (1 - squashed * squashed)
          let earlier = before.map { cells.elements[$0 * width + j] } ?? 0
          gate[j] = dc * g * i * (1 - i)
          gate[width + j] = dc * earlier * f * (1 - f)
          gate[2 * width + j] = dc * i * (1 - g * g)
          gate[3 * width + j] = dh * squashed * o * (1 - o)
          dCell.mutableElements[j] = dc * f
        }
        MatrixMultiply.multiply(
          m: 1, n: width, k: 4 * width, a: gate, aStride: 4 * width, b: stateWeight.value.elements, bStride: width,
          c: dState.mutableElements, cStride: width, workers: workers)
      }
      for bias in [inputBias, stateBias] {
        accumulate(into: bias) { target, accumulates in
          if !accumulates { target.update(repeating: 0, count: 4 * width) }
          Elementwise.addColumnSums(of: gates.elements, to: target, rows: steps, columns: 4 * width, workers: workers)
        }
      }
      accumulate(into: inputWeight) { target, accumulates in
        MatrixMultiply.multiply(
          m: 4 * width, n: inputs, k: steps, a: gates.elements, aStride: 4 * width, transposeA: true,
          b: x.value.elements, bStride: inputs, c: target, cStride: inputs, accumulate: accumulates, workers: workers)
      }
      accumulate(into: stateWeight) { target, accumulates in
        // Row t of the gates met the state of the row before it in time.
        let offset = isReversed ? (gates: 0, states: 1) : (gates: 1, states: 0)
        MatrixMultiply.multiply(
          m: 4 * width, n: width, k: steps - 1, a: gates.elements + offset.gates * 4 * width, aStride: 4 * width,
          transposeA: true, b: states.elements + offset.states * width, bStride: width, c: target, cStride: width,
          accumulate: accumulates, workers: workers)
      }
      accumulate(into: x) { target, accumulates in
        MatrixMultiply.multiply(
          m: steps, n: inputs, k: 4 * width, a: gates.elements, aStride: 4 * width, b: inputWeight.value.elements,
          bStride: inputs, c: target, cStride: inputs, accumulate: accumulates, workers: workers)
      }
    }
  }

  /// The columns of `x`, then those of `y`.
  ///
  /// - Parameters:
  ///   - x: `[T, C]`.
  ///   - y: `[T, D]`.
  /// - Returns: `[T, C + D]`.
  public func joinColumns(_ x: Variable, _ y: Variable) -> Variable {
    let (rows, width) = (x.value.rowCount, x.value.columnCount + y.value.columnCount)
    precondition(y.value.rowCount == rows, "joinColumns: \(x.shape) and \(y.shape)")
    let joined = Tensor(uninitialized: [rows, width], in: context.pool)
    let parts = [(x, 0), (y, x.value.columnCount)]
    for (part, first) in parts {
      let columns = part.value.columnCount
      for row in 0..<rows {
        (joined.mutableElements + row * width + first).update(
          from: part.value.elements + row * columns, count: columns)
      }
    }
    return record(joined, from: [x, y]) { [unowned self] gradient in
      for (part, first) in parts {
        let columns = part.value.columnCount
        accumulate(into: part) { target, accumulates in
          if !accumulates { target.update(repeating: 0, count: rows * columns) }
          for row in 0..<rows {
            Elementwise.add(
              gradient.elements + row * width + first, to: target + row * columns, count: columns, workers: .one)
          }
        }
      }
    }
  }

  private static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
}
