import PEFTBench

extension SuiteFigures {
  /// Methods that were trained and have a mean, with their costs.
  var pricedRows: [(row: SuiteStatistics.Row, costs: PSCP.Costs, mean: Double)] {
    statistics.leaderboard.compactMap { row in
      guard !results.methods[row.method].isZeroShot, let costs = row.costs, let mean = row.mean else { return nil }
      return (row, costs, mean)
    }
  }

  /// The score of all methods against each cost.
  var costs: [ReportFigure] {
    let rows = pricedRows
    guard !rows.isEmpty else { return [] }
    let (majority, base) = baselines
    func chart(
      _ name: String, _ title: String, _ axis: String, _ cost: (PSCP.Costs) -> Double,
      _ text: @escaping (Double) -> String, _ tick: @escaping (Double) -> String
    ) -> ReportFigure {
      ScatterChart(
        id: id("score-by-\(name)"), title: title, axis: axis, costText: text, tickText: tick,
        points: rows.map { row, costs, mean in
          .init(
            name: results.title(row.method), style: style(row.method), score: 100 * mean,
            interval: row.interval.map { 100 * $0.lower...max(100 * $0.upper, 100 * $0.lower) }, cost: cost(costs),
            isEligible: row.standing.isEligible)
        }, base: base, majority: majority
      ).figure
    }
    return [
      chart(
        "parameters", "Score and trainable parameters", "trainable parameters", \.parameters,
        { "\(NumberText.count($0)) parameters" }, { NumberText.tick($0) }),
      chart(
        "memory", "Score and peak training memory", "peak memory of tensors", \.memory, NumberText.bytes,
        { NumberText.tick($0, unit: "B") }),
      chart(
        "flops", "Score and added inference cost", "FLOPs added to a pass over 512 tokens", \.flops,
        NumberText.flops, { NumberText.tick($0) }),
    ]
  }
}
