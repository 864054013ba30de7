/// How a safetensors file stores the elements of a tensor.
public enum SafetensorsType: String, Sendable, CaseIterable {
  // In the order in which the format's own writer sorts tensors.
  case uint64 = "U64"
  case int64 = "I64"
  case float64 = "F64"
  case complex64 = "C64"
  case float32 = "F32"
  case uint32 = "U32"
  case int32 = "I32"
  case bfloat16 = "BF16"
  case float16 = "F16"
  case uint16 = "U16"
  case int16 = "I16"
  case float8E5M2FNUZ = "F8_E5M2FNUZ"
  case float8E4M3FNUZ = "F8_E4M3FNUZ"
  case float8E8M0 = "F8_E8M0"
  case float8E4M3 = "F8_E4M3"
  case float8E5M2 = "F8_E5M2"
  case int8 = "I8"
  case uint8 = "U8"
  case float6E3M2 = "F6_E3M2"
  case float6E2M3 = "F6_E2M3"
  case float4 = "F4"
  case bool = "BOOL"

  /// Bits that one element takes.
  public var bitsPerElement: Int {
    switch self {
    case .uint64, .int64, .float64, .complex64: 64
    case .float32, .uint32, .int32: 32
    case .bfloat16, .float16, .uint16, .int16: 16
    case .float6E3M2, .float6E2M3: 6
    case .float4: 4
    default: 8
    }
  }

  /// Whether elements are whole numbers or truth values.
  public var isIntegral: Bool {
    switch self {
    case .uint64, .int64, .uint32, .int32, .uint16, .int16, .int8, .uint8, .bool: true
    default: false
    }
  }

  /// Whether `SafetensorsTensor.floats()` can read it.
  public var isReadableAsFloat: Bool {
    switch self {
    case .float64, .float32, .bfloat16, .float16: true
    default: false
    }
  }
}

/// A tensor in a safetensors file: its name, type and shape, and where its bytes are.
public struct SafetensorsTensor: Sendable {
  /// Its name in the checkpoint.
  public let name: String
  /// How its elements are stored.
  public let type: SafetensorsType
  /// Sizes of the dimensions, slowest varying first; empty for a single number.
  public let shape: [Int]
  /// The mapped file that it is in.
  public let file: MemoryMappedFile
  /// Where its bytes are in the file.
  public let range: Range<Int>

  /// Number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Its bytes, little-endian in row-major order, valid while `file` is alive; not necessarily aligned.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[range]) }

  /// Its elements as float32.
  ///
  /// - Throws: `CheckpointError` if they are not floating point numbers of 16 bits or more.
  public func floats() throws(CheckpointError) -> [Float] {
    try requireFloats()
    return [Float](unsafeUninitializedCapacity: elementCount) { output, count in
      decode(0..<elementCount, into: UnsafeMutableBufferPointer(rebasing: output[..<elementCount]))
      count = elementCount
    }
  }

  /// Its elements as whole numbers.
  ///
  /// Programs on systems that cannot write whole numbers store them as float32, which is taken where nothing is lost.
  ///
  /// - Throws: `CheckpointError` if they are neither integers of 32 or 64 bits nor float32 numbers that are whole.
  public func integers() throws(CheckpointError) -> [Int] {
    func values<Element: FixedWidthInteger>(_ type: Element.Type) -> [Int] {
      let size = MemoryLayout<Element>.size
      return (0..<elementCount).map { Int(bytes.loadUnaligned(fromByteOffset: size * $0, as: Element.self)) }
    }
    switch type {
    case .int32: return values(Int32.self)
    case .int64: return values(Int64.self)
    case .float32:
      let whole = try floats().compactMap { Int(exactly: $0) }
      if whole.count == elementCount { return whole }
    default: break
    }
    throw CheckpointError(
      file: file.path, tensor: name, byteOffset: range.lowerBound,
      "its type is \(type.rawValue), expected whole numbers of type I32 or I64")
  }

  /// Writes some of its elements, in row-major order, as float32 to `output`.
  ///
  /// - Precondition: The range lies in the tensor and `output` has room for it.
  /// - Throws: `CheckpointError` if they are not floating point numbers of 16 bits or more.
  public func floats(
    _ elements: Range<Int>, into output: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    precondition(
      elements.lowerBound >= 0 && elements.upperBound <= elementCount && output.count >= elements.count,
      "floats: \(elements) of \(elementCount) elements into \(output.count)")
    try requireFloats()
    decode(elements, into: UnsafeMutableBufferPointer(rebasing: output[..<elements.count]))
  }

  private func requireFloats() throws(CheckpointError) {
    guard type.isReadableAsFloat else {
      throw CheckpointError(
        file: file.path, tensor: name, byteOffset: range.lowerBound,
        "its type is \(type.rawValue), expected F32, BF16, F16 or F64")
    }
  }

  private func decode(_ elements: Range<Int>, into output: UnsafeMutableBufferPointer<Float>) {
    let size = type.bitsPerElement / 8
    let bytes = UnsafeRawBufferPointer(rebasing: bytes[elements.lowerBound * size..<elements.upperBound * size])
    guard let source = bytes.baseAddress, let target = output.baseAddress else { return }
    switch type {
    case .bfloat16: HalfPrecision.widen(bfloat16: bytes, into: output)
    case .float16: HalfPrecision.widen(float16: bytes, into: output)
    case .float64:
      for index in 0..<output.count {
        target[index] = Float(source.loadUnaligned(fromByteOffset: 8 * index, as: Double.self))
      }
    default: UnsafeMutableRawBufferPointer(output).copyMemory(from: bytes)
    }
  }
}
