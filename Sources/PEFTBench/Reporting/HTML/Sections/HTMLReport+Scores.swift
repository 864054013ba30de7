import PEFTBench

extension HTMLReport {
  /// Every score that a task has, of every method.
  var allScores: PageSection? {
    let tables = report.suites.flatMap { suite in
      ReportTables.allScores(suite).map { table in
        let title = (report.suites.count > 1 ? "\(suite.results.suiteTitle) · " : "") + table.title
        let rows = table.rows.map { row in
          "<tr>"
            + zip(table.columns, row).map { column, cell in
              "<td\(column.isNumber ? "" : " class=\"w\"")>\(VisibleText.markup(cell.text))</td>"
            }.joined() + "</tr>"
        }
        return PageParts.folded(
          title,
          PageParts.table(
            title,
            PageParts.head(table.columns.map { ($0.title, $0.isNumber) })
              + "<tbody>\(rows.joined(separator: "\n"))</tbody>"))
      }
    }
    guard !tables.isEmpty else { return nil }
    return PageSection(
      "scores", "All scores",
      [
        PageParts.caption(
          "Every score that a task has, times 100: means over seeds. Majority is what the most frequent gold answer "
            + "reaches when it is given to every row.")
      ] + tables)
  }
}
