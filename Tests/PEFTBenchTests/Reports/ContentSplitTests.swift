import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

/// Runs of one label, dataset and seed that are different experiments, and scores that are no scores of one kind.
@Suite("Unlike runs of one label") struct ContentSplitTests {
  private static let lora = SyntheticSweep.methods[0]
  private static let ia3 = SyntheticSweep.methods[1]

  /// Results of one method by the record's edits: each edit makes an experiment of its own, in a folder of its own.
  private func results(
    _ edits: [[(from: String, to: String)]], seeds: [Int] = [1],
    change: (Int, inout SyntheticSweep) -> Void = { _, _ in }
  ) throws -> (folder: TemporaryFolder, results: ReportedResults) {
    let folder = try TemporaryFolder()
    for (number, edits) in edits.enumerated() {
      var sweep = SyntheticSweep(folder.url.appending(path: "\(number)"))
      // Ids depend on it, as those of real runs do on what differs.
      sweep.engine = number + 1
      sweep.rightRows = { _, _, _ in (0..<40).map { $0 < 30 - 10 * number } }
      change(number, &sweep)
      try sweep.write(methods: [Self.lora], datasets: ["sst2"], seeds: seeds)
      try edit(sweep.folder, edits + [("10:06:00", "10:0\(6 + number):00")])
    }
    let paths = edits.indices.map { folder.url.appending(path: "\($0)").path }
    return (folder, try ReportedResults(paths))
  }

  private func edit(_ folder: URL, _ edits: [(from: String, to: String)]) throws {
    for id in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "runs").path) {
      let file = folder.appending(path: "runs/\(id)/record.json")
      var text = try String(contentsOf: file, encoding: .utf8)
      for edit in edits { text = text.replacing(edit.from, with: edit.to) }
      try Data(text.utf8).write(to: file)
    }
  }

  private func identity(_ members: String) -> [(from: String, to: String)] {
    [(from: "\"suite\": \"full\"", to: "\"suite\": \"full\", \"identity\": {\(members)}")]
  }

  @Test("Another template, another form of the weights and another start are experiments of their own") func unlike()
    throws
  {
    let cases: [(edits: [[(from: String, to: String)]], titles: [String])] = [
      (
        [[("\"cd\"", "\"0123456789abcdef\"")], [("\"cd\"", "\"fedcba9876543210\"")]],
        ["lora (template fedcba)", "lora (template 012345)"]
      ),
      ([[], [("\"dtype\": \"auto\"", "\"dtype\": \"float16\"")]], ["lora (dtype=float16)", "lora (dtype=auto)"]),
      (
        [
          identity("\"method\": {\"name\": \"lora\", \"init_from\": \"0123456789abcdef\"}"),
          identity("\"method\": {\"name\": \"lora\", \"init_from\": \"fedcba9876543210\"}"),
        ], ["lora (start adapter fedcba)", "lora (start adapter 012345)"]
      ),
    ]
    for (edits, titles) in cases {
      let (_, results) = try results(edits, seeds: [1, 2])
      let report = try Report(results)
      let suite = try #require(report.suites.first?.results)
      #expect(suite.methods.map(\.title) == titles)
      #expect(suite.cells.map { $0[0].values } == [[0.5, 0.5], [0.75, 0.75]])
      #expect(suite.contentNotes.isEmpty)
      // All formats tell them apart.
      for format in [ReportFormat.markdown, .csv, .junit, .json, .html] {
        let text = try #require(report.text(format))
        #expect(titles.allSatisfy(text.contains), "\(format)")
      }
    }
  }

  @Test("A report keeps what tells runs apart") func reports() throws {
    let (folder, results) = try results([
      identity("\"method\": {\"name\": \"lora\", \"init_from\": \"0123456789abcdef\"}"),
      identity("\"method\": {\"name\": \"lora\", \"init_from\": \"fedcba9876543210\"}"),
    ])
    let file = folder.url.appending(path: "report.json")
    try Data(try #require(Report(results).text(.json)).utf8).write(to: file)
    let suite = try #require(Report(ReportedResults([file.path])).suites.first?.results)
    #expect(suite.methods.map(\.title) == ["lora (start adapter fedcba)", "lora (start adapter 012345)"])
  }

  @Test("A start of its own for each seed stays with those of its time") func startsBySeed() throws {
    func start(_ digit: Int) -> [(from: String, to: String)] {
      (1...2).flatMap { seed in
        [
          (
            from: "\"seed\": \(seed),",
            to: "\"seed\": \(seed), \"identity\": {\"method\": {\"init_from\": \"\(digit)\(seed)23456789abcdef\"}},"
          )
        ]
      }
    }
    let (_, results) = try results([start(1), start(2)], seeds: [1, 2])
    let suite = try #require(Report(results).suites.first?.results)
    #expect(suite.methods.map(\.title) == ["lora (start adapter, set 1 of 2)", "lora (start adapter, set 2 of 2)"])
    #expect(suite.cells.map { $0[0].values } == [[0.5, 0.5], [0.75, 0.75]])
  }

  @Test("Where records tell nothing apart, the run that ended last counts, and both scores are shown") func unknown()
    throws
  {
    // Their keys differ by the first prompt, which no label can name.
    let (_, results) = try results([[], [("\"first_prompt\": \"Say yes", "\"first_prompt\": \"Say aye")]])
    let report = try Report(results)
    let suite = try #require(report.suites.first)
    #expect(suite.results.methods.map(\.title) == ["lora"] && suite.results.cells[0][0].values == [0.5])
    let note = try #require(suite.statistics.notes.first { $0.hasPrefix("Two runs of sst2, lora, seed 1 differ") })
    #expect(note.contains("50.0, which ended last, counts") && note.contains("75.0 is left out"))
  }

  @Test("Scores of another kind, and of another protocol, are parts of their own with their own majority")
  func scoring()
    throws
  {
    let (_, results) = try results([
      identity("\"dataset\": {\"metric\": \"accuracy\"}"),
      [("\"primary\": {\n      \"name\": \"accuracy\"", "\"primary\": {\n      \"name\": \"share\"")]
        + identity("\"dataset\": {\"metric\": \"share\"}"),
      [("\"protocol\": \"strict\"", "\"protocol\": \"peft-bench\"")],
    ])
    let report = try Report(results)
    #expect(
      report.suites.map(\.results.suiteTitle) == [
        "full suite, 40 rows, accuracy", "full suite, 40 rows, share",
        "full suite, 40 rows, accuracy, protocol peft-bench",
      ])
    #expect(report.suites.allSatisfy { $0.results.methods.count == 1 && $0.results.metrics.count == 1 })
  }

  @Test("A dataset without a most frequent answer leaves the guard of the others as it is") func correlation() throws {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url)
    sweep.rows = 100
    sweep.gold = { $0 % 10 < 7 ? "yes" : "no" }
    sweep.answer = { method, row in method == "lora" ? "yes" : row % 2 == 0 ? "yes" : "no" }
    try sweep.write(methods: [Self.lora, Self.ia3], datasets: ["sst2", "stsb"], seeds: [1])
    // A correlation of about nothing, of which no row is right or wrong.
    for method in ["lora", "ia3"] {
      let run = sweep.folder(of: method, "stsb", 1)
      let file = run.appending(path: "record.json")
      let text = try String(contentsOf: file, encoding: .utf8)
        .replacing("\"accuracy\"", with: "\"pearson\"").replacing(#/"(value|pearson)": 0\.[0-9]+/#) {
          "\"\($0.1)\": 0.01"
        }
      try Data(text.utf8).write(to: file)
      let lines = run.appending(path: "predictions.jsonl")
      let predictions = try String(contentsOf: lines, encoding: .utf8).replacing(#/"correct":(true|false)/#) { _ in
        "\"correct\":null"
      }
      try Data(predictions.utf8).write(to: lines)
    }
    let suite = try #require(Report(ReportedResults([folder.url.path])).suites.first)
    let rows = suite.statistics.leaderboard
    #expect(suite.results.sharedDatasets.count == 2 && rows.allSatisfy { $0.majority == 0.35 })
    #expect(Set(rows.map(\.standing.word)) == ["one answer", "not above"])
    #expect(suite.statistics.verdict?.sentences.first?.hasPrefix("No method is the best") == true)
  }
}
