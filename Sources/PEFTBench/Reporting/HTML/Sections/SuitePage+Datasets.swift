import PEFTBench

extension SuitePage {
  /// Every dataset and method as a heat map, and the scores on other sets of rows.
  var datasets: PageSection {
    let table = ReportTables.scores(suite)
    let rows = zip(results.datasets.indices, table.rows).map { dataset, row in
      "<tr><th scope=\"row\"\(PageParts.wrapping(row[0].text))>\(VisibleText.markup(row[0].text))</th><td class=\"w\">\(VisibleText.markup(row[1].text))</td>"
        + row[2...3].map { "<td>\(VisibleText.markup($0.text))</td>" }.joined()
        + zip(results.methods.indices, row.dropFirst(4)).map { method, cell in
          heatCell(cell, mean: results.cells[method][dataset].summary?.mean)
        }.joined() + "</tr>"
    }
    let steps = (0..<10).map { "<span class=\"h\($0)\">\($0 * 10)</span>" }.joined()
    var parts = [
      scroll(
        table.title,
        caption: table.caption
          + " Marks are bold; (2 of 3) means that runs of other seeds failed or are missing.",
        table: "heat",
        PageParts.head(table.columns.map { ($0.title, $0.isNumber) })
          + "<tbody>\(rows.joined(separator: "\n"))</tbody>"),
      "<p class=\"scale\" aria-hidden=\"true\">\(steps)</p>",
    ]
    if let sets = ReportTables.sets(suite) {
      parts.append(PageParts.heading(sets.title) + self.table(sets, style: "sortable"))
    }
    return section("datasets", "Datasets", parts)
  }

  private func heatCell(_ cell: ReportTable.Cell, mean: Double?) -> String {
    let shade = mean.map { "h\(Int(min(9, max(0, $0 * 10))))" } ?? (cell.mark == .failed ? "bad" : "none")
    let parts = cell.text.split(separator: " ", maxSplits: 1).map(String.init)
    let rest = parts.count > 1 ? " <small>\(VisibleText.markup(parts[1]))</small>" : ""
    let value = VisibleText.markup(parts.first ?? "")
    return "<td class=\"\(shade)\">\(cell.mark == .best ? "<b>\(value)</b>" : value)\(rest)</td>"
  }
}
