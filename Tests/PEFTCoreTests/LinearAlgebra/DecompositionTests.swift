import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Decompositions against numpy's, and against what they promise.
@Suite("Decompositions") struct DecompositionTests {
  static let workers = Workers(count: 2)

  /// A matrix of the fixture with what numpy makes of it.
  struct Golden: CustomTestStringConvertible, Sendable {
    let name: String
    let matrix: DoubleMatrix
    let values: [Double]
    let q: [Double]?
    let r: [Double]?
    let inverse: [Double]?
    var testDescription: String { name }

    static func all() throws -> [Golden] {
      let matrices = try GoldenFixture("numerics").json("linear_algebra.json").object?["matrices"]?.object
      return (matrices?.members ?? []).map { member in
        func numbers(_ key: String) -> [Double]? { member.value.object?[key]?.array?.compactMap(\.number) }
        let rows = member.value.object?["rows"]?.integer ?? 0
        let columns = member.value.object?["columns"]?.integer ?? 0
        return Golden(
          name: member.key, matrix: DoubleMatrix(numbers("elements") ?? [], rows: rows, columns: columns),
          values: numbers("singular_values") ?? [], q: numbers("q"), r: numbers("r"), inverse: numbers("inverse"))
      }
    }
  }

  static func random(_ rows: Int, _ columns: Int, _ name: String = "x") -> DoubleMatrix {
    DoubleMatrix(
      SeedStream(4).child(name).normals(rows * columns, standardDeviation: 1), rows: rows, columns: columns)
  }

  /// The largest difference of two lists.
  static func distance(_ x: [Double], _ y: [Double]) -> Double {
    x.count == y.count ? zip(x, y).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
  }

  static func distance(_ x: DoubleMatrix, _ y: DoubleMatrix) -> Double {
    (x.rows, x.columns) == (y.rows, y.columns) ? distance(x.elements, y.elements) : .infinity
  }

  /// How far the rows are from being orthonormal.
  static func skewness(_ rows: DoubleMatrix) -> Double {
    distance(rows.times(rows.transposed, workers: .one), DoubleMatrix(identity: rows.rows))
  }

  @Test("numpy's matrices are there") func fixture() throws { #expect(try Golden.all().count == 10) }

  @Test("QR gives numpy's factors, signs included", arguments: try Golden.all())
  func qr(golden: Golden) throws {
    guard let q = golden.q, let r = golden.r else { return }
    let qr = HouseholderQR(golden.matrix, workers: Self.workers)
    let scale = max(golden.values.first ?? 0, 1)
    #expect(Self.distance(qr.r.elements, r) <= 1e-14 * scale)
    // Beyond the rank, the columns of Q are any that complete the others.
    let rank = golden.values.count { $0 > 1e-12 * scale }
    let leading = { (elements: [Double]) in elements.indices.filter { $0 % qr.columns < rank }.map { elements[$0] } }
    if golden.name != "graded" {
      #expect(Self.distance(leading(qr.q(workers: Self.workers).elements), leading(q)) <= 1e-13)
    }
  }

  @Test("Q is orthonormal and Q·R the matrix", arguments: [(1, 1), (70, 33), (40, 40), (9, 1)])
  func reconstruction(rows: Int, columns: Int) {
    let matrix = Self.random(rows, columns)
    let qr = HouseholderQR(matrix, workers: Self.workers)
    let q = qr.q(workers: Self.workers)
    #expect(Self.skewness(q.transposed) <= 1e-14)
    #expect(Self.distance(q.times(qr.r, workers: .one), matrix) <= 1e-13)
  }

  @Test("Singular values are numpy's, and the components add up to the matrix", arguments: try Golden.all())
  func singularValues(golden: Golden) {
    let found = SingularValues(golden.matrix, workers: Self.workers)
    let scale = golden.values.first ?? 0
    #expect(Self.distance(found.values, golden.values) <= 2e-15 * scale)
    #expect(found.values == found.values.sorted(by: >))
    #expect(Self.skewness(found.left) <= 1e-14)
    #expect(Self.skewness(found.right) <= 1e-14)
    let product = found.product(of: 0..<found.values.count, workers: .one)
    #expect(Self.distance(product, golden.matrix) <= 5e-15 * scale)
  }

  @Test("Vectors belong to their values, and the largest element on the left is positive")
  func singularVectors() {
    for (rows, columns) in [(50, 31), (31, 50), (33, 33)] {
      let matrix = Self.random(rows, columns)
      let found = SingularValues(matrix, workers: Self.workers)
      let images = found.right.times(matrix.transposed, workers: .one)
      for k in found.values.indices {
        let u = found.left.rows(k..<k + 1).elements
        #expect(Self.distance(images.rows(k..<k + 1).elements, u.map { $0 * found.values[k] }) <= 1e-13)
        #expect(u.max { abs($0) < abs($1) } ?? 0 > 0)
      }
    }
  }

  @Test("Leading components are those of the whole decomposition", arguments: [(190, 170), (165, 180)])
  func leading(rows: Int, columns: Int) {
    let matrix = Self.random(rows, columns)
    let whole = SingularValues(matrix, workers: Self.workers)
    for count in [1, 20] {
      let found = SingularValues(leading: count, of: matrix, workers: Self.workers)
      #expect(Self.distance(found.values, Array(whole.values.prefix(count))) <= 1e-11)
      #expect(Self.distance(found.left, whole.left.rows(0..<count)) <= 1e-7)
      #expect(Self.distance(found.right, whole.right.rows(0..<count)) <= 1e-7)
      let alone = SingularValues(leading: count, of: matrix, workers: .one)
      #expect(alone.left == found.left && alone.right == found.right && alone.values == found.values)
    }
  }

  @Test(
    "Leading components of steep, flat and repeated spectra are right, for any number of threads",
    arguments: ["steep", "flat", "repeated", "low rank", "low rank and noise"])
  func leadingOfSpectrum(kind: String) {
    let (rows, columns, count) = (130, 90, 12)
    func spectrum(_ value: (Int) -> Double) -> DoubleMatrix {
      var left = HouseholderQR(Self.random(rows, columns, "l"), workers: .one).q(workers: .one)
      let right = HouseholderQR(Self.random(columns, columns, "r"), workers: .one).q(workers: .one)
      for row in 0..<rows { for column in 0..<columns { left[row, column] *= value(column) } }
      return left.times(right.transposed, workers: .one)
    }
    let matrix =
      switch kind {
      case "steep": spectrum { $0 < 15 ? (0..<$0).reduce(1.0) { value, _ in value / 10 } : 0 }
      case "flat": spectrum { 1 - 1e-3 * Double($0) }
      case "repeated": spectrum { $0 < 20 ? 1 : 0.5 }
      case "low rank": spectrum { $0 < 5 ? 1 : 0 }
      default: spectrum { $0 < 12 ? Double(20 - $0) : 1e-3 }
      }
    let whole = SingularValues(matrix, workers: Self.workers)
    let found = SingularValues(leading: count, of: matrix, workers: Self.workers)
    #expect(Self.distance(found.values, Array(whole.values.prefix(count))) <= 1e-12)
    #expect(Self.skewness(found.left) <= 1e-12 && Self.skewness(found.right) <= 1e-12)
    let images = found.right.times(matrix.transposed, workers: .one)
    for row in 0..<count {
      for column in 0..<rows {
        #expect(abs(images[row, column] - found.values[row] * found.left[row, column]) <= 1e-10 * found.values[0])
      }
    }
    let alone = SingularValues(leading: count, of: matrix, workers: .one)
    #expect(alone.left == found.left && alone.right == found.right && alone.values == found.values)
  }

  @Test("A matrix times its own transpose is symmetric and what the product gives", arguments: [1, 4, 6, 15])
  func ownTransposed(rows: Int) {
    let matrix = Self.random(rows, 37)
    let found = matrix.timesOwnTransposed(workers: Self.workers)
    #expect(found == found.transposed && found == matrix.timesOwnTransposed(workers: .one))
    #expect(Self.distance(found, matrix.times(matrix.transposed, workers: .one)) <= 1e-12)
  }

  @Test("The tridiagonal form has the matrix's eigenvalues and turns back into it", arguments: [1, 2, 3, 20])
  func tridiagonal(size: Int) {
    let matrix = Self.random(size, size + 4).timesOwnTransposed(workers: .one)
    let reduction = TridiagonalReduction(matrix, workers: Self.workers)
    let values = reduction.tridiagonal.largestEigenvalues(size, workers: Self.workers)
    var vectors = reduction.tridiagonal.eigenvectors(of: values)
    reduction.applyQ(toRowsOf: &vectors, workers: Self.workers)
    #expect(Self.skewness(vectors) <= 1e-12)
    var weighted = vectors
    for row in 0..<size { for column in 0..<size { weighted[row, column] *= values[row] } }
    #expect(Self.distance(weighted.transposed.times(vectors, workers: .one), matrix) <= 1e-10)
  }

  @Test("The leading component of a matrix of rank one, and of zeros") func leadingOfLowRank() {
    let matrix = Self.random(180, 1, "a").times(Self.random(1, 170, "b"), workers: .one)
    let found = SingularValues(leading: 1, of: matrix, workers: Self.workers)
    #expect(Self.distance(found.product(of: 0..<1, workers: .one), matrix) <= 1e-12)
    let zeros = SingularValues(leading: 1, of: DoubleMatrix(zeros: 180, 170), workers: Self.workers)
    #expect(zeros.values == [0] && Self.skewness(zeros.right) <= 1e-13)
    #expect(SingularValues(leading: 0, of: matrix, workers: .one).values.isEmpty)
  }

  @Test("A matrix of low rank has zeros for its last values") func lowRank() {
    let matrix = Self.random(40, 3, "a").times(Self.random(3, 25, "b"), workers: .one)
    let found = SingularValues(matrix, workers: Self.workers)
    #expect(found.values[2] > 1)
    #expect(found.values[3...].allSatisfy { $0 <= 1e-14 * found.values[0] })
    #expect(Self.skewness(found.left) <= 1e-14)
    #expect(Self.skewness(found.right) <= 1e-14)
  }

  @Test("Every decomposition has the same bits for any number of threads") func threads() {
    let matrix = Self.random(90, 71)
    let (one, five) = (Workers(count: 1), Workers(count: 5))
    let (a, b) = (SingularValues(matrix, workers: one), SingularValues(matrix, workers: five))
    #expect(a.values == b.values)
    #expect(a.left == b.left)
    #expect(a.right == b.right)
    #expect(
      HouseholderQR(matrix, workers: one).q(workers: one) == HouseholderQR(matrix, workers: five).q(workers: five))
    #expect(matrix.times(matrix.transposed, workers: one) == matrix.times(matrix.transposed, workers: five))
  }

  @Test("A matrix with an element that is not a number has no singular values") func notANumber() {
    var matrix = Self.random(5, 4)
    matrix[2, 1] = .nan
    #expect(SingularValues(matrix, workers: Self.workers).values.contains { $0.isNaN })
  }

  @Test("A matrix without rows or columns has no singular values") func empty() {
    #expect(SingularValues(DoubleMatrix(zeros: 0, 3), workers: Self.workers).values.isEmpty)
    #expect(SingularValues(DoubleMatrix(zeros: 3, 0), workers: Self.workers).left.columns == 3)
  }

  @Test("Each pair of a tournament meets once, and nobody twice in a round", arguments: 0..<9)
  func tournament(count: Int) {
    let rounds = JacobiRotations.tournament(count)
    var met = Set<[Int]>()
    for round in rounds {
      #expect(Set(round.flatMap { [$0.0, $0.1] }).count == 2 * round.count)
      for pair in round { #expect(met.insert([pair.0, pair.1]).inserted) }
    }
    #expect(met.count == count * max(count - 1, 0) / 2)
  }

  @Test("LU gives numpy's inverse and solves equations") func lu() throws {
    let golden = try #require(try Golden.all().first { $0.name == "square" })
    let lu = try #require(LUDecomposition(golden.matrix))
    #expect(Self.distance(lu.inverse.elements, golden.inverse ?? []) <= 1e-13)
    let x = Self.random(6, 2)
    #expect(Self.distance(lu.solve(golden.matrix.times(x, workers: .one)), x) <= 1e-13)
    #expect(LUDecomposition(DoubleMatrix([0.0, 1, 1, 0], rows: 2, columns: 2))?.inverse.elements == [0, 1, 1, 0])
    #expect(LUDecomposition(DoubleMatrix([1.0, 2, 2, 4], rows: 2, columns: 2)) == nil)
    #expect(LUDecomposition(DoubleMatrix([Double.nan], rows: 1, columns: 1)) == nil)
  }

  @Test("Products and transposes") func products() {
    let a = DoubleMatrix([1.0, 2, 3, 4, 5, 6], rows: 2, columns: 3)
    #expect(a.times(a.transposed, workers: .one).elements == [14, 32, 32, 77])
    #expect(a.rows(1..<2).elements == [4, 5, 6])
    #expect(DoubleMatrix([3.0, -4], rows: 2, columns: 1).norm == 5)
    #expect(DoubleMatrix([Float(0.5)], rows: 1, columns: 1).floats == [0.5])
  }
}
