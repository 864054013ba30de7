extension Tape {
  /// Some rows of `x`, in the given order.
  ///
  /// - Parameters:
  ///   - rows: Indices of rows of `x`; a row may occur several times.
  ///   - x: `[T, C]`.
  /// - Returns: `[rows.count, C]`.
  public func selectRows(_ rows: [Int], of x: Variable) -> Variable {
    let columns = x.value.columnCount
    let y = Tensor(uninitialized: [rows.count, columns], in: context.pool)
    for (index, row) in rows.enumerated() {
      y.mutableElements.advanced(by: index * columns)
        .update(from: x.value.elements.advanced(by: row * columns), count: columns)
    }
    let count = x.value.elementCount
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      accumulate(into: x) { dx, accumulates in
        if !accumulates { dx.update(repeating: 0, count: count) }
        for (index, row) in rows.enumerated() {
          Elementwise.add(
            dy.elements + index * columns, to: dx + row * columns, count: columns, workers: .one)
        }
      }
    }
  }

  /// A run of rows of `x`.
  ///
  /// - Returns: `[rows.count, C]`, in memory of its own.
  public func rows(_ rows: Range<Int>, of x: Variable) -> Variable {
    selectRows(Array(rows), of: x)
  }

  /// A run of columns of `x`.
  ///
  /// - Parameters:
  ///   - columns: The run.
  ///   - x: `[T, C]`.
  /// - Returns: `[T, columns.count]`, in memory of its own.
  public func columns(_ columns: Range<Int>, of x: Variable) -> Variable {
    let width = x.value.columnCount
    let rows = x.value.rowCount
    let workers = context.workers
    let y = Tensor(uninitialized: [rows, columns.count], in: context.pool)
    workers.run(pieces: rows) { row in
      (y.mutableElements + row * columns.count)
        .update(from: x.value.elements + row * width + columns.lowerBound, count: columns.count)
    }
    let count = x.value.elementCount
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      accumulate(into: x) { dx, accumulates in
        // The other columns' slices add their own share, whichever of them comes first.
        if !accumulates { dx.update(repeating: 0, count: count) }
        workers.run(pieces: rows) { row in
          Elementwise.add(
            dy.elements + row * columns.count, to: dx + row * width + columns.lowerBound, count: columns.count,
            workers: .one)
        }
      }
    }
  }

  /// The same elements in another shape.
  ///
  /// - Returns: The same memory as `x`.
  public func reshape(_ x: Variable, to shape: [Int]) -> Variable {
    record(x.value.reshaped(to: shape), from: [x]) { [unowned self, x = x.slot] gradient in
      pass(gradient, to: x)
    }
  }

  /// `x` with a run of its rows replaced, in place.
  ///
  /// - Parameters:
  ///   - rows: The run.
  ///   - x: `[T, C]`; its value is overwritten.
  ///   - replacement: `[rows.count, C]`.
  /// - Returns: `[T, C]`, the same memory as `x`.
  public func replaceRows(_ rows: Range<Int>, of x: Variable, with replacement: Variable) -> Variable {
    let columns = x.value.columnCount
    let offset = rows.lowerBound * columns
    let count = rows.count * columns
    x.value.mutableElements.advanced(by: offset).update(from: replacement.value.elements, count: count)
    return record(x.value, from: [x, replacement]) {
      [unowned self, x = x.slot, replacement = replacement.slot] gradient in
      accumulate(into: replacement) { target, accumulates in
        if accumulates {
          Elementwise.add(gradient.elements + offset, to: target, count: count, workers: .one)
        } else {
          target.update(from: gradient.elements + offset, count: count)
        }
      }
      gradient.mutableElements.advanced(by: offset).update(repeating: 0, count: count)
      pass(gradient, to: x)
    }
  }
}
