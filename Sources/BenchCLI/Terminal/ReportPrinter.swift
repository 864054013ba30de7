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
      console.print("")
      for line in Self.folded(head, width: width, traits: traits) { console.print(traits.styled(line, .bold)) }
      for line in Self.verdict(suite, width: width, traits: traits) { console.print(line) }
      // A table of one method would say what the runs' own table says.
      guard suite.results.methods.count > 1 else { continue }
      console.print("")
      for line in Self.lines(table.keeping(kept), width: width, traits: traits) { console.print(line) }
    }
  }

  /// The lines of a report; captions are folded at 100 columns, tables are as wide as they are or `width`.
  static func lines(_ report: Report, width: Int, traits: TerminalTraits? = nil) -> [String] {
    func folded(_ text: String) -> [String] { self.folded(text, width: width, traits: traits) }
    func styled(_ lines: [String], _ style: TerminalTraits.Style) -> [String] {
      lines.map { traits?.styled($0, style) ?? $0 }
    }
    var lines: [String] = []
    for (suite, sentence) in report.firstSentences { lines += folded("\(suite): \(sentence)") }
    if !lines.isEmpty { lines.append("") }
    for suite in report.suites {
      let results = suite.results
      lines += styled(
        folded(
          "\(report.results.name) · \(results.modelNames.joined(separator: ", ")) · \(results.suiteTitle) · "
            + report.countTitle), .bold)
      lines += verdict(suite, width: width, traits: traits)
      let bars = ScoreBars(suite).lines(
        width: width, characters: traits.map { $0.hasBlocks ? .blocks : .plain } ?? .blocks)
      if !bars.isEmpty {
        lines += [""] + (traits?.hasBlocks == false ? bars.map(PlainCharacters.of) : bars) + [""]
      }
      for note in suite.statistics.notes { lines += folded("! " + note) }
      for table in report.tables(suite) {
        lines += [""] + styled(folded(table.title), .bold) + styled(folded(table.caption), .dim)
        lines += self.lines(table, width: width, traits: traits)
      }
      lines.append("")
    }
    return Array(lines.dropLast())
  }

  /// What may be concluded, a sentence a paragraph.
  static func verdict(_ suite: Report.Suite, width: Int, traits: TerminalTraits? = nil) -> [String] {
    (suite.statistics.verdict?.sentences ?? []).flatMap { folded($0, width: width, traits: traits) }
  }

  /// The lines of one table; the best values of a row or column, with those tied with them, have a
  /// star.
  static func lines(_ table: ReportTable, width: Int, traits: TerminalTraits? = nil) -> [String] {
    func drawn(_ text: String) -> String { traits?.hasBlocks == false ? PlainCharacters.of(text) : text }
    var text = TextTable(table.columns.map { .init(title: drawn($0.title), isNumber: $0.isNumber) })
    for row in table.rows { text.add(row.map { drawn($0.mark == .best ? $0.text + "*" : $0.text) }) }
    return text.lines(width: width).map(drawn)
  }

  /// A text in lines of at most `width` and 100 columns; what is longer than a line without a space is cut into lines.
  private static func folded(_ text: String, width: Int, traits: TerminalTraits?) -> [String] {
    let limit = min(width, 100)
    let harmless = Console.harmless(text)
    var lines: [String] = []
    var line = ""
    for word in (traits?.hasBlocks == false ? PlainCharacters.of(harmless) : harmless).split(separator: " ") {
      if !line.isEmpty, TextTable.width(of: line) + 1 + TextTable.width(of: String(word)) > limit {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ")
      guard TextTable.width(of: String(word)) > limit else {
        line += word
        continue
      }
      for character in word {
        if TextTable.width(of: line) + TextTable.width(of: String(character)) > limit {
          lines.append(line)
          line = ""
        }
        line.append(character)
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
