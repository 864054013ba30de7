import PEFTBench
import PEFTCore

/// The parts of the page that are about one suite.
struct SuiteSections {
  private let suite: Report.Suite
  private var results: SuiteResults { suite.results }
  private var statistics: SuiteStatistics { suite.statistics }

  init(_ suite: Report.Suite) { self.suite = suite }

  var suiteName: String { results.suiteTitle }

  /// The sections that there are, in their order.
  var anchors: [(id: String, title: String)] {
    var anchors = [(id("verdict"), "Verdict"), (id("leaderboard"), "Leaderboard")]
    if !scatterPoints.isEmpty { anchors.append((id("costs"), "Score and cost")) }
    anchors.append((id("datasets"), "Datasets"))
    if statistics.ranking != nil || !statistics.pairs.isEmpty { anchors.append((id("tests"), "Tests")) }
    if statistics.sensitivity != nil { anchors.append((id("exponents"), "PSCP exponents")) }
    if hasSeeds { anchors.append((id("seeds"), "Seeds")) }
    anchors.append((id("curves"), "Learning curves"))
    return anchors
  }

  /// The sections.
  ///
  /// - Parameters:
  ///   - notes: What holds for all suites.
  ///   - isOnly: Whether the page is about this suite alone.
  func markup(notes: [String], isOnly: Bool) -> [String] {
    var parts: [String] = []
    if !isOnly { parts.append("<h2 class=\"wrap suite\">\(VisibleText.markup(suiteName))</h2>") }
    parts.append(verdict)
    parts.append(leaderboard(notes))
    if !scatterPoints.isEmpty { parts.append(costs) }
    parts.append(datasets)
    if statistics.ranking != nil || !statistics.pairs.isEmpty { parts.append(tests) }
    if statistics.sensitivity != nil { parts.append(exponents) }
    if hasSeeds { parts.append(seeds) }
    parts.append(curves)
    return parts
  }

  /// What may be concluded: the first thing on the page.
  private var verdict: String {
    let sentences = statistics.verdict?.sentences ?? []
    return section(
      "verdict", "Verdict",
      [
        "<p class=\"lead\">\(VisibleText.markup(sentences.first ?? ""))</p>",
        "<ul class=\"notes\">" + sentences.dropFirst().map { "<li>\(VisibleText.markup($0))</li>" }.joined() + "</ul>",
      ])
  }

  // MARK: - Leaderboard

  private func leaderboard(_ notes: [String]) -> String {
    let all = statistics.notes + notes
    let list =
      all.isEmpty
      ? "" : "<ul class=\"notes\">" + all.map { "<li>\(VisibleText.markup($0))</li>" }.joined() + "</ul>"
    let models = results.modelNames.map { "<b>\(VisibleText.markup($0))</b>" }.joined(separator: ", ")
    var parts = [
      "<p class=\"lead\">\(models), <b>\(VisibleText.markup(suiteName))</b>: "
        + "\(VisibleText.markup(ReportTables.datasets(results.datasets.count))), \(VisibleText.markup(ReportTables.seedText(results))).</p>",
      cards, list, table(ReportTables.leaderboard(suite), style: "board sortable", marksSeries: true),
    ]
    for extra in [ReportTables.failures(suite), ReportTables.missing(suite)].compactMap({ $0 }) {
      parts.append("<h3>\(VisibleText.markup(extra.title))</h3>" + table(extra, style: "words"))
    }
    return section("leaderboard", "Leaderboard", parts)
  }

  private var cards: String {
    let rows = statistics.leaderboard.filter { !results.methods[$0.method].isZeroShot && $0.mean != nil }
    var cards: [(title: String, value: String, text: String)] = []
    func name(_ row: SuiteStatistics.Row) -> String { results.title(row.method) }
    func tied(_ top: Verdict.Top?) -> String {
      guard let count = top?.tied.count, count > 0 else { return "" }
      return count == 1 ? ", tied with another" : ", tied with \(count) others"
    }
    let eligible = rows.filter(\.standing.isEligible)
    let verdict = statistics.verdict
    if let best = eligible.max(by: { ($0.pscp ?? -1) < ($1.pscp ?? -1) }), best.pscp != nil {
      cards.append(("Highest PSCP", NumberText.decimal(best.pscp, digits: 2), name(best) + tied(verdict?.pscp)))
    }
    if let best = eligible.max(by: { ($0.mean ?? -1) < ($1.mean ?? -1) }) {
      cards.append(("Highest score", "\(NumberText.percent(best.mean)) %", name(best) + tied(verdict?.score)))
      if let base = statistics.leaderboard.first(where: {
        results.methods[$0.method].isZeroShot && $0.mean != nil
          && results.methods[$0.method].modelHash == results.methods[best.method].modelHash
      }) {
        cards.append(
          (
            "Gain over zero-shot",
            "\(NumberText.signed(best.mean.flatMap { mean in base.mean.map { 100 * (mean - $0) } }, digits: 1)) points",
            "from \(NumberText.percent(base.mean)) %"
          ))
      }
    }
    if let least = eligible.min(by: { ($0.costs?.parameters ?? .infinity) < ($1.costs?.parameters ?? .infinity) }) {
      cards.append(
        (
          "Fewest parameters", NumberText.short(least.costs?.parameters),
          "\(name(least)), score \(NumberText.percent(least.mean)) %"
        ))
    }
    guard !cards.isEmpty else { return "" }
    return "<div class=\"cards\">"
      + cards.map {
        "<div class=\"card\"><p>\(VisibleText.markup($0.title))</p><p class=\"figure\">\(VisibleText.markup($0.value))</p>"
          + "<p>\(VisibleText.markup($0.text))</p></div>"
      }.joined() + "</div>"
  }

  // MARK: - Costs

  private var scatterPoints: [(point: SuiteStatistics.Row, costs: PSCP.Costs, mean: Double)] {
    statistics.leaderboard.compactMap { row in
      guard !results.methods[row.method].isZeroShot, let costs = row.costs, let mean = row.mean else { return nil }
      return (row, costs, mean)
    }
  }

  /// The score of all methods against each cost.
  var costCharts: [ScatterChart] {
    let base =
      results.modelNames.count == 1
      ? statistics.leaderboard.first { results.methods[$0.method].isZeroShot }?.mean.map { 100 * $0 } : nil
    func chart(
      _ name: String, _ title: String, _ axis: String, _ cost: (PSCP.Costs) -> Double,
      _ text: @escaping (Double) -> String, _ tick: @escaping (Double) -> String
    ) -> ScatterChart {
      ScatterChart(
        id: id(name), title: title, axis: axis, costText: text, tickText: tick,
        points: scatterPoints.map { row, costs, mean in
          .init(
            name: results.title(row.method), style: style(row.method), score: 100 * mean,
            interval: row.interval.map { 100 * $0.lower...max(100 * $0.upper, 100 * $0.lower) }, cost: cost(costs),
            isEligible: row.standing.isEligible)
        }, base: base, majority: statistics.leaderboard.lazy.compactMap(\.majority).first.map { 100 * $0 })
    }
    return [
      chart(
        "by-parameters", "Score and trainable parameters", "trainable parameters", \.parameters,
        { "\(NumberText.count($0)) parameters" }, { NumberText.tick($0) }),
      chart(
        "by-memory", "Score and peak training memory", "peak memory of tensors", \.memory, NumberText.bytes,
        { NumberText.tick($0, unit: "B") }),
      chart(
        "by-flops", "Score and added inference cost", "FLOPs added to a pass over 512 tokens", \.flops,
        NumberText.flops, { NumberText.tick($0) }),
    ]
  }

  private var costs: String {
    let charts = costCharts.map { chart in
      "<figure>\(chart.figure.markup)<figcaption>\(VisibleText.markup(chart.title))</figcaption></figure>"
    }
    return section(
      "costs", "Score and cost",
      [
        "<p class=\"caption\">Mean score over \(VisibleText.markup(ReportTables.datasets(results.sharedDatasets.count))) "
          + "with its 95 % interval. The grey line joins the methods above the majority that no other such method beats in both. Cost axes are "
          + "logarithmic where costs differ much; zero has a place of its own.</p>",
        "<div class=\"charts\">\(charts.joined())</div>", legend,
      ])
  }

  // MARK: - Datasets

  private var datasets: String {
    let table = ReportTables.scores(suite)
    let head = table.columns.map { column in
      "<th scope=\"col\"\(column.isNumber ? "" : " class=\"w\"")>\(VisibleText.markup(column.title))</th>"
    }.joined()
    let rows = zip(results.datasets.indices, table.rows).map { dataset, row in
      "<tr><th scope=\"row\">\(VisibleText.markup(row[0].text))</th><td class=\"w\">\(VisibleText.markup(row[1].text))</td>"
        + row[2...3].map { "<td>\(VisibleText.markup($0.text))</td>" }.joined()
        + zip(results.methods.indices, row.dropFirst(4)).map { method, cell in
          let mean = results.cells[method][dataset].summary?.mean
          let shade = mean.map { "h\(Int(min(9, max(0, $0 * 10))))" } ?? (cell.mark == .failed ? "bad" : "none")
          let parts = cell.text.split(separator: " ", maxSplits: 1).map(String.init)
          let rest = parts.count > 1 ? " <small>\(VisibleText.markup(parts[1]))</small>" : ""
          let value = VisibleText.markup(parts.first ?? "")
          return "<td class=\"\(shade)\">\(cell.mark == .best ? "<b>\(value)</b>" : value)\(rest)</td>"
        }.joined() + "</tr>"
    }
    let steps = (0..<10).map { "<span class=\"h\($0)\">\($0 * 10)</span>" }.joined()
    return section(
      "datasets", "Datasets",
      [
        scroll(
          table.title,
          caption: table.caption
            + " Marks are bold; (2 of 3) means that runs of other seeds failed or are missing.",
          table: "heat", "<thead><tr>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))</tbody>"),
        "<p class=\"scale\" aria-hidden=\"true\">\(steps)</p>",
      ])
  }

  // MARK: - Tests and exponents

  private var tests: String {
    var parts: [String] = []
    if let ranking = statistics.ranking, let table = ReportTables.ranks(suite) {
      let diagram = RankDiagram(
        id: id("rank-diagram"), names: ranking.methods.map { results.title($0) },
        styles: ranking.methods.map(style), test: ranking.test)
      parts.append(
        "<div class=\"two\"><figure>\(diagram.markup)<figcaption>Bars join methods that do not differ at the 5 % level."
          + "</figcaption></figure><div>\(self.table(table, style: "words"))</div></div>")
    }
    if let table = ReportTables.pairs(suite) {
      parts.append("<h3>\(VisibleText.markup(table.title))</h3>" + self.table(table, style: "sortable"))
    }
    return section("tests", "Do the methods differ?", parts)
  }

  private var exponents: String {
    var parts: [String] = []
    for table in [ReportTables.sensitivity(suite), ReportTables.crossings(suite)].compactMap({ $0 }) {
      if table.id == "crossings" { parts.append("<h3>\(VisibleText.markup(table.title))</h3>") }
      parts.append(self.table(table, style: ""))
    }
    return section("exponents", "PSCP under other exponents", parts)
  }

  // MARK: - Seeds and curves

  private var hasSeeds: Bool {
    results.cells.contains { $0.contains { $0.runs.count > 1 } }
  }

  private var trained: [Int] { results.methods.indices.filter { !results.methods[$0].isZeroShot } }

  private var seeds: String {
    let panels = results.datasets.indices.compactMap { dataset -> String? in
      let rows = trained.compactMap { method -> (name: String, style: SeriesStyle, scores: [Double])? in
        let values = results.cells[method][dataset].values
        return values.isEmpty ? nil : (results.title(method), style(method), values.map { 100 * $0 })
      }
      guard rows.contains(where: { $0.scores.count > 1 }) else { return nil }
      return "<figure>"
        + PanelCharts.seeds(
          id: id("seeds-\(dataset)"), dataset: results.datasets[dataset],
          majority: results.baseline(dataset, \.majority).map { 100 * $0 }, rows) + "</figure>"
    }
    let table = ReportTables.stability(suite).map { self.table($0, style: "sortable") } ?? ""
    return section(
      "seeds", "Seed spread",
      [
        "<p class=\"caption\">The score of every seed in percent; the upright line is the mean, the dashed one the majority's answer.</p>",
        "<div class=\"panels\">\(panels.joined())</div>", legend, "<h3>Stability over seeds</h3>", table,
      ])
  }

  private var curves: String {
    var problem = ""
    let panels = results.datasets.indices.compactMap { dataset -> String? in
      let curves = trained.compactMap { method -> PanelCharts.Curve? in
        do {
          let all = try results.cells[method][dataset].runs.compactMap { run in
            try run.folder.map { try LearningCurve(path: $0 + "/history.jsonl") }
          }
          let mean = LearningCurve(mean: all)
          guard !mean.training.isEmpty else { return nil }
          return .init(
            name: results.title(method), style: style(method), training: mean.training,
            validation: mean.validation)
        } catch {
          problem = "\(error)"
          return nil
        }
      }
      guard !curves.isEmpty else { return nil }
      return "<figure>" + PanelCharts.curves(id: id("curve-\(dataset)"), dataset: results.datasets[dataset], curves)
        + "</figure>"
    }
    let caption =
      panels.isEmpty
      ? "There is no history of training here."
      : "Loss by optimizer step, mean over seeds: lines while training (the mean since the last point), dots on the rows "
        + "held back for validation."
    let warning = problem.isEmpty ? "" : " A history cannot be read: \(problem)"
    return section(
      "curves", "Learning curves",
      [
        "<p class=\"caption\">\(VisibleText.markup(caption + warning))</p>",
        "<div class=\"panels\">\(panels.joined())</div>", panels.isEmpty ? "" : legend,
      ])
  }

  // MARK: - Pieces

  /// The look of a method in all figures.
  private func style(_ method: Int) -> SeriesStyle { SeriesStyle(trained.firstIndex(of: method)) }

  private var legend: String {
    "<ul class=\"legend\">"
      + trained.map { method in
        "<li>\(swatch(method))\(VisibleText.markup(results.title(method)))</li>"
      }.joined() + "</ul>"
  }

  private func swatch(_ method: Int) -> String {
    let style = style(method)
    return "<svg class=\"swatch\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path class=\"m \(style.color)\" d=\""
      + style.outline(8, 8, 5.5) + "\"/></svg>"
  }

  private func id(_ name: String) -> String {
    "\(name)-\(results.suite.filter { $0.isASCII && $0.isLetter })" + (results.part > 0 ? "-\(results.part + 1)" : "")
  }

  private func section(_ name: String, _ title: String, _ parts: [String]) -> String {
    "<section id=\"\(id(name))\" class=\"wrap\"><h2>\(VisibleText.markup(title))</h2>\n\(parts.joined(separator: "\n"))</section>"
  }

  /// A table that scrolls on its own, below its caption.
  private func scroll(_ name: String, caption: String, table style: String, _ content: String) -> String {
    let name = VisibleText.markup("\(name), \(suiteName)")
    let style = style.isEmpty ? "" : " class=\"\(style)\""
    return "<p class=\"caption\"><b>\(VisibleText.markup(suiteName))</b> · \(VisibleText.markup(caption))</p>"
      + "<div class=\"scroll\" role=\"region\" aria-label=\"\(name)\" tabindex=\"0\">"
      + "<table\(style)><caption class=\"vh\">\(name)</caption>\(content)</table></div>"
  }

  private func table(_ table: ReportTable, style: String, marksSeries: Bool = false) -> String {
    let head = table.columns.map { column in
      "<th scope=\"col\"\(column.isNumber ? "" : " class=\"w\"")>\(VisibleText.markup(column.title))</th>"
    }.joined()
    let rows = table.rows.enumerated().map { number, row in
      "<tr>"
        + zip(table.columns, row).enumerated().map { place, cell in
          let (column, content) = cell
          let text = VisibleText.markup(content.text)
          let shown =
            switch content.mark {
            case .best: "<b>\(text)</b>"
            case .second: "<u>\(text)</u>"
            default: text
            }
          if place == 0 {
            let mark = marksSeries ? swatch(statistics.leaderboard[number].method) : ""
            return "<th scope=\"row\">\(mark)\(shown)</th>"
          }
          var styles = column.isNumber ? [] : ["w"]
          if content.mark == .failed { styles.append("bad") }
          if content.mark == .missing { styles.append("gone") }
          return "<td\(styles.isEmpty ? "" : " class=\"\(styles.joined(separator: " "))\"")>\(shown)</td>"
        }.joined() + "</tr>"
    }
    return scroll(
      table.title, caption: table.caption, table: style,
      "<thead><tr>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))</tbody>")
  }
}
