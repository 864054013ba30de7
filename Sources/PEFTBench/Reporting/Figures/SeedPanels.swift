import PEFTBench

/// The scores of all seeds on one dataset, a line a method, with their names where there are too many for a legend.
struct SeedPanel {
  /// A method with the scores of its seeds in percent.
  struct Row {
    let name: String
    let style: SeriesStyle
    let scores: [Double]
  }

  let id: String
  let dataset: String
  let majority: Double?
  let rows: [Row]
  /// Whether the names stand beside the rows, however few there are.
  var isNamed = false

  /// As many rows may be told apart by a legend.
  static let mostUnnamed = 8
  private static let top = 24.0
  private static let step = 15.0

  var figure: ReportFigure {
    .init(
      name: id, caption: dataset, drawing: drawing, columns: ["method", "score"],
      rows: rows.flatMap { row in row.scores.map { [.text(row.name), .number($0)] } },
      legend: isNamed || rows.count > Self.mostUnnamed ? [] : rows.map { ($0.name, $0.style) })
  }

  private var drawing: SVGFigure {
    let names = rows.count > Self.mostUnnamed || isNamed ? RowNames(rows.map(\.name), width: 40...210) : nil
    let left = names.map { $0.width + 10 } ?? 0
    let width = left + 220
    let end = Self.top + 8 + Double(rows.count) * Self.step
    let spreads = rows.map {
      "\($0.name) \(NumberText.decimal($0.scores.min(), digits: 1)) to \(NumberText.decimal($0.scores.max(), digits: 1))"
    }
    var figure = SVGFigure(
      id: id, title: "Scores of all seeds, \(dataset)", description: spreads.joined(separator: ", ") + ".",
      width: width, height: end + 20)
    let x = ChartScale.linear(
      rows.flatMap(\.scores) + (majority.map { [$0] } ?? []), places: left + 14...width - 16, from: -100, to: 100)
    figure.text(RowNames.fitted(VisibleText.of(dataset), to: width - 8), 2, 13, class: "h")
    for tick in x.ticks {
      figure.line(x.place(tick), Self.top, x.place(tick), end, class: "g")
      figure.text(
        NumberText.decimal(tick, digits: tick == tick.rounded() ? 0 : 1), min(x.place(tick), width - 14), end + 14,
        .middle)
    }
    if let majority { figure.line(x.place(majority), Self.top, x.place(majority), end, class: "z") }
    for (index, row) in rows.enumerated() {
      let y = Self.top + 8 + (Double(index) + 0.5) * Self.step - 4
      if let names { figure.text(names[index], left, y + 4.5, .end, class: "n") }
      if let low = row.scores.min(), let high = row.scores.max() {
        figure.line(x.place(low), y, x.place(high), y, class: "e \(row.style.color)")
      }
      for score in row.scores {
        figure.mark(
          row.style, x.place(score), y, size: 3.2, tip: "\(row.name): \(NumberText.decimal(score, digits: 1))")
      }
      let mean = x.place(Summary.mean(row.scores))
      figure.line(mean, y - 6, mean, y + 6, class: "b")
    }
    return figure
  }
}

extension SuiteFigures {
  /// The spread over seeds, a figure for each dataset where a method has several.
  var seeds: [ReportFigure] {
    results.datasets.indices.compactMap { dataset in
      let rows = trained.compactMap { method -> SeedPanel.Row? in
        let values = results.cells[method][dataset].values
        return values.isEmpty
          ? nil : .init(name: results.title(method), style: style(method), scores: values.map { 100 * $0 })
      }
      guard rows.contains(where: { $0.scores.count > 1 }) else { return nil }
      return SeedPanel(
        id: id("seeds-\(dataset + 1)"), dataset: results.datasets[dataset],
        majority: results.baseline(dataset, \.majority).map { 100 * $0 }, rows: rows
      ).figure
    }
  }
}
