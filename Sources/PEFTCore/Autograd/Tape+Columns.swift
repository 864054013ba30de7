extension Tape {
  /// Some columns of `x`, as rows: the factors that a low-rank update of an embedding table has for some tokens.
  ///
  /// - Parameters:
  ///   - columns: Indices of columns of `x`; a column may occur several times.
  ///   - x: `[R, C]`.
  /// - Returns: `[columns.count, R]`.
  public func columnsAsRows(_ columns: [Int], of x: Variable) -> Variable {
    let (height, width) = (x.value.rowCount, x.value.columnCount)
    let y = Tensor(uninitialized: [columns.count, height], in: context.pool)
    for (row, column) in columns.enumerated() {
      for index in 0..<height {
        y.mutableElements[row * height + index] = x.value.elements[index * width + column]
      }
    }
    return record(y, from: [x]) { [unowned self, x = x.slot] dy in
      accumulate(into: x) { dx, accumulates in
        if !accumulates { dx.update(repeating: 0, count: height * width) }
        for (row, column) in columns.enumerated() {
          for index in 0..<height { dx[index * width + column] += dy.elements[row * height + index] }
        }
      }
    }
  }

  /// `y` with some of its columns replaced, in place.
  ///
  /// - Parameters:
  ///   - columns: Indices of columns of `y`, each once.
  ///   - y: `[T, C]`; its value is overwritten.
  ///   - replacement: `[T, columns.count]`.
  /// - Returns: `[T, C]`, the same memory as `y`.
  public func replaceColumns(_ columns: [Int], of y: Variable, with replacement: Variable) -> Variable {
    let (rows, width, count) = (y.value.rowCount, y.value.columnCount, columns.count)
    precondition(replacement.shape == [rows, count], "replaceColumns: \(replacement.shape) for \(count) of \(y.shape)")
    for row in 0..<rows {
      for (index, column) in columns.enumerated() {
        y.value.mutableElements[row * width + column] = replacement.value.elements[row * count + index]
      }
    }
    return record(y.value, from: [y, replacement]) {
      [unowned self, y = y.slot, replacement = replacement.slot] dy in
      accumulate(into: replacement) { target, accumulates in
        for row in 0..<rows {
          for (index, column) in columns.enumerated() {
            let gradient = dy.elements[row * width + column]
            target[row * count + index] = accumulates ? target[row * count + index] + gradient : gradient
          }
        }
      }
      for row in 0..<rows { for column in columns { dy.mutableElements[row * width + column] = 0 } }
      pass(dy, to: y)
    }
  }

  /// `x` with some of its rows replaced by rows of a table, in place.
  ///
  /// - Parameters:
  ///   - rows: For each row of `x` the table's row that replaces it; nil for a row that stays.
  ///   - x: `[T, C]`; its value is overwritten.
  ///   - table: `[K, C]`; a row may stand for several rows of `x`.
  /// - Returns: `[T, C]`, the same memory as `x`.
  public func replaceRows(_ rows: [Int?], of x: Variable, from table: Variable) -> Variable {
    let width = x.value.columnCount
    precondition(rows.count == x.value.rowCount && table.value.columnCount == width, "replaceRows: \(table.shape)")
    for case (let row, let source?) in zip(0..., rows) {
      (x.value.mutableElements + row * width).update(from: table.value.elements + source * width, count: width)
    }
    let count = table.value.elementCount
    return record(x.value, from: [x, table]) { [unowned self, x = x.slot, table = table.slot] dx in
      accumulate(into: table) { target, accumulates in
        if !accumulates { target.update(repeating: 0, count: count) }
        for case (let row, let source?) in zip(0..., rows) {
          Elementwise.add(dx.elements + row * width, to: target + source * width, count: width, workers: .one)
        }
      }
      for case (let row, _?) in zip(0..., rows) {
        (dx.mutableElements + row * width).update(repeating: 0, count: width)
      }
      pass(dx, to: x)
    }
  }
}
