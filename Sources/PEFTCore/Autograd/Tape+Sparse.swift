/// Where the elements of a sparse `[height, width]` matrix are.
public struct SparsePositions: Sendable {
  /// The row of each element.
  public let rows: [Int32]
  /// The column of each element.
  public let columns: [Int32]
  /// Rows of the matrix.
  public let height: Int
  /// Columns of the matrix.
  public let width: Int

  /// Number of elements.
  public var count: Int { rows.count }

  /// Checks and keeps positions; a position may occur several times, and its elements are added.
  ///
  /// - Precondition: All positions are inside, and there are as many rows as columns.
  public init(rows: [Int32], columns: [Int32], height: Int, width: Int) {
    precondition(
      rows.count == columns.count && rows.allSatisfy { $0 >= 0 && $0 < height }
        && columns.allSatisfy { $0 >= 0 && $0 < width }, "SparsePositions: outside of [\(height), \(width)]")
    (self.rows, self.columns, self.height, self.width) = (rows, columns, height, width)
  }
}

extension Tape {
  /// `y + x · Sᵀ`, in place, with a sparse update S of a weight: SHiRA.
  ///
  ///     y[t, row_k] += values[k] · x[t, column_k]
  ///
  /// Takes T·count multiplications forward and twice as many backward; the dense gradient is never made. Saves x.
  ///
  /// - Parameters:
  ///   - y: `[T, height]`; its value is overwritten.
  ///   - x: `[T, width]`.
  ///   - values: `[count]`.
  ///   - positions: Of a `[height, width]` matrix.
  /// - Returns: `[T, height]`, the same memory as `y`.
  public func addSparse(to y: Variable, x: Variable, values: Variable, at positions: SparsePositions) -> Variable {
    let (rows, count) = (x.value.rowCount, positions.count)
    let (width, height) = (positions.width, positions.height)
    precondition(
      x.value.columnCount == width && y.shape == [rows, height] && values.value.elementCount == count,
      "addSparse: \(x.shape) with \(values.shape) to \(y.shape)")
    let workers = context.workers
    SparseProduct.add(
      .init(elements: x.value.elements, width: width, columns: positions.columns), to: y.value.mutableElements,
      width: height, at: positions.rows, values: values.value.elements, rows: rows, workers: workers)
    let keptInput = values.isTracked ? x.saved : nil
    let keptValues = x.isTracked ? values.saved : nil
    return record(y.value, from: [y, x, values]) {
      [unowned self, y = y.slot, x = x.slot, values = values.slot] dy in
      let gradient = SparseProduct.Operand(elements: dy.elements, width: height, columns: positions.rows)
      accumulate(into: values) { target, accumulates in
        guard let input = keptInput?.get() else { return }
        SparseProduct.gradient(
          gradient, .init(elements: input.elements, width: width, columns: positions.columns), rows: rows, into: target,
          accumulates: accumulates, workers: workers)
      }
      accumulate(into: x) { dx, accumulates in
        guard let kept = keptValues?.get() else { return }
        if !accumulates { dx.update(repeating: 0, count: rows * width) }
        SparseProduct.add(
          gradient, to: dx, width: width, at: positions.columns, values: kept.elements, rows: rows, workers: workers)
      }
      pass(dy, to: y)
    }
  }
}
