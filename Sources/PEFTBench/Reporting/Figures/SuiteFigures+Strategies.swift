import PEFTBench

extension SuiteFigures {
  /// The seeds of every strategy, a figure for each method and dataset.
  var strategies: [ReportFigure] {
    // Of runs that all ended in an error there is no score to show.
    var rows = suite.stability.rows.filter { !$0.values.isEmpty }
    var figures: [ReportFigure] = []
    while let first = rows.first {
      let strips = rows.filter { $0.method == first.method && $0.dataset == first.dataset }
      rows.removeAll { $0.method == first.method && $0.dataset == first.dataset }
      let lines = strips.enumerated().map { index, row in
        SeedPanel.Row(name: row.strategy, style: SeriesStyle(index), scores: row.values.map { 100 * $0 })
      }
      figures.append(
        SeedPanel(
          id: id("strategies-\(figures.count + 1)"), dataset: "\(first.dataset), \(first.method)", majority: nil,
          rows: lines, isNamed: true
        ).figure)
    }
    return figures
  }
}
