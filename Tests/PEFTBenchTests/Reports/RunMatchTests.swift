import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Comparisons of runs that match in parts") struct RunMatchTests {
  /// Two sweeps of two methods on one dataset; `edits` replace text in the records of the second.
  private func sweeps(
    seeds: [Int] = [42, 123], zeroShot: Bool = false, edits: [(from: String, to: String)] = [],
    change: (inout SyntheticSweep) -> Void = { _ in }
  ) throws -> (folder: TemporaryFolder, old: ReportedResults, new: ReportedResults) {
    let folder = try TemporaryFolder()
    var sweeps = ["old", "new"].map { SyntheticSweep(folder.url.appending(path: $0)) }
    change(&sweeps[1])
    let base = SyntheticSweep.Method("none", parameters: 0, bytes: 300_000_000, gain: 0)
    let methods = (zeroShot ? [base] : []) + SyntheticSweep.methods.prefix(2)
    for sweep in sweeps { try sweep.write(methods: methods, datasets: ["sst2"], seeds: seeds) }
    try edit(sweeps[1].folder, edits)
    return (folder, try ReportedResults([sweeps[0].folder.path]), try ReportedResults([sweeps[1].folder.path]))
  }

  private func edit(_ folder: URL, _ edits: [(from: String, to: String)]) throws {
    for id in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "runs").path) {
      let file = folder.appending(path: "runs/\(id)/record.json")
      var text = try String(contentsOf: file, encoding: .utf8)
      for edit in edits { text = text.replacing(edit.from, with: edit.to) }
      try Data(text.utf8).write(to: file)
    }
  }

  private func options(_ match: String) throws -> Comparison.Options {
    var options = Comparison.Options()
    options.match = try RunMatch(match)
    return options
  }

  @Test("A changed model and a changed learning rate are held against the old ones, and what differs is told")
  func gate()
    throws
  {
    let sweeps = try sweeps(
      edits: [
        ("0123abcd", "4567cdef"), ("SmolLM2-135M-Instruct", "tuned"),
        ("\"learning_rate\": 0.001", "\"learning_rate\": 0.002"),
      ],
      change: { $0.turnedWrong = { method, _, seed in method == "lora" && seed == 42 ? 20 : 0 } })
    #expect {
      try Comparison(sweeps.old, sweeps.new)
    } throws: { error in
      "\(error)".contains("they have no models in common")
    }
    let result = try Comparison(sweeps.old, sweeps.new, options: options("dataset,method,seed"))
    #expect(result.matched.count == 4 && result.regressionCount == 1 && result.missing.isEmpty)
    #expect(
      result.changeLines == [
        "all 4 runs: model SmolLM2-135M-Instruct → tuned; weights 0123abcd → 4567cdef; learning_rate 0.001 → 0.002"
      ])
    // Nothing says that both were asked the same rows, so their answers are not pairs.
    #expect(result.moves.first?.interval == nil)
    #expect(result.summary.hasPrefix("REGRESSION: 4 runs of the full suite compared, 1 regression in 1 run, "))
    let json = result.json
    #expect(json["match"] == ["method", "dataset", "seed"] && json["runs_with_regressions"] == 1)
    #expect(json["differences"]?.compactText.contains("\"learning_rate\",\"baseline\":\"0.001\"") == true)
    #expect(result.markdown.contains("Settings that differ:"))
    #expect(result.junit.contains("settings that differ: model") && result.junit.contains("name=\"match\""))
    try XMLChecker.check(result.junit)
  }

  @Test("Rows with one content are pairs, whatever the tokenizer made of them") func content() throws {
    let hashes = { (ids: String) in
      (from: "\"train_rows\"", to: "\"eval_sha256\": \"\(ids)\", \"eval_content_sha256\": \"c\", \"train_rows\"")
    }
    let sweeps = try sweeps(
      edits: [hashes("new"), ("0123abcd", "4567cdef")],
      change: { $0.turnedWrong = { method, _, _ in method == "lora" ? 20 : 0 } })
    try edit(sweeps.folder.url.appending(path: "old"), [hashes("old")])
    let old = try ReportedResults([sweeps.folder.url.appending(path: "old").path])
    let result = try Comparison(old, sweeps.new, options: options("dataset,method,seed"))
    #expect(try #require(result.moves.first?.interval).upper < 0)
    // By the file of a report, too.
    let file = sweeps.folder.url.appending(path: "baseline.json")
    try Data(try #require(Report(old).text(.json)).utf8).write(to: file)
    let read = try Comparison(ReportedResults([file.path]), sweeps.new, options: options("dataset,method,seed"))
    #expect(read.moves.first?.interval == result.moves.first?.interval && read.changeLines == result.changeLines)
    #expect(
      try Comparison(ReportedResults([file.path]), old, options: options("method,seed,options,training,dtype")).moves
        .isEmpty)
  }

  @Test("Runs that the parts do not tell apart are an error that names what would") func ambiguity() throws {
    let sweeps = try sweeps()
    #expect {
      try Comparison(sweeps.old, sweeps.new, options: options("dataset,method"))
    } throws: { error in
      "\(error)".contains("old: --match method,dataset leaves 2 runs for ia3, sst2 (")
        && "\(error)".contains("told apart by seed: add one of these to --match")
    }
    #expect {
      try Comparison(sweeps.old, sweeps.new, options: options("seed"))
    } throws: { error in
      "\(error)".contains("told apart by method, label: add")
    }
  }

  @Test("A grid is told apart by its options, in any order of their members") func optionGrid() throws {
    let folder = try TemporaryFolder()
    func results(_ name: String, _ options: [String]) throws -> ReportedResults {
      let paths = try options.enumerated().map { index, options in
        let url = folder.url.appending(path: "\(name)\(index)")
        let sweep = SyntheticSweep(url)
        try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [42])
        try edit(url, [("\"options\": {}", "\"options\": {\(options)}")])
        return url.path
      }
      return try ReportedResults(paths)
    }
    let old = try results("old", [#""rank": 4, "alpha": 8"#, #""rank": 8, "alpha": 8"#])
    let new = try results("new", [#""alpha": 8, "rank": 8"#, #""alpha": 8.0, "rank": 4"#])
    #expect {
      try Comparison(old, new, options: options("dataset,method,seed"))
    } throws: { error in
      "\(error)".contains("told apart by options: add")
    }
    let result = try Comparison(old, new, options: options("dataset,method,seed,options"))
    #expect(result.matched.count == 2 && result.changes.isEmpty)
  }

  @Test("A failed and a missing run count by the same parts") func absentRuns() throws {
    let sweeps = try sweeps(edits: [("0123abcd", "4567cdef")])
    let place = SyntheticSweep(sweeps.folder.url.appending(path: "new"))
    try place.fail("lora", dataset: "sst2", seed: 42, error: "no memory")
    try FileManager.default.removeItem(at: place.folder(of: "ia3", "sst2", 123))
    let new = try ReportedResults([place.folder.path])
    let result = try Comparison(sweeps.old, new, options: options("dataset,method,seed"))
    #expect(result.failed.map(\.run.description) == ["sst2, lora, seed 42"])
    #expect(result.missing.map(\.run.description) == ["sst2, ia3, seed 123"] && result.matched.count == 2)
    #expect(
      result.summary == "REGRESSION: 2 runs of the full suite compared, nothing moved in them, 1 run failed that the "
        + "baseline has complete, 1 run only in the baseline (counted as a regression).")
  }

  @Test("The batch size of the evaluation is no part of a match; memory that depends on it is not compared")
  func batchSize() throws {
    let edits = [("\"batch_size\": 8", "\"batch_size\": 2"), ("300000000", "290000000"), ("330000000", "330000004")]
    let sweeps = try sweeps(seeds: [42], zeroShot: true, edits: edits)
    let result = try Comparison(sweeps.old, sweeps.new)
    #expect(result.matched.count == 3)
    // Training's peak does not depend on it.
    #expect(result.moves.map(\.run.label) == ["lora"] && result.moves.map(\.metric) == ["memory"])
    #expect(result.notes.contains { $0.hasPrefix("1 zero-shot run was evaluated in batches of another size") })
    #expect(result.changeLines == ["all 3 runs: evaluation.batch_size 8 → 2"])
  }

  @Test("Scores of another protocol, or none of the name, are not compared") func otherScores() throws {
    let protocols = try sweeps(edits: [("\"protocol\": \"strict\"", "\"protocol\": \"peft-bench\"")])
    #expect {
      try Comparison(protocols.old, protocols.new, options: options("dataset,method,seed"))
    } throws: { error in
      "\(error)".contains("sst2, ia3, seed 42 is scored by the protocol peft-bench, and in the baseline by strict")
    }
    let names = try sweeps(edits: [("\"accuracy\"", "\"pearson\"")])
    #expect {
      try Comparison(names.old, names.new)
    } throws: { error in
      "\(error)".contains("has no score accuracy, which is the headline of the baseline's run; it has pearson")
    }
  }

  @Test("A report of an older version can be matched by what it tells, and says what it does not") func olderReport()
    throws
  {
    let sweeps = try sweeps()
    let file = sweeps.folder.url.appending(path: "baseline.json")
    let older = JSONValue.array(
      sweeps.old.runs.map { run in
        var json = run.json
        for name in ["training", "evaluation", "data"] { json[name] = nil }
        json["method"] = ["name": JSONValue(run.methodName), "label": JSONValue(run.label)]
        return json
      })
    try Data(older.prettyText.utf8).write(to: file)
    let read = try ReportedResults([file.path])
    #expect(try Comparison(read, sweeps.new).moves.isEmpty)
    let result = try Comparison(read, sweeps.new, options: options("dataset,method,seed"))
    #expect(result.matched.count == 4 && result.changes.isEmpty)
    #expect {
      try Comparison(read, sweeps.new, options: options("dataset,method,seed,training"))
    } throws: { error in
      "\(error)".contains("does not tell the training settings of sst2, ia3, seed 42")
        && "\(error)".contains("leave training out of --match")
    }
  }

  @Test("An unknown part gets the nearest one") func unknownPart() throws {
    #expect {
      try RunMatch("dataset,metod")
    } throws: { error in
      "\(error)".hasSuffix("found \"metod\"; did you mean method?")
    }
    #expect(throws: RunMatch.Mistake.self) { try RunMatch("") }
    #expect(try RunMatch(" seed , template,rows").parts == [.seed, .data, .prompt])
  }
}
