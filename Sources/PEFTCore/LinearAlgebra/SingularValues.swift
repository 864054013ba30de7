/// All singular values and vectors of a matrix, from the largest to the smallest, in double precision.
///
///     A = Σ_k values[k] · left[k] · right[k]ᵀ
///
/// A QR decomposition of the taller orientation first, one-sided Jacobi iteration on its triangular factor then (Drmač and
/// Veselić 2008), which finds small singular values as exactly as large ones. The result has the same bits for any number
/// of threads.
///
/// **Signs.** Of each pair of vectors the element of `left` with the largest magnitude (the first one of equals) is positive,
/// as in scikit-learn's `svd_flip`. Vectors of equal singular values are determined only up to a rotation among themselves.
/// Those of singular values that are zero complete the others to an orthonormal set. An element that is not finite gives
/// values that are not numbers.
public struct SingularValues: Sendable {
  /// min(rows, columns) singular values, not negative, descending.
  public let values: [Double]
  /// Left singular vectors as rows: `[values.count, rows]`.
  public private(set) var left: DoubleMatrix
  /// Right singular vectors as rows: `[values.count, columns]`.
  public private(set) var right: DoubleMatrix

  /// Decomposes a matrix.
  ///
  /// Takes a few seconds for 576 × 1536 on two cores and grows with the cube of the shorter side; where only the leading
  /// components of a large matrix are wanted, `init(leading:of:)` is quicker.
  public init(_ matrix: DoubleMatrix, workers: Workers) {
    let isTall = matrix.rows >= matrix.columns
    // Vectors of the short side's length are `short`, the others `long`.
    let columns = isTall ? matrix.transposed : matrix
    let (count, length) = (columns.rows, columns.columns)
    // Columns of the tall orientation in descending length let the iteration converge sooner.
    let order = (0..<count).map { columns.rows($0..<$0 + 1).norm }.descendingOrder
    let sorted = columns.rows(order)
    let qr = HouseholderQR(ofTransposed: sorted, workers: workers)

    // Rotations J from the left make the rows of R orthogonal: J·R = Σ·Vᵀ, so A·P = (Q·Jᵀ)·Σ·Vᵀ.
    var scaled = qr.r
    var rotations = DoubleMatrix(identity: count)
    JacobiRotations(count: count, length: count).run(&scaled, record: &rotations, workers: workers)
    let found = (0..<count).map { scaled.rows($0..<$0 + 1).norm }
    let descending = found.descendingOrder
    let values = descending.map { found[$0] }

    var long = DoubleMatrix(zeros: count, length)
    var short = DoubleMatrix(zeros: count, count)
    for (target, source) in descending.enumerated() {
      for index in 0..<count {
        long[target, index] = rotations[source, index]
        short[target, order[index]] = found[source] == 0 ? 0 : scaled[source, index] / found[source]
      }
    }
    qr.applyQ(toRowsOf: &long, workers: workers)
    short.completeOrthonormalRows(from: values.firstIndex(of: 0) ?? count)

    self.init(values: values, left: isTall ? long : short, right: isTall ? short : long)
  }

  /// Components whose signs follow the rule.
  init(values: [Double], left: DoubleMatrix, right: DoubleMatrix) {
    (self.values, self.left, self.right) = (values, left, right)
    for row in values.indices {
      let span = left.elements[row * left.columns..<(row + 1) * left.columns]
      let largest = span.reduce(0.0) { abs($1) > abs($0) ? $1 : $0 }
      guard largest < 0 else { continue }
      for column in 0..<left.columns { self.left[row, column].negate() }
      for column in 0..<right.columns { self.right[row, column].negate() }
    }
  }

  /// The sum of some components, a `[rows, columns]` matrix.
  public func product(of components: Range<Int>, workers: Workers) -> DoubleMatrix {
    var weighted = left.rows(components)
    for (row, component) in components.enumerated() {
      for column in 0..<weighted.columns { weighted[row, column] *= values[component] }
    }
    return weighted.transposed.times(right.rows(components), workers: workers)
  }
}

extension DoubleMatrix {
  /// Replaces the rows from `first` on by unit vectors that are orthogonal to all rows before them.
  ///
  /// Each starts from the coordinate axis that the rows so far cover least.
  ///
  /// - Precondition: The rows before are orthonormal, and there are no more rows than columns.
  fileprivate mutating func completeOrthonormalRows(from first: Int) {
    guard first < rows else { return }
    let (rows, columns) = (rows, columns)
    var covered = [Double](repeating: 0, count: columns)
    for row in 0..<first { for column in 0..<columns { covered[column] += self[row, column] * self[row, column] } }
    elements.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for row in first..<rows {
        let vector = base + row * columns
        let axis = covered.indices.min { covered[$0] < covered[$1] } ?? 0
        vector.update(repeating: 0, count: columns)
        vector[axis] = 1
        // Twice: once leaves what rounding left.
        for _ in 0..<2 {
          for other in 0..<row {
            let along = DoubleVectors.dot(vector, base + other * columns, count: columns)
            DoubleVectors.add(base + other * columns, times: -along, to: vector, count: columns)
          }
          let length = DoubleVectors.dot(vector, vector, count: columns).squareRoot()
          DoubleVectors.scale(vector, by: 1 / length, count: columns)
        }
        for column in 0..<columns { covered[column] += vector[column] * vector[column] }
      }
    }
  }
}
