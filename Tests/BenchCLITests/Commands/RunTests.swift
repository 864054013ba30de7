import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Runs end to end") struct RunTests {
  @Test("A sweep writes what the contract lists, ends with a table, and skips what is complete") func sweep() throws {
    let workspace = try Workspace()
    let first = try workspace.run("run", "config.json", "-o", "out")
    #expect(first.status == 0, "\(first.diagnostics)")
    #expect(first.output.contains("dataset") && first.output.contains("zero-shot") && first.output.contains("PSCP"))
    #expect(first.output.split(separator: "\n").count { $0.hasPrefix("sst2 ") || $0.hasPrefix("tones ") } == 6)
    // One of the catalogue's dataset, one of the user's own.
    let leaderboards = first.output.components(separatedBy: "\nLeaderboard · ").dropFirst()
    #expect(leaderboards.compactMap { $0.split(separator: "\n").first?.hasSuffix("full suite") } == [true, false])
    for leaderboard in leaderboards {
      // After the verdict.
      let rows = leaderboard.split(separator: "\n").drop { !$0.hasPrefix("method ") }
      #expect(
        rows.count { $0.hasPrefix("lora ") || $0.hasPrefix("full ") } == 2 && rows.first?.contains("PSCP") == true)
    }
    #expect(first.diagnostics.contains("The report is in out/report.html."))
    #expect(!first.output.contains("Loading") && first.diagnostics.contains("[6/6]"))

    let configuration = try workspace.json(file: "out/config.json")
    #expect(configuration["training"]?["scheduler"]?.string == "cosine")
    let records = try workspace.records("out")
    #expect(
      records.keys.sorted() == ["sst2/full", "sst2/lora", "sst2/none", "tones/full", "tones/lora", "tones/none"])
    for (name, record) in records {
      #expect(
        Set(record.keys).isSuperset(of: [
          "schema", "id", "suite", "model", "method", "dataset", "seed", "training", "evaluation", "scores", "costs",
          "pscp", "environment", "timestamps",
        ]), "\(name)")
      let costs = Set(try #require(record["costs"]).keys)
      #expect(
        costs.isSuperset(of: [
          "trainable_parameters", "inference_flops", "added_inference_flops", "peak_tensor_bytes", "peak_rss_bytes",
          "training_seconds", "evaluation_seconds", "tokens_seen",
        ]), "\(name)")
      try expectSummary(record["scores"], of: name)
      let run = "out/runs/\(try #require(record["id"]?.string))"
      let predictions = try workspace.lines(file: run + "/predictions.jsonl")
      #expect(predictions.count == 9, "\(name)")
      let seed = name.hasSuffix("none") ? "" : "-s\(try #require(record["seed"]?.integer))"
      let link = workspace.path("out/by-name/\(name.replacing("/", with: "-"))\(seed)")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../\(run.dropFirst(4))", "\(name)")
      #expect(predictions.allSatisfy { $0.keys == ["index", "prompt", "label", "predict", "correct"] }, "\(name)")
      let history = try workspace.lines(file: run + "/history.jsonl")
      if name.hasSuffix("none") {
        #expect(history.isEmpty && record["costs"]?["tokens_seen"]?.integer == 0)
      } else {
        #expect(history[0].keys == ["step", "epoch", "loss", "learning_rate", "gradient_norm", "tokens"], "\(name)")
        #expect(history.contains { $0.keys == ["step", "epoch", "validation_loss"] }, "\(name)")
        let losses = history.compactMap { $0["loss"]?.number }
        #expect(try #require(losses.last) < losses[0], "\(name)")
      }
      let adapter = ["adapter_config.json", "adapter_model.safetensors"].map { workspace.path("\(run)/adapter/\($0)") }
      #expect(adapter.allSatisfy(FileManager.default.fileExists) == name.hasSuffix("lora"), "\(name)")

      // The record's score is what `metrics` makes of the predictions.
      let dataset = name.hasPrefix("sst2") ? "sst2" : nil
      if let dataset {
        let scored = try Workspace.json(workspace.run("metrics", dataset, run + "/predictions.jsonl", "--json").output)
        #expect(scored["value"]?.number == record["scores"]?["primary"]?["value"]?.number, "\(name)")
        #expect(scored["count"]?.integer == 9)
      }
    }

    let files = try workspace.results("out")
    let second = try workspace.run("run", "config.json", "-o", "out")
    #expect(second.status == 0 && second.output == first.output)
    #expect(second.diagnostics.contains("6 complete runs skipped"))
    #expect(try workspace.results("out") == files)

    let json = try Workspace.json(workspace.run("run", "config.json", "-o", "out", "--json", "--quiet").output)
    #expect(json.array?.count == 6)
    let plan = try Workspace.json(workspace.run("plan", "config.json", "-o", "out", "--json").output)
    #expect(plan.array?.count == 6 && plan.array?.allSatisfy { $0["complete"]?.bool == true } == true)
    #expect(plan.array?.compactMap { $0["id"]?.string } == json.array?.compactMap { $0["id"]?.string })
  }

  /// Expects majority, chance, the classes and the confusion matrix of nine rows of two labels.
  private func expectSummary(_ scores: DocumentValue?, of name: String) throws {
    let labels = name.hasPrefix("sst2") ? ["negative", "positive"] : ["bad", "good"]
    let scores = try #require(scores)
    let support = try #require(scores["per_class"]?.array).compactMap { $0["support"]?.integer }
    #expect(scores["per_class"]?.array?.compactMap { $0["label"]?.string } == labels, "\(name)")
    #expect(support.reduce(0, +) == 9 && support[1] > support[0], "\(name)")
    #expect(scores["majority"]?["answer"]?.string == labels[1], "\(name)")
    #expect(scores["majority"]?["value"]?.number == Double(support[1]) / 9, "\(name)")
    #expect(scores["chance"]?.number == 0.5 && (scores["distinct_answers"]?.integer ?? 0) > 0, "\(name)")
    let counts = try #require(scores["confusion"]?["counts"]?.array).map { $0.array?.compactMap(\.integer) ?? [] }
    let invalid = try #require(scores["confusion"]?["invalid"]?.array).compactMap(\.integer)
    #expect(zip(counts, invalid).map { $0.reduce($1, +) } == support, "\(name)")
    #expect(scores["accuracy"]?.number == Double(counts[0][0] + counts[1][1]) / 9, "\(name)")
    #expect(scores["balanced_accuracy"]?.number != nil && scores["kappa"]?.number != nil, "\(name)")
  }

  @Test("Adapters that were folded in for the evaluation are taken out again: what follows is as if alone")
  func folding() throws {
    let workspace = try Workspace()
    let text = Workspace.configuration(
      model: GoldenFixture("gguf_models").url("llama-f32.gguf").path,
      methods: #"[{"name": "lora", "rank": 4}, "ia3", "bitfit", "ln-tuning"]"#, datasets: #"["sst2"]"#,
      evaluation: #", "zero_shot": false"#)
    try workspace.write(text, to: "f32.json")
    #expect(try workspace.run("run", "f32.json", "-o", "together").status == 0)
    for method in ["lora", "ia3", "bitfit", "ln-tuning"] {
      #expect(try workspace.run("run", "f32.json", "-o", "apart", "--only", "method=\(method)").status == 0)
    }
    let together = try workspace.results("together")
    #expect(together.count == 20)
    #expect(try workspace.results("apart") == together)
    // Saved is what was trained, not what folding left on the maps.
    let id = try #require(workspace.records("together")["sst2/lora"]?["id"]?.string)
    let adapter = try SafetensorsCheckpoint.open(
      file: workspace.path("together/runs/\(id)/adapter/adapter_model.safetensors"))
    #expect(try adapter.tensors.allSatisfy { try $0.floats().contains { $0 != 0 } })
  }

  @Test("Threads, batch size, SIGKILL with a resume, and --fresh change no byte of a run") func sameBytes() throws {
    let workspace = try Workspace()
    func bytes(_ output: String, _ arguments: String...) throws -> [String: Data] {
      let given = ["run", "config.json", "-o", output] + arguments
      let quoted = given.joined(separator: " ")
      let result = try SpawnedProgram.run([], shell: "cd '\(workspace.folder.path)' && exec \"$PROGRAM\" \(quoted)")
      #expect(result.status == 0, "\(result.diagnostics)")
      return try workspace.results(output)
    }
    let expected = try bytes("one", "--threads", "1")
    #expect(expected.count == 7 * 2 + 2 * 2)
    #expect(try bytes("two", "--threads", "2") == expected)
    #expect(try bytes("three", "--threads", "3", "--set", "evaluation.batch_size=1") == expected)
    #expect(try bytes("eight", "--set", "evaluation.batch_size=8") == expected)
    #expect(try bytes("two", "--fresh") == expected)

    // Killed once a second run has begun, which is the first that trains. A program that is done before the watcher sees
    // that, as on a loaded machine, is started again.
    let killed = try SpawnedProgram.run(
      [],
      shell: """
        cd '\(workspace.folder.path)'
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
          rm -rf killed
          nice -n 19 "$PROGRAM" run config.json -o killed --threads 1 & pid=$!
          set --
          while [ $# -lt 2 ] && kill -0 $pid; do set -- killed/runs/*; done
          kill -9 $pid; wait $pid; status=$?
          [ $status -ne 137 ] || break
        done
        echo status $status
        """)
    #expect(killed.output.hasSuffix("status 137\n"), "\(killed)")
    let plan = try Workspace.json(workspace.run("plan", "config.json", "-o", "killed", "--json").output)
    #expect(plan.array?.contains { $0["complete"]?.bool == false } == true)
    #expect(try bytes("killed") == expected)
  }

  @Test("A run's numbers do not depend on what ran before it in the same process") func order() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("run", "config.json", "-o", "first").status == 0)
    let methods = #"["full", {"name": "lora", "rank": 4, "dropout": 0.1}, "none"]"#
    try workspace.write(Workspace.configuration(methods: methods), to: "last.json")
    #expect(try workspace.run("run", "last.json", "-o", "last").status == 0)
    #expect(try workspace.results("first") == workspace.results("last"))
    // The same memory too, which the pool counts apart from what was kept.
    let (first, last) = (try workspace.records("first"), try workspace.records("last"))
    for name in first.keys {
      let peak = first[name]?["costs"]?["peak_tensor_bytes"]?["total"]?.integer
      #expect(peak == last[name]?["costs"]?["peak_tensor_bytes"]?["total"]?.integer, "\(name)")
    }
  }

  @Test("Ranking answers with one of the labels") func rank() throws {
    let workspace = try Workspace()
    let result = try workspace.run("run", "config.json", "-o", "out", "--set", "evaluation.mode=rank")
    #expect(result.status == 0, "\(result.diagnostics)")
    for (name, record) in try workspace.records("out") {
      #expect(record["scores"]?["invalid_rate"]?.number == 0, "\(name)")
      let id = try #require(record["id"]?.string)
      let answers = try workspace.lines(file: "out/runs/\(id)/predictions.jsonl").compactMap { $0["predict"]?.string }
      let labels = name.hasPrefix("sst2") ? ["negative", "positive"] : ["bad", "good"]
      #expect(answers.count == 9 && Set(answers).isSubset(of: labels), "\(name)")
    }
  }

  @Test("A dataset scored by a correlation, which credits no single row, runs to its record") func correlation() throws
  {
    let workspace = try Workspace()
    for (split, count) in [("train", 12), ("validation", 5)] {
      let rows = (0..<count).map { index in
        "{\"sentence1\": \"A dog runs.\", \"sentence2\": \"A cat sits.\", \"label\": \(Double(index % 6))}\n"
      }
      try workspace.write(rows.joined(), to: "data/stsb/\(split).jsonl")
    }
    try workspace.write(Workspace.configuration(methods: "[\"lora\"]", datasets: "[\"stsb\"]"), to: "stsb.json")
    let result = try workspace.run("run", "stsb.json", "-o", "out")
    #expect(result.status == 0, "\(result.diagnostics)")
    for (_, record) in try workspace.records("out") {
      #expect(record["scores"]?["primary"]?["name"]?.string == "pearson")
      let id = try #require(record["id"]?.string)
      let lines = try workspace.lines(file: "out/runs/\(id)/predictions.jsonl")
      #expect(lines.count == 5 && lines.allSatisfy { $0["correct"] == nil })
    }
  }

  @Test("A dry run and a shard do only what they say") func parts() throws {
    let workspace = try Workspace()
    let dry = try workspace.run("run", "config.json", "-o", "dry", "--dry-run")
    #expect(dry.status == 0 && dry.output.contains("6 runs, 6 to do"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("dry")))
    #expect(try workspace.run("run", "config.json", "-o", "out", "--shard", "1/2").status == 0)
    #expect(try workspace.records("out").count == 3)
    #expect(try workspace.run("run", "config.json", "-o", "out", "--shard", "2/2").status == 0)
    #expect(try workspace.records("out").count == 6)
    let only = try workspace.run("run", "config.json", "-o", "only", "--only", "method=lora", "--only", "dataset=sst2")
    #expect(only.status == 0)
    #expect(try workspace.records("only").keys.sorted() == ["sst2/lora"])
    #expect(try workspace.results("only").allSatisfy { try workspace.results("out")[$0.key] == $0.value })
  }
}
