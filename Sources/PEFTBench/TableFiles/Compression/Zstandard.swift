/// Zstandard frames (RFC 8878): raw, run-length and compressed blocks; dictionaries are not supported.
enum Zstandard {
  /// Unpacks all frames of `input` after `output` and verifies their checksums where they have one.
  static func decompress(
    _ input: UnsafeBufferPointer<UInt8>, into output: inout GrowingBytes
  ) throws(CompressionError) {
    var position = 0
    repeat {
      guard input.count - position >= 8 else { throw mistake("the frame is cut off", position) }
      let raw = UnsafeRawBufferPointer(input)
      let magic = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      if magic & 0xFFFF_FFF0 == 0x184D_2A50 {
        let length = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self)))
        guard length <= input.count - position - 8 else { throw mistake("a skippable frame is cut off", position) }
        position += 8 + length
      } else {
        guard magic == 0xFD2F_B528 else { throw mistake("expected a Zstandard frame", position) }
        position = try frame(input, position + 4, into: &output)
      }
    } while position < input.count
  }

  static func mistake(_ message: String, _ offset: Int) -> CompressionError {
    CompressionError("Zstandard", message, at: offset)
  }

  /// Unpacks the frame whose header starts at `start`; returns the offset after it.
  private static func frame(
    _ input: UnsafeBufferPointer<UInt8>, _ start: Int, into output: inout GrowingBytes
  ) throws(CompressionError) -> Int {
    var position = start
    func number(_ bytes: Int) throws(CompressionError) -> UInt64 {
      guard bytes <= input.count - position else { throw mistake("the frame's header is cut off", start) }
      var value: UInt64 = 0
      for i in 0..<bytes { value |= UInt64(input[position + i]) << UInt64(8 * i) }
      position += bytes
      return value
    }
    let descriptor = Int(try number(1))
    let isSingleSegment = descriptor >> 5 & 1 == 1
    guard descriptor >> 3 & 1 == 0 else { throw mistake("the frame's header has a reserved bit", start) }
    var window = Int.max
    if !isSingleSegment {
      let byte = Int(try number(1))
      let base = 1 << (10 + byte >> 3)
      window = base + base / 8 * (byte & 7)
    }
    guard try number([0, 1, 2, 4][descriptor & 3]) == 0 else { throw mistake("it needs a dictionary", start) }
    var contentSize: UInt64?
    switch descriptor >> 6 {
    case 0: contentSize = isSingleSegment ? try number(1) : nil
    case 1: contentSize = try number(2) + 256
    case 2: contentSize = try number(4)
    default: contentSize = try number(8)
    }
    if let contentSize {
      guard contentSize <= UInt64(output.limit - output.count) else {
        throw mistake("it unpacks to \(contentSize) bytes, more than the \(output.limit) expected", start)
      }
      if isSingleSegment { window = Int(contentSize) }
    }
    let outputStart = output.count
    var blocks = ZstandardBlocks(outputStart: outputStart, maximumBlock: min(window, 128 << 10))
    var isLast = false
    while !isLast {
      let header = Int(try number(3))
      isLast = header & 1 == 1
      let size = header >> 3
      switch header >> 1 & 3 {
      case 0:
        guard size <= input.count - position, size <= blocks.maximumBlock, output.reserve(size),
          let base = input.baseAddress
        else { throw mistake("a stored block of \(size) bytes does not fit", position) }
        output.append(base + position, length: size, available: input.count - position)
        position += size
      case 1:
        let byte = UInt8(try number(1))
        guard size <= blocks.maximumBlock, output.reserve(size) else {
          throw mistake("a block of \(size) equal bytes does not fit", position)
        }
        output.append(repeating: byte, length: size)
      case 2:
        guard size <= input.count - position else { throw mistake("a block of \(size) bytes is cut off", position) }
        try blocks.decompress(input, position..<position + size, into: &output)
        position += size
      default: throw mistake("a block has the reserved type", position)
      }
    }
    if let contentSize, contentSize != UInt64(output.count - outputStart) {
      throw mistake("it unpacks to \(output.count - outputStart) bytes, but states \(contentSize)", start)
    }
    if descriptor >> 2 & 1 == 1 {
      let checksum = try number(4)
      guard XXH64.of(UnsafeBufferPointer(rebasing: output.bytes[outputStart...])) & 0xFFFF_FFFF == checksum else {
        throw mistake("the checksum differs: the bytes are damaged", position - 4)
      }
    }
    return position
  }
}
