import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Which rows a run uses") struct RowChoiceTests {
  /// A workspace whose own dataset `tickets` is sorted by its label: 30 rows of billing, then 10 of network.
  private static func sorted() throws -> Workspace {
    let workspace = try Workspace()
    let rows = (0..<40).map { #"{"text": "a film \#($0)", "team": "\#($0 < 30 ? "billing" : "network")"}"# + "\n" }
    try workspace.write(rows.joined(), to: "tickets/train.jsonl")
    try workspace.write(rows.joined(), to: "tickets/dev.jsonl")
    let tickets = """
      {"name": "tickets", "files": {"train": "tickets/train.jsonl", "validation": "tickets/dev.jsonl"},
       "prompt": "{text}?", "answer": "team", "labels": ["billing", "network"]}
      """
    try workspace.write(
      Workspace.configuration(
        methods: #"[{"name": "lora", "rank": 2}]"#, datasets: "[\(tickets)]", training: #", "steps": 2"#,
        more: #", "seeds": [1, 2]"#), to: "config.json")
    return workspace
  }

  @Test("A limit draws each class's share of a sorted file, the same rows for every seed, and the record says so")
  func sampled() throws {
    let workspace = try Self.sorted()
    let run = try workspace.run("run", "config.json", "-o", "out", "--limit", "8")
    #expect(run.status == 0, "\(run.diagnostics)")
    // The table and the plan name own data, not the suite that the config names.
    #expect(run.output.contains("· own data · scores in percent") && !run.output.contains("full suite"))
    #expect(run.diagnostics.contains("note: validation of tickets has 8 rows, so one row more or less moves"))
    let records = try workspace.records("out")
    #expect(records.count == 2)
    for record in records.values {
      let data = try #require(record["data"])
      #expect(record["suite"]?.string == "own" && data["sample"]?.string == "sample")
      #expect(data["train_classes"]?.keys == ["billing", "network"])
      #expect(data["train_classes"]?["billing"]?.integer == 6 && data["train_classes"]?["network"]?.integer == 2)
      #expect(data["eval_classes"]?["billing"]?.integer == 6 && data["eval_classes"]?["network"]?.integer == 2)
      let notes = try #require(data["notes"]?.array).compactMap(\.string)
      #expect(notes.count == 3 && notes.contains { $0.contains("8 of 8 evaluation rows are also training rows") })
    }
    let ids = try FileManager.default.contentsOfDirectory(atPath: workspace.path("out/runs"))
    let prompts = try ids.map { id in
      try workspace.lines(file: "out/runs/\(id)/predictions.jsonl").compactMap { $0["prompt"]?.string }
    }
    #expect(prompts.count == 3 && Set(prompts).count == 1)
    let report = try workspace.run("report", "out")
    #expect(report.output.contains("validation of tickets has 8 rows") && report.output.contains("· own data ·"))
    let other = try workspace.run("plan", "config.json", "--limit", "8", "--set", "data.sample_seed=5", "--json")
    let same = try workspace.run("plan", "config.json", "-o", "out", "--limit", "8", "--json")
    #expect(try Workspace.json(same.output).array?.allSatisfy { $0["complete"]?.bool == true } == true)
    let known = Set(ids)
    #expect(try Workspace.json(other.output).array?.allSatisfy { !known.contains($0["id"]?.string ?? "") } == true)
  }

  @Test("A limit of a quick look holds for a strategy that takes all training rows, that of the data does not")
  func allData() throws {
    let workspace = try Self.sorted()
    func trainingRows(_ options: String...) throws -> [Int?] {
      let plan = try workspace.run(
        arguments: ["plan", "config.json", "--json", "--only", "method=lora", "--set", "training.strategy=all-data"]
          + options)
      #expect(plan.status == 0, "\(plan.diagnostics)")
      return try #require(Workspace.json(plan.output).array).map { $0["train_rows"]?.integer }
    }
    #expect(try trainingRows("--limit", "8") == [8, 8])
    #expect(try trainingRows("--set", "data.train_limit=8") == [40, 40])
  }

  @Test("The first rows of a sorted file are one class, which plan, run, record and report say")
  func oneClass() throws {
    let workspace = try Self.sorted()
    let options = ["--limit", "8", "--set", "data.limit=first", "--only", "seed=1"]
    let said = "validation of tickets has 1 class (billing): giving that answer to every row is always right"
    let plan = try workspace.run(arguments: ["plan", "config.json"] + options)
    #expect(plan.diagnostics.contains("note: \(said)"), "\(plan.diagnostics)")
    #expect(plan.output.contains("tickets  train  billing 8, network 0"), "\(plan.output)")
    #expect(plan.output.contains("own data, 2 runs, 2 to do"))
    let run = try workspace.run(arguments: ["run", "config.json", "-o", "out", "--only", "method=none"] + options)
    #expect(run.status == 0 && run.diagnostics.contains("note: \(said)"), "\(run.diagnostics)")
    let record = try #require(try workspace.records("out").values.first)
    #expect(record["data"]?["sample"]?.string == "first")
    #expect(record["data"]?["notes"]?.array?.compactMap(\.string).contains(said) == true)
    #expect(try workspace.run("report", "out", "--format", "markdown").output.contains(said))
    #expect(try workspace.run("report", "out", "--format", "json").output.contains(said))
  }

  @Test("Rows of which the most tokens of an example leave nothing are said, and cut ones that keep something are not")
  func withoutRoom() throws {
    let workspace = try Self.sorted()
    func notes(_ cutoff: Int) throws -> String {
      let plan = try workspace.run("plan", "config.json", "--limit", "8", "--set", "training.cutoff_tokens=\(cutoff)")
      #expect(plan.status == 0, "\(plan)")
      return plan.diagnostics
    }
    let small = try notes(12)
    #expect(small.contains("note: train of tickets: 8 of 8 rows do not fit into 12 tokens"), "\(small)")
    #expect(small.contains("nothing is left of their texts, and their answers are cut too"))
    #expect(small.contains("note: validation of tickets: 8 of 8 rows do not fit into 12 tokens"))
    #expect(try !notes(100).contains("do not fit into"))
    let run = try workspace.run(
      "run", "config.json", "-o", "out", "--limit", "8", "--set", "training.cutoff_tokens=12", "--only", "method=none")
    #expect(run.status == 0, "\(run.diagnostics)")
    let record = try #require(try workspace.records("out").values.first)
    let said = record["data"]?["notes"]?.array?.compactMap(\.string) ?? []
    #expect(said.contains { $0.hasPrefix("validation of tickets: 8 of 8 rows do not fit into 12 tokens") }, "\(said)")
  }

  @Test("data status shows how many rows have each label") func status() throws {
    let workspace = try Self.sorted()
    let status = try workspace.run("data", "status", "--config", "config.json")
    #expect(status.output.contains("tickets  train       billing 30, network 10"), "\(status.output)")
    let json = try Workspace.json(try workspace.run("data", "status", "--config", "config.json", "--json").output)
    #expect(json.array?.first?["evaluation_classes"]?["network"]?.integer == 10)
  }

  @Test("Own data may be named as the suite, and then has no names of the catalogue") func ownSuite() throws {
    let workspace = try Self.sorted()
    let plan = try workspace.run("plan", "config.json", "--set", "data.suite=own")
    #expect(plan.status == 0 && plan.output.contains("own data, 3 runs"), "\(plan)")
    let mixed = try workspace.run("plan", "config.json", "--set", "data.suite=own", "--set", "data.datasets=[sst2]")
    #expect(mixed.status == 2 && mixed.diagnostics.contains("\"sst2\" is of the catalogue"), "\(mixed.diagnostics)")
    let wrong = try workspace.run("plan", "config.json", "--set", "data.limit=8")
    #expect(wrong.status == 2 && wrong.diagnostics.contains("data.limit: expected one of first, sample"))
    let both = try Workspace().run("plan", "config.json")
    #expect(both.output.contains("full suite and own data, 6 runs"), "\(both)")
  }

  @Test("Rows of each class: as many of each, an error that says which class has fewer, or all that there are")
  func perClass() throws {
    let workspace = try Self.sorted()
    func plan(_ limit: String, _ more: String...) throws -> SpawnedProgram.Result {
      try workspace.run(
        arguments: ["plan", "config.json", "--only", "seed=1", "--set", "data.train_limit=\(limit)"] + more)
    }
    let four = try plan("{per_class: 4}")
    #expect(four.output.contains("tickets  train  billing 4, network 4"), "\(four)")
    let short = try plan("{per_class: 12}")
    #expect(short.status == 2)
    #expect(
      short.diagnostics.contains("tickets: train_limit asks for 12 rows of each class")
        && short.diagnostics.contains(#"only 10 of "network""#) && short.diagnostics.contains("if_fewer: all"),
      "\(short.diagnostics)")
    let all = try plan("{per_class: 12, if_fewer: all}")
    #expect(all.output.contains("billing 12, network 10"), "\(all)")
    #expect(all.diagnostics.contains(#"instead of 12 training rows of each class there are only 10 of "network""#))
    for (limit, message) in [
      ("{per_clas: 4}", "did you mean \"per_class\"?"), ("{}", "per_class: missing"), ("{per_class: 0}", "per_class"),
      ("{per_class: 4, if_fewer: some}", "expected one of error, all"),
    ] {
      let wrong = try plan(limit)
      #expect(wrong.status == 2 && wrong.diagnostics.contains(message), "\(wrong.diagnostics)")
    }
    // As a number means what it meant, and a config that is written out is read back.
    let run = try workspace.run(
      "run", "config.json", "-o", "out", "--only", "seed=1", "--set", "data.train_limit={per_class: 4}")
    #expect(run.status == 0, "\(run.diagnostics)")
    let again = try workspace.run("plan", "out/config.json", "-o", "out", "--only", "seed=1", "--json")
    #expect(try Workspace.json(again.output).array?.allSatisfy { $0["complete"]?.bool == true } == true, "\(again)")
  }

  @Test("Answers that are no classes, and rows that belong together, cannot be drawn by class") func noClasses() throws
  {
    let workspace = try Self.sorted()
    let free = """
      {"name": "free", "files": {"train": "tickets/train.jsonl", "validation": "tickets/dev.jsonl"},
       "prompt": "{text}?", "answer": "team", "metric": "final_number"}
      """
    try workspace.write(
      Workspace.configuration(
        methods: #"[{"name": "lora", "rank": 2}]"#, datasets: "[\(free)]", data: #", "train_limit": {"per_class": 2}"#),
      to: "free.json")
    let refused = try workspace.run("plan", "free.json")
    #expect(refused.status == 2 && refused.diagnostics.contains("cannot be drawn by class"), "\(refused.diagnostics)")
  }
}
