/// The 256 printable characters that byte-level BPE writes for the 256 bytes.
///
/// Bytes that print in Latin-1 (33–126, 161–172, 174–255) stand for themselves; the other 68 become, in
/// order, U+0100, U+0101, …: a space is `Ġ`, a line feed `Ċ`. Source: the GPT-2 tokenizer (Radford et al. 2019).
enum ByteAlphabet {
  /// The scalar that stands for each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0...255).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? " "
      }
    }
  }()

  /// The byte that a scalar below U+0144 stands for, or -1.
  private static let byteOfScalar: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
    return bytes
  }()

  /// The bytes that `text` stands for, or nil if one of its scalars is not of the alphabet.
  static func bytes(of text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard scalar.value < 0x144, byteOfScalar[Int(scalar.value)] >= 0 else { return nil }
      bytes.append(UInt8(byteOfScalar[Int(scalar.value)]))
    }
    return bytes
  }
}
