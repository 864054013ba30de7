extension Tape {
  /// `W ∘ x`, or `W ∘ x + W`, with a frozen weight in any format, decoded block by block.
  ///
  /// Saves nothing: the gradient of x needs only W, which is decoded again.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`.
  ///   - x: `[outputs, inputs]`.
  ///   - addsWeight: Whether W itself is added: where x is zero, the result is W to the bit.
  /// - Returns: `[outputs, inputs]`, in memory of its own.
  public func hadamard(weight: WeightMatrix, with x: Variable, addsWeight: Bool = false) -> Variable {
    let columns = weight.inputs
    precondition(x.shape == [weight.outputs, columns], "hadamard: [\(weight.outputs), \(columns)] and \(x.shape)")
    let workers = context.workers
    let y = Tensor(uninitialized: x.shape, in: context.pool)
    weight.forEachRun(workers: workers) { place, w, count in
      let (x, y) = (x.value.elements + place, y.mutableElements + place)
      if addsWeight {
        mapVectors(w, x, into: y, count: count) { $0.adding($0, times: $1) }
      } else {
        mapVectors(w, x, into: y, count: count) { $0 * $1 }
      }
    }
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      accumulate(into: x) { dx, accumulates in
        weight.forEachRun(workers: workers) { place, w, count in
          Elementwise.multiply(
            dy.elements + place, w, into: dx + place, accumulate: accumulates, count: count, workers: .one)
        }
      }
    }
  }

  /// `x + W`, in place, with a frozen weight in any format.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`.
  ///   - x: `[outputs, inputs]`; its value is overwritten. Where it is zero, the result is W to the bit.
  /// - Returns: `[outputs, inputs]`, the same memory as `x`.
  public func add(_ weight: WeightMatrix, inPlaceTo x: Variable) -> Variable {
    let (rows, columns) = (weight.outputs, weight.inputs)
    precondition(x.shape == [rows, columns], "add: [\(rows), \(columns)] to \(x.shape)")
    weight.forEachRun(workers: context.workers) { place, w, count in
      let x = x.value.mutableElements + place
      mapVectors(UnsafePointer(x), w, into: x, count: count) { $0 + $1 }
    }
    return x
  }
}

extension WeightMatrix {
  /// Gives every element as float32 to a function on all workers, a part of a row at a time, with its place in the matrix.
  @inline(__always)
  fileprivate func forEachRun(
    workers: Workers, _ body: (_ place: Int, _ elements: UnsafePointer<Float>, _ count: Int) -> Void
  ) {
    forEachBlock(workers: workers) { firstRow, rows, columns, elements in
      for row in 0..<rows {
        body((firstRow + row) * inputs + columns.lowerBound, elements + row * columns.count, columns.count)
      }
    }
  }
}
