import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("The report's page and its figures") struct PageTests {
  private func report(
    _ methods: [SyntheticSweep.Method] = SyntheticSweep.methods, datasets: [String] = ["sst2", "rte"],
    seeds: [Int] = [1, 2], change: (inout SyntheticSweep) -> Void = { _ in }
  ) throws -> Report {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url)
    change(&sweep)
    try sweep.write(methods: methods, datasets: datasets, seeds: seeds)
    return try Report(ReportedResults([folder.url.path]))
  }

  @Test("Every section has an anchor of its own, a heading and a link") func sections() throws {
    let html = try #require(try report().text(.html))
    let ids = html.components(separatedBy: "<section id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(Set(ids).count == ids.count)
    #expect(
      ids == [
        "verdict-full", "leaderboard-full", "forest-full", "explorer", "costs-full", "penalties-full", "datasets-full",
        "tests-full", "exponents-full", "seeds-full", "curves-full", "effort-full", "scores", "answers", "runs",
        "config",
      ])
    for id in ids { #expect(html.contains("<a href=\"#\(id)\">")) }
    #expect(html.components(separatedBy: "<h1>").count == 2)
  }

  @Test("Where methods are many they are rows: heat maps, exponents and LaTeX's tables; sentences name the first")
  func many()
    throws
  {
    let methods = (1...20).map { number in
      SyntheticSweep.Method("m\(number)", parameters: 1000 * number, bytes: 3_000_000, gain: 0.01 * Double(number))
    }
    let folder = try TemporaryFolder()
    try SyntheticSweep(folder.url).write(methods: methods, datasets: ["sst2", "rte"], seeds: [1, 2])
    let report = try Report(ReportedResults([folder.url.path]))
    let html = try #require(report.text(.html))
    let heat = try #require(html.components(separatedBy: "<table class=\"heat\">").dropFirst().first)
    #expect(heat.prefix { $0 != "\n" }.contains("<th scope=\"col\" class=\"w\">method</th>"))
    #expect(heat.components(separatedBy: "</table>")[0].components(separatedBy: "<tr>").count == 1 + 1 + 2 + 20)
    #expect(html.contains("<summary>Settings of 20 methods</summary>"))
    #expect(html.contains("The 8 methods with the highest scores have colours"))
    let latex = try #require(report.text(.latex))
    #expect(latex.contains("method & sst2 & rte \\\\") && latex.contains("its 190 rows are too many for a paper"))
    #expect(!latex.contains("\u{2212}"))
    #expect(VerdictWords.list((1...9).map { "m\($0)" }) == "m1, m2, m3, m4, m5, m6 and 3 others")
    #expect(VerdictWords.list((1...7).map { "m\($0)" }) == "m1, m2, m3, m4, m5, m6 and m7")
  }

  @Test("A table's rows and columns are exchanged with all marks") func transposed() {
    var table = ReportTable(
      "t", "T", caption: "", columns: [.init("dataset", isNumber: false), .init("metric"), .init("a"), .init("b")])
    table.add([.init("x"), .init("f1"), .init("1"), .init("2", .best)])
    table.add([.init("y"), .init("f1"), .init("3", .failed), .init("4")])
    let turned = table.transposed(leavingOut: ["metric"], head: "method")
    #expect(turned.columns.map(\.title) == ["method", "x", "y"])
    #expect(turned.rows.map { $0.map(\.text) } == [["a", "1", "3"], ["b", "2", "4"]])
    #expect(turned.rows[1][1].mark == .best && turned.rows[0][2].mark == .failed)
  }

  @Test("What the terms of PSCP take adds up to the score, in shares that no order changes") func penalties() throws {
    let row = PenaltyBars.Row(
      name: "a", score: 80, pscp: 80 * 0.5 * 0.8 * 0.25, terms: .init(parameters: 0.5, flops: 0.8, memory: 0.25))
    #expect(isClose(row.losses.reduce(row.pscp, +), 80, 1e-12))
    // ln 0.25 is twice ln 0.5.
    #expect(isClose(row.losses[2], 2 * row.losses[0], 1e-12) && row.losses[1] < row.losses[0])
    let free = PenaltyBars.Row(name: "b", score: 50, pscp: 50, terms: .init(parameters: 1, flops: 1, memory: 1))
    #expect(free.losses == [0, 0, 0])
    let suite = try #require(try report().suites.first)
    let figure = try #require(SuiteFigures(suite).penalties)
    #expect(figure.rows.count == 6 && figure.columns.count == 6)
  }

  @Test("The forest's numbers are those of the leaderboard, the best first, and of each dataset its own") func forest()
    throws
  {
    let suite = try #require(try report().suites.first)
    let figures = SuiteFigures(suite)
    let forest = try #require(figures.forest)
    #expect(forest.rows.last?[0].exact == "majority")
    let scores = forest.rows.dropLast().map { $0[1].exact }.compactMap(Double.init)
    #expect(scores.count == 6 && scores == scores.sorted(by: >))
    for row in suite.statistics.leaderboard {
      let line = try #require(forest.rows.first { $0[0].exact == suite.results.title(row.method) })
      #expect(isClose(Double(line[1].exact), 100 * (row.mean ?? 0), 1e-9))
      #expect(isClose(Double(line[2].exact), 100 * (row.interval?.lower ?? 0), 1e-9))
    }
    #expect(figures.datasetForests.count == 2)
    // The mean's interval is narrower than those of the datasets, and on one dataset it is that dataset's.
    let one = try #require(try report(datasets: ["sst2"]).suites.first)
    for row in one.statistics.leaderboard {
      let interval = try #require(one.statistics.intervals[row.method][0])
      #expect(interval == row.interval)
    }
  }

  @Test("A grid's figure has a line for methods that differ in one option alone, and marks the best") func grid() throws
  {
    let folder = try TemporaryFolder()
    for (place, options) in [(4, 0.001), (16, 0.001), (4, 0.01), (16, 0.01)].enumerated() {
      var sweep = SyntheticSweep(folder.url)
      sweep.engine = place
      sweep.options = ["rank": JSONValue(options.0), "learning_rate": .number(options.1)]
      sweep.label = { "\($0) (rank=\(options.0), learning_rate=\(options.1))" }
      sweep.rightRows = { _, _, _ in (0..<40).map { $0 < 20 + 5 * place } }
      try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
    }
    let figures = SuiteFigures(try #require(try Report(ReportedResults([folder.url.path])).suites.first)).grids
    #expect(figures.map(\.name) == ["grid-rank-full", "grid-learning_rate-full"])
    let ranks = try #require(figures.first)
    #expect(ranks.rows.map { $0[0].exact } == ["lora (lr=1e-3)", "lora (lr=1e-3)", "lora (lr=0.01)", "lora (lr=0.01)"])
    #expect(ranks.rows.map { $0[1].exact } == ["4", "16", "4", "16"])
    #expect(ranks.rows.map { $0[5].exact } == ["", "", "", "yes"])
    #expect(figures[0].drawing.markup.contains("default"))
  }

  @Test("Seeds are a band around the mean curve") func bands() throws {
    let folder = try TemporaryFolder()
    func curve(_ losses: [Double]) throws -> LearningCurve {
      let file = folder.url.appending(path: "history.jsonl")
      let lines = losses.enumerated().map { "{\"step\":\($0 + 1),\"loss\":\($1)}\n" }.joined()
      try Data(lines.utf8).write(to: file)
      return try LearningCurve(path: file.path)
    }
    let mean = LearningCurve(mean: [try curve([1, 2, 4]), try curve([3, 1, 4])])
    #expect(mean.training.map(\.loss) == [2, 1.5, 4] && mean.spread == [1...3, 1...2, 4...4])
    #expect(LearningCurve(mean: [try curve([1, 2])]).spread.isEmpty)
  }

  @Test("A figure's file needs neither the page nor variables") func standalone() throws {
    let figures = SuiteFigures(try #require(try report().suites.first)).all()
    #expect(Set(figures.map(\.name)).count == figures.count)
    for figure in figures {
      let text = figure.drawing.document()
      #expect(!text.contains("var(") && !text.contains("currentColor"), "\(figure.name)")
      #expect(text.hasPrefix("<svg xmlns=") && text.contains(".m.c0{fill:#0072b2"))
      #expect(figure.rows.allSatisfy { $0.count == figure.columns.count }, "\(figure.name)")
    }
  }

  @Test("The explorer has the lines of summary.csv as they are, failed and missing ones too") func explorer() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(3)), datasets: ["sst2", "rte"], seeds: [1, 2])
    try sweep.fail("lora", dataset: "rte", seed: 2, error: "=cmd(), \"quoted\"\nand more")
    try sweep.plan(methods: ["lora", "ia3", "prompt-tuning", "bitfit"], datasets: ["sst2", "rte"], seeds: [1, 2])
    let report = try Report(ReportedResults([folder.url.path]))
    let json = try #require(ExplorerData(report)).json
    func column(_ value: JSONValue?) -> [JSONValue] {
      guard let value, case .object = value else { return value?.elements ?? [] }
      let distinct = value["values"]?.elements ?? []
      return (value["at"]?.elements ?? []).compactMap { $0.number.map { distinct[Int($0)] } }
    }
    let titles = (json["csv"]?["columns"]?.elements ?? []).compactMap(\.text)
    let columns = (json["csv"]?["cells"]?.elements ?? []).map(column)
    let lines = (0..<columns[0].count).map { row in columns.map { $0[row].text ?? "" } }
    let text = ([titles] + lines).map { CSVReport.join($0, isSafe: false) + "\r\n" }.joined()
    #expect(text == CSVReport.text(report) && lines.count == 16)
    let axes = json["axes"]?.elements ?? []
    #expect(axes.first?["key"]?.text == "score")
    let scores = column(axes.first?["values"])
    #expect(scores.count == 16 && scores.filter { $0 == .null }.count == 16 - 11)
    #expect(isClose(scores[0].number, 100 * (report.results.runs.first?.value ?? 0), 1e-6))
    #expect((json["facets"]?.elements ?? []).contains { $0["key"]?.text == "status" })
  }

  @Test("LaTeX has the interval of every score, other formats have it in the leaderboard") func intervals() throws {
    let report = try report(datasets: ["sst2"], seeds: [1])
    let row = try #require(report.suites.first?.statistics.leaderboard.first)
    let mean = NumberText.percent(row.mean)
    let interval = try #require(row.interval)
    let ends = "[\(NumberText.percent(interval.lower)), \(NumberText.percent(interval.upper))]"
    let texts = [ReportFormat.latex, .markdown].map { report.text($0) ?? "" }
    #expect(texts[0].contains("\(mean) \(ends)") && !texts[1].isEmpty && !texts[1].contains(ends))
  }

  @Test("Numbers of figures have so many digits, whatever their size") func digits() {
    #expect(
      NumberText.significant(0.0012345, digits: 3) == "0.00123"
        && NumberText.significant(96.09375, digits: 4) == "96.09")
    #expect(
      NumberText.significant(1_751_040, digits: 3) == "1750000" && NumberText.significant(-2.5, digits: 4) == "-2.5")
    #expect(NumberText.significant(0, digits: 4) == "0" && NumberText.significant(100, digits: 3) == "100")
  }
}
