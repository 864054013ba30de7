import PEFTBench

extension ReportTables {
  /// Strategies against chance beside plain steps; nil where no run has one.
  static func strategies(_ suite: Report.Suite) -> ReportTable? {
    let rows = suite.stability.rows
    guard !rows.isEmpty else { return nil }
    var table = ReportTable(
      "strategies", "Strategies against chance",
      caption:
        "The headline score in percent over the seeds of complete runs: mean, standard deviation of the population (which "
        + "divides by n) and of the sample (by n − 1) with its 95 % interval by resampling seeds, lowest and highest. "
        + "Failed: of all runs, those that ended in an error, whose number stands beside, and those whose macro-F1 is "
        + "below one over the number of labels (of other metrics: whose score is below that of guessing). One answer: of "
        + "complete runs, those that gave every row the same one. p: Brown and Forsythe's test of the spread against that "
        + "of default, corrected for all rows after Holm; it is marked where p ≤ 0.05, the spread is the smaller one, and "
        + "less than half of the runs failed or gave one answer. Steps: of all models, as a multiple of those of default; "
        + "in brackets as a share of those of an ensemble of as many members.",
      columns: [
        .init("method", isNumber: false), .init("dataset", isNumber: false), .init("strategy", isNumber: false),
        .init("seeds"), .init("mean"), .init("sd (n)"), .init("sd (n − 1)"), .init("95 % of sd"), .init("min"),
        .init("max"), .init("failed"), .init("errors"), .init("one answer"), .init("p (Holm)"), .init("p alone"),
        .init("steps"), .init("tokens"), .init("memory"),
      ])
    for row in rows {
      let (summary, interval) = (row.summary, row.deviationInterval)
      func multiple(_ value: Double?) -> String { value.map { NumberText.decimal($0, digits: 2) + " ×" } ?? "–" }
      func spread(_ value: Double) -> String { summary.count > 1 ? NumberText.percent(value, digits: 2) : "–" }
      let range = interval.map { "\(spread($0.lower)) – \(spread($0.upper))" } ?? "–"
      func share(_ value: Double?) -> String { value.map { "\(NumberText.percent($0, digits: 0)) %" } ?? "–" }
      let ofEnsemble = row.shareOfEnsemble.map { " (\(NumberText.percent($0)) %)" } ?? ""
      let numbers: [String] = [
        row.method, row.dataset, row.strategy, "\(summary.count)",
        NumberText.percent(summary.count > 0 ? summary.mean : nil),
        spread(summary.populationDeviation), spread(summary.sampleDeviation), range,
        NumberText.percent(row.values.min()), NumberText.percent(row.values.max()), share(row.failedShare),
        "\(row.errorCount)", share(row.oneAnswerShare),
      ]
      let costs: [String] = [
        NumberText.pValue(row.test?.pValue), multiple(row.relativeSteps) + ofEnsemble, multiple(row.relativeTokens),
        row.bytes.map(NumberText.bytes) ?? "–",
      ]
      let corrected = ReportTable.Cell(NumberText.pValue(row.correctedP), row.isSteadier ? .best : .plain)
      table.add(numbers.map { .init($0) } + [corrected] + costs.map { .init($0) })
    }
    return table
  }

  /// Where the spread of scores comes from; nil where no run has a seed for each source of chance.
  static func sources(_ suite: Report.Suite) -> ReportTable? {
    let sources = suite.stability.sources
    guard !sources.isEmpty else { return nil }
    let isWhole = sources.allSatisfy { $0.runs == $0.combinations }
    let runs = isWhole ? "all combinations of which were run" : "of whose combinations not all were run or complete"
    let rest =
      isWhole
      ? "what is left is how sources act together"
      : "where runs are missing, the shares of different sources overlap, and their sum says nothing"
    var table = ReportTable(
      "sources", "Where the spread comes from",
      caption:
        "Each source of chance had seeds of its own, \(runs). Share: the sum of squares between a source's seeds, of that "
        + "between all runs; \(rest). By chance: the share to expect of a source that changes nothing. Deviation: of the "
        + "means over the runs of each of its seeds, in points.",
      columns: [
        .init("method", isNumber: false), .init("dataset", isNumber: false), .init("strategy", isNumber: false),
        .init("source", isNumber: false), .init("seeds"), .init("runs"), .init("share"), .init("by chance"),
        .init("deviation"),
      ])
    for source in sources {
      table.add([
        .init(source.method), .init(source.dataset), .init(source.strategy), .init(source.source),
        .init("\(source.levels)"),
        .init(source.runs == source.combinations ? "\(source.runs)" : "\(source.runs) of \(source.combinations)"),
        .init(source.share.map { "\(NumberText.percent($0)) %" } ?? "–"),
        .init("\(NumberText.percent(source.shareByChance)) %"),
        .init(NumberText.percent(source.deviation, digits: 2)),
      ])
    }
    return table
  }
}
