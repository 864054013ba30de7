import Foundation

/// Progress of one long piece of work: a live line on a terminal, now and then a plain line elsewhere.
///
///     train sst2/lora  120/800 ███▌            15 %  3.1 step/s  3:39 left  loss 0.41
final class ProgressLine {
  private let console: Console
  private let title: String
  private let total: Int
  private let unit: String
  private let clock: () -> Double
  private let start: Double
  private var lastShown = -Double.infinity

  /// Least seconds between two live lines, and between two plain ones.
  static let liveInterval = 0.1
  static let plainInterval = 10.0

  /// Begins to count; `clock` gives seconds and is for tests.
  init(
    _ title: String, total: Int, unit: String = "step", console: Console,
    clock: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime }
  ) {
    (self.title, self.total, self.unit, self.console, self.clock) = (title, total, unit, console, clock)
    start = clock()
    // The first plain line comes after an interval: short work says nothing.
    if !console.diagnosticTraits.isTerminal { lastShown = start }
  }

  /// Shows that `done` of the units are done, if it is time to.
  func update(_ done: Int, detail: String = "") {
    let now = clock()
    let isTerminal = console.diagnosticTraits.isTerminal
    guard !console.isQuiet, now - lastShown >= (isTerminal ? Self.liveInterval : Self.plainInterval) else { return }
    lastShown = now
    let elapsed = now - start
    if isTerminal {
      let width = console.diagnosticTraits.width - 1
      console.setLiveLine(
        Self.line(title, done: done, total: total, unit: unit, elapsed: elapsed, detail: detail, width: width))
    } else {
      let line = Self.line(title, done: done, total: total, unit: unit, elapsed: elapsed, detail: detail, width: nil)
      console.diagnostic("\(Date().formatted(.iso8601)) \(line)")
    }
  }

  /// Takes the live line away.
  func finish() { console.clearLiveLine() }

  /// The text of a line; `width` is nil for a plain one, without a bar.
  static func line(
    _ title: String, done: Int, total: Int, unit: String, elapsed: Double, detail: String, width: Int?
  ) -> String {
    let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 0
    var parts = ["\(Int(share * 100)) %"]
    if done > 0, elapsed > 0 {
      let rate = min(Double(done) / elapsed, 1e12)
      parts.append("\(rate >= 100 ? "\(Int(rate))" : String(format: rate >= 1 ? "%.1f" : "%.2f", rate)) \(unit)/s")
      if done < total { parts.append("\(duration(Double(total - done) / rate)) left") }
    }
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
