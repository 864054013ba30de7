import Foundation

/// The raw Snappy format (no frames), as Parquet pages use it.
///
/// The size, then elements whose first byte says literal or copy and how long. Source: google/snappy,
/// format_description.txt.
enum Snappy {
  /// Unpacks all of `input` after `output`.
  static func decompress(
    _ input: UnsafeBufferPointer<UInt8>, into output: inout GrowingBytes
  ) throws(CompressionError) {
    func mistake(_ message: String, _ offset: Int) -> CompressionError {
      CompressionError("Snappy", message, at: offset)
    }
    var position = 0
    var size = 0
    var shift = 0
    while true {
      guard position < input.count, shift < 35 else { throw mistake("the size is cut off", position) }
      let byte = input[position]
      position += 1
      size |= Int(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    // Three bytes copy 64 at most, so a larger size is a lie, and nothing is set aside for it.
    guard size / 32 <= input.count, output.reserve(size), let base = input.baseAddress else {
      throw mistake("it unpacks to \(size) bytes, expected \(output.limit - output.count)", 0)
    }
    let raw = UnsafeRawBufferPointer(input)
    let target = output.base + output.count
    var written = 0
    while position < input.count {
      let tag = Int(input[position])
      let kind = tag & 3
      position += 1
      if kind == 0, tag < 60 << 2 {
        let length = tag >> 2 + 1
        guard length <= input.count - position, length <= size - written else {
          throw mistake("a literal of \(length) bytes does not fit", position)
        }
        GrowingBytes.copyLiteral(
          base + position, to: target + written, length: length, available: input.count - position)
        position += length
        written += length
        continue
      }
      let extra = kind == 0 ? tag >> 2 - 59 : kind == 3 ? 4 : kind
      guard extra <= input.count - position else { throw mistake("the last element is cut off", position) }
      var number = 0
      if position + 4 <= input.count {
        let word = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        number = Int(word) & (1 << (8 * extra) - 1)
      } else {
        for i in 0..<extra { number |= Int(input[position + i]) << (8 * i) }
      }
      position += extra
      if kind == 0 {
        let length = number + 1
        guard length <= input.count - position, length <= size - written else {
          throw mistake("a literal of \(length) bytes does not fit", position)
        }
        memcpy(target + written, base + position, length)
        position += length
        written += length
      } else {
        let length = kind == 1 ? tag >> 2 & 7 + 4 : tag >> 2 + 1
        let distance = kind == 1 ? (tag >> 5) << 8 | number : number
        guard distance > 0, distance <= written, length <= size - written else {
          throw mistake("a copy of \(length) bytes from \(distance) back does not fit", position)
        }
        GrowingBytes.copyMatch(to: target + written, distance: distance, length: length)
        written += length
      }
    }
    guard written == size else { throw mistake("it unpacks to \(written) bytes, but states \(size)", position) }
    output.count += written
  }
}
