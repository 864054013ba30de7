/// Collects the fields of a file of ours, little-endian.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ more: some Sequence<UInt8>) { bytes += more }

  mutating func write<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  /// A number below 2⁶³ in groups of seven bits, the lowest first; the highest bit of a byte says that more follow.
  mutating func write(varint value: Int) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Reads such fields; every read says whether the bytes suffice.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  /// Offset of the next byte.
  private(set) var offset: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    offset = bytes.startIndex
  }

  /// Bytes that are left.
  var remaining: Int { bytes.endIndex - offset }

  /// The next `count` bytes; nil if there are fewer.
  mutating func read(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, remaining >= count else { return nil }
    defer { offset += count }
    return bytes[offset..<(offset + count)]
  }

  /// The next integer; nil at the end.
  mutating func read<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
    read(MemoryLayout<Value>.size).map { bytes in bytes.reversed().reduce(0) { $0 << 8 | Value($1) } }
  }

  /// The next number that `write(varint:)` wrote; nil at the end, or for one of 2⁶³ and more.
  mutating func readVarint() -> Int? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard let byte = read(UInt8.self) else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return Int(value) }
    }
    return nil
  }
}
