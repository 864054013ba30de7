extension Tape {
  /// Some columns of `x`, in the given order: a permutation of columns, or copies of a few.
  ///
  /// - Parameters:
  ///   - columns: Indices of columns of `x`; a column may occur several times.
  ///   - x: `[T, C]`.
  /// - Returns: `[T, columns.count]`.
  public func selectColumns(_ columns: [Int], of x: Variable) -> Variable {
    let (rows, width) = (x.value.rowCount, x.value.columnCount)
    precondition(columns.allSatisfy((0..<width).contains), "selectColumns: columns outside of \(x.shape)")
    let workers = context.workers
    let y = Tensor(uninitialized: [rows, columns.count], in: context.pool)
    Self.gather(columns, from: x.value.elements, width: width, into: y.mutableElements, rows: rows, workers: workers)
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      accumulate(into: x) { dx, accumulates in
        if !accumulates { dx.update(repeating: 0, count: rows * width) }
        Self.scatter(dy.elements, to: columns, of: dx, width: width, rows: rows, workers: workers)
      }
    }
  }

  /// The columns of `x` added up into fewer (or spread over more): the transpose of `selectColumns`.
  ///
  ///     y[t, columns[i]] += x[t, i]
  ///
  /// - Parameters:
  ///   - x: `[T, columns.count]`.
  ///   - columns: For each column of `x` the column of the result to which it is added; those named by none are zero.
  ///   - width: Columns of the result.
  /// - Returns: `[T, width]`.
  public func scatterColumns(_ x: Variable, to columns: [Int], width: Int) -> Variable {
    let rows = x.value.rowCount
    precondition(
      columns.count == x.value.columnCount && columns.allSatisfy((0..<width).contains),
      "scatterColumns: \(columns.count) columns of \(width) for \(x.shape)")
    let workers = context.workers
    let y = Tensor(zeros: [rows, width], in: context.pool)
    Self.scatter(x.value.elements, to: columns, of: y.mutableElements, width: width, rows: rows, workers: workers)
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      guard x.isTracked else { return }
      let dx = Tensor(uninitialized: [rows, columns.count], in: context.pool)
      Self.gather(columns, from: dy.elements, width: width, into: dx.mutableElements, rows: rows, workers: workers)
      pass(dx, to: x)
    }
  }

  /// Some elements of `x`, by their row-major positions.
  ///
  /// - Parameters:
  ///   - positions: A position may occur several times; its gradients are added in this order.
  ///   - x: Any shape.
  /// - Returns: `[positions.count]`.
  public func elements(at positions: [Int32], of x: Variable) -> Variable {
    let count = x.value.elementCount
    precondition(positions.allSatisfy { $0 >= 0 && $0 < count }, "elements: positions outside of \(x.shape)")
    let y = Tensor(uninitialized: [positions.count], in: context.pool)
    for (index, position) in positions.enumerated() { y.mutableElements[index] = x.value.elements[Int(position)] }
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      accumulate(into: x) { dx, accumulates in
        if !accumulates { dx.update(repeating: 0, count: count) }
        for (index, position) in positions.enumerated() { dx[Int(position)] += dy.elements[index] }
      }
    }
  }

  /// `xᵀ`.
  ///
  /// - Parameter x: `[R, C]`.
  /// - Returns: `[C, R]`, in memory of its own.
  public func transposed(_ x: Variable) -> Variable {
    let (rows, columns) = (x.value.rowCount, x.value.columnCount)
    precondition(x.shape.count == 2, "transposed: \(x.shape)")
    let y = Tensor(uninitialized: [columns, rows], in: context.pool)
    Self.transpose(x.value.elements, rows: rows, columns: columns, into: y.mutableElements, workers: context.workers)
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      guard x.isTracked else { return }
      let dx = Tensor(uninitialized: [rows, columns], in: context.pool)
      Self.transpose(
        dy.elements, rows: columns, columns: rows, into: dx.mutableElements, workers: context.workers)
      pass(dx, to: x)
    }
  }

  private static func gather(
    _ columns: [Int], from x: UnsafePointer<Float>, width: Int, into y: UnsafeMutablePointer<Float>, rows: Int,
    workers: Workers
  ) {
    columns.withUnsafeBufferPointer { columns in
      workers.run(count: rows, grain: rowGrain(columns: columns.count)) { start, count in
        for row in start..<start + count {
          let (source, target) = (x + row * width, y + row * columns.count)
          for index in 0..<columns.count { target[index] = source[columns[index]] }
        }
      }
    }
  }

  private static func scatter(
    _ x: UnsafePointer<Float>, to columns: [Int], of y: UnsafeMutablePointer<Float>, width: Int, rows: Int,
    workers: Workers
  ) {
    columns.withUnsafeBufferPointer { columns in
      workers.run(count: rows, grain: rowGrain(columns: columns.count)) { start, count in
        for row in start..<start + count {
          let (source, target) = (x + row * columns.count, y + row * width)
          for index in 0..<columns.count { target[columns[index]] += source[index] }
        }
      }
    }
  }

  private static func transpose(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>, workers: Workers
  ) {
    workers.run(count: columns, grain: rowGrain(columns: rows)) { start, count in
      for column in start..<start + count {
        for row in 0..<rows { y[column * rows + row] = x[row * columns + column] }
      }
    }
  }
}
