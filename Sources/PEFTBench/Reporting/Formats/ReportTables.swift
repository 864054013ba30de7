import PEFTBench
import PEFTMethods

/// The tables of one suite, in the order of a report.
enum ReportTables {
  /// All that the suite has something to say in.
  ///
  /// - Parameter showsIntervals: Whether the scores of each dataset have their intervals beside them.
  static func all(_ suite: Report.Suite, showsIntervals: Bool = false) -> [ReportTable] {
    [
      leaderboard(suite), scores(suite, showsIntervals: showsIntervals), sets(suite), stability(suite),
      strategies(suite),
      sources(suite), ranks(suite),
      pairs(suite),
      sensitivity(suite), crossings(suite), failures(suite), missing(suite),
    ].compactMap { $0 }
  }

  /// The methods by PSCP with its terms.
  static func leaderboard(_ suite: Report.Suite) -> ReportTable {
    let (results, statistics) = (suite.results, suite.statistics)
    let rows = statistics.leaderboard
    var caption =
      "Score: mean over \(datasets(results.sharedDatasets.count)) and \(seedText(results)), in percent"
      + (results.comparedSeeds.count > 1
        ? ", ± standard deviation over seeds; interval: 95 %, for other rows and other seeds"
        : "; interval: 95 %, for other rows, with this seed")
    caption +=
      ". PSCP = score × the terms of trainable parameters, added inference FLOPs and peak training memory"
      + ". PEFT methods by PSCP; zero-shot is the model as it is."
    if rows.contains(where: { $0.majority != nil }) {
      caption +=
        " Majority: what the most frequent answer to every row reaches; a method that is not above it, or that gives one "
        + "answer to all rows, is marked and cannot be the best."
    }
    if statistics.verdict?.score != nil {
      caption += " The highest score and PSCP are marked, and with them all that the rows cannot tell from them."
    }
    if let chance = rows.lazy.compactMap(\.chance).first {
      caption += " Guessing reaches \(NumberText.percent(chance))."
    }
    var table = ReportTable(
      "leaderboard", "Leaderboard", caption: caption,
      columns: [
        .init("method", isNumber: false), .init("PSCP"), .init("score"), .init("95 % interval"), .init("majority"),
        .init("parameters"),
        .init("added FLOPs"), .init("memory"), .init("P term"), .init("F term"), .init("M term"), .init("rank"),
        .init("runs"), .init("time a run"),
      ])
    let ranked = rows.filter { !results.methods[$0.method].isZeroShot && $0.standing.isEligible }
    func cells(
      _ text: (SuiteStatistics.Row) -> String, _ mark: (_ texts: [String]) -> [ReportTable.Cell]
    ) -> [Int: ReportTable.Cell] {
      var byMethod = Dictionary(uniqueKeysWithValues: zip(ranked.map(\.method), mark(ranked.map(text))))
      for row in rows where byMethod[row.method] == nil { byMethod[row.method] = .init(text(row)) }
      return byMethod
    }
    // The verdict tells which ones share the first place.
    func measure(
      _ top: Verdict.Top?, _ value: (SuiteStatistics.Row) -> Double?, _ text: (SuiteStatistics.Row) -> String
    ) -> [Int: ReportTable.Cell] {
      let best = top.map { top in Set(ranked.indices.filter { top.contains(ranked[$0].method) }) }
      return cells(text) { ReportTable.marked($0, best: best, ranked.map(value)) }
    }
    // Costs are known exactly.
    func cost(
      _ value: (SuiteStatistics.Row) -> Double?, _ text: (SuiteStatistics.Row) -> String
    ) -> [Int: ReportTable.Cell] {
      cells(text) { ReportTable.ranked($0, ranked.map(value), higherIsBetter: false) }
    }
    let pscp = measure(statistics.verdict?.pscp, { $0.pscp }, { NumberText.decimal($0.pscp, digits: 2) })
    let score = measure(
      statistics.verdict?.score, { $0.mean },
      { row in
        NumberText.percent(row.mean) + (row.deviation.map { " ± " + NumberText.percent($0) } ?? "")
      })
    let parameters = cost({ $0.costs?.parameters }, { NumberText.count($0.costs?.parameters) })
    let memory = cost({ $0.costs?.memory }, { NumberText.bytes($0.costs?.memory) })
    for row in rows {
      let state =
        "\(row.runCount)" + (row.failedCount > 0 ? ", \(row.failedCount) failed" : "")
        + (row.missingCount > 0 ? ", \(row.missingCount) missing" : "")
      let isWhole = row.failedCount == 0 && row.missingCount == 0
      table.add([
        .init(results.title(row.method)), pscp[row.method] ?? "–", score[row.method] ?? "–",
        .init(row.interval.map { "\(NumberText.percent($0.lower)) – \(NumberText.percent($0.upper))" } ?? "–"),
        .init(majorityText(row.majority, row.standing), row.standing.isEligible ? .plain : .missing),
        parameters[row.method] ?? "–", .init(NumberText.flops(row.costs?.flops)), memory[row.method] ?? "–",
        .init(NumberText.decimal(row.terms?.parameters, digits: 3)),
        .init(NumberText.decimal(row.terms?.flops, digits: 3)),
        .init(NumberText.decimal(row.terms?.memory, digits: 3)), .init(NumberText.decimal(row.averageRank, digits: 2)),
        .init(state, isWhole ? .plain : row.failedCount > 0 ? .failed : .missing),
        .init(NumberText.seconds(row.seconds)),
      ])
    }
    return table
  }

  /// The headline score of every method on every dataset.
  static func scores(_ suite: Report.Suite, showsIntervals: Bool = false) -> ReportTable {
    let results = suite.results
    func interval(_ method: Int, _ dataset: Int) -> String {
      guard showsIntervals, let interval = suite.statistics.intervals[method][dataset] else { return "" }
      return " [\(NumberText.percent(interval.lower)), \(NumberText.percent(interval.upper))]"
    }
    var table = ReportTable(
      "scores", "Scores by dataset and method",
      caption:
        "The dataset's headline score in percent, mean ± standard deviation over the seeds that are there"
        + (showsIntervals ? " [95 % interval]" : "") + ". Majority: "
        + "what the most frequent answer to every row reaches; chance: what guessing does. \"One answer\" and \"not above\" "
        + "(the majority) mark scores that show nothing learned. \(tieWords)",
      columns: [
        .init("dataset", isNumber: false), .init("metric", isNumber: false), .init("majority"), .init("chance"),
      ]
        + results.methods.indices.map { .init(results.title($0)) })
    for dataset in results.datasets.indices {
      let cells = results.methods.indices.map { results.cells[$0][dataset] }
      let standings = results.methods.indices.map { suite.statistics.standings[$0][dataset] }
      let best = suite.statistics.tops[dataset].map { top in
        Set(results.methods.indices.filter(top.contains))
      }
      let ranked = ReportTable.marked(
        results.methods.indices.map { method in
          scoreText(cells[method]) + interval(method, dataset)
            + (standings[method].isEligible ? "" : " " + standings[method].word)
        }, best: best,
        zip(cells, standings).map { $1.isEligible ? $0.summary?.mean : nil })
      table.add(
        [
          .init(results.datasets[dataset]), .init(results.metrics[dataset]),
          .init(NumberText.percent(results.baseline(dataset, \.majority))),
          .init(NumberText.percent(results.baseline(dataset, \.chance))),
        ]
          + zip(cells, ranked).map { cell, text in
            cell.runs.isEmpty ? .init(text.text, cell.failedSeeds.isEmpty ? .missing : .failed) : text
          })
    }
    return table
  }

  private static func majorityText(_ majority: Double?, _ standing: MethodStanding) -> String {
    NumberText.percent(majority) + (standing.isEligible ? "" : " " + standing.word)
  }

  static func scoreText(_ cell: SuiteResults.Cell) -> String {
    guard let summary = cell.summary else { return cell.failedSeeds.isEmpty ? "–" : "failed" }
    var text = NumberText.percent(summary.mean)
    if summary.count > 1 { text += " ± " + NumberText.percent(summary.sampleDeviation) }
    let wanted = summary.count + cell.failedSeeds.count + cell.missingSeeds.count
    return wanted > summary.count ? text + " (\(summary.count) of \(wanted))" : text
  }

  /// The spread over seeds as PEFT-Bench prints it, where there are several.
  static func stability(_ suite: Report.Suite) -> ReportTable? {
    let results = suite.results
    let methods = results.methods.indices.filter { !results.methods[$0].isZeroShot }
    let datasets = results.datasets.indices.filter { dataset in
      methods.contains { results.cells[$0][dataset].runs.count > 1 }
    }
    guard !datasets.isEmpty else { return nil }
    var table = ReportTable(
      "stability", "Stability over seeds",
      caption: "Population standard deviation of the score in points, which divides by the number of seeds as "
        + "PEFT-Bench's tables do; the smallest is marked. The last row is the mean over datasets that all methods have.",
      columns: [.init("dataset", isNumber: false)] + methods.map { .init(results.title($0)) })
    let eligible = Set(suite.statistics.leaderboard.filter(\.standing.isEligible).map(\.method))
    func row(_ title: String, _ values: [Double?]) {
      // A method that gives one answer to all rows is steady for that reason alone.
      let ranked = zip(methods, values).map { eligible.contains($0) ? $1 : nil }
      table.add(
        [.init(title)]
          + ReportTable.ranked(values.map { NumberText.percent($0, digits: 2) }, ranked, higherIsBetter: false))
    }
    func deviation(_ method: Int, _ dataset: Int) -> Double? {
      let summary = results.cells[method][dataset].summary
      return summary.flatMap { $0.count > 1 ? $0.populationDeviation : nil }
    }
    for dataset in datasets { row(results.datasets[dataset], methods.map { deviation($0, dataset) }) }
    let common = datasets.filter { dataset in methods.allSatisfy { deviation($0, dataset) != nil } }
    if common.count > 1 {
      row(
        "mean of \(common.count)", methods.map { method in Summary.mean(common.compactMap { deviation(method, $0) }) })
    }
    return table
  }

  /// Average ranks with the critical difference.
  static func ranks(_ suite: Report.Suite) -> ReportTable? {
    guard let ranking = suite.statistics.ranking else { return nil }
    let test = ranking.test
    let results = suite.results
    var table = ReportTable(
      "ranks", "Average ranks",
      caption: "Over \(datasets(results.sharedDatasets.count)); 1 is the best. Friedman's test: χ² = "
        + "\(NumberText.decimal(test.statistic, digits: 2)), p \(NumberText.pEquation(test.pValue)). Ranks that differ by more than "
        + "the critical difference \(NumberText.decimal(test.criticalDifference, digits: 2)) differ at the 5 % level "
        + "(Nemenyi).",
      columns: [.init("method", isNumber: false), .init("average rank"), .init("not different from", isNumber: false)])
    for place in ranking.methods.indices.sorted(by: { test.averageRanks[$0] < test.averageRanks[$1] }) {
      let alike = ranking.methods.indices.filter {
        $0 != place && abs(test.averageRanks[$0] - test.averageRanks[place]) <= test.criticalDifference
      }
      let names = alike.map { results.title(ranking.methods[$0]) }
      let others =
        names.count > VerdictWords.mostNames ? VerdictWords.list(names) : names.joined(separator: ", ")
      table.add([
        .init(results.title(ranking.methods[place])), .init(NumberText.decimal(test.averageRanks[place], digits: 2)),
        .init(others.isEmpty ? "–" : others),
      ])
    }
    return table
  }

  /// Every two methods against each other.
  static func pairs(_ suite: Report.Suite) -> ReportTable? {
    let (results, pairs) = (suite.results, suite.statistics.pairs)
    guard !pairs.isEmpty else { return nil }
    let hasWilcoxon = pairs.contains { $0.wilcoxonP != nil }
    let hasCounts = pairs.contains { $0.difference.mcnemar != nil }
    var caption =
      "Difference of the mean scores in points, first minus second, with its 95 % interval. p: "
      + (hasCounts
        ? "McNemar's exact test on the rows that only the first (+) or only the second (−) has right"
        : "the level at which the interval for other rows"
          + (results.comparedSeeds.count > 1 ? " and other seeds" : "") + " would touch zero")
      + ", corrected for \(NumberText.counted(pairs.count, "pair")) after Holm; differences with p ≤ 0.05 are marked. "
      + "Detectable: the smallest true difference in points that these rows would show four times out of five, as much "
      + "as the two disagree here."
    if hasWilcoxon {
      caption +=
        " Wilcoxon: signed ranks over datasets, on which the first is better (+), equal (=) and worse (−), uncorrected."
    }
    var table = ReportTable(
      "pairs", "Methods in pairs", caption: caption,
      columns: [
        .init("first", isNumber: false), .init("second", isNumber: false), .init("difference"), .init("95 % interval"),
        .init("p (Holm)"), .init("p alone"), .init("detectable"),
      ] + (hasCounts ? [.init("rows + / −")] : []) + (hasWilcoxon ? [.init("p (Wilcoxon)")] : [])
        + (results.sharedDatasets.count > 1 ? [.init("datasets + / = / −")] : []))
    for pair in pairs {
      let interval = pair.difference.interval
      var cells: [ReportTable.Cell] = [
        .init(results.title(pair.first)), .init(results.title(pair.second)),
        .init(NumberText.signed(100 * interval.estimate, digits: 2), pair.isDecided ? .best : .plain),
        .init(
          "\(NumberText.signed(100 * interval.lower, digits: 2)) … \(NumberText.signed(100 * interval.upper, digits: 2))"
        ),
        .init(NumberText.pValue(pair.correctedP)), .init(NumberText.pValue(pair.difference.pValue)),
        .init(NumberText.percent(pair.detectable)),
      ]
      if hasCounts { cells.append(.init(pair.difference.mcnemar.map { "\($0.onlyFirst) / \($0.onlySecond)" } ?? "–")) }
      if hasWilcoxon { cells.append(.init(NumberText.pValue(pair.wilcoxonP))) }
      if results.sharedDatasets.count > 1 { cells.append(.init("\(pair.wins) / \(pair.ties) / \(pair.losses)")) }
      table.add(cells)
    }
    return table
  }

  /// PSCP under other exponents.
  static func sensitivity(_ suite: Report.Suite) -> ReportTable? {
    guard let sensitivity = suite.statistics.sensitivity else { return nil }
    let result = sensitivity.result
    let verdict =
      result.changesOrder
      ? "The ranking depends on the exponents." : "The ranking is the same for all of them."
    var table = ReportTable(
      "sensitivity", "PSCP under other exponents",
      caption: "β of all three terms, or of one while the others stay, from 0.5 to 2. \(verdict)",
      columns: [.init("exponents", isNumber: false)] + sensitivity.methods.map { .init(suite.results.title($0)) }
        + [.init("order", isNumber: false)])
    let usual = result.settings.first?.order
    for (index, setting) in result.settings.enumerated() {
      let order = setting.order.map { suite.results.title(sensitivity.methods[$0]) }.joined(separator: " > ")
      let beta = setting.beta
      let name =
        index == 0
        ? "as configured (\([beta.parameters, beta.flops, beta.memory].map(NumberText.plain).joined(separator: ", ")))"
        : termText(setting.term, setting.value)
      table.add(
        [.init(name)]
          + setting.scores.map { .init(NumberText.decimal($0, digits: 2)) }
          + [.init(setting.order == usual && index > 0 ? "the same" : order)])
    }
    return table
  }

  /// Where methods change order.
  static func crossings(_ suite: Report.Suite) -> ReportTable? {
    guard let sensitivity = suite.statistics.sensitivity, sensitivity.result.changesOrder else { return nil }
    var table = ReportTable(
      "crossings", "Where the order changes",
      caption: "The exponent, from 0.5 to 2, at which two methods have the same PSCP.",
      columns: [.init("exponent of", isNumber: false), .init("equal at"), .init("above it", isNumber: false)])
    for crossing in sensitivity.result.crossings {
      let names = [crossing.ahead, crossing.behind].map { suite.results.title(sensitivity.methods[$0]) }
      table.add([
        .init(crossing.term == .all ? "all terms" : crossing.term.rawValue),
        .init(NumberText.decimal(crossing.value, digits: 2)), .init("\(names[0]) before \(names[1])"),
      ])
    }
    return table
  }

  static func failures(_ suite: Report.Suite) -> ReportTable? {
    let failures = suite.results.failures
    guard !failures.isEmpty else { return nil }
    var table = ReportTable(
      "failures", "Failed runs", caption: "They are in no mean; running the config again tries them again.",
      columns: [
        .init("dataset", isNumber: false), .init("method", isNumber: false), .init("seed"),
        .init("cause", isNumber: false), .init("model", isNumber: false), .init("id", isNumber: false),
      ])
    for run in failures {
      table.add([
        .init(run.dataset), .init(run.label), .init("\(run.seed)"),
        .init(VisibleText.cut(run.error, to: 400), .failed), .init(run.modelName), .init(run.id),
      ])
    }
    return table
  }

  /// What is yet to do: a line for each method, with the datasets that lack the same seeds for the same cause.
  static func missing(_ suite: Report.Suite) -> ReportTable? {
    guard !suite.results.missing.isEmpty else { return nil }
    var table = ReportTable(
      "missing", "Missing runs", caption: "They are planned and not done yet.",
      columns: [
        .init("method", isNumber: false), .init("datasets", isNumber: false), .init("seeds", isNumber: false),
        .init("cause", isNumber: false), .init("model", isNumber: false),
      ])
    let seeds = suite.results.missing.groupedInOrder { [$0.dataset, $0.label, $0.cause, $0.modelName] }.map {
      place, runs in
      (place, runs.map { "\($0.seed)" }.joined(separator: ", "))
    }
    for (line, places) in seeds.groupedInOrder(by: { [$0.0[1], $0.1, $0.0[2], $0.0[3]] }) {
      let datasets = places.map { $0.0[0] }.joined(separator: ", ")
      table.add([.init(line[0]), .init(datasets), .init(line[1], .missing), .init(line[2]), .init(line[3])])
    }
    return table
  }

  // MARK: - Words

  /// What a mark on a score means.
  static let tieWords = "The highest score is marked, and with it all that the rows cannot tell from it."

  static func datasets(_ count: Int) -> String { NumberText.counted(count, "dataset") }

  static func seedText(_ results: SuiteResults) -> String {
    let seeds = results.comparedSeeds
    return seeds.count < 2 ? "one seed" : "\(seeds.count) seeds (\(seeds.map(String.init).joined(separator: ", ")))"
  }

  static func termText(_ term: PSCPSensitivity.Term, _ value: Double) -> String {
    "\(term == .all ? "all" : term.rawValue) \(NumberText.plain(value))"
  }

}
