import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import BenchCLI

/// Downloads are done by curl, which need not be there where this package is built.
private let hasCurl = ["/usr/bin/curl", "/bin/curl"].contains { FileManager.default.isExecutableFile(atPath: $0) }

@Suite("Commands of data, models and plans") struct DataCommandTests {
  private static let fixtures = GoldenFixture.root
  private static let config = GoldenFixture.package.appending(path: "configs/full.yaml").path
  private static let commit = String(repeating: "0123abcdef", count: 4)
  private static let sst2 = (0..<20).map { #"{"sentence": "film \#($0) is good", "label": \#($0 % 2)}"# + "\n" }
    .joined()

  private static let model = """
    {"model_type": "llama", "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
     "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5}
    """

  /// Calls `body` with a folder that holds `files` and a model with tokenizer but without weights in `model`.
  private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "data-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    let tokenizer = try String(contentsOf: Self.fixtures.appending(path: "tokenizers/smollm2.json"), encoding: .utf8)
    var all = files
    all["model/tokenizer.json"] = tokenizer
    all["model/tokenizer_config.json"] = #"{"eos_token": "<|im_end|>"}"#
    all["model/config.json"] = Self.model
    for (path, content) in all {
      let url = URL(filePath: root).appending(path: path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(content.utf8).write(to: url)
    }
    try body(root)
  }

  private func json(_ result: SpawnedProgram.Result) throws -> DocumentValue {
    try #require(result.status == 0, "\(result.diagnostics)")
    return try JSONParser.parse(DocumentText(name: "output", bytes: Array(result.output.utf8)))
  }

  @Test("A preview has exactly prompt, answer and their ids; as text, what is trained is marked") func preview() throws
  {
    try withFolder(["data/sst2/train.jsonl": Self.sst2]) { root in
      let common = ["data", "preview", "sst2", "--model", root + "/model", "--root", root + "/data", "--limit", "2"]
      let lines = try SpawnedProgram.run(common + ["--json"]).output.split(separator: "\n")
      try #require(lines.count == 2)
      let row = try JSONParser.parse(DocumentText(name: "output", bytes: Array(lines[1].utf8)))
      #expect(row.object?.keys == ["prompt", "answer", "prompt_ids", "answer_ids"])
      #expect(row["answer"]?.string == " positive<|im_end|>")
      #expect((row["prompt_ids"]?.array?.count ?? 0) > 5 && (row["answer_ids"]?.array?.count ?? 0) > 0)
      let text = try SpawnedProgram.run(common).output
      #expect(text.contains("Answer:⟦ positive<|im_end|>⟧") && text.contains("trained  "))
      let whole = row["prompt_ids"]?.array?.count ?? 0
      let cut = try SpawnedProgram.run(common + ["--cutoff", "\(whole)"]).output
      #expect(cut.contains("cut to the limit"))
    }
  }

  @Test("The wording of a dataset_info.json, and a dataset that a config describes") func wording() throws {
    try withFolder([
      "data/sst2/train.jsonl": Self.sst2, "tickets.jsonl": #"{"body": "No net.", "team": "1"}"#,
      "info.json":
        #"{"sst2": {"instruction": "Good or bad?", "columns": {"prompt": "sentence", "response": "label"}}}"#,
      "c.yaml": """
      model: model
      methods: [lora]
      data:
        datasets:
          - name: tickets
            files: {train: tickets.jsonl, validation: tickets.jsonl}
            prompt: "Which team?\\n{body}"
            answer: team
            labels: {"0": billing, "1": network}
      """,
    ]) { root in
      let info = try SpawnedProgram.run([
        "data", "preview", "sst2", "--model", root + "/model", "--root", root + "/data", "--dataset-info",
        root + "/info.json",
      ])
      #expect(info.output.contains("Good or bad?"))
      let custom = try SpawnedProgram.run(["data", "preview", "tickets", "--config", root + "/c.yaml"])
      #expect(custom.output.contains("Which team?\nNo net.\nAnswer:⟦ network"), "\(custom.diagnostics)")
    }
  }

  @Test("The state of the datasets names what is missing and the command that gets it") func status() throws {
    try withFolder(["data/sst2/train.jsonl": Self.sst2, "data/rte/train.jsonl": "{"]) { root in
      let environment = ["HF_HOME": root + "/hub"]
      let value = try json(
        SpawnedProgram.run(["data", "status", "--root", root + "/data", "--json"], environment: environment))
      let rows = try #require(value.array)
      #expect(rows.count == 37)
      let sst2 = try #require(rows.first { $0["dataset"]?.string == "sst2" })
      #expect(sst2["training_rows"]?.integer == 20 && sst2["evaluation_rows"] == nil)
      #expect(sst2["missing"]?.array?.compactMap(\.string) == ["evaluation"])
      #expect(sst2["get"]?.string == "peft-bench data fetch sst2")
      let rte = try #require(rows.first { $0["dataset"]?.string == "rte" })
      #expect(rte["errors"]?.array?.first?.string?.contains("rte/train.jsonl:1") == true)
    }
  }

  @Test("An import prints its report, and fails without a trace") func importing() throws {
    try withFolder([
      "in/train.tsv": "sentence\tlabel\ngood film\t1\nbad\tx\n", "in/dev.tsv": "sentence\tlabel\nok\t0\n",
    ]) {
      root in
      let value = try json(
        SpawnedProgram.run(["data", "import", root + "/in", "--dataset", "sst2", "--to", root + "/to", "--json"]))
      let splits = try #require(value["splits"]?.array)
      #expect(splits.map { $0["split"]?.string } == ["train", "validation"])
      #expect(splits[0]["rows_written"]?.integer == 1 && splits[0]["dropped"]?.array?.count == 1)
      #expect(
        try String(contentsOfFile: root + "/to/sst2/train.jsonl", encoding: .utf8)
          == #"{"sentence":"good film","label":1}"# + "\n")
      let wrong = try SpawnedProgram.run(["data", "import", root + "/in", "--dataset", "gsm8k", "--to", root + "/to"])
      #expect(wrong.status == 2 && !FileManager.default.fileExists(atPath: root + "/to/gsm8k"))
    }
  }

  @Test("A dataset of a config's own is imported, counted, previewed and scored") func ownDataset() throws {
    try withFolder([
      "tickets.csv": "body,team\nNo net.,1\nNo bill.,0\nOdd.,7\n",
      "c.yaml": """
      model: model
      methods: [lora]
      data:
        datasets:
          - name: tickets
            files: {train: data/tickets/train.jsonl, validation: data/tickets/train.jsonl}
            prompt: "Which team?\\n{body}"
            answer: team
            labels: {"0": billing, "1": network}
      """,
      "p.jsonl": ["network", "billing"].map { #"{"predict": "\#($0)", "label": "network"}"# + "\n" }.joined(),
    ]) { root in
      let config = ["--config", root + "/c.yaml"]
      let report = try json(
        SpawnedProgram.run(
          ["data", "import", root + "/tickets.csv", "--dataset", "tickets", "--split", "train", "--to", root + "/data"]
            + ["--json"] + config))
      #expect(report["splits"]?.array?[0]["rows_written"]?.integer == 2)
      #expect(report["splits"]?.array?[0]["dropped"]?.array?.count == 1)
      let status = try json(SpawnedProgram.run(["data", "status", "--json"] + config))
      #expect(status.array?.map { $0["dataset"]?.string } == ["tickets"])
      #expect(status.array?[0]["training_rows"]?.integer == 2)
      let preview = try SpawnedProgram.run(["data", "preview", "tickets"] + config)
      #expect(preview.output.contains("Which team?\nNo net.\nAnswer:⟦ network"), "\(preview.diagnostics)")
      let scores = try json(SpawnedProgram.run(["metrics", "tickets", root + "/p.jsonl", "--json"] + config))
      #expect(scores["primary"]?.string == "accuracy" && scores["value"]?.number == 0.5)
    }
  }

  @Test("The list of models looks at weights' headers: half-downloaded and cut models are no use") func halfModels()
    throws
  {
    let shards = GoldenFixture("models/llama-sharded").folder
    try withFolder([:]) { root in
      let manager = FileManager.default
      try manager.copyItem(atPath: shards.path, toPath: root + "/half")
      try manager.copyItem(
        atPath: Self.fixtures.appending(path: "tokenizers/smollm2.json").path, toPath: root + "/half/tokenizer.json")
      try manager.copyItem(atPath: root + "/half", toPath: root + "/whole")
      let names = try manager.contentsOfDirectory(atPath: root + "/half").filter { $0.contains("-of-") }.sorted()
      try manager.removeItem(atPath: root + "/half/" + names[1])
      let packed = try #require(manager.contents(atPath: Workspace.model))
      try packed.write(to: URL(filePath: root + "/whole.gguf"))
      try packed.dropLast(100).write(to: URL(filePath: root + "/cut.gguf"))
      let list = try json(
        SpawnedProgram.run(["model", "list", "--root", root, "--json"], environment: ["HF_HOME": root + "/hub"]))
      let problems = Dictionary(
        uniqueKeysWithValues: try #require(list.array).map {
          (String($0["path"]?.string?.dropFirst(root.count + 1) ?? ""), $0["problem"]?.string ?? "")
        })
      #expect(problems.keys.sorted() == ["cut.gguf", "half", "model", "whole", "whole.gguf"])
      #expect(problems["whole"] == "" && problems["whole.gguf"] == "")
      #expect(problems["half"]?.contains("is half-downloaded: of \(names.count) files of weights \(names[1])") == true)
      #expect(problems["cut.gguf"]?.contains("cut short") == true)
      #expect(problems["model"]?.contains("no weights") == true)
    }
  }

  // MARK: - The Hub

  /// A Hub with svamp as Parquet's conversion only (as JSONL here), and with a model.
  private static func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Response {
    func list(_ names: [String]) -> LoopbackServer.Response {
      let items = names.map { #"{"rfilename": "\#($0)"}"# }.joined(separator: ", ")
      return .init(body: Array(#"{"siblings": [\#(items)]}"#.utf8))
    }
    let files = ["data/train.jsonl": sst2, "data/validation.jsonl": sst2, "config.json": #"{"model_type": "bert"}"#]
    switch request.target {
    case "/api/datasets/nyu-mll/glue/revision/main":
      return list(["README.md", "sst2/train.jsonl", "sst2/validation.jsonl", "rte/train.jsonl"])
    case "/api/models/org/name/revision/main":
      return list(["config.json", "model.safetensors", "pytorch_model.bin", "onnx/model.onnx"])
    default:
      let name = request.target.components(separatedBy: "/resolve/main/").last ?? ""
      let content = files[name] ?? files["data/" + (name.split(separator: "/").last ?? "")] ?? "x"
      guard request.target.contains("/resolve/main/") else {
        return .init(status: 404, fields: ["X-Error-Code": "RevisionNotFound"])
      }
      let tag = "tag" + name.filter(\.isLetter)
      return .init(fields: ["ETag": "\"\(tag)\"", "X-Repo-Commit": commit], body: Array(content.utf8))
    }
  }

  @Test("A fetched dataset is found in the Hub's cache, or where --to puts it", .enabled(if: hasCurl)) func fetch()
    throws
  {
    let hub = try LoopbackServer(Self.answer)
    defer { hub.stop() }
    try withFolder([:]) { root in
      let environment = ["HF_HOME": root + "/hub", "HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_x"]
      let result = try SpawnedProgram.run(
        ["data", "fetch", "sst2", "--to", root + "/copy", "--json"], environment: environment)
      let parts = try #require(try json(result).array)
      #expect(parts.map { $0["split"]?.string } == ["train", "validation"])
      #expect(FileManager.default.fileExists(atPath: root + "/copy/sst2/train.jsonl"))
      #expect(hub.requests.allSatisfy { $0.fields["authorization"] == "Bearer hf_x" })
      let status = try json(
        SpawnedProgram.run(["data", "status", "--root", root + "/none", "--json"], environment: environment))
      let sst2 = try #require(status.array?.first { $0["dataset"]?.string == "sst2" })
      #expect(sst2["training_rows"]?.integer == 20 && sst2["path"]?.string?.contains("datasets--nyu-mll--glue") == true)

      let offline = environment.merging(["HF_HUB_OFFLINE": "1"]) { $1 }
      #expect(try SpawnedProgram.run(["data", "fetch", "sst2"], environment: offline).status == 0)
      let missing = try SpawnedProgram.run(["data", "fetch", "rte"], environment: offline)
      #expect(missing.status == 2 && missing.diagnostics.contains("HF_HUB_OFFLINE"))
      let absent = try SpawnedProgram.run(["data", "fetch", "rte"], environment: environment)
      #expect(absent.status == 2 && absent.diagnostics.contains("no readable file of the split validation of rte"))
    }
  }

  @Test("A fetched model is listed, with why it cannot be used", .enabled(if: hasCurl)) func models() throws {
    let hub = try LoopbackServer(Self.answer)
    defer { hub.stop() }
    try withFolder([:]) { root in
      let environment = ["HF_HOME": root + "/hub", "HF_ENDPOINT": hub.address]
      let result = try SpawnedProgram.run(["model", "fetch", "org/name"], environment: environment)
      #expect(result.status == 0 && result.output.hasSuffix("/snapshots/\(Self.commit)\n"))
      #expect(result.diagnostics.contains("\"bert\""))
      #expect(!hub.requests.contains { $0.target.contains("onnx") || $0.target.contains("pytorch") })
      let list = try json(SpawnedProgram.run(["model", "list", "--root", root, "--json"], environment: environment))
      #expect(list.array?.compactMap { $0["path"]?.string } == [root + "/model", "org/name"])
      #expect(list.array?.compactMap { $0["supported"]?.bool } == [false, false])
      #expect(list.array?.first?["problem"]?.string?.contains("no weights") == true)
    }
  }

  // MARK: - Plans

  @Test("The full suite is 810 runs, also before there is any data") func fullSuite() throws {
    try withFolder(["data/sst2/train.jsonl": Self.sst2, "data/sst2/validation.jsonl": Self.sst2]) { root in
      let result = try SpawnedProgram.run(
        ["plan", Self.config, "--json", "--set", "model.path=\(root)/model", "--set", "data.root=\(root)/data"],
        environment: ["HF_HOME": root + "/hub"])
      let runs = try #require(try json(result).array)
      #expect(runs.count == 810)
      #expect(Set(runs.compactMap { $0["method"]?.string }).count == 6)
      #expect(
        result.diagnostics.contains("26 datasets are missing; get them with: peft-bench data fetch mnli qqp qnli stsb"))
      let lora = try #require(runs.first { $0["dataset"]?.string == "sst2" && $0["method"]?.string == "lora" })
      #expect(lora["train_rows"]?.integer == 20 && lora["eval_rows"]?.integer == 20)
      // Two of twenty are held back; five steps an epoch.
      #expect(lora["steps"]?.integer == 50)
      #expect((lora["estimated_peak_bytes"]?.integer ?? 0) > 0)
      // Without weights there is nothing to measure by, and no identity.
      #expect(lora["estimated_seconds"] == nil && lora["id"] == nil)
      let dry = try SpawnedProgram.run(
        [
          "run", Self.config, "--dry-run", "--only", "dataset=rte", "--set", "model.path=\(root)/model", "--set",
          "data.root=\(root)/data",
        ], environment: ["HF_HOME": root + "/hub"])
      #expect(dry.status == 2 && dry.diagnostics.contains("data fetch rte"))
    }
  }
}

@Suite("data generate and data status --baselines") struct DataGenerateTests {
  private static let project = GoldenFixture.package

  @Test("Files are written as they are committed; another seed gives others; the corpus is printed") func generate()
    throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mini-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let arguments = ["data", "generate", "--dataset", "cola", "--dataset", "rte", "--to"]
    #expect(try SpawnedProgram.run(arguments + [folder]).status == 0)
    for name in ["cola/train", "rte/validation"] {
      let written = try #require(FileManager.default.contents(atPath: "\(folder)/\(name).jsonl"))
      let committed = Self.project.appending(path: "datasets/mini/\(name).jsonl").path
      #expect(FileManager.default.contents(atPath: committed) == written)
    }
    #expect(try SpawnedProgram.run(arguments + [folder + "/other", "--seed", "9"]).status == 0)
    #expect(
      FileManager.default.contents(atPath: folder + "/cola/train.jsonl")
        != FileManager.default.contents(atPath: folder + "/other/cola/train.jsonl"))
    let lines = try SpawnedProgram.run(["data", "generate", "--corpus", "30", "--json"]).output.split(separator: "\n")
    #expect(lines.count == 30 && lines.allSatisfy { $0.hasPrefix(#"{"text":"#) || $0.hasPrefix(#"{"messages":"#) })
    let later = try SpawnedProgram.run(["data", "generate", "--corpus", "1", "--from", "29", "--json"])
    #expect(later.output.split(separator: "\n") == lines.suffix(1))
  }

  @Test("What cannot be is refused") func refused() throws {
    let unknown = try SpawnedProgram.run(["data", "generate", "--dataset", "colla"])
    #expect(unknown.status == 2 && unknown.diagnostics.contains("did you mean \"cola\"?"))
    #expect(try SpawnedProgram.run(["data", "generate", "--corpus", "3", "--to", "x"]).status == 2)
    #expect(try SpawnedProgram.run(["data", "generate", "--from", "3"]).status == 2)
  }

  @Test("Baselines of a folder, as a table and for scripts") func baselines() throws {
    let root = Self.project.appending(path: "datasets/mini").path
    let table = try SpawnedProgram.run(["data", "status", "--baselines", "--root", root])
    #expect(table.status == 0 && table.output.hasPrefix("mini suite · accuracy in percent"))
    let result = try SpawnedProgram.run(["data", "status", "--baselines", "--root", root, "--json"])
    let list = try JSONParser.parse(DocumentText(name: "output", bytes: Array(result.output.utf8))).array ?? []
    let cola = try #require(list.first { $0["dataset"]?.string == "cola" })
    #expect(cola["suite"]?.string == "mini" && cola["training_rows"]?.integer == 256)
    #expect((cola["bag_of_words"]?.number ?? 1) <= 0.7 && (cola["majority"]?.number ?? 0) > 0.5)
  }
}
