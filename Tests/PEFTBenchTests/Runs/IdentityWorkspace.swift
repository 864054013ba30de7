import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// A folder with a tiny model, its tokenizer and a dataset, all of which tests may edit, and the ids of the runs that
/// a config there asks for.
final class IdentityWorkspace {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "identity-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "model"), withIntermediateDirectories: true)
    for name in ["config.json", "generation_config.json", "model.safetensors"] {
      try FileManager.default.copyItem(
        at: GoldenFixture("models/llama").url(name), to: folder.appending(path: "model/\(name)"))
    }
    try write(Self.tokenizer.prettyText, to: "model/tokenizer.json")
    try write(
      #"{"bos_token": "<s>", "eos_token": "</s>", "chat_template": "\#(Self.template)"}"#,
      to: "model/tokenizer_config.json")
    for (name, count) in [("train", 8), ("dev", 5)] {
      let rows = (0..<count).map { index in
        #"{"text": "\#(["a good film", "a dull mess", "one of the best"][index % 3])", "other": "row \#(index)", "#
          + #""answer": "\#(["bad", "good"][index % 2])", "score": \#(index % 3 + 1), "topic": "t\#(index / 2)"}"#
          + "\n"
      }
      try write(rows.joined(), to: "\(name).jsonl")
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }

  /// Replaces a text of a file, which must be there.
  func replace(_ old: String, with new: String, in name: String) throws {
    let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    try #require(text.contains(old), "\(name) lacks \(old)")
    try write(text.replacing(old, with: new), to: name)
  }

  /// A tokenizer of 75 tokens whose parts are all in use.
  static let tokenizer: JSONValue = {
    let letters = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:.?{}".map(String.init)
    let tokens = ["<unk>", "<s>", "</s>"] + letters + ["ab", "go", "ood", "oo", "od"]
    func added(_ id: Int, _ content: String) -> JSONValue {
      [
        "id": JSONValue(id), "content": JSONValue(content), "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
      ]
    }
    return [
      "version": "1.0", "truncation": nil, "padding": nil,
      "added_tokens": [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")],
      "normalizer": ["type": "Replace", "pattern": ["String": "!"], "content": "."],
      "pre_tokenizer": ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true],
      "post_processor": [
        "type": "TemplateProcessing",
        "single": [["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
        "pair": [["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 0]]],
        "special_tokens": ["<s>": ["id": "<s>", "ids": [1], "tokens": ["<s>"]]],
      ],
      "decoder": [
        "type": "Sequence",
        "decoders": [
          ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true], ["type": "Fuse"],
        ],
      ],
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": "<unk>", "continuing_subword_prefix": nil,
        "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": false, "ignore_merges": false,
        "vocab": .object(JSONObject(distinct: tokens.enumerated().map { ($1, JSONValue($0)) })),
        "merges": [["a", "b"], ["g", "o"], ["o", "o"], ["o", "d"], ["oo", "d"]],
      ],
    ]
  }()

  private static let template =
    "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
    + "{% if add_generation_prompt %}assistant: {% endif %}"

  /// The members of a config, as JSON texts.
  struct Config {
    var dataset: [(String, String)] = [
      ("name", #""reviews""#), ("prompt", #""{text}?""#), ("answer", #""answer""#), ("labels", #"["bad", "good"]"#),
    ]
    var data: [(String, String)] = []
    var model: [(String, String)] = []
    var methods = #"["lora"]"#
    var training: [(String, String)] = [("epochs", "1")]
    var evaluation: [(String, String)] = [("zero_shot", "false")]
    var more: [(String, String)] = []

    /// The same with one member of one object set.
    func setting(_ section: WritableKeyPath<Config, [(String, String)]>, _ key: String, _ value: String) -> Config {
      var copy = self
      copy[keyPath: section].removeAll { $0.0 == key }
      copy[keyPath: section].append((key, value))
      return copy
    }

    fileprivate static func object(_ members: [(String, String)]) -> String {
      "{" + members.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
    }
  }

  func configuration(
    _ config: Config, reading read: (ConfigFile) throws -> RunConfiguration = { try RunConfiguration($0) }
  ) throws -> RunConfiguration {
    var dataset = config.dataset
    if !dataset.contains(where: { $0.0 == "files" }) {
      dataset.append(("files", #"{"train": "\#(path("train.jsonl"))", "validation": "\#(path("dev.jsonl"))"}"#))
    }
    let members =
      [
        ("name", #""c""#), ("model", Config.object([("path", "\"\(path("model"))\"")] + config.model)),
        ("data", Config.object([("datasets", "[\(Config.object(dataset))]")] + config.data)),
        ("methods", config.methods), ("training", Config.object(config.training)),
        ("evaluation", Config.object(config.evaluation)),
      ].filter { member in
        !config.more.contains { $0.0 == member.0 || ($0.0 == "models" && member.0 == "model") }
      } + config.more
    let text = DocumentText(name: path("c.json"), bytes: Array(Config.object(members).utf8))
    return try read(ConfigFile.read(text))
  }

  /// A sweep of a config into the folder `results`.
  func sweep(_ config: Config, watch: @escaping @Sendable (RunEvent) -> Void = { _ in }) throws -> Sweep {
    let configuration = try configuration(config)
    let selection = configuration.selection(
      datasets: try configuration.data.descriptions(from: configuration.file))
    return try Sweep(
      configuration, selection, results: results, context: ComputeContext(threads: 1),
      cancellation: CancellationFlag(), watch: watch)
  }

  /// Carries a sweep of a config out in this process, as one worker does.
  @discardableResult func run(
    _ config: Config, _ choice: Sweep.Choice = Sweep.Choice(),
    watch: @escaping @Sendable (RunEvent) -> Void = { _ in }
  ) throws -> Sweep.Result {
    let sweep = try sweep(config, watch: watch)
    try results.prepare()
    let worker = Worker(
      executor: try RunExecutor(
        configuration(config), results: results, context: ComputeContext(threads: 1),
        cancellation: CancellationFlag(), watch: watch))
    return try sweep.run(choice, workers: [{ try worker.executor.perform($0, fresh: choice.isFresh) }])
  }

  /// Used by one thread at a time: there is one worker.
  private struct Worker: @unchecked Sendable {
    let executor: RunExecutor
  }

  /// Where sweeps put their results.
  var results: ResultsFolder { ResultsFolder(path: path("results")) }

  /// The identities of the runs of a config, by `dataset/method seed`.
  func identities(_ config: Config = Config()) throws -> [String: RunIdentity] {
    let configuration = try configuration(config)
    let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
    let runs = configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs
    return Dictionary(
      try runs.map { ("\($0.title) \($0.seed)", try #require(try assembly.identity(of: $0))) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The ids of the runs of a config.
  func ids(_ config: Config = Config()) throws -> Set<String> { Set(try identities(config).values.map(\.id)) }
}
