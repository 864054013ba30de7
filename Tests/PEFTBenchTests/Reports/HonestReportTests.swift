import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

/// Situations in which reports misled, and what they say now; docs/honest-reports.md has a row of each.
@Suite("Honest reports") struct HonestReportTests {
  private static let lora = SyntheticSweep.methods[0]
  private static let ia3 = SyntheticSweep.methods[1]
  private static let prompts = SyntheticSweep.methods[2]

  /// Makes results folders, `a` and `b` say, and reports on all of them.
  private func report(_ write: (URL) throws -> [SyntheticSweep]) throws -> Report {
    let folder = try TemporaryFolder()
    let sweeps = try write(folder.url)
    return try Report(ReportedResults(sweeps.map(\.folder.path)))
  }

  private func sentences(_ report: Report) throws -> [String] {
    try #require(report.suites.first?.statistics.verdict).sentences
  }

  /// The document says this, after the situation's name.
  private func expectDocumented(_ situation: String, _ text: String) throws {
    let file = GoldenFixture.package.appending(path: "docs/honest-reports.md")
    let document = try String(contentsOf: file, encoding: .utf8)
    let isThere = document.split(separator: "\n").contains { $0.hasPrefix("| \(situation) |") && $0.contains(text) }
    #expect(isThere, "docs/honest-reports.md is to have: | \(situation) | … | \(text) |")
  }

  /// Rows of which every method has so many right, the first ones.
  private func right(_ count: Int, of rows: Int) -> [Bool] { (0..<rows).map { $0 < count } }

  @Test("Runs on other rows are no seeds of each other") func mixedLimits() throws {
    let report = try report { folder in
      try [("a", 400, 1), ("b", 16, 2)].map { name, rows, seed in
        var sweep = SyntheticSweep(folder.appending(path: name))
        sweep.rows = rows
        try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [seed])
        return sweep
      }
    }
    #expect(report.suites.map(\.results.seeds) == [[1], [2]])
    #expect(report.suites.allSatisfy { $0.results.cells.allSatisfy { $0[0].runs.count == 1 } })
    try expectDocumented("mixed limits", report.suites.map(\.results.suiteTitle).joined(separator: "; "))
  }

  @Test("The seeds that are named are those that the comparison is made of") func sharedSeeds() throws {
    let report = try report { folder in
      try [(Self.lora, [1, 2, 3]), (Self.ia3, [1])].map { method, seeds in
        let sweep = SyntheticSweep(folder.appending(path: method.name))
        try sweep.write(methods: [method], datasets: ["sst2"], seeds: seeds)
        return sweep
      }
    }
    let suite = try #require(report.suites.first)
    #expect(suite.results.seeds == [1, 2, 3])
    #expect(suite.results.comparedSeeds == [1])
    #expect(ReportTables.leaderboard(suite).caption.contains("1 dataset and one seed"))
    #expect(try sentences(report).contains { $0.hasPrefix("There is one seed") })
  }

  @Test("Other training rows are another setting on the same rows to score") func trainingRows() throws {
    let report = try report { folder in
      try [("a", 400), ("b", 64)].map { name, rows in
        var sweep = SyntheticSweep(folder.appending(path: name))
        sweep.dataFacts = [("train_rows", JSONValue(rows))]
        try sweep.write(methods: [Self.lora], datasets: ["sst2", "rte"], seeds: [1, 2])
        return sweep
      }
    }
    let suite = try #require(report.suites.first)
    #expect(report.suites.count == 1)
    #expect(suite.results.methods.map(\.title) == ["lora (400 training rows)", "lora (64 training rows)"])
  }

  @Test("Runs that judge an adapter as it is are named so beside trained ones, not by all settings of a training")
  func notTrained() throws {
    func titles(_ sweeps: [(name: String, rows: Int, epochs: Int?)]) throws -> [String] {
      let report = try report { folder in
        try sweeps.map { name, rows, epochs in
          var sweep = SyntheticSweep(folder.appending(path: name))
          sweep.dataFacts = [("train_rows", JSONValue(rows))]
          sweep.training = epochs.map { ["epochs": JSONValue($0), "learning_rate": 0.001] }
          try sweep.write(methods: [Self.lora], datasets: ["sst2"], seeds: [1, 2])
          return sweep
        }
      }
      return try #require(report.suites.first).results.methods.map(\.title).sorted()
    }
    #expect(try titles([("a", 200, nil), ("b", 25, 2)]) == ["lora (not trained)", "lora (trained)"])
    #expect(
      try titles([("a", 200, nil), ("b", 25, 2), ("c", 125, 2)])
        == ["lora (125 training rows)", "lora (25 training rows)", "lora (not trained)"])
    #expect(
      try titles([("a", 200, nil), ("b", 25, 2), ("c", 25, 4)])
        == ["lora (ep=2)", "lora (ep=4)", "lora (not trained)"])
  }

  @Test("Datasets of several sizes under two limits make two parts, whatever their sizes") func sizes() throws {
    let report = try report { folder in
      try [("a", [300, 120, 56]), ("b", [100, 100, 56]), ("c", [20, 20, 20])].flatMap { name, sizes in
        try zip(["sst2", "rte", "cb"], sizes).map { dataset, rows in
          var sweep = SyntheticSweep(folder.appending(path: "\(name)-\(dataset)"))
          sweep.rows = rows
          try sweep.write(methods: [Self.lora], datasets: [dataset], seeds: [1])
          return sweep
        }
      }
    }
    #expect(report.suites.map(\.results.rowsName) == ["up to 300 rows", "100 rows", "20 rows"])
    #expect(report.suites.map { $0.results.datasets.count } == [3, 2, 3])
  }

  @Test("A method that answers everything alike is never the best") func constantAnswer() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 100
      sweep.gold = { $0 % 10 < 7 ? "yes" : "no" }
      sweep.answer = { method, row in
        method == "lora" ? "yes" : row % 2 == 0 ? "yes" : "no"
      }
      try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let suite = try #require(report.suites.first)
    let verdict = try #require(suite.statistics.verdict)
    #expect(verdict.score == nil && verdict.pscp == nil && verdict.excluded.count == 2)
    let row = try #require(suite.statistics.leaderboard.first { $0.standing == .oneAnswer })
    #expect(row.majority == 0.7 && row.mean == 0.7)
    let sentence = try #require(verdict.sentences.first { $0.hasPrefix("lora gives") })
    for format in [ReportFormat.markdown, .html, .json] {
      let text = try #require(report.text(format))
      #expect(text.contains(sentence), "\(format)")
    }
    #expect(try #require(report.text(.markdown)).contains("one answer"))
    try expectDocumented("constant answer", sentence)
  }

  @Test("Rows of one class can teach nothing") func oneClass() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.gold = { _ in "negative" }
      try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let verdict = try #require(report.suites.first?.statistics.verdict)
    #expect(verdict.score == nil && verdict.excluded.count == 2)
    try expectDocumented("sorted file with a limit", try #require(verdict.sentences.first))
  }

  @Test("Two rows tell nothing apart") func twoRows() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 2
      sweep.rightRows = { method, _, _ in method == "lora" ? [true, true] : [false, false] }
      try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let sentences = try sentences(report)
    #expect(sentences.contains { $0.contains("Fewer than 30 rows") } && sentences.contains { $0.contains("one seed") })
    let pair = try #require(report.suites.first?.statistics.pairs.first)
    #expect(!pair.isDecided && pair.detectable == nil)
    try expectDocumented("2 rows", VerdictReason.of(report))
  }

  @Test("Two seeds with luck between them decide nothing") func twoSeeds() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 200
      sweep.rightRows = { method, _, seed in
        self.right(method == "lora" ? (seed == 1 ? 170 : 130) : 135, of: 200)
      }
      try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1, 2])
      return [sweep]
    }
    let verdict = try #require(report.suites.first?.statistics.verdict)
    #expect(verdict.score?.best == nil && verdict.score?.tied.count == 1 && verdict.undecided.count == 1)
    try expectDocumented("2 seeds", try #require(verdict.sentences.first { $0.hasPrefix("Two seeds") }))
  }

  @Test("Of many pairs a few are below 5 % by luck; stars follow the corrected test") func manyPairs() throws {
    let rights = ["lora": 160, "ia3": 152, "prompt-tuning": 156, "prefix-tuning": 155, "adapter": 157, "bitfit": 154]
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 200
      sweep.rightRows = { method, _, _ in self.right(rights[method] ?? 0, of: 200) }
      try sweep.write(datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let suite = try #require(report.suites.first)
    let pairs = suite.statistics.pairs
    #expect(pairs.contains { $0.difference.pValue < 0.05 } && pairs.allSatisfy { !$0.isDecided })
    let table = try #require(ReportTables.pairs(suite))
    #expect(table.rows.allSatisfy { $0.allSatisfy { $0.mark != .best } })
    #expect(try sentences(report).first?.hasPrefix("No method is clearly the best by score: lora") == true)
    let least = try #require(pairs.map(\.difference.pValue).min())
    let corrected = try #require(pairs.map(\.correctedP).min())
    try expectDocumented(
      "uncorrected stars",
      "p \(NumberText.pEquation(least)) alone is p \(NumberText.pEquation(corrected)) of \(pairs.count) pairs: no star")
  }

  @Test("What cannot be told from the highest is marked as it is, in the leaderboard and by dataset") func ties() throws
  {
    let rights = ["lora": 160, "ia3": 156, "prompt-tuning": 100]
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 200
      sweep.rightRows = { method, _, _ in self.right(rights[method] ?? 0, of: 200) }
      try sweep.write(methods: [Self.lora, Self.ia3, Self.prompts], datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let suite = try #require(report.suites.first)
    let board = ReportTables.leaderboard(suite)
    let score = try #require(board.columns.firstIndex { $0.title == "score" })
    let marked = board.rows.filter { $0[score].mark == .best }.map { "\($0[0].text) \($0[score].text)" }
    #expect(Set(marked) == ["lora 80.0", "ia3 78.0"])
    let byDataset = try #require(ReportTables.scores(suite).rows.first)
    #expect(byDataset.map { $0.mark == .best } == [false, false, false, false, true, true, false])
    try expectDocumented("ties", marked.sorted { $0 > $1 }.joined(separator: " and "))
  }

  @Test("Equal scores: none is the highest") func equalScores() throws {
    let rights = ["lora": 100, "ia3": 100, "prompt-tuning": 97]
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 100
      sweep.rightRows = { method, _, _ in self.right(rights[method] ?? 0, of: 100) }
      try sweep.write(methods: [Self.lora, Self.ia3, Self.prompts], datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let first = try sentences(report).first
    #expect(
      first
        == "No method is clearly the best by score: ia3 and lora are highest (100.0), and prompt-tuning (97.0) is tied "
        + "with them, because the data cannot tell them apart.")
  }

  @Test("A report on own and on catalogued data begins with the conclusion of each") func twoSuites() throws {
    let report = try report { folder in
      try [("mini", "sst2", 36), ("own", "tickets", 40)].map { suite, dataset, count in
        var sweep = SyntheticSweep(folder.appending(path: suite))
        sweep.suite = suite
        sweep.rightRows = { method, _, _ in self.right(method == "lora" ? count : 20, of: 40) }
        try sweep.write(methods: [Self.lora, Self.ia3], datasets: [dataset], seeds: [1])
        return sweep
      }
    }
    let firsts = report.firstSentences
    #expect(firsts.map(\.suite) == ["mini suite", "own data"])
    #expect(firsts.map(\.sentence) == ["lora (90.0) has the best score.", "lora (100.0) has the best score."])
    for format in [ReportFormat.markdown, .html] {
      let text = try #require(report.text(format))
      let places = try firsts.map { try #require(text.range(of: $0.sentence)).lowerBound }
      #expect(
        try places.allSatisfy {
          $0 < (try #require(text.range(of: format == .html ? "<h2>Leaderboard" : "## Leaderboard"))).lowerBound
        }, "\(format)")
    }
  }

  @Test("The best of several settings was chosen on the rows that it is reported on") func gridWinner() throws {
    let report = try report { folder in
      try [4, 8, 16].map { rank in
        var sweep = SyntheticSweep(folder.appending(path: "\(rank)"))
        sweep.rows = 200
        sweep.options = ["rank": JSONValue(rank)]
        sweep.label = { "\($0) (rank=\(rank), learning_rate=0.0005)" }
        sweep.rightRows = { _, _, _ in self.right(rank == 8 ? 180 : 150, of: 200) }
        try sweep.write(methods: [Self.lora], datasets: ["sst2"], seeds: [1])
        return sweep
      }
    }
    let verdict = try #require(report.suites.first?.statistics.verdict)
    #expect(verdict.score?.best.map { report.suites[0].results.methods[$0].title } == "lora (r=8, lr=5e-4)")
    try expectDocumented(
      "grid winner", try #require(verdict.sentences.first { $0.contains("chosen on the rows that it is reported on") }))
  }

  @Test("At 100 % an interval still has a width") func allRight() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 20
      sweep.rightRows = { _, _, _ in self.right(20, of: 20) }
      try sweep.write(methods: [Self.lora], datasets: ["sst2"], seeds: [1, 2, 3])
      return [sweep]
    }
    let interval = try #require(report.suites.first?.statistics.leaderboard.first?.interval)
    try expectDocumented(
      "100 % right", "\(NumberText.percent(interval.lower)) – \(NumberText.percent(interval.upper))")
  }

  @Test("Another revision of the data has other rows") func revisions() throws {
    let report = try report { folder in
      try ["v1", "v2"].enumerated().map { index, revision in
        var sweep = SyntheticSweep(folder.appending(path: revision))
        sweep.dataFacts = [("revision", JSONValue(revision)), ("eval_sha256", JSONValue("ab\(index)"))]
        try sweep.write(methods: [Self.lora], datasets: ["sst2"], seeds: [index])
        return sweep
      }
    }
    try expectDocumented("other data revision", report.suites.map(\.results.suiteTitle).joined(separator: "; "))
  }

  @Test("Tests over datasets need datasets") func fewDatasets() throws {
    func suite(_ datasets: [String]) throws -> Report.Suite {
      let report = try report { folder in
        let sweep = SyntheticSweep(folder)
        try sweep.write(methods: Array(SyntheticSweep.methods.prefix(3)), datasets: datasets, seeds: [1])
        return [sweep]
      }
      return try #require(report.suites.first)
    }
    let few = try suite(["sst2", "rte", "boolq"])
    #expect(few.statistics.ranking == nil && few.statistics.pairs.allSatisfy { $0.wilcoxonP == nil })
    let titles = try #require(ReportTables.pairs(few)).columns.map(\.title)
    #expect(!titles.contains("p (Wilcoxon)"))
    let many = try suite(["sst2", "rte", "boolq", "cb", "copa", "wic"])
    #expect(many.statistics.ranking != nil && many.statistics.pairs.allSatisfy { $0.wilcoxonP != nil })
    try expectDocumented("Wilcoxon on 3 datasets", titles.joined(separator: ", "))
  }

  @Test("A clear winner is the best, and the same sentences are in every format") func winner() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rows = 400
      sweep.rightRows = { method, _, _ in self.right(method == "lora" ? 360 : 240, of: 400) }
      try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
      return [sweep]
    }
    let suite = try #require(report.suites.first)
    let verdict = try #require(suite.statistics.verdict)
    let lora = try #require(suite.results.methods.firstIndex { $0.name == "lora" })
    #expect(verdict.score == .init(highest: lora, tied: []) && verdict.pscp?.best == lora)
    #expect(verdict.undecided.isEmpty && verdict.excluded.isEmpty)
    #expect(verdict.sentences.first == "lora (90.0) has the best score.")
    for format in [ReportFormat.markdown, .html, .json, .latex] {
      let text = try #require(report.text(format))
      let places = verdict.sentences.compactMap { text.range(of: format == .latex ? "% " + $0 : $0)?.lowerBound }
      #expect(places.count == verdict.sentences.count && places == places.sorted(), "\(format)")
      #expect(format == .json || places.allSatisfy { $0 < text.range(of: "Leaderboard,")?.lowerBound ?? text.endIndex })
    }
  }

  @Test("Any score of the records can be the headline, and PSCP can have other exponents") func views() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url)
    try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
    let results = try ReportedResults([folder.url.path])
    let f1 = try results.headlined(by: "f1")
    #expect(zip(results.runs, f1.runs).allSatisfy { $1.metric == "f1" && abs($1.value - $0.value / 2) < 1e-12 })
    #expect(
      f1.runs.allSatisfy { $0.baseline.majority == nil } && results.runs.allSatisfy { $0.baseline.majority != nil })
    let report = try Report(f1)
    #expect(try #require(report.text(.csv)).contains(",f1,"))
    do {
      _ = try results.headlined(by: "acuracy")
      Issue.record("there is no such score")
    } catch {
      #expect("\(error)".contains("accuracy, f1") && "\(error)".contains("did you mean"))
    }
    let free = results.penalized(beta: .init(parameters: 0, flops: 0, memory: 0), preset: nil)
    #expect(free.runs.allSatisfy { isClose($0.pscp, 100 * $0.value, 1e-9) })
    let paper = results.penalized(beta: nil, preset: .paper)
    let formula = PSCP(preset: .paper)
    for run in paper.runs {
      let costs = PSCP.Costs(
        parameters: run.costs.trainableParameters, flops: run.costs.addedFLOPs / 1e12,
        memory: run.costs.tensorBytes.total / 1e9)
      #expect(isClose(run.pscp, formula.value(performance: 100 * run.value, costs: costs), 1e-9))
    }
  }

  @Test("Predictions that say something else than the record are a note that shows both") func contradiction() throws {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url)
    sweep.rightRows = { _, _, _ in self.right(30, of: 40) }
    try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
    let files = ["lora", "ia3"].map { sweep.folder(of: $0, "sst2", 1).appending(path: "predictions.jsonl") }
    let lines = try String(contentsOf: files[0], encoding: .utf8)
    try Data(lines.replacing("\"correct\":false", with: "\"correct\":true").utf8).write(to: files[0])
    try Data(lines.split(separator: "\n").prefix(20).map { $0 + "\n" }.joined().utf8).write(to: files[1])
    let results = try ReportedResults([folder.url.path])
    #expect(results.notes.contains { $0.contains("predictions.jsonl gives 100.0, the record 75.0") })
    #expect(results.notes.contains { $0.hasPrefix("sst2, ia3, seed 1") })
    #expect(results.runs.allSatisfy { $0.value == 0.75 && $0.marks == nil })
  }

  @Test("A missing file of predictions makes no interval narrower") func missingPredictions() throws {
    func board(_ isMissing: Bool) throws -> (rows: [SuiteStatistics.Row], notes: [String]) {
      let report = try report { folder in
        var sweep = SyntheticSweep(folder)
        sweep.rightRows = { _, dataset, _ in self.right(dataset == "sst2" ? 30 : 20, of: 40) }
        try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2", "rte"], seeds: [1, 2])
        if isMissing {
          for id in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "runs").path) {
            try FileManager.default.removeItem(at: folder.appending(path: "runs/\(id)/predictions.jsonl"))
          }
        }
        return [sweep]
      }
      let statistics = try #require(report.suites.first?.statistics)
      return (statistics.leaderboard, statistics.notes)
    }
    let (whole, _) = try board(false)
    let (less, notes) = try board(true)
    for (one, other) in zip(whole, less) {
      let (known, counted) = (try #require(one.interval), try #require(other.interval))
      #expect(counted.upper - counted.lower >= known.upper - known.lower - 1e-9)
    }
    #expect(notes.contains { $0.contains("intervals are by their number alone, and there are no tests of pairs") })
  }

  @Test("A renamed model is one model, by the name that its last run has") func renamedModel() throws {
    func report(seeds: [Int]) throws -> Report {
      try self.report { folder in
        try zip(["a", "b"], seeds).map { name, seed in
          var sweep = SyntheticSweep(folder.appending(path: name))
          sweep.engine = seed
          try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [seed])
          guard name == "b" else { return sweep }
          for id in try FileManager.default.contentsOfDirectory(atPath: sweep.folder.appending(path: "runs").path) {
            let file = sweep.folder.appending(path: "runs/\(id)/record.json")
            let text = try String(contentsOf: file, encoding: .utf8).replacing("SmolLM2-135M-Instruct", with: "tuned")
              .replacing("10:06:00", with: "10:07:00").replacing("\"cd\"", with: "\"ef\"")
            try Data(text.utf8).write(to: file)
          }
          return sweep
        }
      }
    }
    let renamed = try report(seeds: [1, 2])
    #expect(renamed.suites.first?.results.modelNames == ["tuned"])
    // Without a config, whose order would count.
    #expect(renamed.suites.first?.results.methods.map(\.title).sorted() == ["ia3", "lora"])
    #expect(renamed.results.notes.contains { $0.contains("SmolLM2-135M-Instruct has the same weights as tuned") })
    // Two names of the same runs are meant to tell something apart.
    #expect(try report(seeds: [1, 1]).suites.first?.results.modelNames.count == 2)
  }

  @Test("A report of a later version is refused as that") func newerReport() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "report.json")
    try Data(#"{"schema": "peft-bench.report/2", "runs": []}"#.utf8).write(to: file)
    let error = try #require(throws: (any Error).self) { try ReportedResults([file.path]) }
    #expect("\(error)".contains("a newer version of peft-bench wrote this report (peft-bench.report/2)"))
  }

  @Test("A value of --only that nothing has is named with what there is") func unknownOnly() throws {
    let folder = try TemporaryFolder()
    try SyntheticSweep(folder.url).write(methods: [Self.lora, Self.ia3], datasets: ["sst2"], seeds: [1])
    func complaint(_ value: String) throws -> String {
      let error = try #require(throws: (any Error).self) {
        try Report(ReportedResults([folder.url.path], only: [("method", value)]))
      }
      return "\(error)"
    }
    #expect(try complaint("lra").contains("there is no such method; did you mean \"lora\"?"))
    #expect(
      try complaint("lora,ia3").contains("several values are several options: --only method=lora --only method=ia3"))
  }

  @Test("The model as it is does not bury what the methods get wrong") func zeroShotAnswers() throws {
    let report = try report { folder in
      var sweep = SyntheticSweep(folder)
      sweep.rightRows = { method, _, _ in self.right(method == "none" ? 0 : 38, of: 40) }
      let none = SyntheticSweep.Method("none", parameters: 0, bytes: 1, gain: 0)
      try sweep.write(methods: [none, Self.lora], datasets: ["sst2"], seeds: [1])
      #expect(try WrongAnswers(try Report(ReportedResults([folder.path]))).wrongCount == 2)
      return [sweep]
    }
    #expect(report.suites.first?.results.methods.count == 2)
  }

  @Test("Names of grid values are short") func shortLabels() {
    #expect(ShortLabel.of("lora (rank=8, learning_rate=0.0005)") == "lora (r=8, lr=5e-4)")
    #expect(ShortLabel.of("my method (mine)") == "my method (mine)" && ShortLabel.of("ia3") == "ia3")
    #expect(ShortLabel.of("learning_rate", "0.00025") == "lr=2.5e-4")
  }
}

/// The reason of the only pair that a report cannot decide.
private enum VerdictReason {
  static func of(_ report: Report) throws -> String {
    let suite = try #require(report.suites.first)
    let pair = try #require(suite.statistics.pairs.first)
    return VerdictWords(suite.results, suite.statistics).reason(pair)
  }
}
