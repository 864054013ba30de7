import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Reports") struct ReportTests {
  private static let seeds = [42, 123, 456]
  private static let none = SyntheticSweep.Method("none", parameters: 0, bytes: 170_000_000, gain: 0.001)

  private func report(_ folder: URL, only: [(key: String, value: String)] = []) throws -> Report {
    try Report(ReportedResults([folder.path], only: only))
  }

  @Test("The leaderboard's means, costs and PSCP are those of the records") func leaderboard() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    let methods = [SyntheticSweep.methods[0], SyntheticSweep.methods[2]]
    try sweep.write(methods: methods, datasets: ["sst2", "rte"], seeds: Self.seeds)
    try sweep.write(Self.none, dataset: "sst2", seed: 42)
    try sweep.write(Self.none, dataset: "rte", seed: 42)
    let suite = try #require(try report(folder.url).suites.first)
    let rows = suite.statistics.leaderboard
    #expect(rows.map { suite.results.methods[$0.method].title }.last == "none")
    for row in rows where !suite.results.methods[row.method].isZeroShot {
      let method = try #require(methods.first { $0.name == suite.results.methods[row.method].name })
      let shares = Self.seeds.map { seed in
        ["rte", "sst2"].map { dataset in
          Double(sweep.marks(method, dataset: dataset, seed: seed).count { $0 }) / Double(sweep.rows)
        }
      }
      let mean = Summary.mean(shares.flatMap { $0 })
      #expect(isClose(row.mean, mean, 1e-12))
      #expect(isClose(row.deviation, Summary(shares.map(Summary.mean)).sampleDeviation, 1e-12))
      #expect(row.seedMeans.count == 3 && row.runCount == 6)
      #expect(row.costs?.parameters == Double(method.parameters))
      let formula = PSCP(constants: .init(parameters: 134_515_008, flops: 1.5e11, memory: 2.4e9))
      let costs = PSCP.Costs(
        parameters: Double(method.parameters), flops: Double(method.addedFLOPs), memory: Double(method.bytes))
      #expect(isClose(row.pscp, formula.value(performance: 100 * mean, costs: costs), 1e-9))
      #expect(row.terms == formula.terms(costs))
      let interval = try #require(row.interval)
      #expect(interval.lower < mean && mean < interval.upper)
    }
    let pair = try #require(suite.statistics.pairs.first)
    let means = [pair.first, pair.second].map { method in rows.first { $0.method == method }?.mean ?? .nan }
    #expect(isClose(pair.difference.interval.estimate, means[0] - means[1], 1e-9))
    #expect(pair.wins + pair.ties + pair.losses == 2)
  }

  @Test("Failed and missing runs are shown, and methods are compared on what they share") func gaps() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    let methods = Array(SyntheticSweep.methods.prefix(3))
    let datasets = ["sst2", "rte", "boolq"]
    try sweep.write(methods: methods, datasets: datasets, seeds: Self.seeds)
    try sweep.fail("ia3", dataset: "rte", seed: 123, error: "the loss is not finite | at step 3 <b>")
    for seed in Self.seeds {
      try FileManager.default.removeItem(at: sweep.folder(of: "lora", "boolq", seed))
    }
    let report = try report(folder.url)
    let suite = try #require(report.suites.first)
    let (results, statistics) = (suite.results, suite.statistics)
    #expect(results.sharedDatasets.map { results.datasets[$0] } == ["sst2", "rte"].sorted { $0 > $1 })
    let rte = try #require(results.datasets.firstIndex(of: "rte"))
    #expect(results.sharedSeeds[rte] == [42, 456])
    let ia3 = try #require(results.methods.firstIndex { $0.name == "ia3" })
    let lora = try #require(results.methods.firstIndex { $0.name == "lora" })
    #expect(results.cells[ia3][rte].failedSeeds == [123])
    #expect(results.cells[lora].map(\.missingSeeds.count).reduce(0, +) == 3)
    #expect(statistics.leaderboard.first { $0.method == ia3 }?.failedCount == 1)
    // LoRA's mean uses rte's common seeds alone, though it has all three.
    let values = try ["rte": [42, 456], "sst2": Self.seeds].map { dataset, seeds in
      Summary.mean(
        try seeds.map { seed in
          let index = try #require(results.datasets.firstIndex(of: dataset))
          return try #require(results.cells[lora][index].run(seed: seed)).value
        })
    }
    #expect(isClose(statistics.leaderboard.first { $0.method == lora }?.mean, Summary.mean(values), 1e-12))
    let notes = statistics.notes.joined(separator: "\n")
    #expect(notes.contains("2 of 3 datasets") && notes.contains("boolq") && notes.contains("1 run failed"))
    for format in ReportFormat.allCases where format != .table {
      let text = try #require(report.text(format))
      #expect(text.contains("rte") && text.contains("not finite"), "\(format)")
      #expect(format == .latex || text.contains("full"), "\(format)")
    }
    let csv = try #require(report.text(.csv))
    #expect(csv.split(separator: "\r\n").count == 1 + 27 - 3)
    #expect(csv.contains("full,SmolLM2-135M-Instruct,rte,ia3,123,failed,"))
    #expect(csv.contains(",the loss is not finite | at step 3 <b>\r\n"))
    #expect(try #require(report.text(.junit)).contains("failures=\"1\""))
    #expect(try #require(report.text(.markdown)).contains("at step 3 &lt;b&gt;"))
  }

  @Test("What a config asks for and is not there is missing, until it is") func planned() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
    let config = """
      {"name": "night", "model": {"path": "model.gguf", "name": "SmolLM2-135M-Instruct"},
       "data": {"suite": "full", "datasets": ["sst2", "rte"]}, "methods": ["lora", "ia3"], "seeds": [1, 2]}
      """
    try Data(config.utf8).write(to: folder.url.appending(path: "config.json"))
    var results = try ReportedResults([folder.url.path])
    // Two datasets, two methods, two seeds, and zero-shot once a dataset.
    #expect(results.missing.count == 2 * 2 * 2 + 2 - 1 && results.name == "night")
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["rte"], seeds: [1])
    try sweep.fail("ia3", dataset: "rte", seed: 2, error: "no")
    results = try ReportedResults([folder.url.path])
    #expect(results.missing.count == 7 && results.failures.count == 1)
  }

  @Test("A plan tells which runs are missing and why, and failures of earlier plans are left out")
  func missingRuns() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2", "rte"], seeds: [1])
    try sweep.plan(methods: ["lora", "ia3", "bitfit"], datasets: ["sst2", "rte"], seeds: [1, 2])
    try sweep.fail("ia3", dataset: "rte", seed: 2, error: "no memory")
    try sweep.fail("adapter", dataset: "rte", seed: 2, error: "of a method that the config had once")
    let stopped = sweep.folder(of: "bitfit", "sst2", 1).appending(path: "checkpoint")
    try FileManager.default.createDirectory(at: stopped, withIntermediateDirectories: true)
    // Its error cannot be read; the plan has its names.
    try sweep.fail("bitfit", dataset: "rte", seed: 1, error: "")
    try Data("{".utf8).write(to: sweep.folder(of: "bitfit", "rte", 1).appending(path: "error.json"))

    let report = try report(folder.url)
    let results = report.results
    #expect(results.isPlanned && results.runs.count == 2 && results.missing.count == 12 - 2 - 2)
    #expect(results.failures.map(\.label).sorted() == ["bitfit", "ia3"] && results.notes.count == 1)
    #expect(results.notes.first?.contains("1 failed run of earlier configs") == true)
    for run in results.failures {
      #expect(run.modelName == "SmolLM2-135M-Instruct" && run.dataset == "rte")
      #expect(run.seed == (run.label == "ia3" ? 2 : 1))
    }
    let causes = Set(results.missing.filter { $0.label == "bitfit" && $0.seed == 1 }.map(\.cause))
    #expect(causes == ["interrupted, to go on from a checkpoint"])
    #expect(results.missing.count { $0.cause == "not begun" } == 7)
    let suite = try #require(report.suites.first)
    // Methods that have nothing yet are rows anyway.
    #expect(Set(suite.results.methods.map(\.title)) == ["lora", "ia3", "bitfit"])
    #expect(suite.statistics.leaderboard.map(\.missingCount).reduce(0, +) == 8)
    for format in ReportFormat.allCases where format != .table {
      let text = try #require(report.text(format))
      let parts = ["SmolLM2-135M-Instruct", "ia3", "bitfit", "no memory", "interrupted, to go on", "not begun"]
      for part in parts where format != .junit || part != "SmolLM2-135M-Instruct" {
        #expect(text.contains(part), "\(part) in \(format)")
      }
    }
    let csv = try #require(report.text(.csv))
    #expect(csv.contains("full,SmolLM2-135M-Instruct,sst2,bitfit,1,missing,") && csv.contains(",not begun\r\n"))
    let junit = try #require(report.text(.junit))
    #expect(junit.contains("tests=\"12\" failures=\"2\"") && junit.contains("skipped=\"8\""))
    // A report's JSON tells the same.
    let file = folder.url.appending(path: "report.json")
    try Data(try #require(report.text(.json)).utf8).write(to: file)
    let read = try ReportedResults([file.path])
    #expect(read.failures == results.failures && read.missing == results.missing)

    // Runs that another machine did, copied here: this plan does not know their ids.
    try sweep.plan(methods: ["lora", "ia3"], datasets: ["sst2", "rte"], seeds: [1, 2], hasIDs: false)
    let copied = try ReportedResults([folder.url.path])
    #expect(copied.runs.count == 2 && copied.failures.map(\.label) == ["ia3"] && copied.missing.count == 8 - 2 - 1)
  }

  @Test("A model or method that has nothing but failures is in the tables, under its own model")
  func onlyFailures() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
    try sweep.fail("ia3", dataset: "sst2", seed: 1, error: "no")
    try sweep.fail("bitfit", dataset: "sst2", seed: 1, error: "no")
    let file = sweep.folder(of: "bitfit", "sst2", 1).appending(path: "error.json")
    let text = try String(contentsOf: file, encoding: .utf8)
      .replacing("SmolLM2-135M-Instruct", with: "other").replacing("0123abcd", with: "ffff")
    try Data(text.utf8).write(to: file)
    let report = try report(folder.url)
    let titles = Set(try #require(report.suites.first).results.methods.map(\.title))
    #expect(titles == ["SmolLM2-135M-Instruct · lora", "SmolLM2-135M-Instruct · ia3", "other · bitfit"])
    #expect(try #require(report.text(.junit)).contains("name=\"other bitfit seed 1\""))
    let other = try self.report(folder.url, only: [("model", "other")])
    #expect(other.results.runs.isEmpty && other.results.failures.map(\.label) == ["bitfit"])
  }

  @Test("Runs of one label with other settings are not averaged, even on other datasets") func mixedSettings() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2", "rte"], seeds: [1])
    let file = sweep.folder(of: "lora", "rte", 1).appending(path: "record.json")
    let text = try String(contentsOf: file, encoding: .utf8)
      .replacing("\"learning_rate\": 0.001", with: "\"learning_rate\": 0.01")
    try Data(text.utf8).write(to: file)
    let suite = try #require(try report(folder.url).suites.first)
    #expect(
      suite.results.methods.map(\.title) == ["lora (lr=1e-3)", "lora (lr=0.01)"])
  }

  @Test("Suites stay apart, folders are put together, and equal runs count once") func merging() throws {
    let folder = try TemporaryFolder()
    let places = ["a", "b", "c"].map { folder.url.appending(path: $0) }
    let lora = [SyntheticSweep.methods[0]]
    try SyntheticSweep(places[0]).write(methods: lora, datasets: ["sst2"], seeds: [1, 2])
    try SyntheticSweep(places[1]).write(methods: lora, datasets: ["sst2"], seeds: [2, 3])
    var mini = SyntheticSweep(places[2])
    mini.suite = "mini"
    try mini.write(methods: lora, datasets: ["sst2"], seeds: [1])
    let report = try Report(ReportedResults(places.map(\.path)))
    #expect(report.suites.map(\.results.suite) == ["full", "mini"])
    #expect(report.suites.map(\.results.runs.count) == [3, 1])
    #expect(report.results.notes.contains { $0.contains("more than once") })
    #expect(report.suiteTitle == "full and mini suite")
    #expect(throws: FileError.self) { try ReportedResults([folder.url.path]) }
    #expect(throws: FileError.self) { try ReportedResults([folder.url.appending(path: "nowhere").path]) }
    let one = try self.report(places[0], only: [("seed", "1")])
    #expect(one.results.runs.map(\.seed) == [1])
  }

  @Test("Runs of one label with other settings are two methods") func variants() throws {
    let folder = try TemporaryFolder()
    let places = ["a", "b"].map { folder.url.appending(path: $0) }
    for place in places {
      try SyntheticSweep(place).write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1, 2])
    }
    for entry in try FileManager.default.contentsOfDirectory(atPath: places[1].path + "/runs") {
      let file = places[1].appending(path: "runs/\(entry)/record.json")
      let text = try String(contentsOf: file, encoding: .utf8)
        .replacing("\"learning_rate\": 0.001", with: "\"learning_rate\": 0.01")
        .replacing("\"id\": \"", with: "\"id\": \"ff")
      try Data(text.utf8).write(to: file)
      // A record counts in the folder of its own run only.
      try FileManager.default.moveItem(
        at: places[1].appending(path: "runs/\(entry)"), to: places[1].appending(path: "runs/ff\(entry)"))
    }
    let suite = try #require(try Report(ReportedResults(places.map(\.path))).suites.first)
    #expect(
      suite.results.methods.map(\.title) == ["lora (lr=1e-3)", "lora (lr=0.01)"])
    #expect(suite.results.cells.allSatisfy { $0[0].runs.count == 2 })
  }

  @Test("Texts of models act nowhere: markup, scripts, control characters and direction marks show as text")
  func hostileTexts() throws {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url)
    let hostile = [
      "</script><script>document.title='x'</script>", "<img src=x onerror=alert(1)>",
      "\u{202E}evil\u{2066}\u{0000}\u{001B}[31m",
      "a\nb\u{2028}c", "& \" ' ]]> --> <!--",
    ]
    sweep.wrongAnswer = { hostile[$0 % hostile.count] }
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2", "rte"], seeds: [1, 2])
    try sweep.fail("lora", dataset: "sst2", seed: 2, error: "<script>alert(2)</script>\u{0007}\u{202E}]]>")
    let report = try report(folder.url)
    let html = try #require(report.text(.html))
    let scripts = html.components(separatedBy: "<script").count - 1
    // The theme, three sets of data, and the page's own.
    #expect(scripts == 5 && html.components(separatedBy: "</script>").count - 1 == scripts)
    #expect(
      !html.contains("<img") && html.contains("\\u003cimg") && html.contains("⟨U+202E⟩evil⟨U+2066⟩⟨U+0000⟩⟨U+001B⟩"))
    #expect(html.contains("&lt;script&gt;alert(2)&lt;/script&gt;⟨U+0007⟩⟨U+202E⟩"))
    for format in [ReportFormat.html, .junit, .markdown, .latex] {
      let text = try #require(report.text(format))
      let isHarmless = text.unicodeScalars.allSatisfy { scalar in
        (scalar.value >= 0x20 || scalar == "\n") && !(0x7F...0x9F ~= scalar.value)
          && !(0x202A...0x202E ~= scalar.value) && !(0x2066...0x2069 ~= scalar.value)
      }
      #expect(isHarmless, "\(format)")
    }
    #expect(throws: Never.self) { try XMLChecker.check(try #require(report.text(.junit))) }
  }

  @Test("The page of 810 runs is below two megabytes, needs nothing from elsewhere, and is the same every time")
  func page() throws {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url)
    sweep.rows = 12
    let datasets = DatasetMetric.all.map(\.dataset)
    try sweep.write(datasets: datasets, seeds: [42, 123, 456, 789, 101112])
    let report = try report(folder.url)
    #expect(report.results.runs.count == 810)
    let html = try #require(report.text(.html))
    #expect(html.utf8.count < 2_000_000)
    #expect(html == HTMLReport(try self.report(folder.url)).text)
    #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("url("))
    #expect(html.contains("full suite") && html.contains("prefers-color-scheme"))
    let figures = html.components(separatedBy: "<svg viewBox").dropFirst().filter { $0.contains("role=\"img\"") }
    // Scores, three costs, PSCP, ranks, time and memory; of each dataset its scores, seeds and curves.
    #expect(figures.count == 1 + 3 + 1 + 1 + 2 + 3 * 27)
    #expect(
      figures.allSatisfy { $0.contains("aria-labelledby") && $0.contains("<title id=") && $0.contains("<desc id=") })
    #expect(html.components(separatedBy: "<th>").count == 1)
  }

  @Test("Answers that are marked are read whole from the last word of each line") func marks() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "predictions.jsonl")
    let lines = [
      #"{"index":0,"predict":"\"correct\":true}","correct":false}"#, #"{"correct": true, "index": 1}"#,
      #"{"index":2,"correct":true}"#,
    ]
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    let marks = try #require(try AnswerMarks(predictions: file.path))
    #expect(marks.values == [false, true, true] && isClose(marks.share, 2.0 / 3))
    #expect(AnswerMarks(marks.json) == marks)
    try Data("{\"index\":0,\"correct\":null}\n".utf8).write(to: file)
    #expect(try AnswerMarks(predictions: file.path) == nil)
    try Data("{\"index\":0}\n".utf8).write(to: file)
    #expect(throws: DocumentError.self) { try AnswerMarks(predictions: file.path) }
  }
}

/// Whether a text is well-formed XML: tags that nest, and no character that XML forbids.
enum XMLChecker {
  struct Problem: Error { let text: String }

  static func check(_ text: String) throws {
    var open: [Substring] = []
    for part in text.split(separator: "<").dropFirst(0) where part.contains(">") {
      let tag = part.prefix { $0 != ">" }
      if tag.hasPrefix("?") || tag.hasSuffix("/") { continue }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { throw Problem(text: String(part)) }
      } else {
        open.append(tag.prefix { $0 != " " })
      }
    }
    guard open.isEmpty else { throw Problem(text: "open: \(open)") }
  }
}
