import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("A third split, on which nothing is chosen")
struct ThirdSplitTests {
  /// A folder with 12 training, 8 validation and 10 test rows of `tones`, and a config that answers both of the latter.
  private static func withConfig<Result>(_ body: (String) throws -> Result) throws -> Result {
    func rows(_ range: Range<Int>) -> String {
      range.map { #"{"text": "film \#($0)", "tone": "\#($0 % 3 == 0 ? "bad" : "good")"}"# }.joined(separator: "\n")
    }
    let config = """
      {"name": "tiny", "model": "\(GoldenFixture("gguf_models").url("llama-q8_0.gguf").path)",
       "data": {"suite": "own", "test": "test", "datasets": [{"name": "tones", "prompt": "{text}?", "answer": "tone",
         "files": {"train": "train.jsonl", "validation": "dev.jsonl", "test": "test.jsonl"}, "labels": ["bad", "good"]}]},
       "methods": [{"name": "lora", "rank": 2}], "seeds": [1],
       "training": {"epochs": 1, "batch_size": 4, "learning_rate": 0.01},
       "evaluation": {"max_new_tokens": 20, "batch_size": 2}}
      """
    return try TaskRows.withFolder(
      ["train.jsonl": rows(0..<12), "dev.jsonl": rows(20..<28), "test.jsonl": rows(40..<50), "c.json": config], body)
  }

  /// Carries the config's runs out; `stop` may raise the wish to stop.
  private static func run(
    _ root: String, into output: String, _ settings: [String] = [],
    stop: @escaping @Sendable (_ done: Int, _ run: SweepRun, CancellationFlag) -> Void = { _, _, _ in }
  ) throws -> [RunRecord] {
    let configuration = try RunConfiguration(
      ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
    let flag = CancellationFlag()
    let datasets = try configuration.data.descriptions(from: configuration.file)
    let sweep = try Sweep(
      configuration, configuration.selection(datasets: datasets), results: ResultsFolder(path: "\(root)/\(output)"),
      context: ComputeContext(threads: 1), cancellation: flag,
      watch: { if case .answered(let run, let done, _) = $0 { stop(done, run, flag) } })
    return try sweep.run(Sweep.Choice()).records
  }

  private static func bytes(_ root: String, _ output: String, _ record: RunRecord, _ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: "\(root)/\(output)/runs/\(record.id)/\(name)"))
  }

  @Test("Rows of the third split that are trained on are said") func leaks() throws {
    try Self.withConfig { root in
      let records = try Self.run(root, into: "out", ["data.datasets.0.files.test=train.jsonl"])
      let notes = records.flatMap { $0.data?.notes ?? [] }
      #expect(notes.contains { $0.hasPrefix("tones: 12 of 12 rows of test are also training rows") }, "\(notes)")
      #expect(try !Self.run(root, into: "plain").contains { "\($0.data?.notes ?? [])".contains("also training rows") })
    }
  }

  @Test("Both sets are answered and recorded, and without the third one nothing else changes") func both() throws {
    try Self.withConfig { root in
      let records = try Self.run(root, into: "out")
      let plain = try Self.run(root, into: "plain", ["data.test=validation"])
      #expect(records.count == 2 && plain.count == 2)
      for (record, other) in zip(records, plain) {
        #expect(record.id != other.id && other.sets.isEmpty)
        #expect(record.scores.recordJSON == other.scores.recordJSON)
        #expect(record.costs.tensorBytes == other.costs.tensorBytes)
        let set = try #require(record.sets["test"])
        #expect(set.rows == 10 && set.count == 10 && set.split == "test")
        #expect(set.sha256?.count == 64 && set.classes?.json == ["bad": 3, "good": 7])
        #expect(set.scores.primary.name == record.scores.primary.name)
        #expect(set.scores.others?.scoring == "peft-bench")
        let lines = try Self.bytes(root, "out", record, "predictions-test.jsonl").split(separator: 0x0A)
        #expect(lines.count == 10 && lines[0].starts(with: Array(#"{"index":0,"prompt":"#.utf8)))
        for name in ["predictions.jsonl", "history.jsonl"] {
          #expect(try Self.bytes(root, "out", record, name) == Self.bytes(root, "plain", other, name))
        }
      }
      // The reader of results has it, and a report's JSON keeps it.
      let results = try ReportedResults([root + "/out"])
      let run = try #require(results.runs.first { $0.methodName == "lora" })
      #expect(run.sets.map(\.count) == [10] && run.testValue == records[1].sets["test"]?.scores.primary.value)
      let copy = try ReportedRun(run.json, folder: nil, source: "copy")
      #expect(copy.testValue == run.testValue && copy.sets == run.sets && copy.rowNotes == run.rowNotes)
    }
  }

  @Test(
    "Stopped while it answers either set, a run goes on to the same bytes", arguments: [4, 8, 12], ["generate", "rank"])
  func resuming(done: Int, mode: String) throws {
    try Self.withConfig { root in
      let settings = ["evaluation.mode=\(mode)"]
      let whole = try Self.run(root, into: "whole", settings)
      for method in ["none", "lora"] {
        #expect(throws: Interruption.self) {
          try Self.run(root, into: "stopped", settings) { count, run, flag in
            if count == done, run.planned.method.name == method { flag.cancel() }
          }
        }
      }
      let resumed = try Self.run(root, into: "stopped", settings)
      for (record, other) in zip(whole, resumed) {
        for path in ["id", "scores", "sets.test.scores", "sets.test.sha256", "costs.peak_tensor_bytes"] {
          #expect(record.json.value(at: path) == other.json.value(at: path), "\(path)")
        }
        for name in ["predictions.jsonl", "predictions-test.jsonl", "history.jsonl"] {
          #expect(try Self.bytes(root, "whole", record, name) == Self.bytes(root, "stopped", other, name), "\(name)")
        }
      }
    }
  }

  @Test("Where there is no third split, the config is refused with those that have one") func missing() throws {
    func complaint(_ settings: String...) -> String {
      do {
        return try Self.withConfig { root in
          let configuration = try RunConfiguration(
            ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
          _ = try configuration.data.descriptions(from: configuration.file)
          return ""
        }
      } catch { return "\(error)" }
    }
    #expect(complaint() == "")
    #expect(complaint("data.suite=full", "data.datasets=[mrpc, mmlu, openbookqa, math_qa]") == "")
    let text = complaint("data.suite=full", "data.datasets=[mrpc, sst2]")
    #expect(text.contains("data.test: sst2 has no test split; of the published ones mrpc, mmlu, openbookqa, math_qa"))
    #expect(
      complaint("data.suite=mini", "data.datasets=[mrpc]").contains("data.test: the mini suite has no test split"))
    let files = #"data.datasets.0.files={"train": "train.jsonl", "validation": "dev.jsonl"}"#
    #expect(complaint(files).contains("data.test: tones has no test split") && complaint(files).contains("files.test"))
  }

  @Test("Of several settings it is told which one is best, and on which rows it was chosen") func choice() throws {
    try Self.withConfig { root in
      let settings = ["methods.0.rank=[1, 2]", "evaluation.zero_shot=false"]
      _ = try Self.run(root, into: "out", settings)
      _ = try Self.run(root, into: "plain", settings + ["data.test=validation"])
      func sentence(_ output: String) throws -> SettingsChoice {
        let suite = try #require(try Report(ReportedResults(["\(root)/\(output)"])).suites.first)
        // The verdict names none but settings that may be best, and here nothing is learned.
        return try #require(SettingsChoice.all(of: suite.results).first)
      }
      let chosen = try sentence("out")
      #expect(chosen.count == 2 && chosen.method == "lora" && chosen.testValue != nil)
      #expect(chosen.sentence.contains("has the best score on validation, "))
      #expect(chosen.sentence.contains("; on test, which chose nothing, it has "))
      let reused = try sentence("plain")
      #expect(reused.sentence.hasSuffix("chosen on the rows that it is reported on.") && reused.testValue == nil)
    }
  }

  @Test("A third split that repeats the rows of validation is said") func repeated() throws {
    try Self.withConfig { root in
      let path = #"data.datasets.0.files={"train": "train.jsonl", "validation": "dev.jsonl", "test": "dev.jsonl"}"#
      let records = try Self.run(root, into: "out", [path, "evaluation.zero_shot=false"])
      #expect(
        records[0].data?.notes?.contains(
          "test of tones has the same rows as validation, so nothing is held out from choosing") == true)
    }
  }
}
