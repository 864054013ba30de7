import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("adapter info and adapter merge") struct AdapterCommandTests {
  private static let input = #"{"ids": [5, 17, 80, 3, 41, 9, 62], "from": 1}"# + "\n"

  /// Log-probabilities of each token under a model, perhaps with an adapter.
  private func logProbabilities(_ model: String, adapter: String? = nil) throws -> [Double] {
    let arguments = ["score", "--model", model] + (adapter.map { ["--adapter", $0] } ?? [])
    let result = try SpawnedProgram.run(arguments, input: Self.input)
    #expect(result.status == 0, "\(result.diagnostics)")
    return try #require(Workspace.json(result.output)["token_logprobs"]?.array).compactMap(\.number)
  }

  private func expectClose(_ a: [Double], _ b: [Double], within bound: Double, _ what: String) {
    #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= bound }, "\(what): \(a) and \(b)")
  }

  @Test(
    "What PEFT saved, merged into its model, scores as with the adapter beside it",
    arguments: [
      ("lora-llama", "llama"), ("lora-dora-qwen2", "qwen2"), ("lora-patterns-gpt2", "gpt2"),
      ("lora-all-linear-gpt2", "gpt2"), ("ia3-llama", "llama"), ("ia3-published-gpt2", "gpt2"),
      ("ln-tuning-qwen2", "qwen2"), ("beft-llama", "llama"), ("lora-head-qwen2", "qwen2"),
      ("lora-embedding-gpt2", "gpt2"), ("lora-saved-modules-llama", "llama"), ("lora-tokens-qwen2", "qwen2"),
      ("lora-update-bias-llama", "llama"), ("lora-biases-all-gpt2", "gpt2"), ("lora-wide-llama", "llama"),
    ])
  func merge(adapter: String, model: String) throws {
    let workspace = try Workspace()
    let folder = GoldenFixture("methods/\(adapter)").folder.path
    let base = GoldenFixture("models/\(model)").folder.path
    let merged = workspace.path("merged")
    let result = try SpawnedProgram.run(["adapter", "merge", "--model", base, "--adapter", folder, "--to", merged])
    #expect(result.status == 0 && result.diagnostics.isEmpty, "\(result.diagnostics)")
    #expect(result.output.hasPrefix("\(merged): \(model) with "))
    let attached = try logProbabilities(base, adapter: folder)
    expectClose(try logProbabilities(merged), attached, within: 1e-4, adapter)
    #expect(try logProbabilities(base) != attached)
  }

  @Test("Merging into a GGUF model makes a directory with description and tokenizer, in the type that is asked for")
  func mergeGGUF() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("run", "config.json", "-o", "out", "--only", "method=lora").status == 0)
    let id = try #require(workspace.records("out")["sst2/lora"]?["id"]?.string)
    let adapter = workspace.path("out/runs/\(id)/adapter")
    let attached = try logProbabilities(Workspace.model, adapter: adapter)
    for (type, bound) in [(nil, 1e-4), ("float32", 1e-4), ("bfloat16", 0.2)] {
      let merged = workspace.path("merged-\(type ?? "auto")")
      let result = try SpawnedProgram.run(
        ["adapter", "merge", "--model", Workspace.model, "--adapter", adapter, "--to", merged, "--json"]
          + (type.map { ["--dtype", $0] } ?? []))
      let json = try Workspace.json(result.output)
      #expect(json["method"]?.string == "lora" && json["path"]?.string == merged)
      expectClose(try logProbabilities(merged), attached, within: bound, type ?? "auto")
      let texts = try ["tokenize"].flatMap { command in
        try [merged, Workspace.model].map {
          try SpawnedProgram.run([command, "--model", $0], input: "Hello <|begin|> world 123\n").output
        }
      }
      #expect(texts[0] == texts[1] && texts[0].count > 10)
      let prompts = try [merged, Workspace.model].map {
        try SpawnedProgram.run(["generate", "--chat", "--model", $0, "--max-new-tokens", "1"], input: "hi\n").status
      }
      #expect(prompts == [0, 0])
    }
  }

  @Test(
    "What cannot be merged is said before anything is written",
    arguments: [
      ("prompt-tuning-llama", "virtual tokens"), ("prefix-tuning-llama", "virtual tokens"),
      ("lora-gpt2", "\"c_attn\", \"mlp.c_proj\" match"), ("beft-qwen2", "no place"),
    ])
  func unmergeable(adapter: String, hint: String) throws {
    let workspace = try Workspace()
    let model = GoldenFixture("models/\(adapter == "beft-qwen2" ? "mistral" : "llama")").folder.path
    let result = try SpawnedProgram.run([
      "adapter", "merge", "--model", model, "--adapter", GoldenFixture("methods/\(adapter)").folder.path, "--to",
      workspace.path("merged"),
    ])
    #expect(result.status == 2 && result.diagnostics.contains(hint), "\(result.diagnostics)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("merged")))
  }

  @Test("Of an adapter with several tasks one has to be meant") func tasks() throws {
    let model = GoldenFixture("models/llama").folder.path
    func score(_ adapter: String, _ more: String...) throws -> SpawnedProgram.Result {
      try SpawnedProgram.run(
        ["score", "--model", model, "--adapter", GoldenFixture("methods/\(adapter)").folder.path] + more,
        input: #"{"ids": [5, 17, 80, 3], "from": 1}"# + "\n")
    }
    let outputs = try (0..<3).map { try score("mpt-llama", "--task", "\($0)") }
    #expect(outputs.allSatisfy { $0.status == 0 } && Set(outputs.map(\.output)).count == 3)
    for (result, hint) in [
      (try score("mpt-llama"), "has 3 tasks; say by --task which one is meant, from 0 to 2"),
      (try score("mpt-llama", "--task", "3"), "--task"), (try score("lora-llama", "--task", "1"), "--task"),
    ] { #expect(result.status == 2 && result.diagnostics.contains(hint), "\(result.diagnostics)") }
    #expect(try score("lora-llama").status == 0)
  }

  @Test("A folder that has something in it is not written over") func occupied() throws {
    let workspace = try Workspace()
    let result = try SpawnedProgram.run([
      "adapter", "merge", "--model", GoldenFixture("models/llama").folder.path, "--adapter",
      GoldenFixture("methods/lora-llama").folder.path, "--to", workspace.folder.path,
    ])
    #expect(result.status == 2 && result.diagnostics.contains("is not empty"))
    #expect(FileManager.default.fileExists(atPath: workspace.path("config.json")))
    let missing = try SpawnedProgram.run(["adapter", "merge", "--model", Workspace.model])
    #expect(missing.status == 2 && missing.diagnostics.contains("--adapter is missing"))
  }

  @Test("adapter info says what is in the folder and where it attaches") func info() throws {
    let folder = GoldenFixture("methods/lora-patterns-llama").folder.path
    let json = try Workspace.json(
      SpawnedProgram.run([
        "adapter", "info", folder, "--model", GoldenFixture("models/llama").folder.path, "--json",
      ]).output)
    #expect(json["method"]?.string == "lora" && json["peft_type"]?.string == "LORA")
    #expect(json["format"]?.string == "Hugging Face PEFT" && json["private_state"]?.bool == false)
    #expect(json["base_model"]?.string == "tiny-random-llama")
    #expect(json["options"]?["rank_pattern"]?["v_proj"]?.integer == 3)
    #expect(json["model"]?["parameters"]?.integer == json["parameters"]?.integer)
    #expect(json["model"]?["mergeable"]?.bool == true)
    #expect(json["model"]?["sites"]?.array?.count == 3)
    let text = try SpawnedProgram.run(["adapter", "info", folder])
    #expect(text.status == 0 && text.diagnostics.isEmpty)
    #expect(
      text.output.contains("base_model.model.model.layers.*.mlp.down_proj.lora_A.weight          2  [4, 24]  F32"))

    let prompt = GoldenFixture("methods/prompt-tuning-gpt2").folder.path
    let attached = try SpawnedProgram.run([
      "adapter", "info", prompt, "--model", GoldenFixture("models/gpt2").folder.path,
    ])
    #expect(attached.status == 0 && attached.output.contains("cannot be merged"))
    let misfit = try SpawnedProgram.run([
      "adapter", "info", prompt, "--model", GoldenFixture("models/gpt_neox").folder.path,
    ])
    #expect(misfit.status == 2 || misfit.output.contains("before every sequence"))
    let nothing = try SpawnedProgram.run(["adapter", "info", "/nonexistent"])
    #expect(nothing.status == 2 && nothing.diagnostics.contains("adapter_config.json"))
  }

  @Test("A value that is no number is found by info, score and merge, each with the tensor")
  func notFinite() throws {
    let workspace = try Workspace()
    let source = GoldenFixture("methods/lora-llama").folder.path
    let folder = workspace.path("damaged")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: source + "/adapter_config.json", toPath: folder + "/adapter_config.json")
    var writer = SafetensorsWriter()
    for (index, tensor) in try SafetensorsCheckpoint.open(file: source + "/adapter_model.safetensors").tensors
      .enumerated()
    {
      var values = try tensor.floats()
      if index == 3 { values[1] = .nan }
      writer.add(tensor.name, values, shape: tensor.shape)
    }
    try writer.write(to: folder + "/adapter_model.safetensors")
    let base = GoldenFixture("models/llama").folder.path
    for arguments in [
      ["adapter", "info", folder], ["adapter", "info", folder, "--model", base, "--json"],
      ["score", "--model", base, "--adapter", folder],
      ["adapter", "merge", "--model", base, "--adapter", folder, "--to", workspace.path("merged")],
    ] {
      let result = try SpawnedProgram.run(arguments, input: Self.input)
      #expect(result.status == 2, "\(arguments)")
      #expect(result.diagnostics.contains("holds nan"), "\(arguments): \(result.diagnostics)")
    }
    #expect(!FileManager.default.fileExists(atPath: workspace.path("merged")))
  }

  @Test("Info names the whole modules, the tables and what to know about the rank")
  func besides() throws {
    let base = GoldenFixture("models/llama").folder.path
    func info(_ name: String) throws -> String {
      let folder = GoldenFixture("methods/\(name)").folder.path
      return try SpawnedProgram.run(["adapter", "info", folder, "--model", base], input: "").output
    }
    #expect(try info("lora-saved-modules-llama").contains("linear map, as a whole"))
    #expect(try info("lora-embedding-llama").contains("embedding table"))
    #expect(try info("lora-wide-llama").contains("note: rank 24 is above the width of"))
  }

  @Test("The table of other libraries' names is listed, also for scripts")
  func aliases() throws {
    let listed = try SpawnedProgram.run(["list", "methods", "--aliases"], input: "")
    #expect(listed.status == 0 && listed.output.contains("lora_rank") && listed.output.contains("adamw_torch = adamw"))
    let json = try Workspace.json(SpawnedProgram.run(["list", "methods", "--aliases", "--json"], input: "").output)
    let entries = try #require(json.array)
    #expect(
      entries.contains { $0["place"]?.string == "lora" && $0["alias"]?.string == "r" && $0["option"]?.string == "rank" }
    )
    let wrong = try SpawnedProgram.run(["list", "datasets", "--aliases"], input: "")
    #expect(wrong.status == 2 && wrong.diagnostics.contains("--aliases goes with methods"))
  }
}
