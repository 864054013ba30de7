import PEFTBench
import Reporting

/// A report's tables on the terminal.
struct ReportPrinter {
  let console: Console

  func print(_ report: Report) {
    let traits = console.outputTraits
    // A file or a pipe has no width, so nothing is cut there.
    for line in Self.lines(report, width: traits.isTerminal ? traits.width : Int.max, traits: traits) {
      console.print(line)
    }
  }

  /// Prints of each suite what may be concluded, and where there are several methods the columns of its leaderboard that
  /// fit a terminal.
  func printLeaderboards(_ report: Report) {
    let kept = [
      "method", "PSCP", "score", "95 % interval", "majority", "parameters", "added FLOPs", "memory", "rank", "runs",
    ]
    let traits = console.outputTraits
    // A file or a pipe has no width, so nothing is cut there.
    let width = traits.isTerminal ? traits.width : Int.max
    for suite in report.suites {
      guard let table = report.tables(suite).first(where: { $0.id == "leaderboard" }) else { continue }
      let head = "Leaderboard · \(suite.results.modelNames.joined(separator: ", ")) · \(suite.results.suiteTitle)"
      console.print("\n" + (console.outputTraits.styled(Console.harmless(head), .bold)))
      for line in Self.verdict(suite, width: width) { console.print(line) }
      // A table of one method would say what the runs' own table says.
      guard suite.results.methods.count > 1 else { continue }
      console.print("")
      for line in Self.lines(table.keeping(kept), width: width) { console.print(line) }
    }
  }

  /// The lines of a report; captions are folded at 100 columns, tables are as wide as they are or `width`.
  static func lines(_ report: Report, width: Int, traits: TerminalTraits? = nil) -> [String] {
    var lines: [String] = []
    for (suite, sentence) in report.firstSentences { lines += folded("\(suite): \(sentence)", width: width) }
    if !lines.isEmpty { lines.append("") }
    for suite in report.suites {
      let results = suite.results
      let head =
        "\(report.results.name) · \(results.modelNames.joined(separator: ", ")) · \(results.suiteTitle) · "
        + report.countTitle
      lines += [traits?.styled(Console.harmless(head), .bold) ?? Console.harmless(head)]
      lines += verdict(suite, width: width)
      let bars = ScoreBars(suite).lines(
        width: width, characters: traits.map { $0.hasBlocks ? .blocks : .plain } ?? .blocks)
      if !bars.isEmpty { lines += [""] + bars + [""] }
      for note in suite.statistics.notes { lines += folded("! " + note, width: width) }
      for table in report.tables(suite) {
        lines += ["", traits?.styled(table.title, .bold) ?? table.title]
        lines += folded(table.caption, width: width).map { traits?.styled($0, .dim) ?? $0 }
        lines += self.lines(table, width: width)
      }
      lines.append("")
    }
    return Array(lines.dropLast())
  }

  /// What may be concluded, a sentence a paragraph.
  static func verdict(_ suite: Report.Suite, width: Int) -> [String] {
    (suite.statistics.verdict?.sentences ?? []).flatMap { folded($0, width: width) }
  }

  /// The lines of one table; the best values of a row or column, with those tied with them, have a
  /// star.
  static func lines(_ table: ReportTable, width: Int) -> [String] {
    var text = TextTable(table.columns.map { .init(title: $0.title, isNumber: $0.isNumber) })
    for row in table.rows { text.add(row.map { $0.mark == .best ? $0.text + "*" : $0.text }) }
    return text.lines(width: width)
  }

  private static func folded(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in Console.harmless(text).split(separator: " ") {
      if !line.isEmpty, TextTable.width(of: line) + 1 + TextTable.width(of: String(word)) > min(width, 100) {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
