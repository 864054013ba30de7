import Foundation
import PEFTBench

/// Numbers as people read them.
enum Format {
  /// A fraction as percent with one digit: 84.5.
  static func percent(_ fraction: Double?) -> String { NumberText.percent(fraction) }

  /// A number with this many decimal places.
  static func decimal(_ value: Double?, digits: Int) -> String { NumberText.decimal(value, digits: digits) }

  /// A count with separators: 14,680,064.
  static func count(_ value: Double?) -> String { NumberText.count(value) }

  /// Bytes in the unit that fits: 412 MB.
  static func bytes(_ value: Double?) -> String { NumberText.bytes(value) }

  /// Seconds: 7.1 s or 3:39.
  static func seconds(_ value: Double?) -> String {
    guard let value else { return "–" }
    return value < 60 ? "\(decimal(value, digits: 1)) s" : ProgressLine.duration(value)
  }

  /// Seconds for a column whose largest value is given: all with one digit, or all as 3:39.
  static func seconds(upTo largest: Double) -> (Double?) -> String {
    { value in
      guard let value else { return "–" }
      return largest < 60 ? "\(decimal(value, digits: 1)) s" : ProgressLine.duration(value)
    }
  }

  /// Bytes for a column whose largest value is given, in the unit that fits it.
  static func bytes(upTo largest: Int) -> (Int?) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
    let (unit, size) = units.first { Double(largest) >= $0.1 } ?? ("B", 1)
    let digits = size == 1 ? 0 : Double(largest) / size < 10 ? 2 : 1
    return { value in value.map { "\(decimal(Double($0) / size, digits: digits)) \(unit)" } ?? "–" }
  }

  /// Seconds of work that may go on for days: 40 s, 12 min, 3.5 h, 12 d.
  static func longDuration(_ seconds: Double) -> String {
    for (unit, size) in [("d", 86_400.0), ("h", 3600), ("min", 60)] where seconds >= 2 * size {
      let scaled = seconds / size
      return "\(decimal(scaled, digits: scaled < 10 ? 1 : 0)) \(unit)"
    }
    return "\(decimal(seconds, digits: 0)) s"
  }
}
