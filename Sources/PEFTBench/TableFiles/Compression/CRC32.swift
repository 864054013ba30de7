/// The checksum of gzip and of Parquet pages: CRC-32 with the reflected polynomial 0xEDB88320.
///
/// Eight bytes a step by eight tables ("slicing by 8"). Source: RFC 1952, section 8; Kounavis & Berry 2008.
struct CRC32 {
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[byte] = value
    }
    for i in 256..<tables.count {
      let before = tables[i - 256]
      tables[i] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  private var state: UInt32 = 0xFFFF_FFFF

  /// The checksum of everything added so far.
  var value: UInt32 { ~state }

  /// The checksum of `bytes`.
  static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }

  /// Adds `bytes`.
  mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
    var crc = state
    Self.tables.withUnsafeBufferPointer { tables in
      let raw = UnsafeRawBufferPointer(bytes)
      var position = 0
      while position + 8 <= raw.count {
        let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)) ^ UInt64(crc)
        var next: UInt32 = 0
        for lane in 0..<8 { next ^= tables[(7 - lane) * 256 + Int(truncatingIfNeeded: word >> (8 * lane) & 0xFF)] }
        crc = next
        position += 8
      }
      while position < raw.count {
        crc = crc >> 8 ^ tables[Int((crc ^ UInt32(raw[position])) & 0xFF)]
        position += 1
      }
    }
    state = crc
  }
}
