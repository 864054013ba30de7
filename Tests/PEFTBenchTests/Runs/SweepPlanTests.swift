import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Sweep plans") struct SweepPlanTests {
  private func configuration(_ methods: String = #"["lora", "ia3"]"#, seeds: String = "[1, 2]") throws
    -> RunConfiguration
  {
    let text = """
      {"models": [{"path": "a"}, {"path": "b"}], "data": {"datasets": ["rte", "cb"]}, "methods": \(methods),
       "seeds": \(seeds), "evaluation": {"zero_shot": false}}
      """
    return try RunConfiguration(ConfigFile.read(DocumentText(name: "c.json", bytes: Array(text.utf8))))
  }

  private func selection(
    _ configuration: RunConfiguration, only: [(key: String, value: String)] = [], shard: (Int, Int)? = nil
  ) throws -> RunSelection {
    configuration.selection(
      datasets: try configuration.data.descriptions(from: configuration.file), only: RunFilter(only),
      shard: shard.map { (index: $0.0, count: $0.1) })
  }

  @Test("All methods, datasets and models come before the second seed") func order() throws {
    let runs = try selection(configuration()).runs
    #expect(
      runs.prefix(9).map { "\($0.seed) \($0.model.name) \($0.title)" } == [
        "1 a rte/lora", "1 a rte/ia3", "1 a cb/lora", "1 a cb/ia3", "1 b rte/lora", "1 b rte/ia3", "1 b cb/lora",
        "1 b cb/ia3", "2 a rte/lora",
      ])
  }

  @Test("Shards share the runs out, evenly and each method to all of them", arguments: [1, 2, 3, 4, 5, 16, 20])
  func shards(count: Int) throws {
    let configuration = try configuration()
    let all = try selection(configuration).runs.map { "\($0.seed)\($0.model.name)\($0.title)" }
    let shards = try (1...count).map { index in
      try selection(configuration, shard: (index, count)).runs.map { "\($0.seed)\($0.model.name)\($0.title)" }
    }
    #expect(shards.flatMap { $0 }.sorted() == all.sorted())
    let sizes = shards.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    if count == 2 || count == 4 {
      #expect(
        shards.allSatisfy { shard in ["lora", "ia3"].allSatisfy { name in shard.contains { $0.hasSuffix(name) } } })
    }
  }

  @Test("Several values of one key are alternatives, different keys must all match, and what nothing has is named")
  func filters() throws {
    let configuration = try configuration()
    let either = try selection(configuration, only: [("dataset", "cb"), ("method", "lora"), ("method", "ia3")])
    #expect(Set(either.asked.map(\.title)) == ["cb/lora", "cb/ia3"])
    #expect(try selection(configuration, only: [("seed", "1"), ("seed", "7"), ("model", "a")]).asked.count == 4)
    let filter = RunFilter([(key: "method", value: "lora"), (key: "method", value: "ai3")])
    #expect(
      filter.complaint(names: try selection(configuration).names)
        == #"--only method=ai3: there is no such method; did you mean "ia3"? Known: lora, ia3"#)
    #expect(RunFilter([(key: "model", value: "b")]).complaint(names: try selection(configuration).names) == nil)
  }

  @Test("The plan on disk gathers what several calls know, and forgets what the config no longer asks for")
  func merging()
    throws
  {
    func plan(_ configuration: RunConfiguration, shard: (Int, Int)?, only: [(key: String, value: String)] = [])
      throws -> SweepPlan
    {
      let selection = try selection(configuration, only: only, shard: shard)
      let known = selection.runs.enumerated().map { index, run in
        let id = "\(run.seed)\(run.model.name)-\(run.dataset.id)-\(run.method.label)"
        return SweepRun(index: index, planned: run, id: id, inputs: nil)
      }
      return SweepPlan(selection.asked, known: known, possible: selection.all)
    }
    let configuration = try configuration()
    let first = try plan(configuration, shard: (1, 2))
    #expect(first.entries.count == 16 && first.entries.count { $0.id != nil } == 8)
    let both = try plan(configuration, shard: (2, 2)).merged(with: first)
    #expect(both.entries.count == 16 && both.entries.allSatisfy { $0.id != nil })
    let part = try plan(configuration, shard: nil, only: [("dataset", "cb")]).merged(with: both)
    #expect(part.entries.count == 16)
    let smaller = try plan(try self.configuration(#"["lora"]"#), shard: nil).merged(with: both)
    #expect(smaller.entries.count == 8 && smaller.entries.allSatisfy { $0.method == "lora" })

    let folder = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try first.text.write(to: folder.appending(path: SweepPlan.fileName), atomically: false, encoding: .utf8)
    #expect(SweepPlan(folder: folder.path).entries == first.entries)
    #expect(SweepPlan(folder: folder.path + "/none").entries.isEmpty)
  }

  @Test("As many workers as cores for small models that fit, else one") func workers() {
    func count(_ megabytes: Int, threads: Int, available: Int?) -> Int {
      SweepWorkers.count(weightBytes: megabytes << 20, threads: threads, availableBytes: available.map { $0 << 20 })
    }
    #expect(count(1, threads: 8, available: 64_000) == 8 && count(1, threads: 8, available: nil) == 8)
    #expect(count(100, threads: 8, available: 2000) == 3 && count(100, threads: 8, available: 100) == 1)
    #expect(count(2000, threads: 8, available: 64_000) == 1)
  }

  @Test("An sbatch script has time, memory and threads from the estimates") func slurm() throws {
    var script = SlurmScript(
      name: "mini", command: "peft-bench run --set=a=1", config: "'-a b.yaml'", tasks: 8, threads: 4, seconds: 5000,
      bytes: 3_000_000_000)
    for line in [
      "#SBATCH --array=1-8", "#SBATCH --cpus-per-task=4", "#SBATCH --time=2:50:00", "#SBATCH --mem=4096M",
      "#SBATCH --requeue", "peft-bench run --set=a=1 --threads \"${SLURM_CPUS_PER_TASK:-4}\"",
      "--shard \"$SLURM_ARRAY_TASK_ID/8\" -- '-a b.yaml' &",
    ] { #expect(script.text.contains(line), "\(line)") }
    #expect(script.text.hasPrefix("#!/bin/bash\n"))
    (script.seconds, script.bytes) = (3, 1000)
    #expect(script.text.contains("--time=0:10:00") && script.text.contains("--mem=768M"))
    (script.seconds, script.bytes) = (nil, nil)
    #expect(script.text.contains("--time=24:00:00") && script.text.contains("--mem=4096M"))
  }

  @Test("Only the names of unfinished writes count as leftovers") func leftovers() throws {
    #expect(AtomicFile.isLeftover(".record.json.3w5e11264sgsg.tmp"))
    #expect(AtomicFile.isLeftover(".config.json.abc.tmp", of: "config.json"))
    #expect(!AtomicFile.isLeftover(".config.json.abc.tmp", of: "plan.json"))
    #expect(!AtomicFile.isLeftover("record.json") && !AtomicFile.isLeftover(".locks") && !AtomicFile.isLeftover(".tmp"))
  }

  @Test("What is left is reckoned from complete runs of the same method and dataset") func timeLeft() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "status-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let results = ResultsFolder(path: folder.path)
    #expect(throws: FileError.self) { try SweepStatus(of: results) }
    let selection = try selection(configuration())
    let known = selection.runs.enumerated().map { SweepRun(index: $0, planned: $1, id: "run\($0)", inputs: nil) }
    try results.prepare()
    try SweepPlan(selection.asked, known: known, possible: selection.all).text
      .write(toFile: folder.path + "/plan.json", atomically: false, encoding: .utf8)
    #expect(try SweepStatus(of: results).secondsLeft == nil)
    for (index, seconds) in [(0, 10.0), (1, 2.0)] {
      let record: JSONValue = [
        "schema": JSONValue(RunRecord.schema), "id": JSONValue("run\(index)"),
        "suite": "mini", "model": ["name": "a"], "method": ["name": "lora"], "dataset": "rte", "seed": 1,
        "scores": ["primary": ["name": "accuracy", "value": 0.5]],
        "costs": [
          "training_seconds": JSONValue(seconds - 1), "evaluation_seconds": 1, "trainable_parameters": 1,
          "inference_flops": 1, "added_inference_flops": 0, "peak_tensor_bytes": ["total": 1],
        ],
      ]
      try FileManager.default.createDirectory(
        atPath: results.folder(of: "run\(index)"), withIntermediateDirectories: true)
      try record.prettyText.write(
        toFile: results.folder(of: "run\(index)") + "/record.json", atomically: false, encoding: .utf8)
    }
    try results.fail(known[2], data: try configuration().data, cause: "it broke", seconds: 1)
    // The error of plain steps says so, lest it counts as one of another strategy of its label.
    let error = try JSONParser.parse(file: results.folder(of: "run2") + "/" + ResultsFolder.failureName).value
    #expect(error["strategy"]?.string == "default")
    let status = try SweepStatus(of: results)
    #expect(
      SweepStatus.counts(status.runs)
        == SweepStatus.Counts(complete: 2, running: 0, failed: 1, waiting: 13, interrupted: 0))
    // rte: 6 runs are left, half of them lora with 10 s, half ia3 with 2 s; cb the same by method, one lora failed.
    let expected: Double = 30 + 6 + 30 + 8
    #expect(status.secondsLeft == expected)
    #expect(status.secondsSpent == 12)
  }
}
