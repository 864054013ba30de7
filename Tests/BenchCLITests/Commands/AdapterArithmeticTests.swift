import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Runs from common origins, and what the commands make of their adapters.
@Suite("adapter combine, similarity, compress and convert") struct AdapterArithmeticTests {
  /// Two tasks from one origin, by a seed of its own, and the folders of their adapters.
  private static func trained(_ workspace: Workspace, method: String) throws -> (a: String, b: String) {
    try workspace.write(
      Workspace.configuration(methods: "[\(method)]", training: #", "init_seed": 5"#), to: "train.json")
    let result = try workspace.run("run", "train.json", "-o", "trained")
    #expect(result.status == 0, "\(result.diagnostics)")
    let records = try workspace.records("trained")
    func folder(_ dataset: String) throws -> String {
      let record = try #require(records["\(dataset)/prompt-tuning"])
      #expect(record["method"]?["options"]?["init_seed"]?.integer == 5)
      return "trained/runs/\(record["id"]?.string ?? "")/adapter"
    }
    return (try folder("sst2"), try folder("tones"))
  }

  private func values(_ workspace: Workspace, _ folder: String) throws -> Data {
    try #require(FileManager.default.contents(atPath: workspace.path("\(folder)/adapter_model.safetensors")))
  }

  @Test("Origin and vector are the run's adapter bit for bit, in a folder and in a config")
  func taskVectors() throws {
    let workspace = try Workspace()
    let (a, b) = try Self.trained(workspace, method: #"{"name": "prompt-tuning", "tokens": 3, "learning_rate": 0.1}"#)
    let origin = try workspace.json(file: "\(a)/peft_bench_origin.json")
    #expect(origin["method"]?.string == "prompt-tuning" && origin["seed"]?.integer == 5)
    for (expression, folder, equal) in [
      ("origin + a", "sum-1", a), ("origin + (a + b) - a", "sum-2", b), ("origin + 0.3*a + 0.7*a", "sum-3", a),
    ] {
      let result = try workspace.run(
        "adapter", "combine", expression, "--adapter", "a=\(a)", "--adapter", "b=\(b)", "--to", folder)
      #expect(result.status == 0, "\(result.diagnostics)")
      #expect(try values(workspace, folder) == values(workspace, equal))
    }
    // Judged as it is in a config, the sum answers as the adapter.
    let combined = #"{"combine": "origin + s*b + 0*a", "adapters": {"a": "\#(a)", "b": "\#(b)"}, "values": {"s": 1}}"#
    let methods = """
      [{"name": "prompt-tuning", "init_from": \(combined), "steps": 0, "label": "sum"},
       {"name": "prompt-tuning", "init_from": "\(b)", "steps": 0, "label": "saved"}]
      """
    try workspace.write(Workspace.configuration(methods: methods, datasets: "[\"sst2\"]"), to: "judge.json")
    let judged = try workspace.run("run", "judge.json", "-o", "judged")
    #expect(judged.status == 0, "\(judged.diagnostics)")
    let results = try workspace.results("judged").filter { $0.key.hasPrefix("runs/") }
    let adapters = results.filter { $0.key.hasSuffix("adapter_model.safetensors") }
    #expect(adapters.count == 2 && Set(adapters.values).count == 1)
    let predictions = adapters.keys.map { key in
      results[key.replacing("adapter/adapter_model.safetensors", with: "predictions.jsonl")]
    }
    #expect(predictions[0] != nil && Set(predictions).count == 1)

    let similar = try workspace.run(
      "adapter", "similarity", "a=\(a)", "b=\(b)", "--vectors", "--json", "--figure", "cosines.svg")
    for name in ["cosines", "cosines-token-mean"] {
      let svg = try String(contentsOfFile: workspace.path("\(name).svg"), encoding: .utf8)
      #expect(svg.hasPrefix("<svg xmlns=") && svg.contains(">1.00</text>"))
      let csv = try String(contentsOfFile: workspace.path("\(name).csv"), encoding: .utf8)
      #expect(csv.hasPrefix("adapter,a,b\r\na,1"))
    }
    let json = try Workspace.json(similar.output)
    #expect(json["flattened"]?.array?[0].array?[0].number.map { abs($0 - 1) < 1e-9 } == true)
    #expect(json["token_mean"]?.array?.count == 2 && json["vectors"]?.bool == true)
  }

  @Test(
    "A recipe's mistakes are said with their places",
    arguments: [
      (["a + c"], "\"c\" is not one of the adapters (a), did you mean a?, at character 5"),
      (["a", "--convention", "delt"], "--convention"),
      (["a", "--convention", "hf", "--type", "tie"], "did you mean ties?"),
      (["a", "--convention", "hf", "--type", "ties"], "density"), (["a", "--rank", "3"], "decomposes nothing"),
      (["origin + a", "--convention", "delta"], "have no origin"),
      (["origin + a"], "does not say what it started from"),
      (["l*a", "--set", "l=1", "--set", "lamda=2"], "--set: \"lamda\" is neither a name in l*a nor one of gamma"),
      (["a", "--set", "gama=1"], "did you mean gamma?"), (["lambda*a", "--set", "lamda=1"], "did you mean lambda?"),
      (["a", "--convention", "hf", "--set", "svd_clamp=0.9"], "takes a single adapter as it is"),
      (["a + a", "--convention", "hf"], "names a more than once"),
      (["1e300*a", "--convention", "delta"], "too large for 32-bit numbers"),
    ])
  func mistakes(arguments: [String], message: String) throws {
    let workspace = try Workspace()
    let adapter = GoldenFixture("methods/lora-llama").folder.path
    let result = try workspace.run(
      arguments: ["adapter", "combine"] + arguments + ["--adapter", "a=\(adapter)", "--to", "x"])
    #expect(result.status == 2 && result.diagnostics.contains(message), "\(result.diagnostics)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("x")))
  }

  @Test("A LoRA whose updates depend on the base model takes it, and one that no factors tell is refused without")
  func basedUpdates() throws {
    let workspace = try Workspace()
    let adapter = GoldenFixture("methods/lora-dora-llama").folder.path
    let arguments = ["adapter", "combine", "0.5*a", "--adapter", "a=\(adapter)", "--convention", "delta"]
    let result = try workspace.run(
      arguments: arguments + [
        "--type", "svd", "--rank", "64", "-m", GoldenFixture("models/llama").folder.path, "--to", "x", "--json",
      ])
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try #require(Workspace.json(result.output)["relative_error"]?.number) < 1e-5)
    let refused = try workspace.run(arguments: arguments + ["--to", "y"])
    #expect(refused.status == 2 && refused.diagnostics.contains("has the lengths of DoRA"), "\(refused.diagnostics)")
  }

  @Test("A vector in a file gives the adapter back with its origin, and is no adapter by itself")
  func vectors() throws {
    let workspace = try Workspace()
    let (base, adapter) = (GoldenFixture("models/llama").folder.path, GoldenFixture("methods/ia3-llama").folder.path)
    let made = try workspace.run("adapter", "combine", "a", "--adapter", "a=\(adapter)", "--to", "vector")
    #expect(made.status == 0 && made.output.contains("a vector changes no weight"), "\(made)")
    let again = try workspace.run(
      "adapter", "combine", "origin(a) + v", "--adapter", "a=\(adapter)", "--adapter", "v=vector", "--to", "again")
    #expect(again.status == 0, "\(again.diagnostics)")
    let line = #"{"ids": [5, 17, 80, 3], "from": 1}"# + "\n"
    func scores(_ folder: String) throws -> [Double] {
      let result = try workspace.run("score", "--model", base, "--adapter", folder, input: line)
      return try #require(Workspace.json(result.output)["token_logprobs"]?.array).compactMap(\.number)
    }
    #expect(zip(try scores("again"), try scores(adapter)).allSatisfy { abs($0 - $1) < 1e-4 })
    let commands = [
      ["score", "--model", base, "--adapter", "vector"],
      ["adapter", "merge", "-m", base, "--adapter", "vector", "--to", "merged"],
      ["adapter", "convert", "vector", "-m", base, "--to", "converted"],
    ]
    for command in commands {
      let refused = try workspace.run(arguments: command, input: line)
      #expect(refused.status == 2 && refused.diagnostics.contains("is a vector, not an adapter"), "\(refused)")
    }
    #expect(try workspace.run("adapter", "info", "vector").output.contains("a vector, no adapter"))
  }

  @Test("Task vectors of any method that can be merged are measured with the base model, and others say why not")
  func measuredVectors() throws {
    let workspace = try Workspace()
    let base = GoldenFixture("models/llama").folder.path
    func combine(_ method: String, to folder: String, _ more: String...) throws -> SpawnedProgram.Result {
      try workspace.run(
        arguments: [
          "adapter", "combine", "origin + 0.5*a", "--adapter", "a=\(GoldenFixture("methods/\(method)").folder.path)",
          "--origin", "neutral", "--to", folder,
        ] + more)
    }
    let scales = try combine("ia3-llama", to: "scales", "-m", base)
    #expect(scales.status == 0 && scales.output.contains("all maps"), "\(scales)")
    #expect(scales.output.contains("note: updates are differences of merged weights"), "\(scales.output)")
    let json = try Workspace.json(combine("beft-llama", to: "biases", "-m", base, "--json").output)
    #expect(try #require(json["relative_error"]?.number) < 1e-6)
    #expect(json["unmeasured"]?.string == nil && json["maps"]?.array?.isEmpty == false)
    let without = try combine("ia3-llama", to: "without")
    #expect(without.status == 0, "\(without)")
    #expect(without.output.contains("is not known: the updates of ia3 are read off"), "\(without.output)")
    let prompts = try Workspace.json(combine("prompt-tuning-llama", to: "prompts", "-m", base, "--json").output)
    #expect(prompts["relative_error"]?.number == nil)
    #expect(prompts["unmeasured"]?.string?.contains("virtual tokens and prefixes cannot be merged") == true)
    let missing = try combine("ia3-llama", to: "missing", "-m", "nowhere")
    #expect(missing.status == 2 && !FileManager.default.fileExists(atPath: workspace.path("missing")))
  }

  @Test("The deviation from the exact sum is always printed")
  func deviation() throws {
    let workspace = try Workspace()
    let adapter = GoldenFixture("methods/lora-llama").folder.path
    let other = GoldenFixture("combinations/a").folder.path
    let result = try workspace.run(
      "adapter", "combine", "0.5*a + 0.5*b", "--adapter", "a=\(adapter)", "--adapter", "b=\(other)", "--convention",
      "hf", "--type", "linear", "--to", "linear")
    #expect(result.status == 0 && result.output.contains("all maps"), "\(result.diagnostics)")
    let exact = try Workspace.json(
      workspace.run(
        "adapter", "combine", "0.5*a + 0.5*b", "--adapter", "a=\(adapter)", "--adapter", "b=\(other)", "--convention",
        "delta", "--to", "exact", "--json"
      ).output)
    #expect(try #require(exact["relative_error"]?.number) < 1e-6)
    let base = GoldenFixture("models/llama").folder.path
    #expect(try workspace.run("adapter", "info", "exact", "--model", base).status == 0)
  }

  @Test("A compressed adapter scores like its values, and plain files come back")
  func compress() throws {
    let workspace = try Workspace()
    let adapter = GoldenFixture("methods/ia3-llama").folder.path
    let base = GoldenFixture("models/llama").folder.path
    func score(_ folder: String) throws -> String {
      try workspace.run(
        "score", "--model", base, "--adapter", folder, input: #"{"ids": [5, 17, 80, 3], "from": 1}"# + "\n"
      ).output
    }
    let report = try Workspace.json(
      workspace.run("adapter", "compress", adapter, "--to", "small", "--keep", "0.3", "--alpha", "2", "--json").output)
    #expect(report["kept"]?.integer.map { $0 > 0 } == true)
    let bytes = try #require(FileManager.default.contents(atPath: workspace.path("small/adapter_model.compressed")))
    #expect(report["bytes"]?.integer == bytes.count)
    #expect(try workspace.run("adapter", "compress", "small", "--to", "plain", "--codec", "float32").status == 0)
    #expect(try score("small") == score("plain"))
    #expect(try score("small") != score(adapter))
    #expect(try workspace.run("adapter", "compress", adapter, "--to", "same", "--alpha", "none").status == 0)
    #expect(try score("same") == score(adapter))
    for (arguments, message) in [
      (["--codec", "int8", "--keep", "0.5"], "keeps all values"), (["--alpha", "men"], "did you mean mean?"),
      (["--codec", "golom"], "did you mean golomb?"),
    ] {
      let wrong = try workspace.run(arguments: ["adapter", "compress", adapter, "--to", "y"] + arguments)
      #expect(wrong.status == 2 && wrong.diagnostics.contains(message), "\(wrong.diagnostics)")
    }
    let norms = GoldenFixture("methods/ln-tuning-llama").folder.path
    let refused = try workspace.run("adapter", "compress", norms, "--to", "y", "--keep", "0.5")
    #expect(refused.status == 2 && refused.diagnostics.contains("the norms' own weights"), "\(refused.diagnostics)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("y")))
  }

  @Test("Sizes are compared on what is trained, which what is not stands beside")
  func trainedSizes() throws {
    let workspace = try Workspace()
    let adapter = GoldenFixture("methods/svft-llama").folder.path
    for codec in ["golomb", "float32"] {
      let report = try Workspace.json(
        workspace.run("adapter", "compress", adapter, "--to", codec, "--codec", codec, "--json").output)
      let (bytes, trained) = (try #require(report["bytes"]?.number), try #require(report["trained_bytes"]?.number))
      let count = try #require(report["parameters"]?.number)
      #expect(trained < bytes)
      #expect(abs(try #require(report["ratio_to_float16"]?.number) - 2 * count / trained) < 1e-6)
    }
  }

  @Test("Adapters without names are called by their folders, and two of one name are refused")
  func similarityNames() throws {
    let workspace = try Workspace()
    let adapter = GoldenFixture("methods/ia3-llama").folder.path
    for folder in ["one/adapter", "two", "more/two"] {
      try FileManager.default.createDirectory(
        atPath: workspace.path((folder as NSString).deletingLastPathComponent), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: adapter, toPath: workspace.path(folder))
    }
    let named = try Workspace.json(
      workspace.run("adapter", "similarity", "one/adapter", "two", "x=more/two", "--json").output)
    #expect(named["adapters"]?.array?.compactMap(\.string) == ["one", "two", "x"])
    let twice = try workspace.run("adapter", "similarity", "two", "more/two")
    #expect(twice.status == 2 && twice.diagnostics.contains("two adapters are called two"), "\(twice.diagnostics)")
  }

  @Test(
    "What can be merged becomes a LoRA that scores the same, also if its file holds positions or blocks",
    arguments: ["ia3-llama", "shira-llama", "lora-blocks-llama"])
  func convert(method: String) throws {
    let workspace = try Workspace()
    let base = GoldenFixture("models/llama").folder.path
    let adapter = GoldenFixture("methods/\(method)").folder.path
    let json = try Workspace.json(
      workspace.run("adapter", "convert", adapter, "--to", "as-lora", "--energy", "1", "-m", base, "--json").output)
    #expect(try #require(json["relative_error"]?.number) < 1e-5)
    func scores(_ folder: String) throws -> [Double] {
      let result = try workspace.run(
        "score", "--model", base, "--adapter", folder, input: #"{"ids": [5, 17, 80, 3], "from": 1}"# + "\n")
      return try #require(Workspace.json(result.output)["token_logprobs"]?.array).compactMap(\.number)
    }
    #expect(zip(try scores("as-lora"), try scores(adapter)).allSatisfy { abs($0 - $1) < 1e-4 })
    let named = try workspace.run("adapter", "convert", adapter, "--to", "lora", "-m", base)
    #expect(named.status == 2 && named.diagnostics.contains("did you mean --as lora --to DIR?"), "\(named.diagnostics)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("lora")))
    let prompt = GoldenFixture("methods/prompt-tuning-llama").folder.path
    let refused = try workspace.run("adapter", "convert", prompt, "--to", "z", "-m", base)
    #expect(refused.status == 2 && refused.diagnostics.contains("virtual tokens"), "\(refused.diagnostics)")
  }

  @Test("With a config the adapter and its conversion are scored on its evaluation rows, as a run scores them")
  func convertedScores() throws {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(methods: #"[{"name": "ia3", "learning_rate": 0.5}]"#, datasets: "[\"sst2\"]"),
      to: "train.json")
    let run = try workspace.run("run", "train.json", "-o", "trained")
    #expect(run.status == 0, "\(run.diagnostics)")
    let record = try #require(try workspace.records("trained")["sst2/ia3"])
    let adapter = "trained/runs/\(record["id"]?.string ?? "")/adapter"
    let result = try workspace.run(
      "adapter", "convert", adapter, "--to", "as-lora", "--energy", "1", "--config", "train.json", "--json")
    #expect(result.status == 0, "\(result.diagnostics)")
    let json = try Workspace.json(result.output)
    let scores = try #require(json["scores"]?.array?.first)
    #expect(json["scores"]?.array?.count == 1 && scores["dataset"]?.string == "sst2" && scores["rows"]?.integer == 9)
    #expect(scores["before"]?.number == record["scores"]?["primary"]?["value"]?.number)
    #expect(scores["after"]?.number == scores["before"]?.number)
    let text = try workspace.run("adapter", "convert", adapter, "--to", "again", "--config", "train.json")
    #expect(text.output.contains("before") && text.output.contains("all maps"), "\(text.output)")
    let both = try workspace.run(
      "adapter", "convert", adapter, "--to", "x", "--config", "train.json", "-m", Workspace.model)
    #expect(both.status == 2 && both.diagnostics.contains("leave out --model"), "\(both.diagnostics)")
    let missing = try workspace.run("adapter", "convert", adapter, "--to", "x", "--config", "no.json")
    #expect(missing.status == 2 && !FileManager.default.fileExists(atPath: workspace.path("x")))
  }
}
