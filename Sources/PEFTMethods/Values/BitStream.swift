/// Collects bits, the first one as the lowest bit of the first byte.
struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var pendingCount = 0

  /// Adds the lowest `count` bits of a value, from the lowest on.
  mutating func write(_ value: UInt64, bits count: Int) {
    var (value, count) = (value, count)
    while count > 0 {
      let taken = min(count, 8 - pendingCount)
      pending |= (value & (1 << UInt64(taken) - 1)) << UInt64(pendingCount)
      value >>= UInt64(taken)
      pendingCount += taken
      count -= taken
      if pendingCount == 8 { flush() }
    }
  }

  /// The bytes, the last one filled with zeros.
  mutating func finish() -> [UInt8] {
    if pendingCount > 0 { flush() }
    return bytes
  }

  private mutating func flush() {
    bytes.append(UInt8(truncatingIfNeeded: pending))
    (pending, pendingCount) = (0, 0)
  }
}

/// Reads what `BitWriter` wrote.
struct BitReader {
  private let bytes: ArraySlice<UInt8>
  private var place = 0

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// Bits that are left.
  var remaining: Int { 8 * bytes.count - place }

  /// The next bit; nil at the end.
  mutating func bit() -> UInt64? {
    guard place < 8 * bytes.count else { return nil }
    defer { place += 1 }
    return UInt64(bytes[bytes.startIndex + place / 8] >> UInt8(place % 8)) & 1
  }

  /// The next `count` bits, the first one lowest; nil if there are fewer.
  mutating func read(bits count: Int) -> UInt64? {
    guard remaining >= count else { return nil }
    var value: UInt64 = 0
    for index in 0..<count { value |= (bit() ?? 0) << UInt64(index) }
    return value
  }
}
