/// A symmetric tridiagonal matrix, of which the largest eigenvalues and their vectors are found.
struct SymmetricTridiagonal {
  let diagonal: [Double]
  /// Beside the diagonal, one element fewer.
  let beside: [Double]

  /// A bound of all eigenvalues' magnitudes (Gershgorin).
  private var bound: Double {
    diagonal.indices.reduce(0) { most, index in
      let left = index > 0 ? abs(beside[index - 1]) : 0
      let right = index < beside.count ? abs(beside[index]) : 0
      return max(most, abs(diagonal[index]) + left + right)
    }
  }

  /// The largest eigenvalues, descending, each as often as it occurs.
  ///
  /// By bisection: the sign changes of the leading minors say how many eigenvalues lie above a number (Golub & Van Loan,
  /// section 8.4.1).
  func largestEigenvalues(_ count: Int, workers: Workers) -> [Double] {
    let bound = bound
    // What a pivot of zero is taken for.
    let smallest = max(bound * .ulpOfOne * .ulpOfOne, .leastNormalMagnitude)
    var values = [Double](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { values in
      guard let values = values.baseAddress else { return }
      workers.run(pieces: count) { index in
        var (low, high) = (-bound, bound)
        // Each step halves the distance, down to the last bit of the largest ones.
        for _ in 0..<64 {
          let middle = low + (high - low) / 2
          guard low < middle, middle < high else { break }
          if eigenvalueCount(above: middle, smallest: smallest) > index { low = middle } else { high = middle }
        }
        values[index] = low + (high - low) / 2
      }
    }
    return values
  }

  private func eigenvalueCount(above shift: Double, smallest: Double) -> Int {
    var (pivot, found) = (1.0, 0)
    for index in diagonal.indices {
      let correction = index > 0 ? beside[index - 1] * beside[index - 1] / pivot : 0
      pivot = diagonal[index] - shift - correction
      if abs(pivot) < smallest { pivot = -smallest }
      if pivot > 0 { found += 1 }
    }
    return found
  }

  /// Orthonormal eigenvectors of given eigenvalues, as rows, by inverse iteration from fixed draws.
  ///
  /// Each is made orthogonal to all before it, so that those of equal or close eigenvalues span what belongs to them.
  func eigenvectors(of values: [Double]) -> DoubleMatrix {
    let size = diagonal.count
    let smallest = max(bound * .ulpOfOne, .leastNormalMagnitude)
    var vectors = DoubleMatrix(zeros: values.count, size)
    vectors.elements.withUnsafeMutableBufferPointer { buffer in
      guard let vectors = buffer.baseAddress else { return }
      for (row, value) in values.enumerated() {
        let factors = TridiagonalFactors(self, shift: value, smallest: smallest)
        var vector = SeedStream(0).child(row).normals(size, standardDeviation: 1).map { Double($0) }
        for _ in 0..<3 {
          factors.solve(&vector)
          vector.withUnsafeMutableBufferPointer { vector in
            guard let vector = vector.baseAddress else { return }
            normalize(vector, size)
            for _ in 0..<2 {
              for other in 0..<row {
                let earlier = vectors + other * size
                let along = DoubleVectors.dot(vector, earlier, count: size)
                DoubleVectors.add(earlier, times: -along, to: vector, count: size)
              }
            }
            normalize(vector, size)
          }
        }
        (vectors + row * size).update(from: vector, count: size)
      }
    }
    return vectors
  }

  private func normalize(_ vector: UnsafeMutablePointer<Double>, _ count: Int) {
    // By the largest element first, whose square could be out of range.
    let largest = (0..<count).reduce(0.0) { max($0, abs(vector[$1])) }
    guard largest > 0 else { return }
    DoubleVectors.scale(vector, by: 1 / largest, count: count)
    DoubleVectors.scale(vector, by: 1 / DoubleVectors.dot(vector, vector, count: count).squareRoot(), count: count)
  }
}

/// `T - shift · I` of a tridiagonal matrix as triangular factors, rows exchanged for the larger pivots (as LAPACK's `dgttrf`).
private struct TridiagonalFactors {
  /// The diagonal and the two above it.
  private var upper: [SIMD3<Double>]
  private var multipliers: [Double]
  private var exchanged: [Bool]

  /// - Parameter smallest: What a pivot of less is replaced by.
  init(_ matrix: SymmetricTridiagonal, shift: Double, smallest: Double) {
    let size = matrix.diagonal.count
    func beside(_ index: Int) -> Double { index < matrix.beside.count ? matrix.beside[index] : 0 }
    upper = matrix.diagonal.indices.map { SIMD3(matrix.diagonal[$0] - shift, beside($0), 0) }
    multipliers = [Double](repeating: 0, count: size)
    exchanged = [Bool](repeating: false, count: size)
    for row in 0..<max(0, size - 1) {
      // The row below, from this column on.
      var below = SIMD3(beside(row), upper[row + 1].x, upper[row + 1].y)
      if abs(below.x) > abs(upper[row].x) {
        (upper[row], below) = (below, upper[row])
        exchanged[row] = true
      }
      if abs(upper[row].x) < smallest { upper[row].x = smallest }
      multipliers[row] = below.x / upper[row].x
      below -= multipliers[row] * upper[row]
      upper[row + 1] = SIMD3(below.y, below.z, 0)
    }
    if let last = upper.last, abs(last.x) < smallest { upper[size - 1].x = smallest }
  }

  /// Replaces a right-hand side by the solution.
  func solve(_ x: inout [Double]) {
    let size = x.count
    for row in 0..<max(0, size - 1) {
      if exchanged[row] { x.swapAt(row, row + 1) }
      x[row + 1] -= multipliers[row] * x[row]
    }
    for row in stride(from: size - 1, through: 0, by: -1) {
      var value = x[row]
      if row + 1 < size { value -= upper[row].y * x[row + 1] }
      if row + 2 < size { value -= upper[row].z * x[row + 2] }
      x[row] = value / upper[row].x
    }
  }
}
