/// The gzip format (RFC 1952): members of a header, a DEFLATE stream, its CRC-32 and its length.
enum Gzip {
  /// Unpacks all members of `input` after `output` and verifies their checksums.
  static func decompress(
    _ input: UnsafeBufferPointer<UInt8>, into output: inout GrowingBytes
  ) throws(CompressionError) {
    var position = 0
    repeat {
      position = try skipHeader(input, position)
      let start = output.count
      position = try Inflate.decompress(input, from: position, into: &output)
      guard input.count - position >= 8 else { throw mistake("the checksum is cut off", position) }
      let raw = UnsafeRawBufferPointer(input)
      let checksum = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      let length = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
      guard CRC32.of(UnsafeBufferPointer(rebasing: output.bytes[start...])) == checksum else {
        throw mistake("the checksum differs: the bytes are damaged", position)
      }
      guard UInt32(truncatingIfNeeded: output.count - start) == length else {
        throw mistake("the stated length differs: the bytes are damaged", position + 4)
      }
      position += 8
      // Tape drives and some tools pad the last member with zeros.
      while position < input.count, input[position] == 0 { position += 1 }
    } while position < input.count
  }

  private static func mistake(_ message: String, _ offset: Int) -> CompressionError {
    CompressionError("gzip", message, at: offset)
  }

  private static func skipHeader(_ input: UnsafeBufferPointer<UInt8>, _ start: Int) throws(CompressionError) -> Int {
    guard input.count - start >= 18 else { throw mistake("the bytes are cut off", start) }
    guard input[start] == 0x1F, input[start + 1] == 0x8B, input[start + 2] == 8 else {
      throw mistake("expected a gzip member", start)
    }
    let flags = input[start + 3]
    var position = start + 10
    if flags & 4 != 0 { position += 2 + Int(input[position]) + Int(input[position + 1]) << 8 }
    for bit in [UInt8(8), 16] where flags & bit != 0 {
      // The file's name, then a comment: each ends with a zero byte.
      while position < input.count, input[position] != 0 { position += 1 }
      position += 1
    }
    if flags & 2 != 0 { position += 2 }
    guard position < input.count else { throw mistake("the header is cut off", start) }
    return position
  }
}
