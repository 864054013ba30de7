/// The bytes of one page while it is decoded, with the checks that every read needs.
struct ParquetBytes {
  let bytes: UnsafeBufferPointer<UInt8>
  /// Offset of the next unread byte.
  var position: Int
  private let end: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  var left: Int { end - position }

  /// Takes `count` bytes.
  mutating func take(_ count: Int) throws(ParquetPageError) -> Range<Int> {
    guard count >= 0, count <= left else { throw ParquetPageError("its values are cut off") }
    defer { position += count }
    return position..<position + count
  }

  /// A little-endian length of 4 bytes.
  mutating func length() throws(ParquetPageError) -> Int {
    let range = try take(4)
    return Int(
      UInt32(
        littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: range.lowerBound, as: UInt32.self)))
  }

  mutating func varint() throws(ParquetPageError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard position < end, shift < 64 else { throw ParquetPageError("a number in it is cut off or too large") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  mutating func zigzag() throws(ParquetPageError) -> Int64 {
    let raw = try varint()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  /// `width` bits (at most 64) from bit `start` of the bytes, lowest first; they must be there.
  @inline(__always)
  func bits(at start: Int, width: Int) -> UInt64 {
    let first = start >> 3
    let shift = UInt64(start & 7)
    let mask: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
    if first + 8 <= bytes.count {
      let word = UInt64(
        littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: first, as: UInt64.self))
      let low = word >> shift
      // A value of more than 56 bits may reach into a ninth byte.
      guard Int(shift) + width > 64, first + 8 < bytes.count else { return low & mask }
      return (low | UInt64(bytes[first + 8]) << (64 - shift)) & mask
    }
    var word: UInt64 = 0
    for i in 0..<(bytes.count - first) { word |= UInt64(bytes[first + i]) << UInt64(8 * i) }
    return word >> shift & mask
  }
}

/// Why a page cannot be decoded; whoever knows the file and offset adds them.
struct ParquetPageError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// The integer encodings (apache/parquet-format, Encodings.md).
enum ParquetEncodings {
  /// Decodes `count` numbers of `width` bits from runs of equal numbers and runs of packed ones.
  static func runs(_ input: inout ParquetBytes, width: Int, count: Int) throws(ParquetPageError) -> [UInt32] {
    guard width <= 32 else { throw ParquetPageError("its numbers have \(width) bits, at most 32 are possible") }
    if width == 0 { return [UInt32](repeating: 0, count: count) }
    var failure: ParquetPageError?
    let numbers = [UInt32](unsafeUninitializedCapacity: count) { target, filled in
      do throws(ParquetPageError) {
        while filled < count {
          let header = try input.varint()
          if header & 1 == 0 {
            let length = Int(min(header >> 1, UInt64(count - filled)))
            let range = try input.take((width + 7) / 8)
            var number: UInt32 = 0
            for i in range.reversed() { number = number << 8 | UInt32(input.bytes[i]) }
            guard width == 32 || number >> UInt32(width) == 0, length > 0 else {
              throw ParquetPageError("a run in it is damaged")
            }
            for i in filled..<filled + length { target.initializeElement(at: i, to: number) }
            filled += length
          } else {
            // Groups of 8; the last may be padded, and some writers leave the padding out.
            let groups = Int(min(header >> 1, UInt64(count) / 8 + 1))
            let length = min(groups * 8, count - filled)
            let range = try input.take(min(groups * width, max(input.left, 0)))
            guard range.count * 8 >= length * width, length > 0 else {
              throw ParquetPageError("its numbers are cut off")
            }
            let start = range.lowerBound * 8
            for i in 0..<length {
              let number = input.bits(at: start + i * width, width: width)
              target.initializeElement(at: filled + i, to: UInt32(truncatingIfNeeded: number))
            }
            filled += length
          }
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    return numbers
  }

  /// Decodes DELTA_BINARY_PACKED: a first value, then differences in blocks, each packed with its own widths.
  static func deltas(_ input: inout ParquetBytes, count: Int) throws(ParquetPageError) -> [Int64] {
    let blockSize = try input.varint()
    let miniBlocks = try input.varint()
    let total = try input.varint()
    var value = try input.zigzag()
    guard blockSize <= 1 << 20, miniBlocks > 0, miniBlocks <= blockSize, blockSize % miniBlocks == 0,
      (blockSize / miniBlocks) % 8 == 0
    else { throw ParquetPageError("its blocks of \(blockSize) values in \(miniBlocks) parts are damaged") }
    guard total == UInt64(count) else { throw ParquetPageError("it has \(total) numbers, expected \(count)") }
    let perMiniBlock = Int(blockSize / miniBlocks)
    var numbers: [Int64] = []
    guard count > 0 else { return numbers }
    numbers.reserveCapacity(min(count, input.left * 64 + 1))
    numbers.append(value)
    while numbers.count < count {
      let smallest = try input.zigzag()
      let widths = try input.take(Int(miniBlocks))
      for place in widths where numbers.count < count {
        let width = Int(input.bytes[place])
        guard width <= 64 else { throw ParquetPageError("its numbers have \(width) bits, at most 64 are possible") }
        let used = min(perMiniBlock, count - numbers.count)
        let range = try input.take(min(perMiniBlock * width / 8, input.left))
        guard range.count * 8 >= used * width else { throw ParquetPageError("its numbers are cut off") }
        let start = range.lowerBound * 8
        for i in 0..<used {
          let difference = width == 0 ? 0 : input.bits(at: start + i * width, width: width)
          value = value &+ smallest &+ Int64(bitPattern: difference)
          numbers.append(value)
        }
      }
    }
    return numbers
  }

  /// Decodes lengths, each of which must be one.
  static func lengths(_ input: inout ParquetBytes, count: Int) throws(ParquetPageError) -> [Int] {
    let numbers = try deltas(&input, count: count)
    guard numbers.allSatisfy({ 0...Int64(Int32.max) ~= $0 }) else {
      throw ParquetPageError("a length in it is negative or too large")
    }
    return numbers.map { Int($0) }
  }
}
