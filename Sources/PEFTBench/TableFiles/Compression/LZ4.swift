/// The LZ4 block format (Parquet's `LZ4_RAW`).
///
/// Sequences of a token, literals, and a match 1...65535 bytes back. Source: lz4, lz4_Block_format.md.
enum LZ4 {
  /// Unpacks all of `input` after `output`.
  static func decompress(
    _ input: UnsafeBufferPointer<UInt8>, into output: inout GrowingBytes
  ) throws(CompressionError) {
    let start = output.count
    var position = 0
    func mistake(_ message: String) -> CompressionError { CompressionError("LZ4", message, at: position) }
    /// A length whose first 4 bits are `nibble`; each further byte of 255 continues it.
    func length(_ nibble: Int) throws(CompressionError) -> Int {
      guard nibble == 15 else { return nibble }
      var length = nibble
      while true {
        guard position < input.count else { throw mistake("a length is cut off") }
        let byte = Int(input[position])
        position += 1
        length += byte
        if byte < 255 { return length }
      }
    }
    guard let base = input.baseAddress else { throw mistake("there are no bytes") }
    while position < input.count {
      let token = Int(input[position])
      position += 1
      let literals = try length(token >> 4)
      guard literals <= input.count - position, output.reserve(literals) else {
        throw mistake("a literal of \(literals) bytes does not fit")
      }
      output.append(base + position, length: literals, available: input.count - position)
      position += literals
      if position == input.count { return }
      guard position + 2 <= input.count else { throw mistake("a match is cut off") }
      let distance = Int(input[position]) | Int(input[position + 1]) << 8
      position += 2
      let copied = try length(token & 15) + 4
      guard distance > 0, distance <= output.count - start, output.reserve(copied) else {
        throw mistake("a copy of \(copied) bytes from \(distance) back does not fit")
      }
      output.appendMatch(distance: distance, length: copied)
    }
    throw mistake("the last sequence is cut off")
  }
}
