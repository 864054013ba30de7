import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Frozen matrices in every storage format.
@Suite struct WeightMatrixTests {
  private struct Golden {
    let format: WeightFormat
    let bytes: String
    let values: [(Int, Float)]
    let sum: Double
  }

  /// Blocks decoded with gguf-py.
  private static let golden = [
    Golden(
      format: .q40,
      bytes: """
        0038a57520456d8461815412eed4b530450b
        """,
      values: [(0, -1.5), (1, -1.5), (2, -4.0), (3, -1.5), (16, 1.0), (31, -4.0)], sum: -37.5),
    Golden(
      format: .q41,
      bytes: """
        003800bd20456d8461815412eed4b530450bb7e3
        """,
      values: [(0, -1.25), (1, 1.25), (2, 5.25), (3, 0.75), (16, -0.25), (31, 5.75)], sum: 54.5),
    Golden(
      format: .q50,
      bytes: """
        0038a57520456d8461815412eed4b530450bb7e399d4
        """,
      values: [(0, 6.5), (1, -6.0), (2, 0.5), (3, -7.5), (16, -5.0), (31, -1.5)], sum: -45.5),
    Golden(
      format: .q51,
      bytes: """
        003800bd20456d8461815412eed4b530450bb7e399d48eb0
        """,
      values: [(0, -0.75), (1, -0.75), (2, 0.75), (3, -0.25), (16, 9.75), (31, 12.25)], sum: 155.5),
    Golden(
      format: .q80,
      bytes: """
        002ca57520456d8461815412eed4b530450bb7e399d48eb06e2f77e9f79571ba2fe5
        """,
      values: [(0, -5.6875), (1, 7.3125), (2, 2.0), (3, 4.3125), (16, -4.5625), (31, -1.6875)], sum: -4.25),
    Golden(
      format: .q2K,
      bytes: """
        8989a57520456d8461815412eed4b530450bb7e399d48eb06e2f77e9f79571ba2fe5bcf3b9121393788ea918ee \
        75e489567adb3f809291776f62ef99b369834687edfb24aba75f69002d1228e523865e00380034
        """,
      values: [
        (0, 2.5), (1, 11.5), (2, 11.5), (3, 11.5), (16, 11.5), (31, 2.5), (32, 0.0), (63, 3.25), (64, -0.5), (127, 2.0),
        (128, -0.5), (200, 10.5), (255, -0.75),
      ], sum: 586.0),
    Golden(
      format: .q3K,
      bytes: """
        8989a57520456d8461815412eed4b530450bb7e399d48eb06e2f77e9f79571ba2fe5bcf3b9121393788ea918ee \
        75e489567adb3f809291776f62ef99b369834687edfb24aba75f69002d1228e523865e5322c2bcba6395329b34 \
        9740e217e5fc09ba98e2ed9b0a5e6e77c81b0030
        """,
      values: [
        (0, 3.375), (1, 1.125), (2, 0.0), (3, 3.375), (16, 6.5), (31, -6.5), (32, 3.0), (63, 2.25), (64, -7.25),
        (127, 1.75), (128, -0.0), (200, -0.0), (255, -10.125),
      ], sum: 71.75),
    Golden(
      format: .q4K,
      bytes: """
        0028002420456d8461815412eed4b530450bb7e399d48eb06e2f77e9f79571ba2fe5bcf3b9121393788ea918ee \
        75e489567adb3f809291776f62ef99b369834687edfb24aba75f69002d1228e523865e5322c2bcba6395329b34 \
        9740e217e5fc09ba98e2ed9b0a5e6e77c81bca775509b71aa43042e153386abca9b47b374e322c64cd037887ca \
        cb3c8402c7950907e1
        """,
      values: [
        (0, 4.484375), (1, 10.484375), (2, 6.484375), (3, 2.484375), (16, 14.484375), (31, 8.484375), (32, 0.609375),
        (63, 1.234375), (64, 8.125), (127, 0.34375), (128, 0.84375), (200, 6.140625), (255, 13.953125),
      ], sum: 1174.78125),
    Golden(
      format: .q5K,
      bytes: """
        0028002420456d8461815412eed4b530450bb7e399d48eb06e2f77e9f79571ba2fe5bcf3b9121393788ea918ee \
        75e489567adb3f809291776f62ef99b369834687edfb24aba75f69002d1228e523865e5322c2bcba6395329b34 \
        9740e217e5fc09ba98e2ed9b0a5e6e77c81bca775509b71aa43042e153386abca9b47b374e322c64cd037887ca \
        cb3c8402c7950907e1f77bb9750ea284e155135bcf776178426802d06143035806e26cfa063f71563e
        """,
      values: [
        (0, 21.484375), (1, 25.484375), (2, 26.484375), (3, 30.484375), (16, 22.484375), (31, 29.484375),
        (32, 0.765625), (63, 0.765625), (64, 26.40625), (127, 1.71875), (128, 2.59375), (200, 13.359375),
        (255, 18.953125),
      ], sum: 2661.0),
    Golden(
      format: .q6K,
      bytes: """
        8989a57520456d8461815412eed4b530450bb7e399d48eb06e2f77e9f79571ba2fe5bcf3b9121393788ea918ee \
        75e489567adb3f809291776f62ef99b369834687edfb24aba75f69002d1228e523865e5322c2bcba6395329b34 \
        9740e217e5fc09ba98e2ed9b0a5e6e77c81bca775509b71aa43042e153386abca9b47b374e322c64cd037887ca \
        cb3c8402c7950907e1f77bb9750ea284e155135bcf776178426802d06143035806e26cfa063f71563e8d5d3962 \
        163ede85d351e768cd2c198236aedad346a66c69d746e7afbf46f8790020
        """,
      values: [
        (0, -9.703125), (1, -9.703125), (2, -4.640625), (3, 8.859375), (16, -13.453125), (31, -6.40625),
        (32, -9.203125), (63, 9.140625), (64, 4.375), (127, -9.84375), (128, 8.0078125), (200, -0.0), (255, 2.8359375),
      ], sum: -299.1015625),
  ]

  @Test("Blocks decode to the values of the reference implementation")
  func goldenBlocks() throws {
    for golden in Self.golden {
      let digits = golden.bytes.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
      let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
      let matrix = try Self.matrix(golden.format, outputs: 1, inputs: golden.format.blockLength, bytes: bytes)
      for values in [Self.decoded(matrix), Self.decodedByProduct(matrix), Self.decodedByTransposedProduct(matrix)] {
        for (index, value) in golden.values { #expect(values[index] == value, "\(golden.format.name)[\(index)]") }
        #expect(values.reduce(0) { $0 + Double($1) } == golden.sum, "\(golden.format.name)")
      }
    }
  }

  @Test("IQ4_NL uses its table of levels")
  func nonlinearLevels() throws {
    // Scale 0.5; codes 0...15 twice.
    let bytes: [UInt8] = [0x00, 0x38] + (0..<16).map { UInt8($0 | (15 - $0) << 4) }
    let matrix = try Self.matrix(.iq4NL, outputs: 1, inputs: 32, bytes: bytes)
    let levels: [Float] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
    #expect(Self.decoded(matrix) == levels.map { $0 / 2 } + levels.reversed().map { $0 / 2 })
  }

  @Test("Every float16 decodes exactly")
  func allHalves() throws {
    // Infinities and NaNs (exponent 31) cannot pass through a product with zeros.
    let patterns = (0..<0x10000).map { UInt16($0) }.filter { $0 & 0x7C00 != 0x7C00 }
    let expected = patterns.map { bits in
      let fraction = Float(bits & 0x3FF)
      let exponent = Int(bits >> 10 & 31)
      let magnitude =
        exponent == 0 ? fraction * 0x1p-24 : Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
      return bits & 0x8000 == 0 ? magnitude : -magnitude
    }
    let bytes = patterns.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let matrix = try Self.matrix(.float16, outputs: patterns.count, inputs: 1, bytes: bytes)
    #expect(Self.decoded(matrix).map(\.bitPattern) == expected.map(\.bitPattern))
    #expect(Self.decodedByProduct(matrix) == expected)
    let special = try Self.matrix(.float16, outputs: 1, inputs: 3, bytes: [0, 0x7C, 0, 0xFC, 1, 0x7E])
    let values = Self.decoded(special)
    #expect(values[0] == .infinity && values[1] == -.infinity && values[2].isNaN)
  }

  @Test(
    "Row decoding, products and transposed products see the same elements in every format",
    arguments: WeightFormat.allCases)
  func oneMatrixInAllWays(format: WeightFormat) throws {
    let shapes = format.blockLength == 1 ? [(1, 1), (70, 45), (33, 300)] : [(5, format.blockLength), (70, 512)]
    for (outputs, inputs) in shapes {
      let matrix = try Self.matrix(
        format, outputs: outputs, inputs: inputs, bytes: Self.randomBytes(format, outputs: outputs, inputs: inputs))
      let values = Self.decoded(matrix)
      #expect(values.allSatisfy { $0.isFinite })
      #expect(Self.decodedByProduct(matrix) == values, "\(outputs) × \(inputs)")
      #expect(Self.decodedByTransposedProduct(matrix) == values, "\(outputs) × \(inputs), transposed")
    }
  }

  @Test("Products agree with the plain loop in every format", arguments: WeightFormat.allCases)
  func products(format: WeightFormat) throws {
    let shapes = format.blockLength == 1 ? [(9, 7), (65, 257), (257, 65), (64, 0), (0, 9)] : [(65, 512)]
    for (outputs, inputs) in shapes {
      let matrix = try Self.matrix(
        format, outputs: outputs, inputs: inputs, bytes: Self.randomBytes(format, outputs: outputs, inputs: inputs))
      let w = Self.decoded(matrix)
      for rows in [0, 1, 3, 4, 8, 9, 65] {
        for accumulate in [false, true] {
          let x = SeedStream(rows).uniforms(rows * inputs, in: -1...1)
          let y = SeedStream(rows + 1).uniforms(rows * outputs, in: -1...1)
          var (expectedY, expectedX) = (y, x)
          MatrixMultiply.reference(
            m: rows, n: outputs, k: inputs, a: x, aStride: inputs, b: w, bStride: inputs, transposeB: true,
            c: &expectedY, cStride: outputs, accumulate: accumulate)
          MatrixMultiply.reference(
            m: rows, n: inputs, k: outputs, a: y, aStride: outputs, b: w, bStride: inputs, c: &expectedX,
            cStride: inputs, accumulate: accumulate)
          expectClose(
            Self.product(matrix, x, rows: rows, onto: y, accumulate: accumulate), expectedY, relative: 2e-5,
            absolute: 1e-4, "\(rows) × \(outputs) × \(inputs)")
          expectClose(
            Self.transposedProduct(matrix, y, rows: rows, onto: x, accumulate: accumulate), expectedX,
            relative: 2e-5, absolute: 1e-4, "\(rows) × \(outputs) × \(inputs), transposed")
        }
      }
    }
  }

  @Test("Neither workers nor neighbouring rows change a bit", arguments: WeightFormat.allCases)
  func bitsAreFixed(format: WeightFormat) throws {
    let (outputs, inputs, rows) = (300, 512, 64)
    let matrix = try Self.matrix(
      format, outputs: outputs, inputs: inputs, bytes: Self.randomBytes(format, outputs: outputs, inputs: inputs))
    let x = SeedStream(1).uniforms(rows * inputs, in: -1...1)
    let y = SeedStream(2).uniforms(rows * outputs, in: -1...1)
    let forward = Self.product(matrix, x, rows: rows, onto: y, accumulate: true, workers: 1).map(\.bitPattern)
    let backward = Self.transposedProduct(matrix, y, rows: rows, onto: x, accumulate: true, workers: 1).map(
      \.bitPattern)
    for workers in [2, 5] {
      #expect(
        Self.product(matrix, x, rows: rows, onto: y, accumulate: true, workers: workers).map(\.bitPattern) == forward)
      #expect(
        Self.transposedProduct(matrix, y, rows: rows, onto: x, accumulate: true, workers: workers).map(\.bitPattern)
          == backward)
    }
    for part in 1...13 {
      let (xPart, yPart) = (Array(x[..<(part * inputs)]), Array(y[..<(part * outputs)]))
      #expect(
        Self.product(matrix, xPart, rows: part, onto: yPart, accumulate: true).map(\.bitPattern)
          == Array(forward[..<(part * outputs)]), "\(part) rows")
      #expect(
        Self.transposedProduct(matrix, yPart, rows: part, onto: xPart, accumulate: true).map(\.bitPattern)
          == Array(backward[..<(part * inputs)]), "\(part) rows, transposed")
    }
  }

  @Test("A transposed source and a row order give the matrix they describe")
  func transposedAndReordered() throws {
    let (outputs, inputs) = (37, 21)
    let values = SeedStream(3).uniforms(outputs * inputs, in: -1...1)
    let transposed = (0..<inputs * outputs).map { values[$0 % outputs * inputs + $0 / outputs] }
    let fromTransposed = try Self.matrix(
      .float32, outputs: outputs, inputs: inputs, transposed: true, bytes: Self.bytes(transposed))
    #expect(Self.decoded(fromTransposed) == values)

    let order = SeedStream(4).permutation(outputs)
    let reordered = order.flatMap { values[$0 * inputs..<($0 + 1) * inputs] }
    let fromOrder = try Self.matrix(
      .float32, outputs: outputs, inputs: inputs, rowOrder: order, bytes: Self.bytes(values))
    #expect(Self.decoded(fromOrder) == reordered)

    let blocks = Self.randomBytes(.q41, outputs: outputs, inputs: 64)
    let plain = Self.decoded(try Self.matrix(.q41, outputs: outputs, inputs: 64, bytes: blocks))
    let permuted = Self.decoded(try Self.matrix(.q41, outputs: outputs, inputs: 64, rowOrder: order, bytes: blocks))
    #expect(permuted == order.flatMap { plain[$0 * 64..<($0 + 1) * 64] })
  }

  @Test(
    "A range of outputs gives the columns that the whole product has", arguments: [WeightFormat.float32, .q41, .q6K])
  func outputRange(format: WeightFormat) throws {
    let (outputs, inputs, rows) = (150, 256, 6)
    let matrix = try Self.matrix(
      format, outputs: outputs, inputs: inputs, bytes: Self.randomBytes(format, outputs: outputs, inputs: inputs))
    let x = SeedStream(1).uniforms(rows * inputs, in: -1...1)
    let whole = Self.product(
      matrix, x, rows: rows, onto: [Float](repeating: 0, count: rows * outputs), accumulate: false)
    let range = 64..<133
    let workers = Workers(count: 2)
    var part = [Float](repeating: 0, count: rows * range.count)
    matrix.multiply(
      x, rows: rows, xStride: inputs, into: &part, yStride: range.count, outputs: range, workers: workers)
    var columns: [Float] = []
    for row in 0..<rows { columns += whole[(row * outputs + 64)..<(row * outputs + 133)] }
    #expect(part == columns)

    // Zero gradients outside the range.
    var gradients = [Float](repeating: 0, count: rows * outputs)
    for row in 0..<rows {
      for output in range { gradients[row * outputs + output] = part[row * range.count + output - 64] }
    }
    var dx = [Float](repeating: 0, count: rows * inputs)
    matrix.multiplyTransposed(
      part, rows: rows, yStride: range.count, into: &dx, xStride: inputs, outputs: range, workers: workers)
    let expected = Self.transposedProduct(
      matrix, gradients, rows: rows, onto: [Float](repeating: 0, count: rows * inputs), accumulate: false)
    #expect(dx == expected)
  }

  @Test("The pool counts the stored bytes as weights while the matrix lives")
  func countsMemory() throws {
    let context = ComputeContext(threads: 1)
    do {
      let matrix = try WeightMatrix(
        values: [Float](repeating: 1, count: 15), outputs: 5, inputs: 3, context: context)
      #expect(matrix.byteCount == 60)
      #expect(context.pool.live[.weights] == 60)
    }
    #expect(context.pool.live[.weights] == 0)
  }

  @Test("Shapes that do not fit the format or the bytes are refused")
  func refusals() throws {
    #expect(throws: WeightFormatError.self) { try Self.matrix(.q41, outputs: 1, inputs: 33, bytes: [0]) }
    #expect(throws: WeightFormatError.self) { try Self.matrix(.float32, outputs: 2, inputs: 2, bytes: [0]) }
    #expect(throws: WeightFormatError.self) { try Self.matrix(.float32, outputs: 1 << 40, inputs: 1 << 40, bytes: [0]) }
    #expect(throws: WeightFormatError.self) {
      try Self.matrix(.float32, outputs: 2, inputs: 1, rowOrder: [0, 2], bytes: [UInt8](repeating: 0, count: 8))
    }
    #expect(throws: WeightFormatError.self) {
      try Self.matrix(.q80, outputs: 1, inputs: 32, transposed: true, bytes: [UInt8](repeating: 0, count: 34))
    }
  }

  private static func matrix(
    _ format: WeightFormat, outputs: Int, inputs: Int, transposed: Bool = false, rowOrder: [Int]? = nil, bytes: [UInt8]
  ) throws -> WeightMatrix {
    try bytes.withUnsafeBytes { bytes in
      try WeightMatrix(
        format: format, outputs: outputs, inputs: inputs, transposed: transposed, rowOrder: rowOrder, bytes: bytes,
        context: ComputeContext(threads: 2))
    }
  }

  private static func bytes(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  /// Random blocks with scales of moderate size.
  static func randomBytes(_ format: WeightFormat, outputs: Int, inputs: Int) -> [UInt8] {
    let stream = SeedStream(outputs * 7 + inputs)
    if format == .float32 { return bytes(stream.uniforms(outputs * inputs, in: -1...1)) }
    let count = format.byteCount(outputs: outputs, inputs: inputs) ?? 0
    var bytes = (0..<count).map { UInt8(truncatingIfNeeded: stream.bits(at: $0)) }
    // The high bytes of the float16 and bfloat16 values, by their places in a block.
    let halves: [Int]
    switch format {
    case .bfloat16, .float16, .q40, .q50, .q80, .iq4NL: halves = [1]
    case .q41, .q51, .q4K, .q5K: halves = [1, 3]
    case .q2K: halves = [81, 83]
    case .q3K: halves = [109]
    case .q6K: halves = [209]
    case .nf4: halves = [3]
    case .float32: halves = []
    }
    let exponent: UInt8
    switch format {
    case .bfloat16, .nf4: exponent = 0x3E
    case .float16: exponent = 0x34
    case .q40, .q41, .q50, .q51, .q80, .iq4NL: exponent = 0x20
    default: exponent = 0x14
    }
    for block in stride(from: 0, to: count, by: format.blockBytes) {
      for half in halves { bytes[block + half] = exponent | bytes[block + half] & 0x80 }
    }
    return bytes
  }

  private static func decoded(_ matrix: WeightMatrix) -> [Float] {
    [Float](unsafeUninitializedCapacity: matrix.outputs * matrix.inputs) { buffer, count in
      if let base = buffer.baseAddress { matrix.decode(into: base) }
      count = matrix.outputs * matrix.inputs
    }
  }

  private static func identity(_ count: Int) -> [Float] {
    (0..<count * count).map { $0 / count == $0 % count ? 1 : 0 }
  }

  private static func decodedByProduct(_ matrix: WeightMatrix) -> [Float] {
    let (outputs, inputs) = (matrix.outputs, matrix.inputs)
    let product = product(
      matrix, identity(inputs), rows: inputs, onto: [Float](repeating: 0, count: inputs * outputs), accumulate: false)
    return (0..<outputs * inputs).map { product[$0 % inputs * outputs + $0 / inputs] }
  }

  private static func decodedByTransposedProduct(_ matrix: WeightMatrix) -> [Float] {
    let outputs = matrix.outputs
    return transposedProduct(
      matrix, identity(outputs), rows: outputs, onto: [Float](repeating: 0, count: outputs * matrix.inputs),
      accumulate: false)
  }

  private static func product(
    _ matrix: WeightMatrix, _ x: [Float], rows: Int, onto y: [Float], accumulate: Bool, workers: Int = 2
  ) -> [Float] {
    var result = y
    x.withUnsafeBufferPointer { x in
      result.withUnsafeMutableBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        matrix.multiply(
          x, rows: rows, xStride: matrix.inputs, into: y, yStride: matrix.outputs, accumulate: accumulate,
          workers: Workers(count: workers))
      }
    }
    return result
  }

  private static func transposedProduct(
    _ matrix: WeightMatrix, _ y: [Float], rows: Int, onto x: [Float], accumulate: Bool, workers: Int = 2
  ) -> [Float] {
    var result = x
    y.withUnsafeBufferPointer { y in
      result.withUnsafeMutableBufferPointer { x in
        guard let y = y.baseAddress, let x = x.baseAddress else { return }
        matrix.multiplyTransposed(
          y, rows: rows, yStride: matrix.outputs, into: x, xStride: matrix.inputs, accumulate: accumulate,
          workers: Workers(count: workers))
      }
    }
    return result
  }
}
