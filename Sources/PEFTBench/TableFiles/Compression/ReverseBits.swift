/// A bit stream that is read from its end to its beginning, as Zstandard writes its entropy-coded parts.
///
/// The last byte's highest set bit marks the end; below it the bits follow, the first-read ones highest.
struct ReverseBits {
  private let base: UnsafeRawPointer
  /// Bytes that can be read from `base` on; more than the stream has, so that most reads are one load.
  private let readable: Int
  /// Bits not read yet; negative once more was read than there is (those bits count as zeros).
  private(set) var left: Int

  /// Opens the stream in `range` of `input`; nil if it has no end mark.
  init?(_ input: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    guard let start = input.baseAddress, let last = range.last, input[last] != 0 else { return nil }
    base = UnsafeRawPointer(start + range.lowerBound)
    readable = input.count - range.lowerBound
    left = range.count * 8 - input[last].leadingZeroBitCount - 1
  }

  /// The next `count` bits (at most 56), which stay unread.
  @inline(__always)
  func peek(_ count: Int) -> Int {
    let start = left - count
    guard start >= 0, start >> 3 + 8 <= readable else { return peekAtEdge(count) }
    let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: start >> 3, as: UInt64.self))
    return Int(truncatingIfNeeded: word >> UInt64(start & 7) & (1 << UInt64(count) - 1))
  }

  private func peekAtEdge(_ count: Int) -> Int {
    var value = 0
    for bit in 0..<count {
      let position = left - 1 - bit
      value <<= 1
      guard position >= 0 else { continue }
      value |= Int(base.load(fromByteOffset: position >> 3, as: UInt8.self) >> UInt8(position & 7) & 1)
    }
    return value
  }

  /// Passes over `count` bits.
  @inline(__always)
  mutating func drop(_ count: Int) { left -= count }

  /// Reads `count` bits.
  @inline(__always)
  mutating func take(_ count: Int) -> Int {
    let value = peek(count)
    left -= count
    return value
  }
}
