import Foundation
import PEFTCore
import PEFTTestSupport
import Synchronization
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Further sets of rows that a run answers, and runs that only evaluate")
struct EvaluationSetTests {
  private static func rows(_ range: Range<Int>, _ word: String = "film") -> String {
    range.map { #"{"text": "\#(word) \#($0)", "tone": "\#($0 % 3 == 0 ? "bad" : "good")"}"# }.joined(separator: "\n")
  }

  /// A folder with 12 training and 8 validation rows, a third split of 5, two further sets of 6 and 4 rows, and a config
  /// that answers them all.
  private static func withConfig<Result>(_ body: (String) throws -> Result) throws -> Result {
    let config = """
      {"name": "tiny", "model": "\(GoldenFixture("gguf_models").url("llama-q8_0.gguf").path)",
       "data": {"suite": "own", "test": "test", "datasets": [{"name": "tones", "prompt": "{text}?", "answer": "tone",
         "files": {"train": "train.jsonl", "validation": "dev.jsonl", "test": "test.jsonl"},
         "evaluate_on": {"typos": "typos.jsonl", "shouted": ["loud.jsonl"]}, "labels": ["bad", "good"]}]},
       "methods": [{"name": "lora", "rank": 2}], "seeds": [1],
       "training": {"epochs": 1, "batch_size": 4, "learning_rate": 0.01},
       "evaluation": {"max_new_tokens": 20, "batch_size": 2, "zero_shot": false}}
      """
    return try TaskRows.withFolder(
      [
        "train.jsonl": rows(0..<12), "dev.jsonl": rows(20..<28), "test.jsonl": rows(40..<45),
        "typos.jsonl": rows(50..<56, "flim"), "loud.jsonl": rows(60..<64, "FILM"), "c.json": config,
      ], body)
  }

  private static func configuration(_ root: String, _ settings: [String] = []) throws -> RunConfiguration {
    try RunConfiguration(ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
  }

  private static func run(
    _ root: String, into output: String, _ settings: [String] = [],
    see: @escaping @Sendable (RunEvent, CancellationFlag) -> Void = { _, _ in }
  ) throws -> [RunRecord] {
    let configuration = try configuration(root, settings)
    let flag = CancellationFlag()
    let datasets = try configuration.data.descriptions(from: configuration.file)
    let sweep = try Sweep(
      configuration, configuration.selection(datasets: datasets), results: ResultsFolder(path: "\(root)/\(output)"),
      context: ComputeContext(threads: 1), cancellation: flag,
      watch: { see($0, flag) })
    return try sweep.run(Sweep.Choice()).records
  }

  private static func bytes(_ root: String, _ output: String, _ record: RunRecord, _ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: "\(root)/\(output)/runs/\(record.id)/\(name)"))
  }

  private static let without = #"data.datasets.0.evaluate_on={}"#

  @Test("Each set is answered, scored and recorded under its name, and the headline stays what it is without them")
  func recorded() throws {
    try Self.withConfig { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let plain = try #require(try Self.run(root, into: "plain", [Self.without]).first)
      #expect(record.id != plain.id && plain.sets.all.map(\.name) == ["test"])
      #expect(
        record.scores.recordJSON == plain.scores.recordJSON && record.costs.tensorBytes == plain.costs.tensorBytes)
      #expect(record.sets.all.map(\.name) == ["test", "typos", "shouted"])
      #expect(record.sets.all.map(\.set.split) == ["test", "typos", "shouted"])
      #expect(record.sets.all.map(\.set.rows) == [5, 6, 4] && record.sets.all.map(\.set.count) == [5, 6, 4])
      for (name, count, word) in [("test", 5, "film 40"), ("typos", 6, "flim 50"), ("shouted", 4, "FILM 60")] {
        let lines = try Self.bytes(root, "out", record, "predictions-\(name).jsonl").split(separator: 0x0A)
        #expect(lines.count == count && String(decoding: lines[0], as: UTF8.self).contains(word), "\(name)")
      }
      for name in ["predictions.jsonl", "history.jsonl", "adapter/adapter_model.safetensors", "predictions-test.jsonl"]
      {
        #expect(try Self.bytes(root, "out", record, name) == Self.bytes(root, "plain", plain, name), "\(name)")
      }
      #expect(record.identity?["dataset"]?["sets"]?["typos"]?.text?.count == 64)
      #expect(plain.identity?["dataset"]?["sets"] == nil)
      // The rows of a set are part of what makes the run.
      try Data(Self.rows(70..<74, "FILM").utf8).write(to: URL(filePath: root + "/loud.jsonl"))
      #expect(try Self.run(root, into: "out").first?.id != record.id)
    }
  }

  @Test("A plan counts their rows, and reports show their scores beside the headline") func shown() throws {
    try Self.withConfig { root in
      let configuration = try Self.configuration(root)
      let runs = configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs
      let planner = RunPlanner(
        configuration, results: ResultsFolder(path: root + "/out"), context: ComputeContext(threads: 1), watch: { _ in }
      )
      let work = try #require(try planner.estimates(runs).first?.work)
      #expect(
        work.furtherRows.map(\.name) == ["test", "typos", "shouted"] && work.furtherRows.map(\.count) == [5, 6, 4])
      #expect(work.evaluationRows == 8)
      let record = try #require(try Self.run(root, into: "out").first)
      let results = try ReportedResults([root + "/out"])
      let run = try #require(results.runs.first)
      #expect(run.sets.map(\.name) == ["test", "typos", "shouted"] && run.sets.map(\.count) == [5, 6, 4])
      #expect(run.sets.map(\.value) == record.sets.all.map(\.set.scores.primary.value))
      #expect(try ReportedRun(run.json, folder: nil, source: "copy").sets == run.sets)
      let report = try Report(results)
      let head = try #require(CSVReport.text(report).split(separator: "\r\n").first)
      #expect(head.contains(",set_test,set_typos,set_shouted,"))
      #expect(MarkdownReport.text(report).contains("| tones | typos | 6 |"))
    }
  }

  @Test(
    "Stopped while it answers any of the sets, a run goes on to the same bytes", arguments: [4, 10, 14, 20],
    ["generate", "rank"])
  func resuming(done: Int, mode: String) throws {
    try Self.withConfig { root in
      let settings = ["evaluation.mode=\(mode)"]
      let whole = try #require(try Self.run(root, into: "whole", settings).first)
      #expect(throws: Interruption.self) {
        try Self.run(root, into: "stopped", settings) { event, flag in
          if case .answered(_, let count, _) = event, count >= done { flag.cancel() }
        }
      }
      // What was trained and answered is not made again.
      let counts = Mutex<[Int]>([])
      let resumed = try #require(
        try Self.run(root, into: "stopped", settings) { event, _ in
          switch event {
          case .step: counts.withLock { $0.append(0) }
          case .answered(_, let count, _): counts.withLock { $0.append(count) }
          default: break
          }
        }.first)
      #expect(counts.withLock { $0.first ?? 0 } >= done && counts.withLock { $0.last } == 23)
      #expect(whole.sets.all.map(\.set.scores.recordJSON) == resumed.sets.all.map(\.set.scores.recordJSON))
      for name in ["predictions", "predictions-test", "predictions-typos", "predictions-shouted", "history"] {
        let file = name + ".jsonl"
        #expect(try Self.bytes(root, "whole", whole, file) == Self.bytes(root, "stopped", resumed, file), "\(name)")
      }
    }
  }

  @Test("A set has a name of its own, and files") func refused() throws {
    func complaint(_ sets: String) throws -> String {
      try Self.withConfig { root in
        do {
          let configuration = try Self.configuration(root, ["data.datasets.0.evaluate_on=\(sets)"])
          _ = try configuration.data.descriptions(from: configuration.file)
          return ""
        } catch { return "\(error)" }
      }
    }
    #expect(try complaint(#"{"a": "typos.jsonl"}"#) == "")
    let name = try complaint(#"{"test": "typos.jsonl"}"#)
    #expect(name.contains("data.datasets[0].evaluate_on: \"test\" cannot be the name of a set"))
    #expect(try complaint(#"{"../x": "typos.jsonl"}"#).contains("cannot be the name of a set"))
    #expect(try complaint(#"{"a": []}"#).contains("evaluate_on.a"))
    #expect(try complaint(#""typos.jsonl""#).contains("evaluate_on"))
  }

  // MARK: - Runs that only evaluate

  @Test("With no steps a saved adapter is judged as it is: the same answers, no optimizer, nothing trained")
  func evaluationOnly() throws {
    try Self.withConfig { root in
      let trained = try #require(try Self.run(root, into: "trained").first)
      let adapter = "\(root)/trained/runs/\(trained.id)/adapter"
      let settings = [#"methods=[{"name": "lora", "init_from": "\#(adapter)", "steps": 0}]"#]
      let record = try #require(try Self.run(root, into: "judged", settings).first)
      for name in [
        "predictions.jsonl", "predictions-test.jsonl", "predictions-typos.jsonl", "adapter/adapter_model.safetensors",
      ] {
        #expect(try Self.bytes(root, "trained", trained, name) == Self.bytes(root, "judged", record, name), "\(name)")
      }
      #expect(record.training == nil && record.json["training"] == .null)
      #expect(record.costs.steps == 0 && record.costs.tokensSeen == 0 && record.costs.trainingSeconds == 0)
      #expect(record.costs.tensorBytes.optimizer == 0 && record.costs.tensorBytes.gradients == 0)
      #expect(record.costs.tensorBytes.adapter ?? 0 > 0)
      #expect(trained.training != nil && trained.costs.tensorBytes.optimizer ?? 0 > 0)
      #expect(try Self.bytes(root, "judged", record, "history.jsonl").isEmpty)
      #expect(record.id != trained.id && record.pscp?.constants?.memory ?? 0 > 0)
      // What training would have been is not part of it.
      let other = try Self.run(root, into: "judged", settings + ["training.learning_rate=0.5"])
      #expect(other.map(\.id) == [record.id])
      let run = try #require(try ReportedResults([root + "/judged"]).runs.first)
      #expect(!run.isTrained && !run.isZeroShot)
    }
  }

  @Test("Its plan has neither steps nor an optimizer, and needs no training time") func planned() throws {
    try Self.withConfig { root in
      let configuration = try Self.configuration(root, ["training.steps=0"])
      let runs = configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs
      let planner = RunPlanner(
        configuration, results: ResultsFolder(path: root + "/out"), context: ComputeContext(threads: 1), watch: { _ in }
      )
      let estimate = try #require(try planner.estimates(runs).first)
      #expect(estimate.work?.steps == 0 && estimate.work?.trainingTokens == 0)
      #expect(estimate.peak?[.optimizer] == 0 && estimate.peak?[.gradients] == 0 && estimate.peak?[.adapter] ?? 0 > 0)
      let record = try #require(try Self.run(root, into: "out", ["training.steps=0"]).first)
      #expect(record.id == estimate.id && record.costs.steps == 0)
    }
  }
}
