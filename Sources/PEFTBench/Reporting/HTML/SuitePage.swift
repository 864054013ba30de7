import PEFTBench

/// The sections of the page that are about one suite.
///
/// What makes one is an extension in a file of `Sections`.
struct SuitePage {
  let suite: Report.Suite
  /// What holds for all suites.
  let reportNotes: [String]
  let figures: SuiteFigures
  var results: SuiteResults { suite.results }
  var statistics: SuiteStatistics { suite.statistics }
  var suiteName: String { results.suiteTitle }

  init(_ suite: Report.Suite, notes: [String]) {
    self.suite = suite
    reportNotes = notes
    figures = SuiteFigures(suite)
  }

  /// The sections that answer which method is the best.
  var answers: [PageSection] { [verdict, leaderboard, forest].compactMap { $0 } }

  /// The sections that show what the answer is made of.
  var details: [PageSection] {
    [costs, penalties, datasets, tests, exponents, grids, sums, shots, seeds, strategies, curves, effort].compactMap {
      $0
    }
  }

  // MARK: - Pieces

  func section(_ name: String, _ title: String, link: String? = nil, _ parts: [String]) -> PageSection {
    PageSection(figures.id(name), title, link: link, parts)
  }

  /// The marks of the methods with their names.
  var legend: String { legend(of: figures.trained) }

  func legend(of methods: [Int]) -> String {
    "<ul class=\"legend\">"
      + methods.map { "<li>\(swatch($0))\(VisibleText.markup(results.title($0)))</li>" }.joined() + "</ul>"
  }

  func swatch(_ method: Int) -> String {
    let style = figures.style(method)
    return "<svg class=\"swatch\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path class=\"m \(style.color)\" d=\""
      + style.outline(8, 8, 5.5) + "\"/></svg>"
  }

  /// A table below its caption.
  func scroll(_ name: String, caption: String, table style: String, _ content: String) -> String {
    "<p class=\"caption\"><b>\(VisibleText.markup(suiteName))</b> · \(VisibleText.markup(caption))</p>"
      + PageParts.table("\(name), \(suiteName)", style: style, content)
  }

  /// More methods than this are rows of a table rather than columns.
  static let mostColumns = 12

  /// A table that is folded away where it is long.
  func long(_ table: ReportTable, style: String) -> String {
    let content = self.table(table, style: style)
    return table.rows.count > 24 ? PageParts.folded("All \(table.rows.count)", content) : content
  }

  /// A table of the report with a column a method, or where there are many with a row a method.
  ///
  /// - Parameter others: Titles of columns that are of no method and that rows of methods have no room for.
  func byMethod(_ table: ReportTable, style: String, leavingOut others: [String] = []) -> String {
    guard results.methods.count > Self.mostColumns else { return self.table(table, style: style) }
    return self.table(table.transposed(leavingOut: others, head: "method"), style: style)
  }

  /// A table of the report.
  ///
  /// - Parameter marksSeries: Whether rows are those of the leaderboard and begin with the method's mark.
  func table(_ table: ReportTable, style: String, marksSeries: Bool = false) -> String {
    let rows = table.rows.enumerated().map { number, row in
      "<tr>"
        + zip(table.columns, row).enumerated().map { place, cell in
          let mark = marksSeries && place == 0 ? swatch(statistics.leaderboard[number].method) : ""
          return self.cell(cell.1, of: cell.0, isFirst: place == 0, mark: mark)
        }.joined() + "</tr>"
    }
    return scroll(
      table.title, caption: table.caption, table: style,
      PageParts.head(table.columns.map { ($0.title, $0.isNumber) })
        + "<tbody>\(rows.joined(separator: "\n"))</tbody>")
  }

  private func cell(_ cell: ReportTable.Cell, of column: ReportTable.Column, isFirst: Bool, mark: String) -> String {
    let text = VisibleText.markup(cell.text)
    let shown =
      switch cell.mark {
      case .best: "<b>\(text)</b>"
      case .second: "<u>\(text)</u>"
      default: text
      }
    if isFirst { return "<th scope=\"row\"\(PageParts.wrapping(cell.text))>\(mark)\(shown)</th>" }
    var styles = column.isNumber ? [] : ["w"]
    if cell.mark == .failed { styles.append("bad") }
    if cell.mark == .missing { styles.append("gone") }
    return "<td\(styles.isEmpty ? "" : " class=\"\(styles.joined(separator: " "))\"")>\(shown)</td>"
  }
}
