import PEFTBench

extension SuitePage {
  /// Every dataset and method as a heat map, and the scores on other sets of rows.
  var datasets: PageSection {
    let table = ReportTables.scores(suite)
    var parts = [
      scroll(
        table.title,
        caption: table.caption
          + " Marks are bold; (2 of 3) means that runs of other seeds failed or are missing.",
        table: "heat",
        results.methods.count > Self.mostColumns && results.methods.count > results.datasets.count
          ? methodRows(table) : datasetRows(table))
    ]
    if !results.runs.isEmpty {
      let steps = (0..<10).map { "<span class=\"h\($0)\">\($0 * 10)</span>" }.joined()
      parts.append("<p class=\"scale\" aria-hidden=\"true\">\(steps)</p>")
    }
    if let sets = ReportTables.sets(suite) {
      parts.append(PageParts.heading(sets.title) + self.table(sets, style: "sortable"))
    }
    return section("datasets", "Datasets", parts)
  }

  /// Columns of the table before those of the methods: the dataset, its metric, the majority's score and that of chance.
  private static let factCount = 4

  /// A row a dataset.
  private func datasetRows(_ table: ReportTable) -> String {
    let rows = zip(results.datasets.indices, table.rows).map { dataset, row in
      "<tr>" + rowHead(row[0].text) + "<td class=\"w\">\(VisibleText.markup(row[1].text))</td>"
        + row[2..<Self.factCount].map { "<td>\(VisibleText.markup($0.text))</td>" }.joined()
        + zip(results.methods.indices, row.dropFirst(Self.factCount)).map { heatCell($1, $0, dataset) }.joined()
        + "</tr>"
    }
    return PageParts.head(table.columns.map { ($0.title, $0.isNumber) })
      + "<tbody>\(rows.joined(separator: "\n"))</tbody>"
  }

  /// A row a method, where they are too many for columns.
  private func methodRows(_ table: ReportTable) -> String {
    let facts = (2..<Self.factCount).map { column in
      "<tr>" + rowHead(table.columns[column].title)
        + table.rows.map { "<td>\(VisibleText.markup($0[column].text))</td>" }.joined() + "</tr>"
    }
    let rows = results.methods.indices.map { method in
      "<tr>" + rowHead(results.title(method))
        + zip(results.datasets.indices, table.rows).map { heatCell($1[Self.factCount + method], method, $0) }.joined()
        + "</tr>"
    }
    return PageParts.head([("method", false)] + table.rows.map { ("\($0[0].text), \($0[1].text)", true) })
      + "<tbody>\((facts + rows).joined(separator: "\n"))</tbody>"
  }

  private func rowHead(_ text: String) -> String {
    "<th scope=\"row\"\(PageParts.wrapping(text))>\(VisibleText.markup(text))</th>"
  }

  private func heatCell(_ cell: ReportTable.Cell, _ method: Int, _ dataset: Int) -> String {
    let mean = results.cells[method][dataset].summary?.mean
    let shade = mean.map { "h\(Int(min(9, max(0, $0 * 10))))" } ?? (cell.mark == .failed ? "bad" : "none")
    let parts = cell.text.split(separator: " ", maxSplits: 1).map(String.init)
    let rest = parts.count > 1 ? " <small>\(VisibleText.markup(parts[1]))</small>" : ""
    let value = VisibleText.markup(parts.first ?? "")
    return "<td class=\"\(shade)\">\(cell.mark == .best ? "<b>\(value)</b>" : value)\(rest)</td>"
  }
}
