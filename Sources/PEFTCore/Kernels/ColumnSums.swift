/// Sums over the rows of a matrix, as gradients of biases, gains and scales need them.
///
/// A piece owns a slice of columns and walks over all rows, so the order of additions is a property of the
/// shape. Rows are summed in groups first and the groups' sums after, which keeps the error of long sums small.
enum ColumnSums {
  private static let rowsInGroup = 64
  private static let vectorsInSlice = 4

  /// Adds to `sums[c]` the sum over rows of `term`, a function of (row, first column, columns in use).
  @inline(__always)
  static func add(
    to sums: UnsafeMutablePointer<Float>, rows: Int, columns: Int, workers: Workers,
    _ term: (_ row: Int, _ column: Int, _ lanes: Int) -> Lanes
  ) {
    let width = vectorsInSlice * Lanes.count
    workers.run(count: columns, grain: width) { start, count in
      if count == width {
        var total = (Lanes(), Lanes(), Lanes(), Lanes())
        var first = 0
        while first < rows {
          var group = (Lanes(), Lanes(), Lanes(), Lanes())
          for row in first..<min(rows, first + rowsInGroup) {
            group.0 += term(row, start, Lanes.count)
            group.1 += term(row, start + Lanes.count, Lanes.count)
            group.2 += term(row, start + 2 * Lanes.count, Lanes.count)
            group.3 += term(row, start + 3 * Lanes.count, Lanes.count)
          }
          total.0 += group.0
          total.1 += group.1
          total.2 += group.2
          total.3 += group.3
          first += rowsInGroup
        }
        let sums = sums + start
        (Lanes(at: sums) + total.0).store(to: sums)
        (Lanes(at: sums + Lanes.count) + total.1).store(to: sums + Lanes.count)
        (Lanes(at: sums + 2 * Lanes.count) + total.2).store(to: sums + 2 * Lanes.count)
        (Lanes(at: sums + 3 * Lanes.count) + total.3).store(to: sums + 3 * Lanes.count)
        return
      }
      forEachVector(count) { i, n in
        var total = Lanes()
        var first = 0
        while first < rows {
          var group = Lanes()
          for row in first..<min(rows, first + rowsInGroup) { group += term(row, start + i, n) }
          total += group
          first += rowsInGroup
        }
        let sums = sums + start + i
        (Lanes(at: sums, count: n) + total).store(to: sums, count: n)
      }
    }
  }
}
