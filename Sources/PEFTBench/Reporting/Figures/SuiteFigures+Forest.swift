import PEFTBench

extension SuiteFigures {
  /// The methods by mean score over the shared datasets; nil where none has one.
  var forest: ReportFigure? {
    let rows = statistics.leaderboard.filter { $0.mean != nil && !results.methods[$0.method].isZeroShot }
      .sorted { ($0.mean ?? 0, $1.method) > ($1.mean ?? 0, $0.method) }
    guard !rows.isEmpty else { return nil }
    let (majority, zeroShot) = baselines
    return ForestPlot(
      id: id("forest"), title: "Mean score with its 95 % interval",
      rows: rows.map { row in
        .init(
          name: results.title(row.method), style: style(row.method), score: 100 * (row.mean ?? 0),
          interval: Self.percent(row.interval), seeds: row.seedMeans.count > 1 ? row.seedMeans.map { 100 * $0 } : [],
          doubt: row.standing.word)
      }, majority: majority, zeroShot: zeroShot
    ).figure
  }

  /// The same on each dataset, where there are several.
  var datasetForests: [ReportFigure] {
    guard results.datasets.count > 1 else { return [] }
    return results.datasets.indices.compactMap { dataset in
      let rows = trained.compactMap { method -> (ForestPlot.Row, Double)? in
        let cell = results.cells[method][dataset]
        guard let mean = cell.summary?.mean else { return nil }
        let row = ForestPlot.Row(
          name: results.title(method), style: style(method), score: 100 * mean,
          interval: Self.percent(statistics.intervals[method][dataset]),
          seeds: cell.values.count > 1 ? cell.values.map { 100 * $0 } : [],
          doubt: statistics.standings[method][dataset].word)
        return (row, mean)
      }.sorted { $0.1 > $1.1 }.map(\.0)
      guard !rows.isEmpty else { return nil }
      let base = results.methods.indices.filter { results.methods[$0].isZeroShot }
      let zeroShot = base.count == 1 ? base.first.flatMap { results.cells[$0][dataset].summary?.mean } : nil
      return ForestPlot(
        id: id("forest-\(dataset + 1)"), title: "\(results.datasets[dataset]): \(results.metrics[dataset])", rows: rows,
        majority: results.baseline(dataset, \.majority).map { 100 * $0 }, zeroShot: zeroShot.map { 100 * $0 }
      ).figure
    }
  }

  /// An interval in percent.
  static func percent(_ interval: Bootstrap.Interval?) -> ClosedRange<Double>? {
    interval.map { 100 * $0.lower...max(100 * $0.upper, 100 * $0.lower) }
  }
}
