import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Memory before it is spent") struct MemoryLimitTests {
  @Test("A plan's memory is that of the records: weights, adapter and optimizer to the byte") func estimate() throws {
    let methods = """
      [{"name": "lora", "rank": 4}, {"name": "ia3", "optimizer": "sgd"}, {"name": "prefix-tuning", "tokens": 7},
       {"name": "prompt-tuning", "tokens": 9}, {"name": "lora", "label": "again", "recompute": true},
       {"name": "lora", "label": "once", "recompute": 1}, "full"]
      """
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(methods: methods, datasets: #"["sst2"]"#, training: #", "steps": 4"#), to: "config.json")
    let plan = try #require(try Workspace.json(workspace.run("plan", "config.json", "--json").output).array)
    #expect(plan.count == 8)
    let run = try workspace.run("run", "config.json", "-o", "out")
    try #require(run.status == 0, "\(run.diagnostics)")
    for (label, peak, entry) in try Self.peaks(of: workspace, planned: plan) {
      let memory = try #require(entry["estimated_memory"])
      for kind in ["weights", "adapter", "optimizer"] where label != "full" || kind != "weights" {
        #expect(memory[kind]?.integer == peak[kind]?.integer, "\(kind) of \(label)")
      }
      let ratio = try #require(entry["estimated_peak_bytes"]?.number) / #require(peak["total"]?.number)
      #expect(0.75...2 ~= ratio, "\(label): \(ratio)")
      #expect((entry["needed_bytes"]?.integer ?? 0) >= (entry["estimated_peak_bytes"]?.integer ?? .max), "\(label)")
    }
  }

  @Test("A plan's peak is within a tenth of the record's, whatever is trained and computed again") func peaks() throws {
    let methods = ["lora", "ia3", "prompt-tuning", "adapter", "full"].flatMap { name in
      ["false", "4", "true"].map { #"{"name": "\#(name)", "label": "\#(name) \#($0)", "recompute": \#($0)}"# }
    }
    let workspace = try Workspace()
    // All rows are one batch, so the largest one that there can be is the one that is trained on.
    try workspace.write(
      Workspace.configuration(
        model: Self.mini, methods: "[\(methods.joined(separator: ", "))]", datasets: #"["sst2"]"#,
        data: #", "limit": "first", "train_limit": 6, "eval_limit": 2"#,
        training: #", "batch_size": 6, "epochs": 2, "validation_fraction": 0"#, evaluation: #", "zero_shot": false"#
      ).replacing(#""epochs": 3, "batch_size": 3, "#, with: ""), to: "config.json")
    let planned = try workspace.run("plan", "config.json", "--json")
    try #require(planned.status == 0, "\(planned.diagnostics)")
    let plan = try #require(try Workspace.json(planned.output).array)
    let run = try workspace.run("run", "config.json", "-o", "out")
    try #require(run.status == 0, "\(run.diagnostics)")
    let peaks = try Self.peaks(of: workspace, planned: plan)
    for (label, peak, entry) in peaks {
      let memory = try #require(entry["estimated_memory"])
      let ratio = try #require(entry["estimated_peak_bytes"]?.number) / #require(peak["total"]?.number)
      let parts = ["weights", "adapter", "gradients", "optimizer", "activations"].map {
        "\($0) planned \(memory[$0]?.integer ?? 0), measured \(peak[$0]?.integer ?? 0)"
      }
      #expect(abs(ratio - 1) < 0.1, "\(label): \(parts)")
    }
    #expect(peaks.count == methods.count)
  }

  /// The label of each run in `out`, the peak that its record states, and its entry of a plan.
  private static func peaks(
    of workspace: Workspace, planned plan: [DocumentValue]
  ) throws -> [(label: String, peak: DocumentValue, entry: DocumentValue)] {
    try FileManager.default.contentsOfDirectory(atPath: workspace.path("out/runs")).map { id in
      let record = try workspace.json(file: "out/runs/\(id)/record.json")
      let label = try #require(record["method"]?["label"]?.string)
      return (
        label, try #require(record["costs"]?["peak_tensor_bytes"]),
        try #require(plan.first { $0["method"]?.string == label })
      )
    }
  }

  /// A model of eight blocks: of two, the last of which computes few rows, hardly anything is freed.
  private static let mini = GoldenFixture.package.appending(path: "models/mini").path

  /// A workspace whose config.json has one run of two steps.
  private func oneShortRun(model: String = Workspace.model) throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(
        model: model, methods: #"["ia3"]"#, datasets: #"["sst2"]"#, training: #", "steps": 2"#,
        evaluation: #", "zero_shot": false"#),
      to: "config.json")
    return workspace
  }

  @Test("Activations are computed again in as few layers as a limit asks for, and the numbers are the same")
  func recomputation() throws {
    let workspace = try oneShortRun(model: Self.mini)
    func plan(_ recompute: String, _ more: String...) throws -> (blocks: Int?, bytes: Int, id: String) {
      let result = try workspace.run(
        arguments: ["plan", "config.json", "--json", "--set", "training.recompute=\(recompute)"] + more)
      try #require(result.status == 0, "\(result.diagnostics)")
      let entry = try #require(try Workspace.json(result.output).array?.first)
      return (
        entry["recomputed_blocks"]?.integer, try #require(entry["needed_bytes"]?.integer),
        try #require(entry["id"]?.string)
      )
    }
    let none = try plan("auto")
    #expect(none.blocks == 0)
    let one = try plan("auto", "--memory-limit", "\(none.bytes - 1)")
    #expect(one.blocks == 1 && one.bytes < none.bytes && one.id == none.id, "the id knows of no limit")
    #expect(try plan("true").blocks == 8)
    // A size in place of the limit.
    let size = try plan("\(none.bytes - 1)B")
    #expect(size.blocks == 1 && size.bytes == one.bytes)
    let table = try workspace.run("plan", "config.json", "--set", "training.recompute=1")
    #expect(table.output.contains("recomputed") && table.output.contains("1 of 8"))

    // Not even the most that can help is enough: of a limit that holds the weights and little else.
    let least = try plan("auto", "--memory-limit", "2.3MB")
    #expect((2...7).contains(least.blocks ?? 0) && least.bytes < one.bytes)
    let limit = "\(least.bytes - 1)"
    let refused = try workspace.run(
      "run", "config.json", "-o", "out", "--set", "training.recompute=auto", "--memory-limit", limit)
    #expect(refused.status == 2 && refused.diagnostics.contains("blocks computed again (training.recompute: auto)"))
    let small = try workspace.run("run", "config.json", "-o", "out", "--set", "training.recompute=\(limit)B")
    #expect(small.status == 2)
    for part in ["training.recompute: sst2/ia3 needs ", " of 8 blocks computed again, more than the ", "allows"] {
      #expect(small.diagnostics.contains(part), "\(part) in \(small.diagnostics)")
    }
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out")))

    func record(_ output: String, _ recompute: String, _ more: [String]) throws -> (DocumentValue, Data) {
      let run = try workspace.run(
        arguments: ["run", "config.json", "-o", output, "--set", "training.recompute=\(recompute)"] + more)
      try #require(run.status == 0, "\(run.diagnostics)")
      let id = try #require(try FileManager.default.contentsOfDirectory(atPath: workspace.path("\(output)/runs")).first)
      let adapter = workspace.path("\(output)/runs/\(id)/adapter/adapter_model.safetensors")
      return (
        try workspace.json(file: "\(output)/runs/\(id)/record.json"), try Data(contentsOf: URL(filePath: adapter))
      )
    }
    let (plain, adapter) = try record("plain", "false", [])
    let (chosen, same) = try record("chosen", "auto", ["--memory-limit", "\(none.bytes - 1)"])
    #expect(adapter == same && plain["costs"]?["recomputed_blocks"] == nil)
    #expect(chosen["costs"]?["recomputed_blocks"]?.integer == 1 && chosen["id"]?.string == none.id)
    // Two at once have half of the limit each.
    let (shared, _) = try record(
      "shared", "auto",
      ["--memory-limit", "\(2 * none.bytes - 2)", "--set", "seeds=[1, 2]", "--jobs", "2", "--threads", "2"])
    #expect(shared["costs"]?["recomputed_blocks"]?.integer == 1)
  }

  @Test("What does not fit is refused before anything is written, and --force runs it") func refusal() throws {
    let workspace = try oneShortRun()
    // The weights alone are larger.
    let weights = try workspace.run("run", "config.json", "-o", "out", "--memory-limit", "20kB")
    #expect(weights.status == 2 && weights.output.isEmpty)
    for part in ["llama-q8_0.gguf needs ", "weights ", "but 20.0 kB are allowed by --memory-limit", "--force"] {
      #expect(weights.diagnostics.contains(part), "\(part) in \(weights.diagnostics)")
    }
    // The weights fit, the activations do not.
    let run = try workspace.run("run", "config.json", "-o", "out", "--memory-limit", "100 kB")
    #expect(run.status == 2 && run.output.isEmpty)
    for part in ["sst2/ia3 needs ", "activations ", "but 100 kB are allowed", "lower training.batch_size (3)"] {
      #expect(run.diagnostics.contains(part), "\(part) in \(run.diagnostics)")
    }
    let dry = try workspace.run("run", "config.json", "-o", "out", "--memory-limit", "100 kB", "--dry-run")
    #expect(dry.status == 2 && dry.diagnostics.contains("sst2/ia3 needs "))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out")))

    let plan = try workspace.run("plan", "config.json", "--memory-limit", "100 kB")
    #expect(plan.status == 0 && plan.output.contains("the largest, sst2/ia3: weights "))
    #expect(plan.diagnostics.contains("warning: sst2/ia3 needs "))

    let forced = try workspace.run("run", "config.json", "-o", "out", "--memory-limit", "100 kB", "--force")
    #expect(forced.status == 0, "\(forced.diagnostics)")
    // What is complete needs no memory.
    #expect(try workspace.run("run", "config.json", "-o", "out", "--memory-limit", "100 kB").status == 0)

    // One run fits, two of them do not.
    let need = try #require(run.diagnostics.firstMatch(of: /needs ([0-9.]+) kB/)?.output.1)
    let limit = 1.5 * (try #require(Double(need)))
    func two(_ more: String...) throws -> SpawnedProgram.Result {
      try workspace.run(
        arguments: ["run", "config.json", "-o", "two", "--set", "seeds=[1, 2]", "--memory-limit", "\(Int(limit)) kB"]
          + ["--threads", "2"] + more)
    }
    let refused = try two("--jobs", "2")
    #expect(refused.status == 2 && !FileManager.default.fileExists(atPath: workspace.path("two")))
    for part in ["--jobs 2 needs ", "activations ", "do one run after the other", "--force"] {
      #expect(refused.diagnostics.contains(part), "\(part) in \(refused.diagnostics)")
    }
    let automatic = try two("--jobs", "auto")
    #expect(automatic.status == 0 && automatic.diagnostics.contains("note: 1 of 2 runs at once"))
    let more = try two("--jobs", "2", "--fresh", "--force")
    #expect(more.status == 0, "\(more.diagnostics)")

    let wrong = try workspace.run("run", "config.json", "--memory-limit", "lots")
    #expect(wrong.status == 2 && wrong.diagnostics.contains("--memory-limit: expected a size such as 800MB"))
  }
}
