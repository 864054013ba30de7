import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Commands beside run") struct ToolCommandTests {
  @Test("tokenize gives the reference's ids, and --decode the text") func tokenize() throws {
    let texts = try #require(GoldenFixture("gguf_models").json("llama-q8_0.expected.json")["texts"]?.array)
    for text in texts {
      let line = try #require(text["text"]?.string)
      let ids = try #require(text["ids"]?.array).compactMap(\.integer)
      guard !line.contains("\n") else { continue }
      let result = try SpawnedProgram.run(["tokenize", "--model", Workspace.model], input: line + "\n")
      #expect(result.status == 0 && result.diagnostics.isEmpty)
      let expected = "[\(ids.map(String.init).joined(separator: ","))]\n"
      #expect(result.output == expected, "\(line)")
      let back = try SpawnedProgram.run(["tokenize", "--model", Workspace.model, "--decode"], input: expected)
      #expect(back.output == line + "\n")
    }
    // A line ends at a line feed and nowhere else; the last one needs none.
    let odd = try SpawnedProgram.run(["tokenize", "--model", Workspace.model], input: "a\r\n\n\u{85}\u{2028}b")
    #expect(odd.output == "[97,13]\n[]\n[194,133,226,128,168,98]\n")
  }

  @Test(
    "score gives the reference's log-probabilities, with or without a tokenizer",
    arguments: [
      "models/llama", "models/llama-bf16", "models/llama3-rope", "models/qwen2", "models/gpt2", "gguf_models",
    ])
  func score(folder: String) throws {
    let isGGUF = folder == "gguf_models"
    let name = isGGUF ? "llama-q4_1." : ""
    let fixture = GoldenFixture(folder)
    let path = isGGUF ? fixture.url("llama-q4_1.gguf").path : fixture.folder.path
    let expected = try fixture.tensors(name + "expected.safetensors")
    for sequence in try #require(fixture.json(name + "expected.json")["sequences"]?.array) {
      let ids = try expected.integers(try #require(sequence["ids"]?.string))
      let logits = try expected.tensor(try #require(sequence["logits"]?.string))
      let rows = try #require(sequence["rows"]?.array).compactMap(\.integer)
      guard ids.count > 1 else { continue }
      let result = try SpawnedProgram.run(
        ["score", "--model", path], input: "{\"ids\": [\(ids.map(String.init).joined(separator: ", "))], \"from\": 1}\n"
      )
      let scores = try Workspace.json(result.output)
      let values = try #require(scores["token_logprobs"]?.array).compactMap(\.number)
      #expect(values.count == ids.count - 1 && scores["tokens"]?.integer == values.count)
      #expect(abs((scores["logprob"]?.number ?? 0) - values.reduce(0, +)) < 1e-9)
      let width = logits.shape[1]
      for (index, row) in rows.enumerated() where row < values.count {
        let row = (position: row, logits: logits.values[(index * width)..<((index + 1) * width)].map(Double.init))
        let largest = try #require(row.logits.max())
        let logSum = largest + log(row.logits.reduce(0) { $0 + exp($1 - largest) })
        let reference = row.logits[ids[row.position + 1]] - logSum
        #expect(abs(values[row.position] - reference) < 1e-4, "\(folder), position \(row.position)")
      }
    }
  }

  @Test("An adapter that a run saved changes what score and generate say") func adapter() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("run", "config.json", "-o", "out", "--only", "method=lora").status == 0)
    let id = try #require(workspace.records("out")["sst2/lora"]?["id"]?.string)
    let adapter = workspace.path("out/runs/\(id)/adapter")
    let input = #"{"prompt": "a warm and", "completion": " funny film"}"# + "\n"
    let base = try SpawnedProgram.run(["score", "--model", Workspace.model], input: input)
    let adapted = try SpawnedProgram.run(["score", "--model", Workspace.model, "--adapter", adapter], input: input)
    #expect(base.status == 0 && adapted.status == 0 && base.output != adapted.output)
    #expect(try Workspace.json(base.output)["tokens"]?.integer == Workspace.json(adapted.output)["tokens"]?.integer)

    let prompts = "hello\n\nhow are you?\n"
    for words in [[], ["--chat"], ["--adapter", adapter]] {
      let result = try SpawnedProgram.run(
        ["generate", "--model", Workspace.model, "--max-new-tokens", "6"] + words, input: prompts)
      #expect(result.status == 0, "\(result.diagnostics)")
      let lines = try Workspace.lines(result.output)
      #expect(lines.count == 3 && lines.allSatisfy { $0.keys == ["text"] }, "\(words)")
    }
  }

  @Test("A model with learned positions generates up to the last of them", .disabled(if: ToolCommandTests.hasNoGPT2))
  func learnedPositions() throws {
    let model = GoldenFixture("gguf_models").url("gpt2-q8_0.gguf").path
    let result = try SpawnedProgram.run(["generate", "--model", model, "--max-new-tokens", "500"], input: "hello\n")
    #expect(result.status == 0, "\(result.diagnostics)")
  }

  /// Whether GGUF files of GPT-2 are not read.
  static let hasNoGPT2 = (try? ModelFiles.open(GoldenFixture("gguf_models").url("gpt2-q8_0.gguf").path)) == nil

  @Test("model info counts parameters, and methods on a config.json alone") func modelInfo() throws {
    let workspace = try Workspace()
    let info = try Workspace.json(workspace.run("model", "info", Workspace.model, "--json").output)
    #expect(info["architecture"]?.string == "llama" && info["parameters"]?.integer == 35_680)
    #expect(info["tokenizer"]?["vocabulary_size"]?.integer == 267 && info["chat_template"]?.bool == true)
    let large = GoldenFixture("configs/llama-3-8b").folder.path
    try workspace.write(
      #"{"model": ".", "methods": [{"name": "lora", "rank": 16, "target_modules": ["k_proj", "v_proj", "down_proj"]}]}"#,
      to: "methods.json")
    let costs = try Workspace.json(
      workspace.run("model", "info", large, "--methods", "methods.json", "--json").output)
    #expect(costs["parameters"]?.integer == 8_030_261_248)
    #expect(costs["methods"]?.array?.first?["trainable_parameters"]?.integer == 14_680_064)
  }

  @Test("bench prints what the contract lists") func bench() throws {
    let result = try SpawnedProgram.run(
      ["bench", "--model", Workspace.model, "--method", "lora", "--option", "rank=4"]
        + ["--batch", "2", "--tokens", "24", "--steps", "2", "--shared-prefix", "8", "--threads", "1", "--json"])
    #expect(result.status == 0 && result.diagnostics.isEmpty)
    let json = try Workspace.json(result.output)
    #expect(
      Set(json.keys).isSuperset(of: [
        "method", "batch", "tokens", "threads", "trainable_parameters", "median_step_seconds", "tokens_per_second",
        "peak_tensor_bytes", "peak_rss_bytes", "inference_tokens_per_second",
      ]))
    #expect(json["batch"]?.integer == 2 && json["tokens"]?.integer == 24 && json["threads"]?.integer == 1)
  }

  @Test("bench shows where the time goes and how it scales") func benchDetails() throws {
    let common = ["bench", "--model", Workspace.model, "--method", "lora", "--batch", "2", "--tokens", "24"]
    let quick = common + ["--steps", "2", "--threads", "2"]
    let detailed = try SpawnedProgram.run(quick + ["--profile", "--compare-threads", "--json"])
    #expect(detailed.status == 0)
    let json = try Workspace.json(detailed.output)
    let profile = try #require(json["profile"])
    let kernels = try #require(profile["kernels"])
    let frozen = try #require(kernels["frozen product"]?["operations"]?.number)
    let transposed = try #require(kernels["transposed frozen product"]?["operations"]?.number)
    // The first layer's input wants no gradient, the rest of the backward pass goes through every frozen weight.
    #expect(transposed > 0.5 * frozen && transposed < frozen)
    #expect(try #require(profile["peak_operations_per_second"]?.number) > 0)
    let turns = try #require(profile["in_turn"])
    #expect(try #require(turns["kernel_share_of_peak"]?.number) > 0)
    #expect(try 0...1 ~= #require(turns["step_share_of_kernel"]?.number))
    let projected = try #require(json["threads_compared"]?["projected_speedups"])
    let speedups = ["2", "4", "8", "16"].compactMap { projected[$0]?.number }
    #expect(speedups.count == 4 && speedups == speedups.sorted() && speedups.allSatisfy { $0 >= 1 })

    let table = try SpawnedProgram.run(quick + ["--profile", "--compare-threads", "--single-stream"])
    #expect(table.output.contains("products, in turn with it") && table.output.contains("projected"))
    #expect(table.output.contains("memory copies"))
    let stream = try #require(
      try Workspace.json(SpawnedProgram.run(quick + ["--single-stream", "--json"]).output)["single_stream"])
    let bound = try #require(stream["bound_tokens_per_second"]?.number)
    let copied = try #require(stream["copied_bytes_per_second"]?.number)
    let bytes = try #require(stream["weight_bytes"]?.number)
    #expect(abs(bound - copied / bytes) <= 1e-9 * bound && bytes > 0)
  }

  @Test("bench computes as many blocks again as a config would, with the same loss") func benchRecomputation() throws {
    let mini = GoldenFixture.package.appending(path: "models/mini").path
    let common = ["bench", "--model", mini, "--method", "lora", "--batch", "2", "--tokens", "24", "--steps", "2"]
    func measure(_ more: String...) throws -> (blocks: Int?, peak: Int?, loss: Double?) {
      let run = try SpawnedProgram.run(common + ["--json"] + more)
      try #require(run.status == 0, "\(more): \(run.diagnostics)")
      let json = try Workspace.json(run.output)
      return (
        json["recomputed_blocks"]?.integer, json["peak_tensor_bytes"]?.integer, json["final_loss"]?.number
      )
    }
    let none = try measure()
    let peak = try #require(none.peak)
    #expect(none.blocks == 0)
    // One block keeps more than 100 kB.
    let size = peak - 50_000
    for (value, blocks) in [("false", 0), ("1", 1), ("true", 8), ("auto", 0), ("\(size)B", 1)] {
      let again = try measure("--recompute", value)
      #expect(again.blocks == blocks && again.loss == none.loss, "\(value): \(again) beside \(none)")
      if value == "\(size)B" { #expect(try #require(again.peak) <= size) }
    }
    let small = try SpawnedProgram.run(common + ["--recompute", "2kB"])
    #expect(small.status == 2 && small.diagnostics.contains("--recompute: a step needs "), "\(small.diagnostics)")
    #expect(small.diagnostics.contains(" of 8 blocks computed again, more than 2.00 kB"), "\(small.diagnostics)")
    let wrong = try SpawnedProgram.run(common + ["--recompute", "much"])
    #expect(wrong.status == 2 && wrong.diagnostics.contains("recompute: expected true or false (or auto"))
  }

  @Test("list names methods, datasets and metrics") func list() throws {
    func ids(_ what: String) throws -> [String] {
      let json = try Workspace.json(SpawnedProgram.run(["list", what, "--json"]).output)
      return (json.array ?? []).compactMap { ($0["id"] ?? $0["name"] ?? $0["dataset"])?.string }
    }
    let methods = Set(try ids("methods"))
    #expect(methods.isSuperset(of: ["none", "full", "lora"]))
    #expect(try ids("datasets").count == 37)
    #expect(try !ids("metrics").isEmpty)
    #expect(try Set(ids("presets")).isSuperset(of: ["100M", "1B"]))
    for what in ["methods", "presets", "datasets", "metrics"] {
      let result = try SpawnedProgram.run(["list", what])
      #expect(result.status == 0 && result.diagnostics.isEmpty && !result.output.isEmpty)
    }
  }

  @Test(
    "pscp gives the published scores to the printed digit",
    arguments: [
      ("1,1,1", ["55.62", "29.49", "33.18", "29.26", "60.08", "60.19", "58.38"]),
      ("2,2,2", ["41.41", "17.39", "23.98", "16.56", "45.06", "46.57", "45.26"]),
      ("3,3,3", ["30.83", "10.26", "17.33", "9.37", "33.80", "36.03", "35.09"]),
      ("4,4,4", ["22.95", "6.05", "12.53", "5.31", "25.35", "27.88", "27.21"]),
      ("0.5,1,1", ["55.63", "29.50", "34.29", "30.78", "60.95", "60.21", "58.39"]),
    ]) func pscp(beta: String, expected: [String]) throws
  {
    let workspace = try Workspace()
    try workspace.write(
      """
      method,performance,parameters,flops,memory
      IA3,74.7,196608,0.31,28.41
      Prompt Tuning,50.0,409600,1.67,42.47
      Prefix Tuning,45.9,34177536,0.01,27.61
      P-Tuning,51.7,53130752,1.68,34.53
      LoRA,80.1,14680064,0,27.75
      LNTuning,77.8,266240,0,27.43
      BitFit,75.3,163840,0,27.20
      """, to: "costs.csv")
    let result = try workspace.run("pscp", "costs.csv", "--preset", "paper", "--beta", beta)
    #expect(result.status == 0 && result.diagnostics.isEmpty)
    let printed = result.output.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").last }
    #expect(printed.map(String.init) == expected)
    let json = try Workspace.json(workspace.run("pscp", "costs.csv", "--beta", beta, "--json").output)
    let values = (json.array ?? []).compactMap { $0["pscp"]?.number }
    #expect(values.map { String(format: "%.2f", $0) } == expected)
    #expect(json.array?[0].keys == ["method", "pscp", "terms"])
  }

  @Test(
    "pscp refuses what can be read in two ways, and what no performance, cost or table can be",
    arguments: [
      ("lora,\"80,5\",1000,0,1", "expected a number, found \"80,5\"; write a point before decimals"),
      ("lora,80.5,\"1,00\",0,1", "column \"parameters\": expected a number, found \"1,00\""),
      ("lora,805,1000,0,1", "column \"performance\": expected percent, from -100 to 100, found 805"),
      ("lora,80,-1,0,1", "column \"parameters\": expected a number of 0 or more, found -1"),
      ("lora,80,1,0,1\nlora,81,1,0,1", "the method \"lora\" has a row already"),
    ]) func refusedTables(rows: String, message: String) throws
  {
    let workspace = try Workspace()
    try workspace.write("method,performance,parameters,flops,memory\nia3,70,1,0,1\n\(rows)\n", to: "costs.csv")
    let result = try workspace.run("pscp", "costs.csv")
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.diagnostics.contains(message), "\(result.diagnostics)")
    #expect(result.diagnostics.contains("costs.csv"))
  }

  @Test("pscp reads thousands with commas, and says of shares that they are no percent") func pscpNumbers() throws {
    let workspace = try Workspace()
    let header = "method,performance,parameters,flops,memory\n"
    try workspace.write(header + "lora,80,\"14,680,064\",0,27.75\n", to: "commas.csv")
    try workspace.write(header + "lora,80,14680064,0,27.75\n", to: "plain.csv")
    try workspace.write(header + "lora,0.8,14680064,0,27.75\n", to: "shares.csv")
    let plain = try workspace.run("pscp", "plain.csv", "--json")
    #expect(plain.status == 0 && plain.diagnostics.isEmpty)
    #expect(try workspace.run("pscp", "commas.csv", "--json").output == plain.output)
    #expect(try workspace.run("pscp", "shares.csv").diagnostics.contains("no performance is above 1"))
  }
}
