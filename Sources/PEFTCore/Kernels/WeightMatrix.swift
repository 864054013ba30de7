/// A frozen `[outputs, inputs]` matrix, kept in the format it is stored in.
///
/// It is reordered once, when it is made: into panels of a few outputs with the inputs one after the other
/// inside, which is the order the matrix kernel reads. Elements become float32 only in small buffers in cache.
/// One copy serves both the product of the forward pass and the transposed one of the backward pass, except for little
/// matrices (`TransposedCopy`).
///
/// Results are summed as `MatrixMultiply` says, so they depend neither on the number of threads nor on the
/// rows that are multiplied together.
public final class WeightMatrix: Sendable {
  /// How the elements are stored.
  public let format: WeightFormat
  /// Rows: elements of a result.
  public let outputs: Int
  /// Columns: elements of what is multiplied.
  public let inputs: Int
  /// Bytes of all elements as stored; what the memory pool counts.
  public let byteCount: Int

  let packed: PackedWeights
  private let transposedCopy: TransposedCopy?
  private let pool: MemoryPool
  /// Whether only the shape is there: products compute nothing, and all elements are zero.
  let isShapeOnly: Bool

  /// Packs a stored matrix.
  ///
  /// - Parameters:
  ///   - format: How `bytes` stores the elements.
  ///   - transposed: Whether the source is `[inputs, outputs]`, as GPT-2's Conv1D weights are.
  ///   - rowOrder: Row i of the result is row `rowOrder[i]` of the source; nil leaves the order.
  ///   - bytes: The source in row-major order, at any alignment; not kept.
  ///   - context: Where the bytes are counted (as weights) and the threads that pack.
  /// - Throws: `WeightFormatError` if the shape does not fit the format or `bytes`.
  public init(
    format: WeightFormat, outputs: Int, inputs: Int, transposed: Bool = false, rowOrder: [Int]? = nil,
    bytes: UnsafeRawBufferPointer, context: ComputeContext
  ) throws(WeightFormatError) {
    guard let byteCount = format.byteCount(outputs: outputs, inputs: inputs),
      format.byteCount(outputs: outputs + KernelShape.panelWidth, inputs: inputs) != nil
    else {
      throw WeightFormatError(
        description: """
          a \(outputs) × \(inputs) matrix cannot be stored as \(format.name), whose rows are made of blocks of \
          \(format.blockLength)
          """)
    }
    guard bytes.count == byteCount else {
      throw WeightFormatError(
        description: "a \(outputs) × \(inputs) matrix of \(format.name) has \(byteCount) bytes, found \(bytes.count)")
    }
    guard !transposed || format.blockLength == 1 else {
      throw WeightFormatError(description: "a matrix of \(format.name) cannot be read transposed")
    }
    if let rowOrder {
      guard rowOrder.count == outputs, rowOrder.allSatisfy((0..<outputs).contains) else {
        throw WeightFormatError(description: "the row order does not name \(outputs) rows of the matrix")
      }
    }
    self.format = format
    self.outputs = outputs
    self.inputs = inputs
    self.byteCount = byteCount
    packed = PackedWeights(
      format: format, outputs: outputs, inputs: inputs, transposed: transposed, rowOrder: rowOrder, bytes: bytes,
      arena: context.pool.weightArena, workers: context.workers)
    pool = context.pool
    transposedCopy = TransposedCopy(of: packed, arena: context.pool.weightArena)
    isShapeOnly = false
    pool.count(byteCount, as: .weights)
  }

  /// Makes the shape of a matrix, to stand where values mean nothing.
  ///
  /// - Parameters:
  ///   - format: By which its bytes are counted.
  ///   - outputs: Rows.
  ///   - inputs: Columns.
  ///   - context: Where they are counted, as weights.
  /// - Throws: `WeightFormatError` if the shape does not fit the format.
  public init(shapeOnly format: WeightFormat, outputs: Int, inputs: Int, context: ComputeContext)
    throws(WeightFormatError)
  {
    guard let byteCount = format.byteCount(outputs: outputs, inputs: inputs) else {
      throw WeightFormatError(description: "a \(outputs) × \(inputs) matrix cannot be stored as \(format.name)")
    }
    (self.format, self.outputs, self.inputs, self.byteCount) = (format, outputs, inputs, byteCount)
    packed = PackedWeights(shapeOnly: format, outputs: outputs, inputs: inputs)
    transposedCopy = nil
    pool = context.pool
    isShapeOnly = true
    pool.count(byteCount, as: .weights)
  }

  /// Makes a float32 matrix of row-major values.
  ///
  /// - Throws: `WeightFormatError` if there are not `outputs · inputs` values.
  public convenience init(values: [Float], outputs: Int, inputs: Int, context: ComputeContext)
    throws(WeightFormatError)
  {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: values.count * 4, alignment: 64)
    defer { bytes.deallocate() }
    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    try self.init(
      format: .float32, outputs: outputs, inputs: inputs, bytes: UnsafeRawBufferPointer(bytes), context: context)
  }

  /// Makes a matrix in NF4.
  ///
  /// - Throws: `WeightFormatError` if its rows are not made of whole blocks.
  public convenience init(nf4 matrix: NF4.Matrix, outputs: Int, inputs: Int, context: ComputeContext)
    throws(WeightFormatError)
  {
    let blocks = matrix.codes.withUnsafeBytes {
      NF4.blocks(codes: $0, scales: matrix.decodedScales, count: 2 * matrix.codes.count)
    }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: blocks.count, alignment: 64)
    defer { bytes.deallocate() }
    bytes.copyBytes(from: blocks)
    try self.init(
      format: .nf4, outputs: outputs, inputs: inputs, bytes: UnsafeRawBufferPointer(bytes), context: context)
  }

  deinit {
    transposedCopy?.release()
    if isShapeOnly { packed.memory.deallocate() } else { packed.release(to: pool.weightArena) }
    pool.count(-byteCount, as: .weights)
  }

  /// Multiplies rows by the matrix: `y = x·Wᵀ`, or adds the product to `y`.
  ///
  /// - Parameters:
  ///   - x: `[rows, inputs]`, rows `xStride` apart.
  ///   - y: `[rows, outputs]`, or as many columns as `range` has, rows `yStride` apart.
  ///   - range: The outputs to compute, all if nil, such as a block of the vocabulary; starts at a multiple of 32.
  ///   - accumulate: Whether the product is added to what `y` holds.
  public func multiply(
    _ x: UnsafePointer<Float>, rows: Int, xStride: Int, into y: UnsafeMutablePointer<Float>, yStride: Int,
    outputs range: Range<Int>? = nil, accumulate: Bool = false, workers: Workers
  ) {
    let range = checked(range)
    guard !isShapeOnly else { return }
    let product = ProductRows(
      rowCount: rows, depth: inputs, a: x, aStride: xStride, aIsTransposed: false, c: y, cStride: yStride,
      accumulates: accumulate)
    BlockedMultiply(product, by: OutputPanels(weights: packed, outputs: range)).run(on: workers, as: .frozenProduct)
  }

  /// Multiplies rows by the transposed matrix: `x = y·W`, or adds the product to `x`.
  ///
  /// - Parameters:
  ///   - y: `[rows, outputs]`, or as many columns as `range` has, rows `yStride` apart; in training, the
  ///     gradient of the product.
  ///   - range: The rows of the matrix to multiply by, all if nil; starts at a multiple of 32. Sums are in blocks
  ///     of 256 outputs from its start.
  ///   - x: `[rows, inputs]`, rows `xStride` apart.
  ///   - accumulate: Whether the product is added to what `x` holds.
  public func multiplyTransposed(
    _ y: UnsafePointer<Float>, rows: Int, yStride: Int, into x: UnsafeMutablePointer<Float>, xStride: Int,
    outputs range: Range<Int>? = nil, accumulate: Bool = false, workers: Workers
  ) {
    let range = checked(range)
    guard !isShapeOnly else { return }
    let product = ProductRows(
      rowCount: rows, depth: range.count, a: y, aStride: yStride, aIsTransposed: false, c: x, cStride: xStride,
      accumulates: accumulate)
    if range.lowerBound == 0, let transposed = transposedCopy?.packed(workers: workers) {
      let panels = OutputPanels(weights: transposed, outputs: 0..<inputs)
      return BlockedMultiply(product, by: panels).run(on: workers, as: .transposedProduct)
    }
    BlockedMultiply(product, by: InputPanels(weights: packed, firstOutput: range.lowerBound))
      .run(on: workers, as: .transposedProduct)
  }

  private func checked(_ range: Range<Int>?) -> Range<Int> {
    let range = range ?? 0..<outputs
    precondition(
      range.lowerBound >= 0 && range.lowerBound % 32 == 0 && range.upperBound <= outputs,
      "WeightMatrix: outputs \(range) of \(outputs) do not start at a multiple of 32 or end outside")
    return range
  }

  /// Writes one row as float32, such as a token's embedding.
  ///
  /// - Precondition: `row` is in `0..<outputs`; `target` has room for `inputs` elements.
  public func decodeRow(_ row: Int, into target: UnsafeMutablePointer<Float>) {
    precondition((0..<outputs).contains(row), "decodeRow: row \(row) of a matrix with \(outputs) rows")
    guard !isShapeOnly else { return target.update(repeating: 0, count: inputs) }
    packed.decodeRow(row, into: target)
  }

  /// All elements as float32, row-major.
  public var values: [Float] {
    [Float](unsafeUninitializedCapacity: outputs * inputs) { buffer, initialized in
      if let base = buffer.baseAddress { decode(into: base) }
      initialized = outputs * inputs
    }
  }
}
