import Foundation

/// Numbers of bytes as people write and read them.
package enum ByteCount {
  private static let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]

  /// In the unit that fits: 412 MB.
  package static func text(_ bytes: Int) -> String {
    let value = Double(bytes)
    for (unit, size) in units where value >= size {
      let scaled = value / size
      return String(format: "%.\(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)f \(unit)", scaled)
    }
    return "\(bytes) B"
  }

  /// An estimate as a whole number, at most 10¹⁸: what is larger, or no number, fits into no memory anyway.
  static func whole(_ bytes: Double) -> Int { bytes < 1e18 ? Int(bytes) : Int(1e18) }

  /// A number with a unit of 1000 (kB, MB, GB) or 1024 (KiB, MiB, GiB) bytes, or of bytes without one; nil for anything
  /// else.
  package static func bytes(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text[digits.endIndex...].drop(while: \.isWhitespace).lowercased()
    let factors: [String: Double] = [
      "": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
      "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]
    guard let number = Double(digits), let factor = factors[unit] else { return nil }
    return Int(exactly: (number * factor).rounded())
  }
}
