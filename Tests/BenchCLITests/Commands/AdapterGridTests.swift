import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("adapter grid") struct AdapterGridTests {
  /// Two tasks from one origin, with rows held back.
  private static func trained(_ method: String, validation: String = "0.3") throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(
        methods: "[\(method)]", training: #", "init_seed": 5, "validation_fraction": \#(validation)"#,
        evaluation: #", "mode": "rank", "zero_shot": false"#), to: "train.json")
    let result = try workspace.run("run", "train.json", "-o", "trained")
    #expect(result.status == 0, "\(result.diagnostics)")
    return workspace
  }

  private static let prompt = #"{"name": "prompt-tuning", "tokens": 3, "learning_rate": 0.3}"#

  @Test("A weight is chosen on held-out rows, and what it is worth on evaluation rows is what a run of it scores")
  func combination() throws {
    let workspace = try Self.trained(Self.prompt)
    let arguments = ["adapter", "grid", "trained", "-e", "origin + l*a + (1-l)*b", "--set", "l=0,0.25,0.5,1", "--json"]
    let first = try workspace.run(arguments: arguments)
    #expect(first.status == 0, "\(first.diagnostics)")
    let record = try #require(try Workspace.json(first.output).array?.first)
    let candidates = try #require(record["candidates"]?.array)
    #expect(candidates.compactMap { $0["values"]?["l"]?.number } == [0, 0.25, 0.5, 1])
    let means = candidates.compactMap { $0["mean"]?.number }
    let chosen = try #require(record["chosen"]?.integer)
    #expect(means.count == 4 && means[chosen] == means.max())
    let tasks = try #require(record["tasks"]?.array)
    #expect(tasks.compactMap { $0["dataset"]?.string } == ["sst2", "tones"])
    // 0.3 of 22 rows are held back, and 9 are scored.
    #expect(tasks.allSatisfy { $0["held_out_rows"]?.integer == 6 && $0["evaluation_rows"]?.integer == 9 })
    // At 1 the first task has its own adapter, at 0 the second one.
    #expect(candidates[3]["held_out"]?.array?[0].number == tasks[0]["own_held_out"]?.number)
    #expect(candidates[0]["held_out"]?.array?[1].number == tasks[1]["own_held_out"]?.number)

    let records = try workspace.records("trained")
    func adapter(_ dataset: String) -> String {
      "trained/runs/\(records["\(dataset)/prompt-tuning"]?["id"]?.string ?? "")/adapter"
    }
    let weight = try #require(candidates[chosen]["values"]?["l"]?.number)
    let combined = """
      {"combine": "origin + l*a + (1-l)*b", "adapters": {"a": "\(adapter("sst2"))", "b": "\(adapter("tones"))"},
       "values": {"l": \(weight)}}
      """
    try workspace.write(
      Workspace.configuration(
        methods: #"[{"name": "prompt-tuning", "init_from": \#(combined), "steps": 0}]"#,
        evaluation: #", "mode": "rank", "zero_shot": false"#), to: "judge.json")
    #expect(try workspace.run("run", "judge.json", "-o", "judged").status == 0)
    let judged = try workspace.records("judged")
    for task in tasks {
      let dataset = try #require(task["dataset"]?.string)
      let score = judged["\(dataset)/prompt-tuning"]?["scores"]?["primary"]?["value"]?.number
      #expect(task["chosen"]?["value"]?.number == score)
      let own = records["\(dataset)/prompt-tuning"]?["scores"]?["primary"]?["value"]?.number
      #expect(task["own"]?["value"]?.number == own)
      #expect(task["own"]?["interval"]?.array?.count == 2)
    }

    // What is there is not made again.
    let name = "trained/grids/\(record["id"]?.string ?? "").json"
    let before = try #require(FileManager.default.contents(atPath: workspace.path(name)))
    let second = try workspace.run(arguments: arguments)
    #expect(second.output == first.output && second.diagnostics.contains("known"))
    #expect(FileManager.default.contents(atPath: workspace.path(name)) == before)
    let table = try workspace.run(arguments: arguments.dropLast() + ["--threads", "2"])
    #expect(table.output.contains("sst2 + tones") && table.output.contains("kept %"), "\(table)")
    #expect(try workspace.run("report", "trained").status == 0)
    #expect(try workspace.run("run", "train.json", "-o", "trained").status == 0)
    #expect(FileManager.default.contents(atPath: workspace.path(name)) == before)
  }

  @Test("LoRA is combined by its weight updates, and compressed with a factor chosen on held-out rows")
  func compression() throws {
    let workspace = try Self.trained(#"{"name": "lora", "rank": 2, "target_modules": "all-linear"}"#)
    let sums = try workspace.run(
      "adapter", "grid", "trained", "--expression", "l*a + (1-l)*b", "--convention", "delta", "--step", "0.5", "--json")
    #expect(sums.status == 0, "\(sums.diagnostics)")
    let sum = try #require(try Workspace.json(sums.output).array?.first)
    #expect(sum["candidates"]?.array?.count == 3 && sum["recipe"]?["convention"]?.string == "delta")
    let result = try workspace.run("adapter", "grid", "trained", "--keep", "0.2,1", "--alpha", "1,2", "--json")
    #expect(result.status == 0, "\(result.diagnostics)")
    let records = try #require(try Workspace.json(result.output).array)
    #expect(records.count == 4)
    for record in records {
      #expect(record["kind"]?.string == "compression" && record["candidates"]?.array?.count == 2)
      let task = try #require(record["tasks"]?.array?.first)
      let chosen = try #require(record["chosen"]?.integer)
      let values = try #require(record["candidates"]?.array?[chosen]["values"])
      let keep = try #require(record["recipe"]?["keep"]?.number)
      let folder = "small-\(record["id"]?.string ?? "")"
      let adapter = "trained/runs/\(task["run"]?.string ?? "")/adapter"
      let report = try workspace.run(
        "adapter", "compress", adapter, "--to", folder, "--keep", "\(keep)", "--alpha",
        "\(values["alpha"]?.number ?? 0)", "--json")
      #expect(try Workspace.json(report.output)["bytes"]?.integer == record["bytes"]?.integer)
    }
    let table = try workspace.run("adapter", "grid", "trained", "--keep", "0.2,1", "--alpha", "1,2").output
    // The entropy of a fifth of the values, and of signs alone.
    #expect(table.contains("than float32") && table.contains("0.922") && table.contains("1.000"), "\(table)")
    let control = try workspace.run(
      "adapter", "grid", "trained", "--keep", "0.2", "--alpha", "1,2", "--control", "--json")
    let drawn = try #require(try Workspace.json(control.output).array)
    #expect(drawn.count == 2 && drawn[0]["recipe"]?["control"]?.string == "random")
    let (drawnIDs, ids) = (drawn.compactMap { $0["id"]?.string }, records.compactMap { $0["id"]?.string })
    #expect(!drawnIDs.contains(where: ids.contains))
    let shards = try ["1/2", "2/2"].flatMap { shard in
      try #require(
        try Workspace.json(
          workspace.run(
            "adapter", "grid", "trained", "--keep", "0.2,1", "--alpha", "1,2", "--json", "--shard", shard
          ).output
        ).array)
    }
    #expect(Set(shards.compactMap { $0["id"]?.string }) == Set(records.compactMap { $0["id"]?.string }))
    #expect(shards.count == 4)
  }

  @Test("A run that chooses judges its candidates as the grid does, in a worker, and is planned with their time")
  func choiceOfARun() throws {
    let workspace = try Self.trained(Self.prompt)
    let grid = try workspace.run(
      "adapter", "grid", "trained", "-e", "origin + l*a", "--set", "l=0,0.5,1", "--only", "dataset=sst2", "--json")
    let record = try #require(try Workspace.json(grid.output).array?.first)
    let held = (record["candidates"]?.array ?? []).compactMap { $0["held_out"]?.array?.first?.number }
    #expect(held.count == 3, "\(grid.diagnostics)")

    let run = try workspace.records("trained")["sst2/prompt-tuning"]?["id"]?.string ?? ""
    let start = #""combine": "origin + l*a", "adapters": {"a": "trained/runs/\#(run)/adapter"}"#
    try workspace.write(
      Workspace.configuration(
        methods: """
          [{"name": "prompt-tuning", "steps": 0, "label": "best", "init_from":
             {\(start), "values": {"l": {"step": 0.5}}, "choose": "validation"}},
           {"name": "prompt-tuning", "steps": 0, "label": "whole", "init_from": {\(start), "values": {"l": 1}}}]
          """,
        training: #", "init_seed": 5, "validation_fraction": 0.3"#,
        evaluation: #", "mode": "rank", "zero_shot": false"#), to: "choose.json")
    let plan = try Workspace.json(workspace.run("plan", "choose.json", "-o", "chosen", "--json").output)
    func seconds(_ label: String) throws -> Double {
      let run = plan.array?.first { $0["method"]?.string == label }
      return try #require(run?["estimated_seconds"]?.number)
    }
    // Three times six rows beside nine.
    #expect(try abs(seconds("best") / seconds("whole") - 3) < 1e-6)
    let result = try workspace.run(
      "run", "choose.json", "-o", "chosen", "--jobs", "2", "--only", "method=best")
    #expect(result.status == 0, "\(result.diagnostics)")
    let choice = try #require(try workspace.records("chosen")["sst2/prompt-tuning"]?["choice"])
    #expect((choice["candidates"]?.array ?? []).compactMap { $0["score"]?.number } == held)
    #expect(choice["rows"]?.integer == 6 && choice["seconds"]?.number ?? 0 > 0)
    #expect(try workspace.run("report", "chosen").status == 0)
  }

  @Test("Without rows to choose on there is no choice, unless there is nothing to choose")
  func nothingHeldOut() throws {
    let workspace = try Self.trained(Self.prompt, validation: "0")
    let refused = try workspace.run("adapter", "grid", "trained")
    #expect(refused.status == 2 && refused.diagnostics.contains("validation_fraction"), "\(refused.diagnostics)")
    let one = try workspace.run("adapter", "grid", "trained", "-e", "origin + a + b", "--json")
    #expect(one.status == 0, "\(one.diagnostics)")
    #expect(try Workspace.json(one.output).array?.first?["tasks"]?.array?.count == 2)
    for (arguments, message) in [
      (["--pairs", "sst2+tone"], "did you mean tones?"), (["--pairs", "sst2"], "expected 2 datasets"),
      (["--set", "l=0:1"], "expected NAME=VALUES"), (["--set", "k=1"], "k is no number of"),
      (["-e", "origin + l*b"], "over the tasks a, b, c"), (["--keep", "2"], "--keep: expected numbers"),
      (["--keep", "0.1", "-e", "a"], "about combinations"), (["--only", "dataset=sst"], "did you mean \"sst2\"?"),
      (["--only", "dataset=sst2"], "has no 2 complete runs"),
    ] {
      let wrong = try workspace.run(arguments: ["adapter", "grid", "trained"] + arguments)
      #expect(wrong.status == 2 && wrong.diagnostics.contains(message), "\(wrong.diagnostics)")
    }
  }
}
