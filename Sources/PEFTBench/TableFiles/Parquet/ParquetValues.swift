import PEFTCore

/// Decodes the values of one page, which follow its levels.
struct ParquetValues {
  /// Encoding numbers of the format.
  enum Encoding: Int {
    case plain = 0
    case plainDictionary = 2
    case runs = 3
    case bitPacked = 4
    case deltaBinaryPacked = 5
    case deltaLengthByteArray = 6
    case deltaByteArray = 7
    case runsOfDictionary = 8
    case byteStreamSplit = 9
  }

  /// What strings with shared beginnings may add up to in one page; the format itself sets no limit to them.
  private static let maximumTextBytes = 1 << 26

  let type: ParquetType
  let typeLength: Int
  let kind: ParquetValueKind

  /// Decodes `count` values, none of them null.
  func decode(
    _ input: inout ParquetBytes, count: Int, encoding: Encoding, dictionary: [DocumentValue]?
  ) throws(ParquetPageError) -> [DocumentValue] {
    switch (encoding, type) {
    case (.plain, _): return try plain(&input, count: count)
    case (.plainDictionary, _), (.runsOfDictionary, _):
      guard let dictionary else { throw ParquetPageError("it needs a dictionary, and there is none before it") }
      return try indices(&input, count: count, dictionary)
    case (.runs, .boolean):
      let length = try input.length()
      guard length <= input.left else { throw ParquetPageError("its values are cut off") }
      return try ParquetEncodings.runs(&input, width: 1, count: count).map { DocumentValue(.bool($0 == 1)) }
    case (.deltaBinaryPacked, .int32):
      return try ParquetEncodings.deltas(&input, count: count).map { kind.value(Int64(Int32(truncatingIfNeeded: $0))) }
    case (.deltaBinaryPacked, .int64): return try ParquetEncodings.deltas(&input, count: count).map(kind.value)
    case (.deltaLengthByteArray, .byteArray):
      let lengths = try ParquetEncodings.lengths(&input, count: count)
      var values: [DocumentValue] = []
      values.reserveCapacity(count)
      for length in lengths { try append(input.bytes, try input.take(length), to: &values) }
      return values
    case (.deltaByteArray, .byteArray), (.deltaByteArray, .fixedByteArray):
      return try sharedBeginnings(&input, count: count)
    case (.byteStreamSplit, .int32), (.byteStreamSplit, .float): return try split(&input, count: count, width: 4)
    case (.byteStreamSplit, .int64), (.byteStreamSplit, .double): return try split(&input, count: count, width: 8)
    case (.byteStreamSplit, .fixedByteArray): return try split(&input, count: count, width: typeLength)
    default: throw ParquetPageError("the encoding \(encoding) does not go with values of type \(type)")
    }
  }

  // MARK: Plain

  /// Decodes values as they are stored one after the other.
  func plain(_ input: inout ParquetBytes, count: Int) throws(ParquetPageError) -> [DocumentValue] {
    var values: [DocumentValue] = []
    switch type {
    case .boolean:
      let range = try input.take((count + 7) / 8)
      values.reserveCapacity(count)
      for i in 0..<count {
        values.append(DocumentValue(.bool(input.bytes[range.lowerBound + i >> 3] >> UInt8(i & 7) & 1 == 1)))
      }
    case .int32, .float:
      let raw = UnsafeRawBufferPointer(input.bytes)
      let range = try numbers(&input, count, of: 4)
      values.reserveCapacity(count)
      for i in 0..<count {
        let bits = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: range.lowerBound + 4 * i, as: UInt32.self))
        values.append(
          type == .float
            ? ParquetValueKind.value(Float(bitPattern: bits)) : kind.value(Int64(Int32(bitPattern: bits))))
      }
    case .int64, .double:
      let raw = UnsafeRawBufferPointer(input.bytes)
      let range = try numbers(&input, count, of: 8)
      values.reserveCapacity(count)
      for i in 0..<count {
        let bits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: range.lowerBound + 8 * i, as: UInt64.self))
        values.append(
          type == .double ? DocumentValue(.number(Double(bitPattern: bits))) : kind.value(Int64(bitPattern: bits)))
      }
    case .byteArray:
      guard count <= input.left / 4 else { throw ParquetPageError("its values are cut off") }
      values.reserveCapacity(count)
      for _ in 0..<count {
        let length = try input.length()
        try append(input.bytes, try input.take(length), to: &values)
      }
    case .fixedByteArray:
      guard typeLength == 0 || count <= input.left / typeLength else {
        throw ParquetPageError("its values are cut off")
      }
      values.reserveCapacity(count)
      for _ in 0..<count { try append(input.bytes, try input.take(typeLength), to: &values) }
    case .int96: throw ParquetPageError("INT96 values are not read")
    }
    return values
  }

  private func numbers(_ input: inout ParquetBytes, _ count: Int, of width: Int) throws(ParquetPageError) -> Range<Int>
  {
    guard count <= input.left / width else { throw ParquetPageError("its values are cut off") }
    return try input.take(count * width)
  }

  @inline(__always)
  private func append(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to values: inout [DocumentValue]
  ) throws(ParquetPageError) {
    guard let value = kind.value(UnsafeBufferPointer(rebasing: bytes[range])) else {
      throw ParquetPageError(kind.mismatch(of: values.count))
    }
    values.append(value)
  }

  // MARK: Other encodings

  private func indices(
    _ input: inout ParquetBytes, count: Int, _ dictionary: [DocumentValue]
  ) throws(ParquetPageError) -> [DocumentValue] {
    guard count > 0 else { return [] }
    let width = Int(input.bytes[try input.take(1).lowerBound])
    let indices = try ParquetEncodings.runs(&input, width: width, count: count)
    guard let largest = indices.max(), Int(largest) < dictionary.count else {
      throw ParquetPageError("it refers to entry \(indices.max() ?? 0) of a dictionary of \(dictionary.count)")
    }
    return indices.map { dictionary[Int($0)] }
  }

  /// Each value starts with some bytes of the one before.
  private func sharedBeginnings(_ input: inout ParquetBytes, count: Int) throws(ParquetPageError) -> [DocumentValue] {
    let shared = try ParquetEncodings.lengths(&input, count: count)
    let rests = try ParquetEncodings.lengths(&input, count: count)
    var current: [UInt8] = []
    var total = 0
    var values: [DocumentValue] = []
    values.reserveCapacity(count)
    for (sharedCount, rest) in zip(shared, rests) {
      guard sharedCount <= current.count else { throw ParquetPageError("value \(values.count) in it is damaged") }
      let range = try input.take(rest)
      current.replaceSubrange(sharedCount..., with: input.bytes[range])
      total += current.count
      guard total <= Self.maximumTextBytes else {
        throw ParquetPageError("its values unpack to more than \(Self.maximumTextBytes) bytes")
      }
      guard type == .byteArray || current.count == typeLength else {
        throw ParquetPageError("value \(values.count) in it has \(current.count) bytes, expected \(typeLength)")
      }
      guard let value = current.withUnsafeBufferPointer({ kind.value($0) }) else {
        throw ParquetPageError(kind.mismatch(of: values.count))
      }
      values.append(value)
    }
    return values
  }

  /// The first bytes of all values, then the second ones, and so on.
  private func split(_ input: inout ParquetBytes, count: Int, width: Int) throws(ParquetPageError) -> [DocumentValue] {
    guard width > 0, count <= input.left / width else { throw ParquetPageError("its values are cut off") }
    let range = try input.take(count * width)
    let joined = [UInt8](unsafeUninitializedCapacity: count * width) { target, filled in
      for byte in 0..<width {
        for i in 0..<count {
          target.initializeElement(at: i * width + byte, to: input.bytes[range.lowerBound + byte * count + i])
        }
      }
      filled = count * width
    }
    return try joined.withUnsafeBufferPointer { joined throws(ParquetPageError) in
      var input = ParquetBytes(joined, 0..<joined.count)
      return try plain(&input, count: count)
    }
  }
}
