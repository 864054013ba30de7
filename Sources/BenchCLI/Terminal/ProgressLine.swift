import Foundation

/// Progress of one long piece of work in one line.
///
///     sst2/lora train  120/800 ███▌            15 %  1,240 tok/s  3:39 left  loss 0.41
enum ProgressLine {
  /// The text of a line.
  ///
  /// - Parameters:
  ///   - title: What is being done.
  ///   - done: Units done.
  ///   - total: Units in all.
  ///   - rate: How fast it goes, in words; empty if that is not known.
  ///   - left: Seconds to the end; nil if that is not known.
  ///   - detail: What else there is to say.
  ///   - width: Columns that the line may take; nil for a plain one, without a bar.
  static func line(
    _ title: String, done: Int, total: Int, rate: String, left: Double?, detail: String, width: Int?
  ) -> String {
    let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 0
    var parts = ["\(Int(share * 100)) %"]
    if !rate.isEmpty { parts.append(rate) }
    if let left, done < total { parts.append("\(duration(left)) left") }
    if !detail.isEmpty { parts.append(detail) }
    let head = "\(title)  \(done)/\(total)"
    let tail = parts.joined(separator: "  ")
    guard let width else { return "\(head)  \(tail)" }
    let room = width - TextTable.width(of: head) - TextTable.width(of: tail) - 4
    let bar = room >= 10 ? "  " + self.bar(share, columns: min(room, 30)) : ""
    return TextTable.fitted("\(head)\(bar)  \(tail)", columns: width)
  }

  private static func bar(_ share: Double, columns: Int) -> String {
    let eighths = Int(share * Double(columns) * 8)
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let full = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return full + String(repeating: " ", count: max(0, columns - full.count))
  }

  /// Seconds as 0:07, 3:39 or 2:05:00.
  static func duration(_ seconds: Double) -> String {
    let whole = seconds.isFinite ? Int(min(max(seconds, 0), 359_999_999).rounded()) : 0
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
  }
}
