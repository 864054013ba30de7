import Foundation

/// Numbers as people read them; what is not there is a dash.
package enum NumberText {
  /// A fraction as percent with one digit: 84.5.
  package static func percent(_ fraction: Double?, digits: Int = 1) -> String {
    decimal(fraction.map { 100 * $0 }, digits: digits)
  }

  /// A number with this many decimal places; never "-0.0".
  package static func decimal(_ value: Double?, digits: Int) -> String {
    guard let value else { return "–" }
    let text = String(format: "%.\(digits)f", value)
    return text.hasPrefix("-") && !text.contains { ("1"..."9").contains($0) } ? String(text.dropFirst()) : text
  }

  /// A difference with its sign: +1.2, -0.4, 0.0.
  package static func signed(_ value: Double?, digits: Int) -> String {
    let text = decimal(value, digits: digits)
    return value.map { $0 > 0 } == true && text.contains { ("1"..."9").contains($0) } ? "+" + text : text
  }

  /// A number of things: 1 run, 2 runs.
  ///
  /// - Parameter noun: One of them; the word for several ends in s.
  package static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  /// A count with separators: 14,680,064.
  package static func count(_ value: Double?) -> String {
    guard let value, let whole = Int(exactly: value.rounded()) else { return "–" }
    var digits = Array(String(whole.magnitude))
    for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: position) }
    return (whole < 0 ? "-" : "") + String(digits)
  }

  /// Bytes in the unit that fits: 412 MB.
  package static func bytes(_ value: Double?) -> String {
    value.flatMap { Int(exactly: $0.rounded()) }.map(ByteCount.text) ?? "–"
  }

  /// Floating-point operations in the unit that fits: 1.3 GFLOP.
  package static func flops(_ value: Double?) -> String {
    value == 0 ? "0" : scaled(value, unit: "FLOP", names: ["k", "M", "G", "T", "P"])
  }

  /// A count in the unit that fits: 14.7M.
  package static func short(_ value: Double?) -> String {
    scaled(value, unit: "", names: ["k", "M", "G", "T"]).replacing(" ", with: "")
  }

  /// A number at an axis, with no more digits than it has: 30k, 1M, 2.5M.
  package static func tick(_ value: Double, unit: String = "") -> String {
    let text = scaled(value, unit: unit, names: ["k", "M", "G", "T", "P"])
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts[0].contains(".") else { return unit.isEmpty ? parts.joined() : text }
    let number = String(String(parts[0].reversed().drop { $0 == "0" }.drop { $0 == "." }).reversed())
    return number + (unit.isEmpty ? "" : " ") + parts[1]
  }

  /// Seconds: 7.1 s, 3:39 or 2:05:00.
  package static func seconds(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "–" }
    if value < 60 { return "\(decimal(value, digits: 1)) s" }
    let whole = Int(min(value, 1e9).rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
  }

  /// A p-value with two digits, or < 0.001.
  package static func pValue(_ value: Double?) -> String {
    guard let value else { return "–" }
    return value < 0.001 ? "< 0.001" : String(format: value < 0.1 ? "%.3f" : "%.2f", value)
  }

  /// A p-value as it stands after the letter: `= 0.04`, or `< 0.001`.
  package static func pEquation(_ value: Double) -> String { (value < 0.001 ? "" : "= ") + pValue(value) }

  /// A number with so many digits, whatever its size: 0.001234, 96.09, 1751000.
  package static func significant(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value != 0 else { return plain(value) }
    let places = digits - 1 - Int(log10(abs(value)).rounded(.down))
    if places <= 0 {
      let unit = pow(10, Double(-places))
      return plain((value / unit).rounded() * unit)
    }
    let text = String(format: "%.\(min(places, 12))f", value)
    return String(String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }).reversed())
  }

  /// An exponent or another setting, with no more digits than it has: 0.5, 1.
  package static func plain(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }

  private static func scaled(_ value: Double?, unit: String, names: [String]) -> String {
    guard let value else { return "–" }
    var size = 1.0
    var name = ""
    for next in names where abs(value) >= size * 1000 {
      size *= 1000
      name = next
    }
    let number = value / size
    let digits = name.isEmpty ? 0 : abs(number) < 10 ? 2 : abs(number) < 100 ? 1 : 0
    return "\(decimal(number, digits: digits)) \(name)\(unit)"
  }
}
