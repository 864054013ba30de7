import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Results against their definitions, written as plain loops.
@Suite("Values of the tape's general operations") struct GeneralOperationValueTests {
  let context = ComputeContext(threads: 2)
  var tape: Tape { Tape(context: context, recording: false) }

  func random(_ shape: [Int], _ name: String) -> Variable {
    let values = SeedStream(7).child(name).normals(shape.reduce(1, *), standardDeviation: 1)
    return Variable(constant: Tensor(values, shape: shape, in: context.pool))
  }

  /// Fills a matrix by a function of row and column.
  func matrix(_ rows: Int, _ columns: Int, _ element: (Int, Int) -> Double) -> [Float] {
    (0..<rows * columns).map { Float(element($0 / columns, $0 % columns)) }
  }

  func at(_ x: Variable, _ row: Int, _ column: Int) -> Double {
    Double(x.value.elements[row * x.value.columnCount + column])
  }

  @Test("A product", arguments: [false, true], [false, true]) func product(transposeA: Bool, transposeB: Bool) {
    let (m, n, k) = (5, 19, 33)
    let a = random(transposeA ? [k, m] : [m, k], "a")
    let b = random(transposeB ? [n, k] : [k, n], "b")
    let expected = matrix(m, n) { row, column in
      (0..<k).reduce(0) {
        $0 + (transposeA ? at(a, $1, row) : at(a, row, $1)) * (transposeB ? at(b, column, $1) : at(b, $1, column))
      }
    }
    let product = tape.product(a, b, transposeA: transposeA, transposeB: transposeB)
    #expect(product.shape == [m, n])
    expectClose(product.value.values, expected, relative: 1e-5, absolute: 1e-5)
    let batched = tape.batchedProduct(
      tape.reshape(a, to: [1] + a.shape), tape.reshape(b, to: [1] + b.shape), transposeA: transposeA,
      transposeB: transposeB)
    #expect(batched.value.values == product.value.values)
  }

  @Test("A Kronecker product") func kronecker() {
    let (a, b) = (random([2, 3], "a"), random([4, 5], "b"))
    let expected = matrix(8, 15) { at(a, $0 / 4, $1 / 5) * at(b, $0 % 4, $1 % 5) }
    #expect(tape.kronecker(a, b).value.values == expected)
  }

  @Test("Products by elements, sums and differences") func elementwise() {
    let (x, y) = (random([3, 5], "x"), random([3, 5], "y"))
    #expect(tape.hadamard(x, y).value.values == matrix(3, 5) { at(x, $0, $1) * at(y, $0, $1) })
    #expect(tape.sum(x, y).value.values == matrix(3, 5) { at(x, $0, $1) + at(y, $0, $1) })
    #expect(tape.difference(x, y).value.values == matrix(3, 5) { at(x, $0, $1) - at(y, $0, $1) })
  }

  @Test("A product by elements with a frozen weight") func frozenWeight() throws {
    let (w, x) = (random([70, 9], "w"), random([70, 9], "x"))
    let weight = try WeightMatrix(values: w.value.values, outputs: 70, inputs: 9, context: context)
    #expect(tape.hadamard(weight: weight, with: x).value.values == tape.hadamard(w, x).value.values)
  }

  @Test(
    "A frozen weight of any format is added and multiplied as its elements say, and where nothing is added it stays",
    arguments: [WeightFormat.float32, .bfloat16, .q80, .nf4], [32, 320])
  func frozenElements(format: WeightFormat, inputs: Int) throws {
    let values = random([70, inputs], "w").value.values
    let weight: WeightMatrix
    switch format {
    case .float32: weight = try WeightMatrix(values: values, outputs: 70, inputs: inputs, context: context)
    case .nf4: weight = try WeightMatrix(nf4: NF4.Matrix(values), outputs: 70, inputs: inputs, context: context)
    default:
      // Any bits are a finite bfloat16 or an 8-bit block, as long as the exponents stay low.
      let bytes = (0..<(try #require(format.byteCount(outputs: 70, inputs: inputs)))).map {
        UInt8(truncatingIfNeeded: $0 &* 37) & 0x3F
      }
      weight = try bytes.withUnsafeBytes {
        try WeightMatrix(format: format, outputs: 70, inputs: inputs, bytes: $0, context: context)
      }
    }
    let elements = (0..<70).flatMap { row in
      [Float](unsafeUninitializedCapacity: inputs) { buffer, count in
        if let base = buffer.baseAddress { weight.decodeRow(row, into: base) }
        count = inputs
      }
    }
    let w = Variable(constant: Tensor(elements, shape: [70, inputs], in: context.pool))
    let x = random([70, inputs], "x")
    let decoded = Tensor(uninitialized: [70, inputs], in: context.pool)
    weight.decode(into: decoded.mutableElements, workers: context.workers)
    #expect(decoded.values == w.value.values)
    #expect(tape.hadamard(weight: weight, with: x).value.values == tape.hadamard(w, x).value.values)
    #expect(tape.add(weight, inPlaceTo: GradientCase.copy(x, tape)).value.values == tape.sum(x, w).value.values)
    expectClose(
      tape.hadamard(weight: weight, with: x, addsWeight: true).value.values,
      tape.sum(tape.hadamard(w, x), w).value.values, relative: 1e-5, absolute: 1e-4)
    let zeros = { Variable(constant: Tensor(zeros: [70, inputs], in: context.pool)) }
    #expect(tape.hadamard(weight: weight, with: zeros(), addsWeight: true).value.values == w.value.values)
    #expect(tape.add(weight, inPlaceTo: zeros()).value.values == w.value.values)
  }

  @Test("A block-diagonal product", arguments: [1, 2, 6]) func blocks(count: Int) {
    let (x, blocks) = (random([3, 12], "x"), random([count, 3, 2], "blocks"))
    let (width, groups) = (2, 6)
    guard count != 2 else {
      // Two blocks of three rows and six columns.
      let wide = random([2, 3, 6], "wide")
      let expected = matrix(3, 6) { row, column in
        (0..<6).reduce(0) { $0 + at(x, row, column / 3 * 6 + $1) * at(wide, column, $1) }
      }
      expectClose(tape.blockProduct(x, wide).value.values, expected, relative: 1e-5, absolute: 1e-5)
      return
    }
    let expected = matrix(3, groups * 3) { row, column in
      let (group, output) = (column / 3, column % 3)
      return (0..<width).reduce(0) {
        $0 + at(x, row, group * width + $1) * at(blocks, (count == 1 ? 0 : group) * 3 + output, $1)
      }
    }
    expectClose(tape.blockProduct(x, blocks).value.values, expected, relative: 1e-5, absolute: 1e-5)
  }

  @Test("A skew matrix has its elements above the diagonal, row by row") func skew() {
    let x = Variable(constant: Tensor([1, 2, 3], shape: [1, 3], in: context.pool))
    #expect(tape.skew(x, size: 3).value.values == [0, 1, 2, -1, 0, 3, -2, -3, 0])
    let none = Variable(constant: Tensor([], shape: [4, 0], in: context.pool))
    #expect(tape.skew(none, size: 1).value.values == [0, 0, 0, 0])
  }

  @Test("A matrix times its inverse is the identity") func inverse() {
    let x = random([3, 9, 9], "x")
    let identity = (0..<3).flatMap { _ in matrix(9, 9) { $0 == $1 ? 1 : 0 } }
    expectClose(
      tape.batchedProduct(x, tape.inverse(x)).value.values, identity, relative: 0, absolute: 1e-4)
  }

  @Test("A singular matrix has no inverse") func singular() {
    let x = Variable(constant: Tensor([1, 2, 2, 4], shape: [1, 2, 2], in: context.pool))
    #expect(tape.inverse(x).value.values.allSatisfy { $0.isNaN })
  }

  @Test("A sparse update equals the dense one", arguments: [1, 7, 8, 16, 33, 64, 150]) func sparse(rows: Int) {
    let (y, x, values) = (random([rows, 4], "y"), random([rows, 6], "x"), random([5], "values"))
    let positions = SparsePositions(rows: [0, 3, 3, 1, 3], columns: [2, 0, 5, 5, 0], height: 4, width: 6)
    var dense = [Float](repeating: 0, count: 24)
    for k in 0..<5 { dense[Int(positions.rows[k]) * 6 + Int(positions.columns[k])] += values.value.elements[k] }
    let weight = Variable(constant: Tensor(dense, shape: [4, 6], in: context.pool))
    let expected = tape.addLinear(to: GradientCase.copy(y, tape), x: x, weight: weight).value.values
    let found = tape.addSparse(to: GradientCase.copy(y, tape), x: x, values: values, at: positions).value.values
    expectClose(found, expected, relative: 1e-5, absolute: 1e-6)
    // A row is the same in whatever company.
    let first = Variable(constant: Tensor(x.value.values.prefix(6), shape: [1, 6], in: context.pool))
    let alone = Variable(constant: Tensor(y.value.values.prefix(4), shape: [1, 4], in: context.pool))
    #expect(
      tape.addSparse(to: alone, x: first, values: values, at: positions).value.values == Array(found.prefix(4)))
  }

  @Test("Normalized rows have length 1, and short ones are divided by epsilon") func normalized() {
    let x = Variable(constant: Tensor([3, 4, 0.003, 0.004], shape: [2, 2], in: context.pool))
    expectClose(
      tape.normalizedRows(x, epsilon: 0.01).value.values, [0.6, 0.8, 0.3, 0.4], relative: 1e-6, absolute: 0)
  }

  @Test("Columns are selected, added up and transposed") func gathering() {
    let x = random([2, 3], "x")
    #expect(tape.selectColumns([2, 0, 2], of: x).value.values == matrix(2, 3) { at(x, $0, [2, 0, 2][$1]) })
    let y = Variable(constant: Tensor([1, 2, 4], shape: [1, 3], in: context.pool))
    #expect(tape.scatterColumns(y, to: [1, 1, 3], width: 4).value.values == [0, 3, 0, 4])
    #expect(tape.transposed(x).value.values == matrix(3, 2) { at(x, $1, $0) })
    #expect(tape.elements(at: [5, 0], of: x).value.values == [x.value.elements[5], x.value.elements[0]])
  }

  @Test("Exponential, sigmoid, cosine and sine") func functions() {
    let x = Variable(constant: Tensor([-2, 0, 1.5], shape: [1, 3], in: context.pool))
    expectClose(
      tape.exponential(x).value.values, [0.13533528, 1, 4.48168907], relative: 1e-6, absolute: 0)
    expectClose(tape.sigmoid(x).value.values, [0.11920292, 0.5, 0.81757448], relative: 1e-6, absolute: 0)
    expectClose(tape.cosine(x).value.values, [-0.41614684, 1, 0.0707372], relative: 1e-6, absolute: 1e-7)
    expectClose(tape.sine(x).value.values, [-0.90929743, 0, 0.99749499], relative: 1e-6, absolute: 1e-7)
  }
}
