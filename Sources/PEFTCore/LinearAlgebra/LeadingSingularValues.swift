extension SingularValues {
  /// Finds the largest components only, where the others are not wanted.
  ///
  /// Up to half of all components are found from the eigenvectors of the matrix times its transpose
  /// (`init(gram:of:tolerance:workers:)`), all of them by the whole decomposition. A small share of a wide matrix is found by
  /// block Krylov iteration (Musco and Musco 2015): an orthonormal basis of the shorter side grows by Aᵀ·A times its newest
  /// vectors until the components found in it satisfy `|Aᵀ·u - s·v| ≤ tolerance · s_0`, or it spans the whole side, when they
  /// are exact. The first vectors are a fixed draw, and the result has the same bits for any number of threads. A few components
  /// of a 4096 × 4096 matrix take seconds; the flatter the spectrum, the longer.
  ///
  /// - Parameters:
  ///   - count: Components to find, at most the shorter side.
  ///   - matrix: `[rows, columns]`.
  ///   - tolerance: Largest residual, relative to the largest singular value.
  ///   - workers: Their number does not change the result.
  public init(leading count: Int, of matrix: DoubleMatrix, tolerance: Double = 1e-10, workers: Workers) {
    let width = min(matrix.rows, matrix.columns)
    precondition((0...width).contains(count), "\(count) components of a [\(matrix.rows), \(matrix.columns)] matrix")
    let block = count + 4
    // Where the components are more than a small share, all of them are found sooner.
    guard count > 0, width > 32 * block else {
      let isShare = count > 0 && 2 * count <= width && width >= Self.fewestRows
      self =
        (isShare ? SingularValues(gram: count, of: matrix, tolerance: tolerance, workers: workers) : nil)
        ?? SingularValues(matrix, workers: workers).leading(count)
      return
    }
    let isTall = matrix.rows >= matrix.columns
    let (tall, wide) = isTall ? (matrix, matrix.transposed) : (matrix.transposed, matrix)
    var basis = KrylovBasis(width: width, block: block, workers: workers)
    var images = basis.vectors.times(wide, workers: workers)
    while true {
      // Each check costs as much as the basis is long, so that it grows by a share between two.
      let next = min(width, max(2 * block, basis.vectors.rows * 4 / 3))
      while basis.vectors.rows < next {
        let newest = images.rows(max(0, images.rows - block)..<images.rows)
        let old = basis.vectors.rows
        basis.grow(by: newest.times(tall, workers: workers))
        let added = basis.vectors.rows(old..<basis.vectors.rows).times(wide, workers: workers)
        images = DoubleMatrix(images.elements + added.elements, rows: basis.vectors.rows, columns: images.columns)
      }
      // images = K·Aᵀ = Σ s · (coordinates of v in K) · uᵀ
      let found = SingularValues(images, workers: workers).leading(count)
      let (long, short) = (found.right, found.left.times(basis.vectors, workers: workers))
      let back = long.times(tall, workers: workers)
      if found.fits(back, short, tolerance) || basis.vectors.rows == width {
        self = SingularValues(values: found.values, left: isTall ? long : short, right: isTall ? short : long)
        return
      }
    }
  }

  /// Finds the largest components by way of the smaller of A·Aᵀ and Aᵀ·A.
  ///
  /// Its leading eigenvectors span what the singular vectors do, and within that space these are found from A itself, so that
  /// squaring costs no digits of what is large. A value below a hundred-thousandth of the largest may need another pass through
  /// A and Aᵀ. A flat spectrum takes no longer than a steep one.
  ///
  /// - Returns: Components that satisfy `|Aᵀ·u - s·v| ≤ tolerance · s_0`; nil if that was not reached.
  private init?(gram count: Int, of matrix: DoubleMatrix, tolerance: Double, workers: Workers) {
    let isTall = matrix.rows >= matrix.columns
    let (tall, wide) = isTall ? (matrix, matrix.transposed) : (matrix.transposed, matrix)
    let squares = wide.timesOwnTransposed(workers: workers)
    guard squares.norm.isFinite else { return nil }
    let reduction = TridiagonalReduction(squares, workers: workers)
    let values = reduction.tridiagonal.largestEigenvalues(min(wide.rows, count + 4), workers: workers)
    var basis = reduction.tridiagonal.eigenvectors(of: values)
    reduction.applyQ(toRowsOf: &basis, workers: workers)
    for _ in 0..<Self.mostPasses {
      let found = SingularValues(basis.times(wide, workers: workers), workers: workers).leading(basis.rows)
      let short = found.left.times(basis, workers: workers)
      let back = found.right.times(tall, workers: workers)
      let leading = found.leading(count)
      if leading.fits(back, short, tolerance) {
        let (long, short) = (leading.right, short.rows(0..<count))
        self.init(values: leading.values, left: isTall ? long : short, right: isTall ? short : long)
        return
      }
      basis = HouseholderQR(ofTransposed: back, workers: workers).q(workers: workers).transposed
    }
    return nil
  }

  /// Passes through A and Aᵀ before the whole decomposition is taken.
  private static var mostPasses: Int { 4 }
  /// Rows below which the whole decomposition is soon done.
  private static var fewestRows: Int { 64 }

  /// Whether right vectors, and what Aᵀ makes of the left ones, leave no residual above a share of the largest value.
  private func fits(_ back: DoubleMatrix, _ right: DoubleMatrix, _ tolerance: Double) -> Bool {
    values.indices.allSatisfy { row in
      let square = (0..<right.columns).reduce(0.0) {
        let difference = back[row, $1] - values[row] * right[row, $1]
        return $0 + difference * difference
      }
      return square.squareRoot() <= tolerance * values[0]
    }
  }

  /// The first components of these.
  private func leading(_ count: Int) -> SingularValues {
    SingularValues(values: Array(values.prefix(count)), left: left.rows(0..<count), right: right.rows(0..<count))
  }
}

/// An orthonormal basis, as rows, that grows by given vectors.
private struct KrylovBasis {
  private(set) var vectors: DoubleMatrix
  private let workers: Workers
  private var draws = 0

  /// Starts with `block` random vectors.
  init(width: Int, block: Int, workers: Workers) {
    self.workers = workers
    vectors = DoubleMatrix(zeros: 0, width)
    grow(by: DoubleMatrix(zeros: block, width))
  }

  /// Adds what of each row is orthogonal to the basis, or a random vector where nothing is; no more than fit.
  mutating func grow(by rows: DoubleMatrix) {
    let width = vectors.columns
    for row in 0..<min(rows.rows, width - vectors.rows) {
      var vector = DoubleMatrix(rows.rows(row..<row + 1).elements, rows: 1, columns: width)
      // A vector of which less than this is left has lost its digits.
      while !orthonormalize(&vector, above: 1e-10) {
        draws += 1
        vector = DoubleMatrix(
          SeedStream(0).child(draws).normals(width, standardDeviation: 1), rows: 1, columns: width)
      }
      vectors = DoubleMatrix(vectors.elements + vector.elements, rows: vectors.rows + 1, columns: width)
    }
  }

  /// Takes off what lies in the basis, twice, and gives the vector length 1; false if no more than a share is left.
  private func orthonormalize(_ vector: inout DoubleMatrix, above share: Double) -> Bool {
    let before = vector.norm
    for _ in 0..<2 {
      let inside = vector.times(vectors.transposed, workers: workers).times(vectors, workers: workers)
      for index in 0..<vector.columns { vector[0, index] -= inside[0, index] }
    }
    let length = vector.norm
    guard length > share * before, length > 0 else { return false }
    for index in 0..<vector.columns { vector[0, index] /= length }
    return true
  }
}
