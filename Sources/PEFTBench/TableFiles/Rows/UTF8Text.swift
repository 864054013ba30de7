/// Makes strings of bytes that must be UTF-8.
enum UTF8Text {
  /// The text in `bytes`, or nil if they are not valid UTF-8.
  ///
  /// `String(validating:as:)` spends more time on looking up its generic types than on a short text. ASCII, which
  /// most data is, cannot need repair, so for it the repairing initialiser gives the same and is twice as fast.
  @inline(__always)
  static func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    if isASCII(bytes) { return String(decoding: bytes, as: UTF8.self) }
    return String(validating: bytes, as: UTF8.self)
  }

  @inline(__always)
  private static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let raw = UnsafeRawBufferPointer(bytes)
    var highBits: UInt64 = 0
    var position = 0
    while position + 8 <= raw.count {
      highBits |= raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      position += 8
    }
    while position < raw.count {
      highBits |= UInt64(raw[position])
      position += 1
    }
    return highBits & 0x8080_8080_8080_8080 == 0
  }
}
