import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Stability of strategies in reports") struct StrategyReportTests {
  private static let lora = SyntheticSweep.methods[0]
  private static let plainCounts = [20, 30, 38, 16, 24]
  private static let deniCounts = [33, 34, 35, 33, 34]

  /// Writes runs of LoRA on sst2, of 40 rows so many right by seed, and changes their records.
  private static func write(
    _ counts: [Int], to folder: URL, engine: Int, label: String, _ change: (inout JSONValue, _ seed: Int) -> Void
  ) throws -> SyntheticSweep {
    var sweep = SyntheticSweep(folder)
    sweep.engine = engine
    sweep.label = { _ in label }
    sweep.rightRows = { _, _, seed in (0..<40).map { $0 < counts[seed - 1] } }
    for seed in 1...counts.count {
      try sweep.write(lora, dataset: "sst2", seed: seed)
      let url = sweep.folder(of: "lora", "sst2", seed).appending(path: "record.json")
      var json = JSONValue(try JSONParser.parse(file: url.path).value)
      var scores = json["scores"] ?? .null
      scores["chance"] = 0.5
      json["scores"] = scores
      change(&json, seed)
      try Data(json.prettyText.utf8).write(to: url)
    }
    return sweep
  }

  private static func report(withStrategy: Bool = true) throws -> Report {
    let folder = try TemporaryFolder()
    let plain = try write(
      plainCounts, to: folder.url.appending(path: "a"), engine: 1,
      label: withStrategy ? "lora (strategy=default)" : "lora"
    ) { _, _ in }
    guard withStrategy else { return try Report(ReportedResults([plain.folder.path])) }
    let deni = try write(
      deniCounts, to: folder.url.appending(path: "b"), engine: 2, label: "lora (strategy=deni)"
    ) { json, _ in
      var training = json["training"] ?? .null
      training["strategy"] = ["name": "deni"]
      json["training"] = training
      json["strategy"] = [
        "name": "deni", "label": "deni", "options": ["name": "deni"], "voters": 10, "model_steps": 4634,
        "relative_model_steps": 3.7072, "share_of_ensemble": 0.37072, "training_tokens": 100,
        "relative_training_tokens": 3.7,
      ]
    }
    return try Report(ReportedResults([plain.folder.path, deni.folder.path]))
  }

  @Test("Each strategy has its spread, its failed runs, its cost and a test against plain steps") func rows() throws {
    let report = try Self.report()
    let suite = try #require(report.suites.first)
    let rows = suite.stability.rows
    #expect(rows.map(\.strategy) == ["default", "deni"] && rows.map(\.method) == ["lora", "lora"])
    #expect(rows.map(\.values) == [Self.plainCounts, Self.deniCounts].map { $0.map { Double($0) / 40 } })
    #expect(rows.map(\.failedShare) == [0.2, 0] && rows[0].test == nil && rows[0].relativeSteps == 1)
    #expect(rows.map(\.errorCount) == [0, 0] && rows.map(\.oneAnswerShare) == [0, 0])
    let corrected = try #require(rows[1].correctedP)
    #expect(rows.map(\.isSteadier) == [false, corrected <= 0.05])
    let test = try #require(rows[1].test)
    #expect(test == BrownForsytheTest(rows[1].values, rows[0].values) && rows[1].correctedP == test.pValue)
    #expect(rows[1].shareOfEnsemble == 0.37072 && rows[1].relativeTokens == 3.7)
    for row in rows {
      let interval = try #require(row.deviationInterval)
      #expect(interval.estimate == row.summary.sampleDeviation && interval.lower <= interval.estimate)
      #expect(interval.upper >= interval.estimate * 0.9)
    }
    #expect(suite.stability.sources.isEmpty)
  }

  @Test("Runs that ended in an error have failed, and a strategy with nothing but such runs has a row") func errors()
    throws
  {
    let folder = try TemporaryFolder()
    func strategy(_ name: String) -> (inout JSONValue, Int) -> Void {
      { json, _ in
        json["strategy"] = ["name": JSONValue(name), "label": JSONValue(name)]
        var training = json["training"] ?? .null
        training["strategy"] = ["name": JSONValue(name)]
        json["training"] = training
      }
    }
    let plain = try Self.write(
      [16, 24, 30], to: folder.url.appending(path: "a"), engine: 1, label: "lora (strategy=default)"
    ) { _, _ in }
    let deni = try Self.write(
      [33, 18], to: folder.url.appending(path: "b"), engine: 2, label: "lora (strategy=deni)", strategy("deni"))
    try deni.fail("lora", dataset: "sst2", seed: 3, error: "step 6: the loss is 1e6")
    var swa = SyntheticSweep(folder.url.appending(path: "c"))
    swa.engine = 3
    swa.label = { _ in "lora (strategy=swa[start=0.5])" }
    for seed in 1...2 { try swa.fail("lora", dataset: "sst2", seed: seed, error: "step 6: the loss is 1e6") }
    // Of a run that is neither complete nor failed nothing is known.
    try deni.plan(methods: ["lora"], datasets: ["sst2"], seeds: [1, 2, 3, 4])
    let report = try Report(ReportedResults([plain, deni, swa].map(\.folder.path)))
    let suite = try #require(report.suites.first)
    let rows = suite.stability.rows
    #expect(rows.map(\.strategy) == ["default", "deni", "swa[start=0.5]"] && rows.map(\.values.count) == [3, 2, 0])
    #expect(rows.map(\.errorCount) == [0, 1, 2] && rows.map(\.failedShare) == [1.0 / 3, 2.0 / 3, 1])
    #expect(rows[2].summary.count == 0 && rows[2].bytes == nil && rows[2].test == nil && rows[2].oneAnswerShare == nil)
    let table = try #require(report.tables(suite).first { $0.id == "strategies" })
    #expect(table.rows[1][10].text == "67 %" && table.rows[1][11].text == "1" && table.rows[2][4].text == "–")
    #expect(HTMLReport(report).text.contains("swa[start=0.5]"))
    let path = folder.url.appending(path: "report.json").path
    try Data(JSONReport.value(report).prettyText.utf8).write(to: URL(filePath: path))
    let again = try #require(try Report(ReportedResults([path])).suites.first)
    #expect(again.stability.rows.map(\.failedShare) == rows.map(\.failedShare))
  }

  @Test(
    "The error of plain steps is none of a strategy whose runs have its label in another config, whether it tells or not",
    arguments: [nil, "default"])
  func errorsOfPlainSteps(told: String?) throws {
    let folder = try TemporaryFolder()
    let plain = SyntheticSweep(folder.url.appending(path: "a"))
    for seed in 1...3 {
      try plain.fail("lora", dataset: "sst2", seed: seed, error: "step 6: the loss is 1e6")
      let file = plain.folder(of: "lora", "sst2", seed).appending(path: "error.json")
      var json = JSONValue(try JSONParser.parse(file: file.path).value)
      json["strategy"] = JSONValue(told)
      try Data(json.prettyText.utf8).write(to: file)
    }
    let swa = try Self.write([30, 31, 32], to: folder.url.appending(path: "b"), engine: 2, label: "lora") { json, _ in
      json["strategy"] = ["name": "swa", "label": "swa"]
    }
    let suite = try #require(Report(ReportedResults([plain, swa].map(\.folder.path))).suites.first)
    let rows = suite.stability.rows
    #expect(rows.map(\.strategy) == ["default", "swa"] && rows.map(\.errorCount) == [3, 0])
    #expect(rows.map(\.values.count) == [0, 3] && rows.map(\.failedShare) == [1, 0])
  }

  @Test("Plain steps are what a strategy is held against on each of the rows that it was given") func strategyRows()
    throws
  {
    let folder = try TemporaryFolder()
    let plain = try Self.write(
      Self.plainCounts, to: folder.url.appending(path: "a"), engine: 1, label: "lora (strategy=default)"
    ) { _, _ in }
    let augmented = try ["0123456789abcdef", "fedcba9876543210"].enumerated().map { number, hash in
      try Self.write(
        Self.deniCounts.map { $0 - number }, to: folder.url.appending(path: "b\(number)"), engine: 2 + number,
        label: "lora (strategy=augmentation)"
      ) { json, _ in
        var training = json["training"] ?? .null
        training["strategy"] = ["name": "augmentation"]
        json["training"] = training
        json["strategy"] = ["name": "augmentation", "label": "augmentation", "augmented_rows": 24]
        json["identity"] = ["dataset": ["augmented": JSONValue(hash)]]
      }
    }
    let suite = try #require(Report(ReportedResults(([plain] + augmented).map(\.folder.path))).suites.first)
    let rows = suite.stability.rows
    #expect(rows.map(\.method) == ["lora", "lora", "lora"] && rows.first?.strategy == "default")
    let names = ["012345", "fedcba"].map { "augmentation (augmented rows \($0))" }
    #expect(rows.dropFirst().map(\.strategy).sorted() == names)
    for (number, name) in names.enumerated() {
      let row = try #require(rows.first { $0.strategy == name })
      #expect(row.values == Self.deniCounts.map { Double($0 - number) / 40 })
      #expect(row.test == BrownForsytheTest(row.values, rows[0].values) && row.test != nil)
    }
  }

  @Test("Plain steps that were done with one template are held against strategies with the same one alone")
  func templates() throws {
    let folder = try TemporaryFolder()
    func write(_ strategy: String, _ counts: [Int], engine: Int, template: String) throws -> String {
      try Self.write(
        counts, to: folder.url.appending(path: "\(engine)"), engine: engine, label: "lora (strategy=\(strategy))"
      ) { json, _ in
        var data = json["data"] ?? .null
        data["template_sha256"] = JSONValue(template)
        json["data"] = data
        guard strategy != "default" else { return }
        var training = json["training"] ?? .null
        training["strategy"] = ["name": JSONValue(strategy)]
        json["training"] = training
        json["strategy"] = ["name": JSONValue(strategy), "label": JSONValue(strategy)]
      }.folder.path
    }
    let (one, other) = ("0123456789abcdef", "fedcba9876543210")
    let paths = [
      try write("default", Self.plainCounts, engine: 1, template: one),
      try write("swa", Self.deniCounts, engine: 2, template: one),
      try write("swa", Self.deniCounts, engine: 3, template: other),
    ]
    let suite = try #require(Report(ReportedResults(paths)).suites.first)
    let rows = suite.stability.rows
    let same = rows.filter { $0.method == "lora (template 012345)" }
    #expect(same.map(\.strategy) == ["default", "swa"] && same.last?.test != nil)
    let alone = rows.filter { $0.method == "lora (template fedcba)" }
    #expect(alone.map(\.strategy) == ["swa"] && alone.first?.test == nil && rows.count == 3)
  }

  @Test("Of one seed there is a score, and no spread, interval or test") func oneSeed() throws {
    let folder = try TemporaryFolder()
    let sweep = try Self.write([30], to: folder.url, engine: 1, label: "lora") { json, _ in
      json["strategy"] = ["name": "swa", "label": "swa"]
    }
    let report = try Report(ReportedResults([sweep.folder.path]))
    let suite = try #require(report.suites.first)
    let row = try #require(suite.stability.rows.first)
    #expect(suite.stability.rows.count == 1 && row.values == [0.75] && row.deviationInterval == nil && row.test == nil)
    let json = JSONReport.value(report)
    let written = try #require(json["suites"]?.elements?.first?["strategies"]?.elements?.first)
    #expect(written["sample_deviation"] == .null && written.number("mean") == 0.75)
    let table = try #require(report.tables(suite).first { $0.id == "strategies" })
    #expect(table.rows[0][5].text == "–" && table.rows[0][7].text == "–")
  }

  @Test("A single answer to all rows is a failure though its accuracy is that of guessing, and is not steadiness")
  func oneAnswer() throws {
    let folder = try TemporaryFolder()
    let plain = try Self.write(
      Self.plainCounts, to: folder.url.appending(path: "a"), engine: 1, label: "lora (strategy=default)"
    ) { _, _ in }
    let collapsed = try Self.write(
      [20, 20, 20, 20, 20], to: folder.url.appending(path: "b"), engine: 2, label: "lora (strategy=swa)"
    ) { json, _ in
      var training = json["training"] ?? .null
      training["strategy"] = ["name": "swa"]
      json["training"] = training
      json["strategy"] = ["name": "swa", "label": "swa"]
      var scores = json["scores"] ?? .null
      scores["distinct_answers"] = 1
      scores["macro_f1"] = JSONValue(1.0 / 3)
      scores["per_class"] = .array(
        [("no", 2.0 / 3), ("yes", 0)].map { label, f1 in
          [
            "label": JSONValue(label), "precision": 0.5, "recall": 1, "f1": JSONValue(f1), "support": 20,
          ]
        })
      scores["chance_scores"] = ["accuracy": 0.5, "macro_f1": 0.5]
      json["scores"] = scores
    }
    let report = try Report(ReportedResults([plain, collapsed].map(\.folder.path)))
    let suite = try #require(report.suites.first)
    let rows = suite.stability.rows
    #expect(rows.map(\.failedShare) == [0.2, 1] && rows[1].oneAnswerShare == 1)
    #expect(try #require(rows[1].correctedP) <= 0.05 && !rows[1].isSteadier)
    // A report keeps no classes, and says the same.
    let path = folder.url.appending(path: "report.json").path
    try Data(JSONReport.value(report).prettyText.utf8).write(to: URL(filePath: path))
    let again = try #require(try Report(ReportedResults([path])).suites.first)
    #expect(again.stability.rows.map(\.failedShare) == rows.map(\.failedShare))
  }

  @Test("The terminal, JSON and the page show them, and a report's JSON keeps what they are made of") func formats()
    throws
  {
    let report = try Self.report()
    let suite = try #require(report.suites.first)
    let table = try #require(report.tables(suite).first { $0.id == "strategies" })
    #expect(table.rows.count == 2 && table.rows[1].map(\.text).contains("3.71 × (37.1 %)"))
    #expect(table.rows[0][10].text == "20 %")
    let json = JSONReport.value(report)
    let rows = try #require(json["suites"]?.elements?.first?["strategies"]?.elements)
    #expect(rows.count == 2 && rows[1].string("strategy") == "deni" && rows[1].number("min") == 33.0 / 40)
    #expect(HTMLReport(report).text.contains("Strategies against chance"))
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "report.json").path
    try Data(json.prettyText.utf8).write(to: URL(filePath: path))
    let again = try #require(try Report(ReportedResults([path])).suites.first)
    #expect(again.stability.rows.map(\.values) == suite.stability.rows.map(\.values))
    #expect(again.stability.rows.map(\.relativeSteps) == suite.stability.rows.map(\.relativeSteps))
  }

  @Test("PSCP counts the parameters of all who vote, from a record, a report's JSON and its CSV alike") func voters()
    throws
  {
    let folder = try TemporaryFolder()
    let sweep = try Self.write([20], to: folder.url.appending(path: "a"), engine: 1, label: "lora") { json, _ in
      var costs = json["costs"] ?? .null
      costs["deployed_parameters"] = JSONValue(10 * Self.lora.parameters)
      json["costs"] = costs
    }
    let report = try Report(ReportedResults([sweep.folder.path]))
    let run = try #require(report.suites.first?.results.runs.first)
    #expect(run.penalties?.costs.parameters == Double(10 * Self.lora.parameters))
    #expect(run.penalized(beta: nil, preset: .paper)?.costs.parameters == Double(10 * Self.lora.parameters))
    let pscp = try #require(run.pscp)
    let json = folder.url.appending(path: "report.json").path
    try Data(JSONReport.value(report).prettyText.utf8).write(to: URL(filePath: json))
    #expect(try Report(ReportedResults([json])).suites.first?.results.runs.first?.pscp == pscp)
    let csv = folder.url.appending(path: "summary.csv").path
    try Data(CSVReport.text(report).utf8).write(to: URL(filePath: csv))
    let row = try #require(try PSCPTable(path: csv).rows.first)
    #expect(abs(row.formula.value(performance: row.performance, costs: row.costs) - pscp) < 1e-9)
    #expect(!CSVReport.text(try Self.report()).contains("deployed_parameters"))
  }

  @Test("Without strategies a report is what it was") func without() throws {
    let report = try Self.report(withStrategy: false)
    let suite = try #require(report.suites.first)
    #expect(
      suite.stability.rows.isEmpty && !report.tables(suite).contains { ["strategies", "sources"].contains($0.id) })
    let json = JSONReport.value(report).compactText
    #expect(!json.contains("strategies") && !json.contains("variance_sources"))
    #expect(!HTMLReport(report).text.contains("Strategies against chance"))
  }

  @Test("The spread is told apart by sources of chance that have seeds of their own") func sources() throws {
    func report(_ counts: [Int]) throws -> Report {
      let folder = try TemporaryFolder()
      let sweep = try Self.write(counts, to: folder.url, engine: 1, label: "lora") { json, seed in
        json["seeds"] = [
          "initialization": JSONValue((seed + 1) / 2), "order": JSONValue((seed - 1) % 2), "dropout": 1,
          "sample": JSONValue(3),
        ]
      }
      return try Report(ReportedResults([sweep.folder.path]))
    }
    // Two initializations that differ by 8 rows, two orders that differ by 2.
    let whole = try report([20, 22, 28, 30])
    let suite = try #require(whole.suites.first)
    let sources = suite.stability.sources
    #expect(sources.map(\.combinations) == [4, 4] && sources.allSatisfy { isClose($0.shareByChance, 1.0 / 3) })
    func table(_ report: Report) throws -> ReportTable {
      let suite = try #require(report.suites.first)
      return try #require(report.tables(suite).first { $0.id == "sources" })
    }
    #expect(try table(whole).rows[0][5].text == "4" && table(whole).caption.contains("all combinations"))
    let part = try table(report([20, 22, 28]))
    #expect(part.rows[0][5].text == "3 of 4" && part.rows[0][7].text == "50.0 %")
    #expect(part.caption.contains("the shares of different sources overlap"))
    #expect(sources.map(\.source) == ["initialization", "order"] && sources.map(\.levels) == [2, 2])
    #expect(isClose(sources[0].share, 64.0 / 68) && isClose(sources[1].share, 4.0 / 68))
    #expect(isClose(sources[0].deviation, 4.0 / 40) && suite.stability.rows.isEmpty)
  }

  @Test("Brown and Forsythe's test equals scipy's") func brownForsythe() throws {
    for test in try MetricFixture("spreads.json").cases("brown_forsythe") {
      let result = try #require(BrownForsytheTest(try test.numbers("one"), try test.numbers("other")))
      #expect(isClose(result.statistic, try test.double("statistic"), 1e-9 * max(1, result.statistic)))
      #expect(isClose(result.pValue, try test.double("p"), 1e-10))
    }
    #expect(BrownForsytheTest([1, 2], [1, 2, 3]) == nil && BrownForsytheTest([1, 1, 1], [2, 2, 2]) == nil)
  }
}
