import Foundation
import PEFTCore
import Testing

@Suite("Memory before it is spent") struct MemoryLimitTests {
  @Test("A plan's memory is that of the records: weights, adapter and optimizer to the byte") func estimate() throws {
    let methods = """
      [{"name": "lora", "rank": 4}, {"name": "ia3", "optimizer": "sgd"}, {"name": "prefix-tuning", "tokens": 7},
       {"name": "prompt-tuning", "tokens": 9}, {"name": "lora", "label": "again", "recompute": true}, "full"]
      """
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(methods: methods, datasets: #"["sst2"]"#, training: #", "steps": 4"#), to: "config.json")
    let plan = try #require(try Workspace.json(workspace.run("plan", "config.json", "--json").output).array)
    #expect(plan.count == 7)
    let run = try workspace.run("run", "config.json", "-o", "out")
    try #require(run.status == 0, "\(run.diagnostics)")
    for id in try FileManager.default.contentsOfDirectory(atPath: workspace.path("out/runs")) {
      let record = try workspace.json(file: "out/runs/\(id)/record.json")
      let label = try #require(record["method"]?["label"]?.string)
      let peak = try #require(record["costs"]?["peak_tensor_bytes"])
      let entry = try #require(plan.first { $0["method"]?.string == label })
      let memory = try #require(entry["estimated_memory"])
      for kind in ["weights", "adapter", "optimizer"] where label != "full" || kind != "weights" {
        #expect(memory[kind]?.integer == peak[kind]?.integer, "\(kind) of \(label)")
      }
      let ratio = try #require(entry["estimated_peak_bytes"]?.number) / #require(peak["total"]?.number)
      #expect(0.75...2 ~= ratio, "\(label): \(ratio)")
      #expect((entry["needed_bytes"]?.integer ?? 0) >= (entry["estimated_peak_bytes"]?.integer ?? .max), "\(label)")
    }
  }

  @Test("What does not fit is refused before anything is written, and --force runs it") func refusal() throws {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(
        methods: #"["ia3"]"#, datasets: #"["sst2"]"#, training: #", "steps": 2"#,
        evaluation: #", "zero_shot": false"#),
      to: "config.json")
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
