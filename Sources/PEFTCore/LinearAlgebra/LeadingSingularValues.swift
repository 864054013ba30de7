extension SingularValues {
  /// Finds the largest components only, where the others are not wanted.
  ///
  /// Block Krylov iteration (Musco and Musco 2015): an orthonormal basis of the shorter side grows by Aᵀ·A times its newest
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
      self = SingularValues(matrix, workers: workers).leading(count)
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
      let isClose = (0..<count).allSatisfy { row in
        let square = (0..<width).reduce(0.0) {
          let difference = back[row, $1] - found.values[row] * short[row, $1]
          return $0 + difference * difference
        }
        return square.squareRoot() <= tolerance * found.values[0]
      }
      if isClose || basis.vectors.rows == width {
        self = SingularValues(values: found.values, left: isTall ? long : short, right: isTall ? short : long)
        return
      }
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
