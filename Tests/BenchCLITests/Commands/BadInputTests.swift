import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// What the user may get wrong: each is one sentence on standard error with its place, status 2, nothing on standard
/// output, and no folder of results.
@Suite("Bad input") struct BadInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let configuration: String
    /// Files to write before, by name.
    var files: [String: [UInt8]] = [:]
    /// Whether `plan` shows it none the less, as it does where files are not there yet.
    var isPlanned = false
    /// What the message must say, its place among it.
    let message: [String]
  }

  @Test("A config, a model or a dataset that cannot be used is refused before anything is written", arguments: cases)
  func refused(_ given: Case) throws {
    let workspace = try Workspace()
    try workspace.write(given.configuration, to: "config.json")
    for (name, bytes) in given.files { try workspace.write(bytes, to: name) }
    for command in given.isPlanned ? ["run"] : ["run", "plan"] {
      let result = try workspace.run(command, "config.json", "-o", "out")
      #expect(result.status == 2 && result.output.isEmpty, "\(result)")
      // Notes about the rows may come before what is wrong with the method.
      let lines = result.diagnostics.split(separator: "\n").filter { line in
        !["Loading ", "note: "].contains { line.hasPrefix($0) }
      }
      #expect(lines.count == 1 && lines[0].hasPrefix("error: "), "\(result.diagnostics)")
      for part in given.message { #expect(lines.first?.contains(part) == true, "\(part) in \(result.diagnostics)") }
      #expect(!FileManager.default.fileExists(atPath: workspace.path("out")))
    }
  }

  static let cases: [Case] = configurations + models + datasets

  private static let configurations = [
    Case(
      testDescription: "unknown key", configuration: "{\"model\": \"m\",\n \"methods\": [\"lora\"], \"trainnig\": {}}",
      message: ["config.json:2:23", "\"training\""]),
    Case(
      testDescription: "misspelt key in place of one that must be there",
      configuration: "{\"modle\": \"m\",\n \"methods\": [\"lora\"]}",
      message: ["config.json:1:2", "modle: unknown key", "did you mean \"model\"?"]),
    Case(
      testDescription: "misspelt methods", configuration: "{\"model\": \"m\",\n \"metods\": [\"lora\"]}",
      message: ["config.json:2:2", "metods: unknown key", "did you mean \"methods\"?"]),
    Case(
      testDescription: "misspelt key of the model", configuration: #"{"model": {"pth": "m"}, "methods": ["lora"]}"#,
      message: ["config.json:1:12", "model.pth: unknown key", "did you mean \"path\"?"]),
    Case(
      testDescription: "unknown option of a method",
      configuration: Workspace.configuration(methods: #"[{"name": "lora", "rnk": 4}]"#),
      message: ["config.json:6:32", "\"rank\""]),
    Case(
      testDescription: "wrong type", configuration: Workspace.configuration(training: #", "warmup_ratio": "three""#),
      message: ["config.json:7:", "warmup_ratio"]),
    Case(
      testDescription: "value out of range",
      configuration: Workspace.configuration(evaluation: #", "protocol": "lax""#),
      message: ["config.json:8:", "strict"]),
    Case(
      testDescription: "unknown method", configuration: Workspace.configuration(methods: #"["lroa"]"#),
      message: ["config.json:6:15", "\"lora\""]),
    Case(
      testDescription: "unknown dataset", configuration: Workspace.configuration(datasets: #"["sst3"]"#),
      message: ["config.json:4:", "\"sst2\""]),
    Case(
      testDescription: "optimizer that a method cannot have",
      configuration: Workspace.configuration(
        methods: #"[{"name": "galore", "rank": 2}]"#, training: #", "optimizer": "sgd""#),
      message: ["config.json:6:", "galore projects gradients for AdamW, and optimizer is sgd"]),
    Case(
      testDescription: "schedule that does not fit into the training",
      configuration: Workspace.configuration(
        methods: #"[{"name": "adalora", "initial_steps": 3, "final_steps": 2, "steps": 5}]"#),
      message: ["config.json:6:", "of a training of 5 steps, initial_steps: 3 and final_steps: 2 leave none"]),
    Case(
      testDescription: "schedule that does not fit into the steps of the epochs",
      configuration: Workspace.configuration(
        methods: #"[{"name": "adalora", "initial_steps": 300, "final_steps": 200}]"#),
      message: ["config.json:6:", "trained on: of a training of", "initial_steps: 300 and final_steps: 200 leave none"]),
    Case(
      testDescription: "rank that a start cannot have",
      configuration: Workspace.configuration(methods: #"[{"name": "lora", "rank": 16, "init": "lora-ga"}]"#),
      message: ["config.json:6:", "too large for it"]),
    Case(
      testDescription: "target that is not there",
      configuration: Workspace.configuration(methods: #"[{"name": "lora", "target_modules": ["query"]}]"#),
      message: ["\"query\"", "q_proj"]),
    Case(
      testDescription: "adapter that is not there",
      configuration: Workspace.configuration(methods: #"[{"name": "lora", "init_from": "nowhere"}]"#),
      message: ["nowhere"]),
    Case(testDescription: "cut short", configuration: "{\"model\": \"m\",\n", message: ["config.json:2:"]),
  ]

  private static let models: [Case] = {
    let gguf = bytes(of: GoldenFixture("gguf_models").url("llama-q8_0.gguf"))
    let tensors = bytes(of: GoldenFixture("models/llama").url("model.safetensors"))
    let description = bytes(of: GoldenFixture("models/llama").url("config.json"))
    let tokenizer = bytes(of: GoldenFixture("tokenizers").url("gpt2.json"))
    func littleEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    func file(_ what: String, _ bytes: [UInt8], _ message: String...) -> Case {
      Case(
        testDescription: what, configuration: Workspace.configuration(model: "m.gguf"), files: ["m.gguf": bytes],
        message: ["m.gguf"] + message)
    }
    func directory(_ what: String, _ bytes: [UInt8], config: [UInt8]? = nil, _ message: String...) -> Case {
      Case(
        testDescription: what, configuration: Workspace.configuration(model: "m"),
        files: ["m/model.safetensors": bytes, "m/config.json": config ?? description, "m/tokenizer.json": tokenizer],
        message: message)
    }
    func replaced(_ old: String, _ new: String, in bytes: [UInt8]) -> [UInt8] {
      Array(bytes.split(separator: Array(old.utf8), maxSplits: 1).joined(separator: Array(new.utf8)))
    }
    let header = "\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[96,16],\"data_offsets\":[0,6144]}"
    func lying(_ entry: String) -> [UInt8] {
      // The header keeps its length, so that only the entry lies.
      replaced(header, entry.padding(toLength: header.utf8.count, withPad: " ", startingAt: 0), in: tensors)
    }
    return [
      Case(
        testDescription: "no such model", configuration: Workspace.configuration(model: "nowhere"), message: ["nowhere"]
      ),
      Case(
        testDescription: "folder without config.json", configuration: Workspace.configuration(model: "data"),
        message: ["data", "config.json"]),
      Case(
        testDescription: "no tokenizer",
        configuration: Workspace.configuration(model: GoldenFixture("models/llama").folder.path),
        message: ["tokenizer"]),
      file("empty GGUF", [], "empty"),
      file("GGUF cut in its header", Array(gguf.prefix(100)), "byte 8"),
      file("GGUF cut in its data", Array(gguf.prefix(gguf.count / 2)), "cut short"),
      file("not a GGUF file", Array("GGUX".utf8) + gguf.dropFirst(4), "byte 0"),
      file("GGUF with too many tensors", gguf.prefix(8) + littleEndian(1 << 62) + gguf.dropFirst(16), "byte 8"),
      file("GGUF with too many keys", gguf.prefix(16) + littleEndian(1 << 40) + gguf.dropFirst(24), "byte 16"),
      file("GGUF with a key too long", gguf.prefix(24) + littleEndian(1 << 62) + gguf.dropFirst(32), "byte 24"),
      directory("safetensors cut in its length", Array(tensors.prefix(4)), "m/model.safetensors"),
      directory("safetensors cut in its header", Array(tensors.prefix(200)), "m/model.safetensors, byte 0"),
      directory("safetensors cut in its data", Array(tensors.dropLast(40)), "m/model.safetensors, byte"),
      directory(
        "safetensors with a header too long", littleEndian(1 << 63) + tensors.dropFirst(8),
        "m/model.safetensors, byte 0"),
      directory(
        "safetensors with offsets beyond the file",
        lying("\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[96],\"data_offsets\":[0,999999]}"), "lm_head.weight"
      ),
      directory(
        "safetensors with a shape that is not its size",
        lying("\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[96,17],\"data_offsets\":[0,6144]}"), "lm_head.weight"),
      directory(
        "safetensors with an enormous shape",
        lying("\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[9999999999,9999999999,9]}"), "lm_head.weight"),
      directory("safetensors with an unknown type", replaced("\"F32\"", "\"F99\"", in: tensors), "F99"),
      directory(
        "safetensors without a tensor", replaced("lm_head.weight", "lm_tail.weight", in: tensors), "lm_head.weight"),
      directory(
        "model without layers", tensors,
        config: replaced("\"num_hidden_layers\": 2", "\"num_hidden_layers\": -2", in: description),
        "m/config.json:19:", "num_hidden_layers"),
      directory(
        "enormous model", tensors,
        config: replaced("\"hidden_size\": 16", "\"hidden_size\": 1000000000000000000", in: description), "hidden_size"),
      directory(
        "unknown architecture", tensors,
        config: replaced("\"model_type\": \"llama\"", "\"model_type\": \"lama\"", in: description), "llama"),
    ]
  }()

  private static let datasets: [Case] = {
    let good = (0..<3).map(Workspace.row).joined()
    func rows(_ what: String, _ last: String, _ message: String...) -> Case {
      Case(
        testDescription: what, configuration: Workspace.configuration(datasets: #"["sst2"]"#),
        files: ["data/sst2/validation.jsonl": Array((good + last).utf8)],
        message: ["data/sst2/validation.jsonl"] + message)
    }
    return [
      rows("row without its label", #"{"sentence": "x", "idx": 3}"#, ":4", "\"label\""),
      rows("row with an unknown label", #"{"sentence": "x", "label": 7}"#, ":4", "\"label\"", "7"),
      rows("row that is cut short", #"{"sentence": "x", "#, ":4:"),
      rows("row that is no object", "[1]", ":4"),
      Case(
        testDescription: "empty file", configuration: Workspace.configuration(datasets: #"["sst2"]"#),
        files: ["data/sst2/validation.jsonl": []], message: ["data/sst2/validation.jsonl", "empty"]),
      Case(
        testDescription: "dataset that is not there", configuration: Workspace.configuration(datasets: #"["rte"]"#),
        isPlanned: true, message: ["rte", "data/rte"]),
      Case(
        testDescription: "data folder that is not there",
        configuration: Workspace.configuration(datasets: #"["sst2"]"#).replacing(
          "\"root\": \"data\"", with: "\"root\": \"dat\""),
        isPlanned: true, message: ["sst2", "dat/sst2"]),
    ]
  }()

  private static func bytes(of file: URL) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: file.path) ?? Data())
  }

  @Test(
    "Commands that ask a model refuse what they cannot use",
    arguments: [
      (["score", "--model", "M"], "{\"prompt\": \"a\"", "standard input:1:15"),
      (["score", "--model", "M"], "{\"prompt\": \"a\"}", "completion"),
      (["score", "--model", "M"], "{\"prompt\": \"\", \"completion\": \"b\"}", "prompt"),
      (["score", "--model", "M"], "{\"ids\": [1, 267], \"from\": 1}", "267"),
      (["score", "--model", "M"], "{\"ids\": [1, 2], \"from\": 0}", "from"),
      (
        ["score", "--model", "G"],
        "{\"ids\": [\(Array(repeating: "1", count: 90).joined(separator: ","))], \"from\": 1}", "80"
      ),
      (["score", "--model", "G"], "{\"prompt\": \"a\", \"completion\": \"b\"}", "tokenizer"),
      (["generate", "--model", "G"], "a", "tokenizer"),
      (["tokenize", "--model", "G"], "a", "tokenizer"),
      (["tokenize", "--model", "M", "--decode"], "[1, \"a\"]", "standard input:1:1"),
      (["tokenize", "--model", "M", "--decode"], "[1, 267]", "standard input:1:5: the tokenizer has no token 267"),
      (["score"], "", "--model"),
      (["score", "--model", "M", "--adapter", "nowhere"], "", "nowhere"),
      (["bench", "--model", "M", "--method", "lroa"], "", "lora"),
      (["bench", "--model", "G", "--tokens", "90"], "", "80"),
      (["metrics", "sst3", "x"], "", "sst2"),
      (["metrics", "tonse", "x", "--config", "config.json"], "", "tonse"),
      (["metrics", "sst2", "data/sst2/train.jsonl"], "", "data/sst2/train.jsonl:1"),
      (["pscp", "nowhere.csv"], "", "nowhere.csv"),
      (["pscp", "zero.csv", "--preset", "relative"], "", "base"),
      (["pscp", "zero.csv", "--beta", "1,2"], "", "--beta"),
      (["pscp", "cut.csv"], "", "cut.csv:2"),
      (["model", "info", "nowhere"], "", "nowhere"),
      (["run", "nowhere.json"], "", "nowhere.json"),
      (["run", "config.json", "--set", "training.epoch=3"], "", "\"epochs\""),
      (["run", "config.json", "--shard", "3/2"], "", "--shard"),
      (["run", "config.json", "--only", "dataset=wic"], "", "--only"),
    ]) func commands(arguments: [String], input: String, message: String) throws
  {
    let workspace = try Workspace()
    try workspace.write("method,performance,parameters,flops,memory\nbase,0,0,0,0\nlora,80,1,1,1\n", to: "zero.csv")
    try workspace.write("method,performance,parameters,flops\nlora,80,1,1\n", to: "cut.csv")
    let models = ["M": Workspace.model, "G": GoldenFixture("models/gpt2").folder.path]
    let words = arguments.map { models[$0] ?? $0 }
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let result = try SpawnedProgram.run(
      [], shell: "cd '\(workspace.folder.path)' && exec \"$PROGRAM\" \(quoted)", input: input)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.diagnostics.hasPrefix("error: ") && result.diagnostics.contains(message), "\(result.diagnostics)")
    #expect(result.diagnostics.split(separator: "\n").count { !$0.hasPrefix("Try: ") } == 1, "\(result.diagnostics)")
  }
}
