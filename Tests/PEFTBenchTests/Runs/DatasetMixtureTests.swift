import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Datasets together") struct DatasetMixtureTests {
  /// A folder with two datasets of 12 and 5 rows, and a config that has them together.
  private static func withConfig<Result>(
    _ methods: String, sampling: String = "proportional", fraction: Double = 0, _ body: (String) throws -> Result
  ) throws -> Result {
    func rows(_ range: Range<Int>, _ words: [String]) -> String {
      range.map { #"{"text": "film \#($0)", "tone": "\#(words[$0 % words.count])"}"# }.joined(separator: "\n")
    }
    func dataset(_ name: String, _ labels: [String]) -> String {
      #"{"name": "\#(name)", "prompt": "{text}?", "answer": "tone", "labels": \#(labels), "#
        + #""files": {"train": "\#(name)-train.jsonl", "validation": "\#(name)-dev.jsonl"}}"#
    }
    let (tones, plots) = (["bad", "good"], ["dull", "fine", "odd"])
    let config = """
      {"name": "tiny", "model": "\(GoldenFixture("gguf_models").url("llama-q8_0.gguf").path)",
       "data": {"suite": "own", "datasets": [{"name": "both", "sampling": "\(sampling)",
         "together": [\(dataset("tones", tones)), \(dataset("plots", plots))]}, \(dataset("tones", tones))]},
       "methods": \(methods), "seeds": [1],
       "training": {"epochs": 2, "batch_size": 4, "learning_rate": 0.03, "validation_fraction": \(fraction)},
       "evaluation": {"max_new_tokens": 20, "batch_size": 2, "zero_shot": false}}
      """
    return try TaskRows.withFolder(
      [
        "tones-train.jsonl": rows(0..<12, tones), "tones-dev.jsonl": rows(20..<26, tones),
        "plots-train.jsonl": rows(0..<5, plots), "plots-dev.jsonl": rows(30..<33, plots), "c.json": config,
      ], body)
  }

  private static func configuration(_ root: String, _ settings: [String] = []) throws -> RunConfiguration {
    try RunConfiguration(ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
  }

  private static func run(
    _ root: String, into output: String, _ settings: [String] = [], only: String = "both", threads: Int = 1,
    stop: @escaping @Sendable (RunEvent, CancellationFlag) -> Void = { _, _ in }
  ) throws -> [RunRecord] {
    let configuration = try configuration(root, settings)
    let flag = CancellationFlag()
    let selection = configuration.selection(
      datasets: try configuration.data.descriptions(from: configuration.file),
      only: RunFilter([("dataset", only)]))
    let sweep = try Sweep(
      configuration, selection, results: ResultsFolder(path: "\(root)/\(output)"),
      context: ComputeContext(threads: threads), cancellation: flag, watch: { stop($0, flag) })
    return try sweep.run(Sweep.Choice()).records
  }

  private static func lines(_ root: String, _ output: String, _ record: RunRecord, _ name: String) throws -> [String] {
    let path = "\(root)/\(output)/runs/\(record.id)/\(name)"
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  private static func data(_ root: String, _ settings: [String] = []) throws -> PreparedDataset {
    let configuration = try configuration(root, settings)
    let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
    let runs = configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs
    return try assembly.data(of: try #require(runs.first))
  }

  @Test("A run trains on all rows, answers each dataset, and scores both together and each") func run() throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2}, {"name": "lora", "rank": 2}]"#) { root in
      let records = try Self.run(root, into: "out")
      #expect(records.map(\.method.name) == ["mpt", "lora"])
      for record in records {
        #expect(record.dataset == "both" && record.suite == "own")
        #expect(record.data?.trainingRows == 17 && record.data?.evaluationRows == 9)
        #expect(record.costs.steps == 10)
        #expect(record.scores.primary.name == "accuracy" && record.scores.count == 9)
        let all = try Self.lines(root, "out", record, "predictions.jsonl")
        var right = 0.0
        for (name, rows) in [("tones", 0..<6), ("plots", 6..<9)] {
          let set = try #require(record.sets.all.first { $0.name == name }?.set)
          #expect(set.rows == rows.count)
          right += set.scores.primary.value * Double(rows.count)
          let own = try Self.lines(root, "out", record, "predictions-\(name).jsonl")
          func answers(_ lines: some Sequence<String>) throws -> [String?] {
            try lines.map { try JSONParser.parse(DocumentText(name: "", bytes: Array($0.utf8)))["predict"]?.string }
          }
          #expect(try answers(own) == answers(all[rows]))
        }
        #expect(abs(record.scores.primary.value * 9 - right) < 1e-9)
        // Each dataset's own most frequent answer: 3 of 6 rows and 1 of 3; and guessing among two and three labels.
        let summary = record.scores.summary
        #expect(abs((summary.majority?.value ?? 0) - 4.0 / 9) < 1e-9 && summary.majority?.answer == "bad / dull")
        #expect(abs((summary.chance ?? 0) - (6.0 / 2 + 3.0 / 3) / 9) < 1e-9)
        let together = try #require(record.data?.together)
        #expect(together.string("sampling") == "proportional")
        #expect(try RunRecord(reading: record.json, at: "").json == record.json)
      }
      let adapter = try AdapterFile.open("\(root)/out/runs/\(records[0].id)/adapter")
      #expect(adapter.settings.number("num_tasks") == 2)
    }
  }

  @Test("It does not depend on the threads, and goes on to the same bytes when it was stopped", arguments: [5, -4, -7])
  func resuming(place: Int) throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2, "checkpoint_steps": 3}]"#, sampling: "balanced", fraction: 0.2)
    {
      root in
      let expected = try #require(try Self.run(root, into: "out", threads: 2).first)
      #expect(throws: Interruption.self) {
        _ = try Self.run(root, into: "again") { event, flag in
          switch event {
          case .step(_, let done, _, _, _) where done == place: flag.cancel()
          case .answered(_, let done, _) where done >= -place && place < 0: flag.cancel()
          default: break
          }
        }
      }
      let record = try #require(try Self.run(root, into: "again").first)
      for name in ["predictions.jsonl", "predictions-plots.jsonl", "adapter/adapter_model.safetensors"] {
        func bytes(_ output: String, _ id: String) throws -> Data {
          try Data(contentsOf: URL(filePath: "\(root)/\(output)/runs/\(id)/\(name)"))
        }
        #expect(try bytes("again", record.id) == bytes("out", expected.id))
      }
    }
  }

  @Test(
    "Members of an ensemble answer each dataset and vote, copies and independent ones",
    arguments: [#"{"name": "ensemble", "members": 2}"#, #"{"name": "deni", "members": 3, "variance": 4}"#])
  func members(strategy: String) throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2, "strategy": \#(strategy)}]"#) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      func members(_ name: String) throws -> [[String?]] {
        try Self.lines(root, "out", record, name).map { line in
          let value = try JSONParser.parse(DocumentText(name: "", bytes: Array(line.utf8)))
          return (value["members"]?.array ?? []).map(\.string)
        }
      }
      let all = try members("predictions.jsonl")
      #expect(all.count == 9 && all.allSatisfy { $0.count == record.strategy?.voters })
      #expect(try members("predictions-tones.jsonl") == Array(all[0..<6]))
      #expect(try members("predictions-plots.jsonl") == Array(all[6...]))
    }
  }

  @Test("Ranked, every row chooses among its own dataset's labels") func ranked() throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2}]"#) { root in
      let record = try #require(try Self.run(root, into: "out", [#"evaluation.mode="rank""#]).first)
      for (name, labels) in [("tones", ["bad", "good"]), ("plots", ["dull", "fine", "odd"])] {
        let answers = try Self.lines(root, "out", record, "predictions-\(name).jsonl").map { line in
          try JSONParser.parse(DocumentText(name: "", bytes: Array(line.utf8)))["predict"]?.string ?? ""
        }
        #expect(answers.allSatisfy(labels.contains))
        #expect(record.sets[name]?.scores.invalidRate == 0)
      }
    }
  }

  @Test("A method that tells tasks apart reads each dataset's rows with its own prompt") func ownPrompts() throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2}]"#) { root in
      let source = try #require(try Self.run(root, into: "out").first)
      let adapter = "\(root)/out/runs/\(source.id)/adapter"
      func answers(_ settings: [String], _ output: String) throws -> [String] {
        let record = try #require(
          try Self.run(
            root, into: output, ["methods.0.init_from=\(adapter)", "methods.0.steps=0"] + settings, only: "tones"
          ).first)
        return try Self.lines(root, output, record, "predictions.jsonl")
      }
      // Task 0 alone is what answered the first dataset's rows.
      let first = try answers([#"methods.0.init="exact_source_task""#], "first")
      #expect(try first == Self.lines(root, "out", source, "predictions-tones.jsonl"))
      // All tasks, judged together once more, are the adapter itself.
      let again = try #require(
        try Self.run(root, into: "whole", ["methods.0.init_from=\(adapter)", "methods.0.steps=0"]).first)
      #expect(again.scores.values == source.scores.values && again.training == nil)
      let error = #expect(throws: (any Error).self) { try answers([], "none") }
      #expect("\(error.map { "\($0)" } ?? "")".contains("average_source_tasks"))
    }
  }

  @Test("A target training starts from the source's tasks, with an id of its own for each start") func target() throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2}]"#) { root in
      let source = try #require(try Self.run(root, into: "out").first)
      var ids: Set<String> = []
      let context = ComputeContext(threads: 1)
      let path = GoldenFixture("gguf_models").url("llama-q8_0.gguf").path
      let base = LoadedBase(
        model: try ModelFiles.open(path).load(as: .auto, context: context), tokenizer: nil, context: context)
      let origins = AdapterOrigins(common: nil, base: { _ in base }, modelHash: { _ in nil })
      let shared = try AdapterFile.open("\(root)/out/runs/\(source.id)/adapter").arrays().first {
        $0.key == "prompt_embeddings"
      }
      for start in ["average_source_tasks", "exact_source_task", "only_source_shared"] {
        let record = try #require(
          try Self.run(
            root, into: start,
            ["methods.0.init_from=\(root)/out/runs/\(source.id)/adapter", "methods.0.init=\"\(start)\""],
            only: "tones"
          ).first)
        ids.insert(record.id)
        let adapter = try AdapterFile.open("\(root)/\(start)/runs/\(record.id)/adapter")
        #expect(adapter.settings.number("num_tasks") == 1)
        // What it started from can be made again.
        let origin = try origins.values(of: adapter)
        func shapes(_ arrays: [AdapterArray]) -> [String: [Int]] {
          Dictionary(uniqueKeysWithValues: arrays.map { ($0.key, $0.shape) })
        }
        #expect(try shapes(origin) == shapes(adapter.arrays()))
        #expect(origin.first { $0.key == "prompt_embeddings" }?.values == shared?.values && shared != nil)
      }
      #expect(ids.count == 3)
    }
  }

  @Test("Balanced, every dataset comes as often as the largest, and held-back rows not at all") func balanced() throws {
    let lora = #"[{"name": "lora", "rank": 2}]"#
    try Self.withConfig(lora, sampling: "balanced", fraction: 0.3) { root in
      let data = try Self.data(root)
      let configuration = try Self.configuration(root)
      let rows = TrainingRows(data)
      #expect(
        data.notes.first
          == "both has rows to train on and to score of tones 12 and 6, plots 5 and 3; sampling is balanced")
      for seed in 1...3 {
        let (training, validation) = data.parts(configuration.training, TrainingSeeds(SeedStream(seed)))
        #expect(validation.count == 5)
        let counts = (0..<2).map { task in training.count { $0.task == task } }
        #expect(counts[0] == counts[1])
        let counted = rows.counts(configuration.training, TrainingSeeds(SeedStream(seed)))
        #expect(counted.epoch == training.count && counted.heldBack == 5)
        #expect(training.allSatisfy { !validation.contains($0) })
        let plots = training.filter { $0.task == 1 }
        let each = plots.map { row in plots.count { $0 == row } }
        #expect((each.max() ?? 0) - (each.min() ?? 0) <= 1)
        let again = data.parts(configuration.training, TrainingSeeds(SeedStream(seed))).training
        #expect(again == training)
      }
    }
    try Self.withConfig(lora) { root in
      let data = try Self.data(root)
      let training = data.parts(nil, TrainingSeeds(SeedStream(1))).training
      #expect(training.map(\.task) == Array(repeating: 0, count: 12) + Array(repeating: 1, count: 5))
    }
  }

  @Test("Members, their order and the sampling are part of the id; reworded rows keep their task") func identity()
    throws
  {
    func ids(_ sampling: String, _ settings: [String] = []) throws -> [String] {
      try Self.withConfig(#"[{"name": "mpt", "tokens": 2}]"#, sampling: sampling) { root in
        let configuration = try Self.configuration(root, settings)
        let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
        let datasets = try configuration.data.descriptions(from: configuration.file)
        return try configuration.selection(datasets: datasets).runs.map {
          try #require(try assembly.identity(of: $0)).id
        }
      }
    }
    let plain = try ids("proportional")
    #expect(try ids("proportional") == plain && ids("balanced")[0] != plain[0] && ids("balanced")[1] == plain[1])
    #expect(try ids("proportional", [#"data.datasets.0.together.1.labels=["fine", "dull", "odd"]"#])[0] != plain[0])
    #expect(try ids("proportional", [#"data.datasets.0.name="all""#])[0] != plain[0])
    try Self.withConfig(#"[{"name": "lora", "rank": 2, "strategy": "augmentation"}]"#) { root in
      let data = try Self.data(root)
      #expect(Set(data.augmented.rendered.map(\.task)) == [0, 1])
      let sources = data.augmented.sources.compactMap(\.self)
      #expect(zip(sources, data.augmented.rendered).allSatisfy { data.training[$0].task == $1.task })
    }
  }

  @Test(
    "A description that makes no sense is refused at its place",
    arguments: [
      (#"[{"name": "m", "together": ["sst2"]}]"#, "two datasets or more, found 1"),
      (#"[{"name": "m", "together": ["sst2", "sst2"]}]"#, "sst2 is there twice"),
      (#"[{"name": "m", "together": ["sst2", "gsm8k"]}]"#, "gsm8k has answers of free text"),
      (#"[{"name": "m", "together": ["sst2", "mnlli"]}]"#, "did you mean \"mnli\"?"),
      (#"[{"name": "rte", "together": ["sst2", "mnli"]}]"#, "no name of the catalogue"),
      (#"[{"name": "m", "together": ["sst2", "mnli"], "sampling": "even"}]"#, "proportional, balanced"),
      (#"[{"name": "m", "together": ["sst2", {"name": "n", "together": ["rte", "cb"]}]}]"#, "name or description"),
      (#"[{"name": "m", "together": ["sst2", "mnli"], "labels": ["a"]}]"#, "labels"),
    ])
  func refused(datasets: String, hint: String) throws {
    let text = #"{"model": "m", "data": {"datasets": \#(datasets)}, "methods": ["lora"]}"#
    let configuration = try RunConfiguration(ConfigFile.read(DocumentText(name: "c.json", bytes: Array(text.utf8))))
    let error = #expect(throws: DocumentError.self) {
      _ = try configuration.data.descriptions(from: configuration.file)
    }
    let message = error?.description ?? ""
    #expect(message.contains(hint) && message.contains("c.json:1:"), "\(message)")
  }

  @Test("Another number of tasks than there are datasets is refused") func wrongCount() throws {
    try Self.withConfig(#"[{"name": "mpt", "tokens": 2, "tasks": 3}]"#) { root in
      let error = #expect(throws: (any Error).self) { try Self.run(root, into: "out") }
      #expect("\(error.map { "\($0)" } ?? "")".contains("has 3 tasks, but both has 2"))
    }
  }

  @Test("The mini suite's datasets can be together, and the sets of the plan are counted once") func plan() throws {
    let text = """
      {"model": "m", "data": {"suite": "mini", "datasets": [{"name": "m", "together": ["glue", "boolq"]}]}, "methods": ["lora"]}
      """
    let configuration = try RunConfiguration(ConfigFile.read(DocumentText(name: "c.json", bytes: Array(text.utf8))))
    let error = #expect(throws: DocumentError.self) {
      _ = try configuration.data.descriptions(from: configuration.file)
    }
    // STS-B has numbers.
    #expect(error?.description.contains("stsb has answers of free text") == true)
  }
}
