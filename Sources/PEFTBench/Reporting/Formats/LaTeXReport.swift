import PEFTBench

/// A report as LaTeX tables in the manner of the paper: the best bold, the second underlined.
///
/// Needs the package booktabs; wide tables are scaled with graphicx. Names in other scripts than Latin need XeLaTeX or
/// LuaLaTeX.
enum LaTeXReport {
  static func text(_ report: Report) -> String {
    var parts = [
      "% peft-bench \(Version.current): \(comment(report.results.name)). Needs \\usepackage{booktabs,graphicx}."
    ]
    for suite in report.suites {
      for sentence in suite.statistics.verdict?.sentences ?? [] { parts.append("% " + comment(sentence)) }
      for note in suite.statistics.notes + report.results.notes { parts.append("% " + comment(note)) }
      for table in ReportTables.all(suite, showsIntervals: true) {
        let pages = (table.rows.count + mostRows - 1) / mostRows
        guard pages <= mostPages else {
          parts.append(
            comment("% \(table.title): its \(table.rows.count) rows are too many for a paper; the JSON has them."))
          continue
        }
        parts += pieces(of: arranged(table)).map { float($0.table, part: $0.part, suite.results) }
      }
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// Rows that a page has room for, and pages that a table may take.
  private static let mostRows = 44
  private static let mostPages = 3
  /// Columns of methods that a line has room for.
  private static let mostColumns = 9

  /// The table with a row a method where they are too many for columns.
  private static func arranged(_ table: ReportTable) -> ReportTable {
    guard ["scores", "stability", "sensitivity"].contains(table.id), table.columns.count > mostColumns,
      table.columns.count > table.rows.count
    else { return table }
    return table.transposed(leavingOut: ["metric", "order"], head: "method")
  }

  /// The table in pieces that fit a page, each with its number; of one piece it is nil.
  private static func pieces(of table: ReportTable) -> [(table: ReportTable, part: Int?)] {
    guard table.rows.count > mostRows else { return [(table, nil)] }
    return stride(from: 0, to: table.rows.count, by: mostRows).enumerated().map { number, start in
      (table.rows(start..<min(start + mostRows, table.rows.count)), number + 1)
    }
  }

  private static func float(_ table: ReportTable, part: Int?, _ results: SuiteResults) -> String {
    let columns = table.columns.map { $0.isNumber ? "r" : "l" }.joined()
    let rows = table.rows.map { row in row.map(cell).joined(separator: " & ") + " \\\\" }
    let title =
      "\(table.title)\(part.map { ", part \($0)" } ?? ""), \(results.suiteTitle). \(part ?? 1 > 1 ? "" : table.caption)"
    let suite = results.suite + (results.part > 0 ? "-\(results.part + 1)" : "")
    return """
      \\begin{table}
      \\centering
      \\caption{\(VisibleText.latex(title))}
      \\label{tab:\(suite)-\(table.id)\(part.map { "-\($0)" } ?? "")}
      \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%
      \\begin{tabular}{\(columns)}
      \\toprule
      \(table.columns.map { VisibleText.latex($0.title) }.joined(separator: " & ")) \\\\
      \\midrule
      \(rows.joined(separator: "\n"))
      \\bottomrule
      \\end{tabular}}
      \\end{table}
      """
  }

  private static func cell(_ cell: ReportTable.Cell) -> String {
    let text = VisibleText.latex(cell.text)
    return switch cell.mark {
    case .best: "\\textbf{\(text)}"
    case .second: "\\underline{\(text)}"
    default: text
    }
  }

  private static func comment(_ text: String) -> String { VisibleText.of(text) }
}
