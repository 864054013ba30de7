import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Comparisons with a baseline") struct ComparisonTests {
  private static let datasets = ["sst2", "rte", "boolq"]

  /// Two sweeps of the same runs, the second changed by `change`.
  private func compare(
    _ options: Comparison.Options = .init(), rows: Int = 100, change: (inout SyntheticSweep) throws -> Void = { _ in },
    after: (SyntheticSweep) throws -> Void = { _ in }
  ) throws -> Comparison {
    let folder = try TemporaryFolder()
    var sweeps = ["old", "new"].map { SyntheticSweep(folder.url.appending(path: $0)) }
    for index in sweeps.indices { sweeps[index].rows = rows }
    try change(&sweeps[1])
    for sweep in sweeps {
      try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: Self.datasets, seeds: [42, 123])
    }
    try after(sweeps[1])
    let results = try sweeps.map { try ReportedResults([$0.folder.path]) }
    return try Comparison(results[0], results[1], options: options)
  }

  @Test("Equal runs did not move, and neither do those of another version of the code") func nothing() throws {
    let same = try compare()
    #expect(same.moves.isEmpty && !same.isRegression && same.matched.count == 12)
    #expect(same.summary == "Nothing moved in 12 runs of the full suite.")
    let other = try compare(change: { $0.engine = 2 })
    #expect(other.moves.isEmpty && other.matched.count == 12 && other.missing.isEmpty && other.added.isEmpty)
  }

  @Test("A planted drop of three points is named exactly") func plantedDrop() throws {
    let result = try compare(change: { sweep in
      sweep.turnedWrong = { method, dataset, seed in method == "lora" && dataset == "rte" && seed == 123 ? 3 : 0 }
    })
    #expect(result.isRegression && result.regressionCount == 1)
    let move = try #require(result.moves.first)
    #expect(move.run.description == "rte, lora, seed 123" && move.metric == "accuracy")
    #expect(move.changeText == "-3.00 points" && move.verdict == .regression)
    #expect(isClose(move.baseline - move.candidate, 0.03, 1e-12))
    // PSCP follows, and is not counted twice.
    #expect(result.moves.map(\.metric) == ["accuracy", "pscp"])
    #expect(result.moves[1].verdict == .uncounted)
    #expect(
      result.summary
        == "REGRESSION: 12 runs of the full suite compared, 1 regression in 1 run, 1 change of PSCP or speed "
        + "not counted in 1 run.")
    #expect(result.json["runs_with_regressions"] == 1 && result.changes.isEmpty)
    let row = try #require(result.table.rows.first)
    #expect(row.prefix(4).map(\.text) == ["rte", "lora", "123", "accuracy"] && row.last?.text == "regression")
    #expect(result.junit.contains("tests=\"12\" failures=\"1\""))
    #expect(result.json["regressions"] == 1)
    try XMLChecker.check(result.junit)
    #expect(result.markdown.contains("| rte | lora | 123 | accuracy |"))
  }

  @Test(
    "Tolerances are absolute or relative, by the score's own name or by `score`",
    arguments: [
      ("accuracy", "0.03", false), ("accuracy", "0.029", true), ("score", "0.03", false), ("score", "1%", true),
      ("accuracy", "10%", false), ("memory", "5%", true), ("pscp", "0", true),
    ]) func tolerances(metric: String, text: String, isRegression: Bool) throws
  {
    var options = Comparison.Options()
    options.tolerances = [(metric, try #require(Tolerance(text)))]
    let result = try compare(
      options,
      change: { sweep in
        sweep.turnedWrong = { method, dataset, seed in method == "lora" && dataset == "rte" && seed == 42 ? 3 : 0 }
      })
    #expect(result.isRegression == isRegression)
    #expect(result.moves.count == 2)
  }

  @Test("A tolerance is a number of zero or more, and names a metric that there is") func wrongTolerances() throws {
    for text in ["", "-1", "x", "1%%", "nan", "inf"] { #expect(Tolerance(text) == nil, "\(text)") }
    #expect(Tolerance("2%") == Tolerance(amount: 0.02, isRelative: true))
    let shown = ["2.5%", "0.02"].map { Tolerance($0)?.description }
    #expect(shown == ["2.5%", "0.02"])
    var options = Comparison.Options()
    options.tolerances = [("acuracy", .exact)]
    #expect {
      try compare(options)
    } throws: { error in
      "\(error)".contains("did you mean accuracy?")
    }
  }

  @Test("A drop that chance explains does not count where significance is asked for") func significance() throws {
    var options = Comparison.Options()
    options.needsSignificance = true
    func drop(_ count: Int) throws -> Comparison {
      try compare(
        options,
        change: { sweep in
          sweep.turnedWrong = { method, dataset, seed in method == "ia3" && dataset == "sst2" && seed == 42 ? count : 0
          }
        })
    }
    let small = try drop(2)
    #expect(!small.isRegression && small.moves.first?.verdict == .insignificant)
    let large = try drop(12)
    #expect(large.isRegression && large.moves.first?.verdict == .regression)
    #expect(try #require(large.moves.first?.interval).upper < 0)
  }

  @Test("More parameters or bytes are regressions, fewer are not; a missing and a failed run are, a new one is not")
  func costsAndRuns() throws {
    func edited(_ from: String, _ to: String) throws -> Comparison {
      try compare(after: { sweep in
        let file = sweep.folder(of: "lora", "sst2", 42).appending(path: "record.json")
        let text = try String(contentsOf: file, encoding: .utf8).replacing(from, with: to)
        try Data(text.utf8).write(to: file)
      })
    }
    let more = try edited("\"total\": 330000000", "\"total\": 330000004")
    #expect(more.isRegression && more.moves.map(\.metric) == ["memory"])
    let fewer = try edited("\"total\": 330000000", "\"total\": 329999996")
    #expect(!fewer.isRegression && fewer.moves.first?.verdict == .improved)

    let gone = try compare(after: { try FileManager.default.removeItem(at: $0.folder(of: "ia3", "rte", 42)) })
    #expect(gone.isRegression && gone.missing.map(\.run.description) == ["rte, ia3, seed 42"])
    var options = Comparison.Options()
    options.allowsMissing = true
    let allowed = try compare(
      options, after: { try FileManager.default.removeItem(at: $0.folder(of: "ia3", "rte", 42)) })
    #expect(!allowed.isRegression && allowed.missing.count == 1)
    let failed = try compare(options, after: { try $0.fail("ia3", dataset: "rte", seed: 42, error: "no memory") })
    #expect(failed.isRegression && failed.failed.first?.error == "no memory" && failed.missing.isEmpty)
    let added = try compare(after: { sweep in
      try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["cola"], seeds: [42])
    })
    #expect(!added.isRegression && added.added.map(\.description) == ["cola, lora, seed 42"])
    #expect(added.summary == "Nothing moved in 12 runs of the full suite; 1 run only in the candidate.")
  }

  @Test("Runs that exist on one side only are named, with the cause") func oneSide() throws {
    let result = try compare(after: { sweep in
      let place = sweep.folder(of: "ia3", "rte", 42)
      try FileManager.default.removeItem(at: place)
      try FileManager.default.createDirectory(
        at: place.appending(path: "checkpoint"), withIntermediateDirectories: true)
      try sweep.plan(methods: ["lora", "ia3", "bitfit"], datasets: Self.datasets + ["cola"], seeds: [42, 123])
      try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["cola"], seeds: [42])
      try sweep.fail("bitfit", dataset: "cola", seed: 42, error: "no <memory>")
    })
    #expect(result.isRegression && result.regressionCount == 1)
    #expect(result.missing.map(\.cause) == ["interrupted, to go on from a checkpoint"])
    #expect(result.otherFailures.map(\.label) == ["bitfit"])
    #expect(
      result.summary == "REGRESSION: 11 runs of the full suite compared, nothing moved in them, 1 run only in the "
        + "baseline (counted as a regression), 1 run only in the candidate, 1 run failed that the baseline does not have."
    )
    let verdicts = result.table.rows.compactMap { $0.last?.text }
    #expect(
      verdicts == [
        "only in the baseline: interrupted, to go on from a checkpoint", "only in the candidate",
        "failed, not in the baseline: no <memory>",
      ])
    #expect(result.junit.contains("tests=\"13\" failures=\"1\"") && result.junit.contains("interrupted"))
    try XMLChecker.check(result.junit)
    #expect(result.json["missing"]?.compactText.contains("interrupted, to go on from a checkpoint") == true)
  }

  @Test("A candidate whose runs all failed is a regression") func allFailed() throws {
    let result = try compare(after: { sweep in
      try FileManager.default.removeItem(at: sweep.folder.appending(path: "runs"))
      for method in ["lora", "ia3"] { try sweep.fail(method, dataset: "sst2", seed: 42, error: "no") }
    })
    #expect(result.isRegression && result.failed.count == 2 && result.missing.count == 10 && result.matched.isEmpty)
  }

  @Test("A baseline can be one file as a report writes it, with all that a comparison needs") func baselineFile() throws
  {
    let folder = try TemporaryFolder()
    let places = ["old", "new"].map { folder.url.appending(path: $0) }
    var sweeps = places.map { SyntheticSweep($0) }
    sweeps[1].turnedWrong = { method, dataset, _ in method == "lora" && dataset == "sst2" ? 15 : 0 }
    for sweep in sweeps {
      try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: Self.datasets, seeds: [42])
    }
    let file = folder.url.appending(path: "baseline.json")
    let report = try Report(ReportedResults([places[0].path]))
    try Data(try #require(report.text(.json)).utf8).write(to: file)
    let read = try ReportedResults([file.path])
    #expect(read.runs.map(\.key) == report.results.runs.map(\.key))
    #expect(read.runs.map(\.marks) == report.results.runs.map(\.marks))
    let same = try Comparison(read, ReportedResults([places[0].path]))
    #expect(!same.isRegression && same.moves.isEmpty)
    var options = Comparison.Options()
    options.needsSignificance = true
    let result = try Comparison(read, ReportedResults([places[1].path]), options: options)
    #expect(result.moves.first { $0.verdict == .regression }?.run.description == "sst2, lora, seed 42")
    try Data("[1]".utf8).write(to: file)
    #expect(throws: FileError.self) { try ReportedResults([file.path]) }
    try Data("{\"schema\": \"other\"}".utf8).write(to: file)
    #expect(throws: DocumentError.self) { try ReportedResults([file.path]) }
  }

  @Test("Other rows of a strategy, and what only an identity tells, are named as what differs, also beside a report")
  func contents() throws {
    let folder = try TemporaryFolder()
    func results(_ name: String, rows: Int, hash: String, scoring: String = "a") throws -> ReportedResults {
      let sweep = SyntheticSweep(folder.url.appending(path: name))
      try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
      let file = sweep.folder(of: "lora", "sst2", 1).appending(path: "record.json")
      var json = JSONValue(try JSONParser.parse(file: file.path).value)
      json["strategy"] = ["name": "augmentation", "label": "augmentation", "augmented_rows": JSONValue(rows)]
      json["identity"] = ["dataset": ["metric": JSONValue(scoring), "augmented": JSONValue(hash)]]
      try Data(json.prettyText.utf8).write(to: file)
      return try ReportedResults([sweep.folder.path])
    }
    let (one, other) = ("0123456789abcdef", "fedcba9876543210")
    let old = try results("old", rows: 24, hash: one)
    let cases = [
      (try results("others", rows: 24, hash: other), "the run: augmented rows 24 → 24 others"),
      (try results("more", rows: 48, hash: other), "the run: augmented rows 24 → 48"),
      (try results("scored", rows: 24, hash: one, scoring: "b"), "the run: scoring a → b"),
    ]
    let report = folder.url.appending(path: "old.json")
    try Data(try #require(Report(old).text(.json)).utf8).write(to: report)
    for (new, line) in cases {
      #expect(try Comparison(old, new).changeLines == [line])
      #expect(try Comparison(ReportedResults([report.path]), new).changeLines == [line])
    }
  }

  @Test("Results that have nothing in common cannot be compared") func nothingMatches() throws {
    let folder = try TemporaryFolder()
    let places = ["old", "new"].map { folder.url.appending(path: $0) }
    try SyntheticSweep(places[0]).write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
    try SyntheticSweep(places[1]).write(methods: [SyntheticSweep.methods[0]], datasets: ["rte"], seeds: [1])
    #expect {
      try Comparison(ReportedResults([places[0].path]), ReportedResults([places[1].path]))
    } throws: { error in
      "\(error)".contains("no datasets in common")
    }
  }
}
