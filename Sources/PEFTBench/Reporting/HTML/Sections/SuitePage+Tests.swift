import PEFTBench

extension SuitePage {
  /// Whether the methods differ: who is ahead of whom, average ranks, and all pairs in numbers, folded.
  var tests: PageSection? {
    let pairs = ReportTables.pairs(suite)
    guard pairs != nil || figures.ranks != nil else { return nil }
    var parts = pairs == nil ? [] : [winMatrix]
    if let pairs {
      parts.append(PageParts.folded("\(pairs.title), in numbers", table(pairs, style: "sortable")))
    }
    if let ranks = figures.ranks, let table = ReportTables.ranks(suite) {
      parts.append(
        "<h3>Average ranks</h3><div class=\"two\">\(PageParts.figure(ranks, hasTable: false))"
          + "<div>\(self.table(table, style: "words"))</div></div>")
    }
    return section("tests", "Do the methods differ?", link: "Tests", parts)
  }

  /// The difference of every two methods in points, the row's minus the column's, with a sign where it is decided.
  private var winMatrix: String {
    let pairs = statistics.pairs
    let methods = statistics.leaderboard.map(\.method).filter { method in pairs.contains { $0.contains(method) } }
      .sorted { mean($0) > mean($1) }
    let rows = methods.map { row in
      "<tr><th scope=\"row\"\(PageParts.wrapping(results.title(row)))>\(VisibleText.markup(results.title(row)))</th>"
        + methods.map { column in cell(row, column) }.joined() + "</tr>"
    }
    let head = PageParts.head([("", false)] + methods.map { (results.title($0), true) })
    return scroll(
      "Who is ahead of whom",
      caption:
        "Difference of the mean scores in points, the row's method minus the column's: ▲ the row is ahead and ▼ behind "
        + "at the 5 % level over all pairs; the data cannot decide the others.",
      table: "duel", head + "<tbody>\(rows.joined(separator: "\n"))</tbody>")
  }

  private func mean(_ method: Int) -> Double {
    statistics.leaderboard.first { $0.method == method }?.mean ?? -1
  }

  private func cell(_ row: Int, _ column: Int) -> String {
    guard let pair = statistics.pairs.first(where: { $0.isOf(row, column) }) else {
      return "<td class=\"none\">\(row == column ? "" : "–")</td>"
    }
    let difference = (pair.first == row ? 100 : -100) * pair.difference.interval.estimate
    let text = NumberText.signed(difference, digits: 1)
    guard pair.isDecided else { return "<td>\(text)</td>" }
    return difference > 0 ? "<td class=\"win\">▲ \(text)</td>" : "<td class=\"loss\">▼ \(text)</td>"
  }

  /// PSCP under other exponents.
  var exponents: PageSection? {
    guard let sensitivity = ReportTables.sensitivity(suite) else { return nil }
    var parts = [byMethod(sensitivity, style: "sortable", leavingOut: ["order"])]
    if let crossings = ReportTables.crossings(suite) {
      parts.append(PageParts.heading(crossings.title) + long(crossings, style: ""))
    }
    return section("exponents", "PSCP under other exponents", link: "PSCP exponents", parts)
  }
}
