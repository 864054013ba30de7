import PEFTCore

/// Names of files and folders made of labels, from which the labels can be read again.
///
/// ASCII letters, digits, `_`, `=`, `-` and dots stand for themselves, all else as in an address: `%20`, `%E4%BD%A0`. So two
/// labels never have one name.
package enum FileLabel {
  /// Most bytes of a name, so that dates and endings still fit after it.
  private static let mostBytes = 180

  /// The name of a label.
  ///
  /// - Parameter keepsDashesApart: Whether names are put together with two dashes, so that none has two of its own, or
  ///   one at its ends.
  package static func of(_ label: String, keepsDashesApart: Bool = false) -> String {
    let bytes = Array(label.utf8)
    var name = ""
    for (index, byte) in bytes.enumerated() {
      let before = index > 0 ? bytes[index - 1] : nil
      let isPlain =
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "="): true
        // Neither a hidden file nor the folder above.
        case UInt8(ascii: "."): before != nil && before != byte
        case UInt8(ascii: "-"):
          !keepsDashesApart || (before != nil && before != byte && index < bytes.count - 1)
        default: false
        }
      name += isPlain ? String(UnicodeScalar(byte)) : escape(byte)
    }
    // No label has this one.
    return name.isEmpty ? "%" : shortened(name)
  }

  /// A name that fits a file system: the beginning of a long one, and a hash of all of it.
  package static func shortened(_ name: String) -> String {
    guard name.utf8.count > mostBytes else { return name }
    var kept = name.utf8.prefix(mostBytes - 20)
    // Not in the middle of an escape.
    if let mark = kept.suffix(2).firstIndex(of: UInt8(ascii: "%")) { kept = kept[..<mark] }
    return "\(String(decoding: kept, as: UTF8.self))~\(SHA256.hexadecimal(of: Array(name.utf8)).prefix(16))"
  }

  private static func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "%" + (digits.count < 2 ? "0" : "") + digits
  }
}
