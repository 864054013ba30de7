import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Little matrices, which keep a second copy for the backward pass.
@Suite("Transposed copies of little matrices") struct TransposedCopyTests {
  private static let formats: [WeightFormat] = [.float32, .bfloat16, .float16]

  /// A matrix whose elements all three formats hold exactly.
  private static func matrix(
    _ format: WeightFormat, outputs: Int, inputs: Int, context: ComputeContext
  ) throws -> (matrix: WeightMatrix, values: [Float]) {
    let values = SeedStream(outputs * 1009 + inputs).uniforms(outputs * inputs, in: -64...64).map {
      $0.rounded() / 32
    }
    var bytes: [UInt8] = []
    func append(_ bits: some FixedWidthInteger) { withUnsafeBytes(of: bits.littleEndian) { bytes += $0 } }
    for value in values {
      switch format {
      case .float32: append(value.bitPattern)
      case .bfloat16: append(UInt16(value.bitPattern >> 16))
      default: append(Float16(value).bitPattern)
      }
    }
    let matrix = try bytes.withUnsafeBytes {
      try WeightMatrix(format: format, outputs: outputs, inputs: inputs, bytes: $0, context: context)
    }
    return (matrix, values)
  }

  @Test(
    "The transposed product is that of the elements as they are, to the bit, for any number of rows",
    arguments: formats)
  func sameBits(_ format: WeightFormat) throws {
    let context = ComputeContext(threads: 2)
    for (outputs, inputs) in [(96, 96), (515, 33), (7, 1), (1, 7), (2048, 96), (61, 700)] {
      let (matrix, values) = try Self.matrix(format, outputs: outputs, inputs: inputs, context: context)
      for rows in [1, 2, 3, 4, 5, 11, 12, 13, 40] {
        let y = SeedStream(rows).uniforms(rows * outputs, in: -1...1)
        let start = SeedStream(rows + 1).uniforms(rows * inputs, in: -1...1)
        for accumulate in [false, true] {
          var (x, expected) = (start, start)
          matrix.multiplyTransposed(
            y, rows: rows, yStride: outputs, into: &x, xStride: inputs, accumulate: accumulate,
            workers: context.workers)
          MatrixMultiply.multiply(
            m: rows, n: inputs, k: outputs, a: y, aStride: outputs, b: values, bStride: inputs, c: &expected,
            cStride: inputs, accumulate: accumulate, workers: context.workers)
          #expect(x.bits == expected.bits, "\(rows) rows by [\(outputs), \(inputs)]")
        }
      }
      #expect(matrix.values == values)
    }
  }

  @Test("It is made once, of little matrices only, and is not counted")
  func whichMatrices() throws {
    let context = ComputeContext(threads: 1)
    func copy(_ format: WeightFormat, _ outputs: Int, _ inputs: Int) throws -> TransposedCopy? {
      let bytes = [UInt8](repeating: 0, count: try #require(format.byteCount(outputs: outputs, inputs: inputs)))
      let matrix = try bytes.withUnsafeBytes {
        try WeightMatrix(format: format, outputs: outputs, inputs: inputs, bytes: $0, context: context)
      }
      return TransposedCopy(of: matrix.packed, arena: context.pool.weightArena)
    }
    #expect(try copy(.bfloat16, 2048, 96) != nil)
    #expect(try copy(.bfloat16, 129, 129) == nil)
    #expect(try copy(.bfloat16, 1 << 12, 96) == nil)
    #expect(try copy(.q80, 64, 64) == nil)
    #expect(try copy(.float32, 0, 64) == nil)

    let (matrix, _) = try Self.matrix(.bfloat16, outputs: 64, inputs: 32, context: context)
    let counted = context.pool.live
    var x = [Float](repeating: 0, count: 32)
    matrix.multiplyTransposed(
      [Float](repeating: 1, count: 64), rows: 1, yStride: 64, into: &x, xStride: 32, workers: context.workers)
    #expect(context.pool.live == counted)
    try withExtendedLifetime(matrix) {
      let transposed = try #require(TransposedCopy(of: matrix.packed, arena: context.pool.weightArena))
      #expect(transposed.packed(workers: .one).memory == transposed.packed(workers: .one).memory)
      transposed.release()
    }
  }
}
