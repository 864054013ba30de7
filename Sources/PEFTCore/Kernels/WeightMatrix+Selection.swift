extension WeightMatrix {
  /// Some rows and columns as a matrix of its own, in the order in which they are named: what pruning leaves.
  ///
  /// float32, bfloat16 and float16 elements keep their type and value. Elements of GGUF blocks become float32, since a
  /// block's scale is one for 32 columns or more.
  ///
  /// - Parameters:
  ///   - rows: Outputs to keep; all if nil.
  ///   - columns: Inputs to keep; all if nil.
  ///   - context: Where the new matrix is counted.
  /// - Precondition: The rows and columns exist.
  /// - Throws: `WeightFormatError` if nothing is left.
  public func selecting(
    rows: [Int]? = nil, columns: [Int]? = nil, context: ComputeContext
  ) throws(WeightFormatError) -> WeightMatrix {
    let (rows, columns) = (rows ?? Array(0..<outputs), columns ?? Array(0..<inputs))
    precondition(columns.allSatisfy((0..<inputs).contains), "selecting: columns of a matrix with \(inputs)")
    var values: [Float] = []
    values.reserveCapacity(rows.count * columns.count)
    var whole = [Float](repeating: 0, count: inputs)
    for row in rows {
      whole.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { decodeRow(row, into: base) }
      }
      for column in columns { values.append(whole[column]) }
    }
    let halves: [UInt16]? =
      switch format {
      case .bfloat16: values.withUnsafeBufferPointer { HalfPrecision.bfloat16($0) }
      case .float16: values.withUnsafeBufferPointer { HalfPrecision.float16($0) }
      default: nil
      }
    guard let halves else {
      return try WeightMatrix(values: values, outputs: rows.count, inputs: columns.count, context: context)
    }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * halves.count, alignment: 64)
    defer { bytes.deallocate() }
    halves.withUnsafeBytes { bytes.copyMemory(from: $0) }
    return try WeightMatrix(
      format: format, outputs: rows.count, inputs: columns.count, bytes: UnsafeRawBufferPointer(bytes), context: context
    )
  }
}
