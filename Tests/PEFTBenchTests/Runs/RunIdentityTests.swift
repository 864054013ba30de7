import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Run identities") struct RunIdentityTests {
  private typealias Config = IdentityWorkspace.Config

  // MARK: - Files

  /// An edit of a file that a run reads.
  struct Edit: Sendable, CustomTestStringConvertible {
    let file: String
    let old: String
    let new: String
    var testDescription: String { "\(file): \(old) becomes \(new)" }

    init(_ file: String, _ old: String, _ new: String) { (self.file, self.old, self.new) = (file, old, new) }
  }

  private static let edits: [Edit] = [
    Edit("model/config.json", #""rope_theta": 10000.0"#, #""rope_theta": 20000.0"#),
    Edit("model/config.json", #""rms_norm_eps": 1e-05"#, #""rms_norm_eps": 1e-04"#),
    Edit("model/config.json", #""hidden_act": "silu""#, #""hidden_act": "gelu""#),
    Edit("model/config.json", #""eos_token_id": 2"#, #""eos_token_id": 3"#),
    Edit("model/config.json", #""max_position_embeddings": 128"#, #""max_position_embeddings": 127"#),
    Edit("model/generation_config.json", #""eos_token_id": 2"#, #""eos_token_id": [2, 9]"#),
    Edit("model/tokenizer.json", #""type": "Fuse""#, #""type": "ByteFallback""#),
    Edit("model/tokenizer.json", "\"Y\": 54,\n      \"Z\": 55", "\"Z\": 54,\n      \"Y\": 55"),
    Edit("model/tokenizer.json", #"["oo", "d"]"#, #"["o", "od"]"#),
    Edit("model/tokenizer.json", #""fuse_unk": true"#, #""fuse_unk": false"#),
    Edit("model/tokenizer.json", #""String": "!""#, #""String": ";""#),
    Edit("model/tokenizer.json", "\"ids\": [1]", "\"ids\": [2]"),
    Edit("model/tokenizer_config.json", "assistant: {% endif", "Assistant: {% endif"),
    Edit("model/tokenizer_config.json", #""bos_token": "<s>""#, #""bos_token": "</s>""#),
    Edit("train.jsonl", "row 7", "row 8"), Edit("train.jsonl", "\"t3\"", "\"t2\""),
    Edit("dev.jsonl", #""answer": "good""#, #""answer": "bad""#), Edit("dev.jsonl", "dull", "loud"),
  ]

  @Test("An edit of anything that a run reads gives it another id", arguments: edits) func file(edit: Edit) throws {
    let workspace = try IdentityWorkspace()
    var config = Config().setting(\.dataset, "prompt", #""{text} {other}?""#).setting(\.dataset, "group", #""topic""#)
    config.methods = #"["lora", "none"]"#
    let before = try workspace.identities(config)
    #expect(try workspace.identities(config).mapValues(\.id) == before.mapValues(\.id))
    try workspace.replace(edit.old, with: edit.new, in: edit.file)
    let after = try workspace.identities(config)
    #expect(before.count == 2 && after.count == 2)
    for (run, identity) in before { #expect(after[run]?.id != identity.id, "\(run)") }
  }

  @Test("A changed weight gives another id, and so does an adapter to start from") func weights() throws {
    let workspace = try IdentityWorkspace()
    let before = try workspace.ids()
    let weights = workspace.folder.appending(path: "model/model.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: weights)
    #expect(try workspace.ids().isDisjoint(with: before))
  }

  @Test("What changes no number leaves the id: spelling, order of keys, and where files lie") func spelling() throws {
    let workspace = try IdentityWorkspace()
    let before = try workspace.ids()
    try workspace.replace("1e-05", with: "0.00001", in: "model/config.json")
    try workspace.replace(#""use_cache": true"#, with: #""use_cache": false"#, in: "model/config.json")
    try workspace.replace("\n", with: "\n ", in: "model/tokenizer.json")
    #expect(try workspace.ids() == before)
    try FileManager.default.moveItem(atPath: workspace.path("dev.jsonl"), toPath: workspace.path("test.jsonl"))
    let files = #"{"train": ["\#(workspace.path("train.jsonl"))"], "validation": "\#(workspace.path("test.jsonl"))"}"#
    #expect(try workspace.ids(Config().setting(\.dataset, "files", files)) == before)
  }

  // MARK: - Keys of a config

  /// The keys that the config's reader knows at a place, told by its complaint about one that it does not know.
  private static func keys(_ config: Config, _ workspace: IdentityWorkspace) -> [String] {
    do {
      _ = try workspace.ids(config)
    } catch {
      guard let list = "\(error)".split(separator: "Valid keys: ").last else { return [] }
      return list.split(separator: ", ").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }
    return []
  }

  /// What becomes of the id when a key has another value.
  private enum Effect {
    /// Another id; the value, and what else the config must say for it to be allowed.
    case changes(String, with: (Config) -> Config = { $0 })
    /// The same id, for a reason.
    case nothing(String, because: String)
    /// Shown elsewhere.
    case elsewhere(String)
  }

  private func check(
    _ section: WritableKeyPath<Config, [(String, String)]>, _ effects: [String: Effect], base: Config = Config()
  ) throws {
    let workspace = try IdentityWorkspace()
    let keys = Self.keys(base.setting(section, "no-such-key", "1"), workspace)
    #expect(!keys.isEmpty)
    for key in keys where effects[key] == nil {
      Issue.record("\"\(key)\" is neither shown to change the id nor excused with a reason")
    }
    for (key, effect) in effects.sorted(by: { $0.key < $1.key }) {
      #expect(keys.contains(key), "there is no key \"\(key)\"")
      switch effect {
      case .changes(let value, let with):
        let config = with(base)
        #expect(
          try workspace.ids(config.setting(section, key, value)).isDisjoint(with: workspace.ids(config)), "\(key)")
      case .nothing(let value, _):
        #expect(try workspace.ids(base.setting(section, key, value)) == workspace.ids(base), "\(key)")
      case .elsewhere: break
      }
    }
  }

  @Test("Every key of a dataset of one's own") func dataset() throws {
    let byScore: (Config) -> Config = { config in
      var config = config
      config.dataset = [("name", #""reviews""#), ("prompt", #""{text}?""#), ("answer", #""score""#)]
      return config.setting(\.dataset, "metric", #""correlation""#)
    }
    try check(
      \.dataset,
      [
        "name": .changes(#""other""#), "title": .nothing(#""Reviews""#, because: "a name for people"),
        "files": .elsewhere("the edits of files"), "evaluate_on": .changes(#"{"again": "dev.jsonl"}"#),
        "prompt": .changes(#""{text}!""#),
        "messages": .elsewhere("it makes prompts and answers, which are told by their content"),
        "instruction": .changes(
          #""Say.""#,
          with: { config in
            var config = config
            config.dataset.removeAll { $0.0 == "prompt" }
            return config.setting(\.dataset, "columns", #"["text"]"#)
          }),
        "columns": .changes(
          #"["other"]"#,
          with: { config in
            var config = config
            config.dataset.removeAll { $0.0 == "prompt" }
            return config.setting(\.dataset, "columns", #"["text"]"#)
          }),
        "answer": .changes(
          #""other""#,
          with: { config in
            var config = config
            config.dataset.removeAll { $0.0 == "labels" }
            return config
          }),
        "labels": .changes(#"["good", "bad"]"#),
        "metric": .changes(
          #""code""#,
          with: { config in
            var config = config
            config.dataset.removeAll { $0.0 == "labels" }
            return config
          }), "range": .changes("[0, 4]", with: byScore), "positive": .changes(#""bad""#),
        "max_new_tokens": .changes("9"), "group": .changes(#""topic""#),
      ])
  }

  @Test("Every key of the data") func data() throws {
    try check(
      \.data,
      [
        "suite": .nothing(#""full""#, because: "own data is own data under any of them"),
        "root": .nothing(#""/tmp""#, because: "rows are told by their content"),
        "revision": .nothing(#""main""#, because: "rows are told by their content"),
        "datasets": .elsewhere("every key of a dataset"), "train_limit": .changes("3"), "eval_limit": .changes("2"),
        "limit": .changes(#""first""#, with: { $0.setting(\.data, "train_limit", "3") }),
        "sample_seed": .changes("7", with: { $0.setting(\.data, "train_limit", "3") }),
        "test": .changes(
          #""test""#,
          with: { config in
            let files = #"{"train": "train.jsonl", "validation": "dev.jsonl", "test": "dev.jsonl"}"#
            return config.setting(\.dataset, "files", files)
          }),
        "augment": .elsewhere("its rows are told by their content, and read by two strategies alone"),
        "null": .elsewhere("it is the text of a prompt's column, or an error"),
        "dataset_info": .elsewhere("it words the prompts of the catalogue's datasets, which are told by their content"),
      ])
  }

  @Test("Every key of a model") func model() throws {
    try check(
      \.model,
      [
        "path": .elsewhere("the model is told by its content"), "dtype": .changes(#""bfloat16""#),
        "template": .changes(#""plain""#), "revision": .elsewhere("the model is told by its content"),
        "name": .nothing(#""m""#, because: "what reports call it"),
      ])
  }

  @Test("Every key of a config") func config() throws {
    try check(
      \.more,
      [
        "name": .nothing(#""other""#, because: "the experiment's name"), "model": .elsewhere("every key of a model"),
        "models": .elsewhere("every key of a model"), "data": .elsewhere("every key of the data"),
        "methods": .elsewhere("every option of every method"), "seeds": .changes("[7]"),
        "training": .elsewhere("every training setting"), "evaluation": .elsewhere("every key of the evaluation"),
        "pscp": .nothing(
          #"{"preset": "paper", "beta": [2, 1, 1], "constants": {"memory": 7}}"#,
          because: "it is computed from what a run measures"),
        "presets": .elsewhere("it stands for training settings and options of methods"),
        "output": .nothing(#""elsewhere""#, because: "where results go"),
        "threads": .nothing("3", because: "no result depends on it"),
        "$schema": .nothing(#""s""#, because: "for editors"),
      ])
  }

  @Test("Every key of the evaluation") func evaluation() throws {
    try check(
      \.evaluation,
      [
        "mode": .changes(#""rank""#), "max_new_tokens": .changes("9"),
        "batch_size": .nothing("3", because: "no answer depends on it"), "protocol": .changes(#""peft-bench""#),
        "zero_shot": .elsewhere("it adds a run, and changes none"),
      ])
  }

  // MARK: - Options that are declared

  /// Another value of an option than its default, by what is declared of it.
  private static func otherValue(of option: OptionDescription) -> String? {
    switch option.kind {
    case .bool: return option.defaultValue == "true" ? "false" : "true"
    case .integer: return "\((option.defaultValue.flatMap { Int($0) } ?? 1) + 1)"
    case .number:
      let number = option.defaultValue.flatMap { Double($0) } ?? 1
      return number == 0 ? "0.25" : "\(number / 2)"
    case .choice: return option.choices.first { "\"\($0)\"" != option.defaultValue }.map { "\"\($0)\"" }
    case .strings: return #"["v_proj"]"#
    case .named: return option.choices.first { "\"\($0)\"" != option.defaultValue }.map { "\"\($0)\"" }
    case .string, .integers, .numbers, .list, .object, .any: return nil
    }
  }

  @Test("Every training setting changes the id, but for those that change no number") func training() throws {
    let same = [
      "checkpoint_steps": "checkpoints change no number",
      "frozen_layer_cache": "what is kept has the bits of what is computed",
    ]
    let needed = ["momentum": ("optimizer", #""sgd""#)]
    let workspace = try IdentityWorkspace()
    for option in TrainingConfiguration.options {
      let value = try #require(Self.otherValue(of: option), "\(option.name) needs a value here")
      var config = Config()
      config.training = []
      if let (key, value) = needed[option.name] { config.training.append((key, value)) }
      let (before, after) = (
        try workspace.ids(config), try workspace.ids(config.setting(\.training, option.name, value))
      )
      #expect((before == after) == (same[option.name] != nil), "\(option.name): \(value)")
    }
  }

  @Test("Numbers of blocks that mean none or all have the ids of false and true, and choices have one of their own")
  func recompute() throws {
    let workspace = try IdentityWorkspace()
    func ids(_ value: String) throws -> Set<String> {
      try workspace.ids(Config().setting(\.training, "recompute", value))
    }
    // The model has two layers.
    let (kept, all, one) = (try workspace.ids(Config()), try ids("true"), try ids("1"))
    for value in ["false", "0"] { #expect(try ids(value) == kept, "\(value)") }
    for value in ["2", "30"] { #expect(try ids(value) == all, "\(value)") }
    let (automatic, size) = (try ids(#""auto""#), try ids(#""400MB""#))
    #expect(Set([kept, all, one, automatic, size]).count == 5)
    #expect(try ids(#""400000 kB""#) == size)
    let alias = try workspace.ids(Config().setting(\.training, "gradient_checkpointing", "true"))
    #expect(alias == all)
  }

  @Test("Every option of every method changes the id") func options() throws {
    // By option, and by method and option where that is not enough.
    let values: [String: String] = [
      "rank_pattern": #"{"q_proj": 4}"#, "alpha_pattern": #"{"q_proj": 4}"#, "layers_to_transform": "[0]",
      "trainable_token_indices": "[1]", "init_text": #""Classify""#, "prompt-tuning.init": #""random""#,
      "prefix-tuning.init": #""random""#, "block_diagonal": #"{"b": ["q_proj", "v_proj"], "blocks": 2}"#,
      "lambda_pattern": #"{"q_proj": 4}"#, "gralora.rank": "16", "gralora.blocks": "4",
      "dora.rule": #""riemannian""#, "pissa.rule": #""riemannian""#, "lora-plus.rule": #""riemannian""#,
      "p-tuning-v2.init": #""random""#, "mpt.init": #""vocabulary""#,
      "trainable-tokens.tokens": "[2]", "eva_rho": "1.5", "corda_method": #""kpm""#, "ga_direction": #""ArBr""#,
      "ga_scale": #""unit""#, "galore": #"{"rank": 4}"#,
      "combined.parts": #"["lora", {"name": "ia3", "feedforward": "output"}]"#,
    ]
    let bases = [
      "combined.parts": #"{"name": "combined", "parts": ["lora", "ia3"]}"#,
      "trainable-tokens.tokens": #"{"name": "trainable-tokens", "tokens": [1]}"#,
    ]
    let targets = #", "target_modules": ["q_proj", "v_proj"]"#
    let searches = ["eva", "corda", "lora-ga"].map { #", "init": "\#($0)""# }
    let needed: [String: String] = [
      "start_rows": searches[0], "eva_rho": searches[0], "eva_tau": searches[0], "eva_whiten": searches[0],
      "eva_keep_alpha": searches[0], "eva_prompts": searches[0], "corda_method": searches[1],
      "ga_direction": searches[2], "ga_scale": searches[2], "ga_gamma": searches[2],
      "loftq_iter": #", "init": "loftq""#,
      "damping": #", "rule": "riemannian""#,
      "prefix-tuning.encoder_hidden_size": #", "projection": true"#, "layers_to_transform": targets,
      "exclude_modules": targets, "layers_pattern": targets + #", "layers_to_transform": [0]"#,
      "miss.mini_rank": #", "mode": "mini""#, "mpt.source_task": #", "init": "exact_source_task""#,
      "target_modules": "", "trainable-tokens.target_modules": #", "tokens": [1]"#,
      "oft.eps": #", "constrained": true"#, "super-tuning.alpha": #", "rank": 2"#,
      "super-tuning.dropout": #", "rank": 2"#,
    ]
    let workspace = try IdentityWorkspace()
    func id(_ entry: String) throws -> String {
      let configuration = try workspace.configuration(changed(Config()) { $0.methods = "[\(entry)]" })
      return try Self.id(of: configuration)
    }
    var count = 0
    for name in MethodRegistry.names {
      for option in try #require(MethodConfiguration.options(ofMethod: name)) {
        let key = "\(name).\(option.name)"
        let value = try #require(
          values[key] ?? values[option.name] ?? Self.otherValue(of: option), "\(key) needs a value here")
        let more = needed[key] ?? needed[option.name] ?? ""
        let base = bases[key] ?? #"{"name": "\#(name)"\#(more)}"#
        let other = #"{"name": "\#(name)"\#(more), "\#(option.name)": \#(value)}"#
        #expect(try id(base) != id(other), "\(key): \(value)")
        count += 1
      }
    }
    #expect(count > 20)
  }

  @Test("A record says what a prefix started from where the config does not, and no id depends on that")
  func impliedStart()
    throws
  {
    let workspace = try IdentityWorkspace()
    for (entry, start) in [
      (#""prefix-tuning""#, "vocabulary"), (#""p-tuning-v2""#, "vocabulary"),
      (#"{"name": "prefix-tuning", "projection": true}"#, "random"),
    ] {
      let configuration = try workspace.configuration(changed(Config()) { $0.methods = "[\(entry)]" })
      let datasets = try configuration.data.descriptions(from: configuration.file)
      let run = try #require(configuration.selection(datasets: datasets).runs.first)
      let identity = try RunIdentity(
        of: run, in: configuration, model: Self.model, adapterHash: nil, dataset: Self.dataset)
      #expect(identity.json["method"]?["options"]?["init"] == nil, "\(entry)")
      let method = RunRecord.Method(run.method, identity: identity, trainable: 1)
      #expect(method.options?["init"] == JSONValue(start), "\(entry)")
    }
  }

  /// The id of the only run of a config on a model and a dataset that nobody reads.
  private static func id(
    of configuration: RunConfiguration, model: ModelIdentity = model, adapter: String? = nil,
    dataset: DatasetIdentity = dataset
  ) throws -> String {
    let datasets = try configuration.data.descriptions(from: configuration.file)
    let run = try #require(configuration.selection(datasets: datasets).runs.first)
    return try RunIdentity(of: run, in: configuration, model: model, adapterHash: adapter, dataset: dataset).id
  }

  private static let model = ModelIdentity(
    weights: "w", dataType: "auto", description: "d", tokenizer: "t", chat: "c", endTokens: [2])
  private static let dataset = DatasetIdentity(
    name: "n", trainingRows: "t", evaluationRows: "e", metric: "accuracy")

  @Test("The strength of an adapter that is judged changes the id, and the whole of it does not") func strength() throws
  {
    let workspace = try IdentityWorkspace()
    func id(_ start: String) throws -> String {
      let entry = #"{"name": "lora", "steps": 0, "init_from": \#(start)}"#
      return try Self.id(
        of: workspace.configuration(changed(Config()) { $0.methods = "[\(entry)]" }), adapter: "a")
    }
    let whole = try id(#""nowhere""#)
    #expect(try id(#"{"path": "nowhere", "strength": 1}"#) == whole)
    #expect(try id(#"{"path": "nowhere", "strength": 0.5}"#) != whole)
    #expect(try id(#"{"path": "nowhere", "strength": 0.25}"#) != id(#"{"path": "nowhere", "strength": 0.5}"#))
  }

  @Test("One method in several spellings is one run") func spellings() throws {
    let workspace = try IdentityWorkspace()
    func id(_ entry: String) throws -> String {
      try Self.id(of: workspace.configuration(changed(Config()) { $0.methods = "[\(entry)]" }))
    }
    let plain = try id(#""lora""#)
    for entry in [
      #"{"name": "lora", "rank": 8}"#, #"{"name": "lora", "r": 8, "alpha": 16.0}"#,
      #"{"lora_alpha": 16, "name": "lora", "rank": 8}"#, #"{"name": "lora", "label": "mine", "rank": 8}"#,
      #"{"name": "lora", "lora_bias": false}"#, #"{"name": "lora", "rank_pattern": {}}"#,
    ] { #expect(try id(entry) == plain, "\(entry)") }
    #expect(
      try id(#"{"name": "lora", "target_modules": "q_proj"}"#)
        == id(#"{"name": "lora", "target_modules": ["q_proj"]}"#))
    #expect(
      try id(#"{"name": "lora", "rule": "riemannian"}"#)
        == id(#"{"name": "lora", "rule": "riemannian", "damping": 0.01}"#))
    let configuration = try workspace.configuration(Config())
    #expect(try Self.id(of: configuration, adapter: "a") != Self.id(of: configuration))
  }

  @Test("However a method's name is spelled, the run has the id, the name and the label of its canonical name")
  func names() throws {
    let workspace = try IdentityWorkspace()
    func configuration(_ name: String) throws -> RunConfiguration {
      let options = ["combined": #", "parts": ["lora", "ia3"]"#, "trainable-tokens": #", "tokens": [1]"#]
      let canonical = name.lowercased().replacing("_", with: "-")
      return try workspace.configuration(
        changed(Config()) { $0.methods = #"[{"name": "\#(name)"\#(options[canonical] ?? "")}]"# })
    }
    var count = 0
    for name in MethodRegistry.names {
      let plain = try configuration(name)
      let id = try Self.id(of: plain)
      #expect(plain.methods.map(\.name) == [name] && plain.methods.map(\.label) == [name])
      for spelling in [name.replacing("-", with: "_"), name.uppercased(), name.capitalized.replacing("-", with: "_")]
      where spelling != name {
        let other = try configuration(spelling)
        #expect(try Self.id(of: other) == id, "\(spelling)")
        #expect(other.methods.map(\.name) == [name] && other.methods.map(\.label) == [name])
        #expect(other.resolvedJSON == plain.resolvedJSON)
        let run = try #require(
          other.selection(datasets: try other.data.descriptions(from: other.file)).runs.first)
        for filtered in [name, spelling] {
          let filter = RunFilter([("method", filtered)])
          #expect(filter.keeps(run) && filter.complaint { run.names(under: $0) } == nil)
        }
        #expect(!RunFilter([("method", "no_such_method")]).keeps(run))
        count += 1
      }
    }
    #expect(count > 80)
    // What PEFT-Factory calls a method is translated to such a name.
    #expect(FactoryMethod.all.allSatisfy { MethodRegistry.names.contains($0.method) })
  }

  @Test("A method's option that is called like a training setting is not taken for one") func namesakes() throws {
    let workspace = try IdentityWorkspace()
    let configuration = try workspace.configuration(Config())
    let identity = try #require(try workspace.identities().values.first).json
    // Options and training stand apart, so that no name can hide another.
    #expect(identity["method"]?["options"]?["rank"] == 8 && identity["training"]?["epochs"] == 1.0)
    #expect(identity["training"]?["rank"] == nil && identity["method"]?["options"]?["epochs"] == nil)
    #expect(configuration.methods.count == 1)
    // Two runs that differ in such an option alone are two runs, trained in the same way.
    func run(_ epsilon: String) throws -> (id: String, training: JSONValue?) {
      var config = Config()
      config.methods = #"[{"name": "namesake", "epsilon": \#(epsilon), "batch_size": 2}]"#
      let configuration = try workspace.configuration(config) { file in
        try RunConfiguration(file) { $0 == Namesake.name ? Namesake.self : nil }
      }
      #expect(configuration.methods[0].training.epsilon == TrainingConfiguration().epsilon)
      #expect(configuration.methods[0].training.batchSize == 2)
      let datasets = try configuration.data.descriptions(from: configuration.file)
      let identity = try RunIdentity(
        of: try #require(configuration.selection(datasets: datasets).runs.first), in: configuration,
        model: Self.model, adapterHash: nil, dataset: Self.dataset)
      #expect(identity.json["method"]?["options"]?["epsilon"] == .number(Double(epsilon) ?? 0))
      return (identity.id, identity.json["training"])
    }
    let (one, other) = (try run("0.25"), try run("0.5"))
    #expect(one.id != other.id && one.training == other.training)
  }

  /// A method with an option that is called like a training setting.
  private struct Namesake: PEFTMethod {
    static let name = "namesake"
    static let summary = ""
    static let source = ""
    let epsilon: Double
    var options: [(name: String, value: JSONValue)] { [("epsilon", JSONValue(epsilon))] }

    init(options: inout OptionReader) throws {
      epsilon = try options.number("epsilon", default: 0.125, in: 0...1, about: "no training setting")
    }
    init?(peft settings: AdapterSettings, type: String) throws { nil }

    func attach(
      to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
    ) throws -> AttachedMethod {
      AttachedMethod(parameters: [], inferenceCost: InferenceCost(), format: nil)
    }
  }

  // MARK: - Types

  @Test("Every field of what an id is made of changes it, or is excused with a reason") func fields() throws {
    expectEveryField(
      of: Self.model,
      changes: [
        "weights": changed(Self.model) { $0.weights = "x" }, "dataType": changed(Self.model) { $0.dataType = "x" },
        "description": changed(Self.model) { $0.description = "x" },
        "tokenizer": changed(Self.model) { $0.tokenizer = "x" }, "chat": changed(Self.model) { $0.chat = "x" },
        "endTokens": changed(Self.model) { $0.endTokens = [3] },
      ], in: { $0.json })
    expectEveryField(
      of: Self.dataset,
      changes: [
        "name": changed(Self.dataset) { $0.name = "x" },
        "trainingRows": changed(Self.dataset) { $0.trainingRows = "x" },
        "evaluationRows": changed(Self.dataset) { $0.evaluationRows = "x" },
        "testRows": changed(Self.dataset) { $0.testRows = "x" },
        "augmentedRows": changed(Self.dataset) { $0.augmentedRows = "x" },
        "furtherRows": changed(Self.dataset) { $0.furtherRows = ["x": "y"] },
        "together": changed(Self.dataset) { $0.together = ["x": "y"] },
        "metric": changed(Self.dataset) { $0.metric = "x" },
      ], in: { $0.json })

    let workspace = try IdentityWorkspace()
    let configuration = try workspace.configuration(Config())
    let datasets = try configuration.data.descriptions(from: configuration.file)
    let run = try #require(configuration.selection(datasets: datasets).runs.first)
    let none: (Any) -> JSONValue = { _ in .null }
    let content = "told by its content"
    expectEveryField(
      of: run, changes: [:],
      exempt: [
        "model": "ModelIdentity", "dataset": "DatasetIdentity", "method": "below", "seeds": "every key of a config",
      ], in: none)
    expectEveryField(
      of: configuration, changes: [:],
      exempt: [
        "name": "the experiment's name", "models": "by run", "data": "every key of the data", "methods": "by run",
        "seeds": "by run", "training": "by method", "evaluation": "every key of the evaluation",
        "pscp": "computed from what a run measures", "output": "where results go", "threads": "changes no number",
        "file": "where the config was read",
      ], in: none)
    expectEveryField(
      of: run.method, changes: [:],
      exempt: [
        "label": "what reports call it", "understood": "every option of every method",
        "entry": "what the config says, which is told as it is understood", "training": "every training setting",
        "adapterSource": content, "strength": "of the adapter that is judged: below, by itself",
        "preset": "its values are options and training settings", "missingPreset": "what a note is about",
      ], in: none)
    expectEveryField(
      of: run.model, changes: [:],
      exempt: [
        "path": content, "name": "what reports call it", "dataType": "every key of a model", "template": content,
        "revision": content,
      ], in: none)
    let rows = "rows are told by their content"
    expectEveryField(
      of: run.dataset, changes: [:],
      exempt: [
        "id": "DatasetIdentity", "group": "a place in tables", "title": "a name for people", "source": rows,
        "trainingSplits": rows, "evaluationSplits": rows, "testSplits": rows, "files": rows, "furtherSets": rows,
        "mixture": "its members' identities are in DatasetIdentity",
        "columns": rows,
        "layout": rows,
        "metric": "below", "maximumNewTokens": "every key of a dataset", "isOneRowPerGroup": rows,
        "dropsBrokenTextRows": rows, "read": rows, "labelColumn": rows, "answerColumn": rows,
        "isMaximumGiven": "it says whose limit it is, and the limit is told",
      ], in: none)
    let training = TrainingConfiguration()
    #expect(Mirror(reflecting: training).children.count == TrainingConfiguration.options.count)
    expectEveryField(
      of: configuration.evaluation, changes: [:],
      exempt: [
        "mode": "every key", "maximumNewTokens": "every key", "batchSize": "changes no answer", "scoring": "every key",
        "zeroShot": "adds a run",
      ], in: none)
    let renderer = try ModelOutline(run.model).renderer
    expectEveryField(
      of: renderer, changes: [:],
      exempt: [
        "templateName": "a name", "templateHash": "in the form", "answerPrefix": "in the form",
        "answerEnd": "in the form", "endToken": "in the form", "tokenizer": "its own form",
        "template": "told by its hash", "usualEnd": "follows from the template", "beginningOfText": "in the form",
        "endOfText": "in the form",
      ], in: none)
  }

  @Test("Every field of a metric changes its canonical form") func metrics() {
    let metric = DatasetMetric(dataset: "d", family: .gsm8k)
    expectEveryField(
      of: metric,
      changes: [
        "dataset": DatasetMetric(dataset: "e", family: .gsm8k), "family": DatasetMetric(dataset: "d", family: .svamp),
        "headline": DatasetMetric(dataset: "d", family: .gsm8k, headline: "marked_accuracy"),
      ], in: { $0.canonical })
    let families: [MetricFamily] = [
      .binaryClassification(labels: ["a", "b"], positive: "a"),
      .binaryClassification(labels: ["b", "a"], positive: "a"),
      .binaryClassification(labels: ["a", "b"], positive: "b"), .multiClass(labels: ["a", "b"]),
      .multiClass(labels: ["a", "c"]), .correlation(range: 0...5), .correlation(range: 0...4),
      .correlation(range: 1...5), .recordSpan, .gsm8k, .svamp, .code, .multirc(labels: ["a", "b"], positive: "a"),
      .multirc(labels: ["a", "c"], positive: "a"), .multirc(labels: ["a", "b"], positive: "b"),
    ]
    #expect(Set(families.map { $0.canonical.compactText }).count == families.count)
  }

  @Test("Every field of a row changes the hash of the rows") func rows() {
    let rendered = RenderedExample(
      prompt: "p", completion: "c", promptIDs: [1, 2], answerIDs: [3], isPromptCut: false, isAnswerCut: false)
    let example = Example(fields: [.init(nil, "f")], answer: "a", group: "g", allAnswers: ["a", "b"])
    func other(
      _ prompt: String = "p", completion: String = "c", ids: [Int32] = [1, 2], answer: [Int32] = [3]
    ) -> RenderedExample {
      RenderedExample(
        prompt: prompt, completion: completion, promptIDs: ids, answerIDs: answer, isPromptCut: false,
        isAnswerCut: false)
    }
    expectEveryField(
      of: rendered,
      changes: ["prompt": other("q"), "promptIDs": other(ids: [1]), "answerIDs": other(answer: [3, 4])],
      exempt: [
        "completion": "told by its ids", "isPromptCut": "follows from the prompt",
        "isAnswerCut": "follows from the ids", "task": "the place of its dataset in DatasetIdentity",
      ], in: { JSONValue(DatasetIdentity.hash(of: [$0], [example])) })
    let words = Example(fields: [], label: 0, of: ["a", "b"])
    expectEveryField(
      of: example,
      changes: [
        "answer": Example(fields: [], answer: "b", group: "g", allAnswers: ["a", "b"]),
        "group": Example(fields: [], answer: "a", group: "h", allAnswers: ["a", "b"]),
        "allAnswers": Example(fields: [], answer: "a", group: "g", allAnswers: ["a"]), "labelIndex": words,
        "choices": words,
      ], exempt: ["fields": "told by the prompt", "emptyColumns": "told by the prompt"],
      in: { JSONValue(DatasetIdentity.hash(of: [rendered], [$0])) })
    // What belongs to one part is not taken for another's.
    func hash(_ rows: [RenderedExample]) -> String {
      DatasetIdentity.hash(of: rows, rows.map { _ in example })
    }
    #expect(hash([other(ids: [1], answer: [2, 3])]) != hash([other(ids: [1, 2], answer: [3])]))
    #expect(hash([other("p"), other("q")]) != hash([other("q"), other("p")]))
  }

  @Test("The form is a text that stays as it is") func stable() throws {
    let workspace = try IdentityWorkspace()
    let configuration = try workspace.configuration(Config())
    let run = try #require(
      configuration.selection(datasets: try configuration.data.descriptions(from: configuration.file)).runs.first)
    let identity = try RunIdentity(
      of: run, in: configuration, model: Self.model, adapterHash: nil, dataset: Self.dataset)
    // When this text has to change, old results stop being taken up: raise the engine, and say so in the documentation.
    let expected =
      #"{"schema":"peft-bench.run-identity/1","engine":3,"suite":"own","model":{"weights":"w","dtype":"auto","#
      + #""description":"d","tokenizer":"t","chat":"c","end_tokens":[2]},"dataset":{"name":"n","train":"t","eval":"e","test":null,"#
      + #""metric":"accuracy"},"method":{"name":"lora","options":{"alpha":16,"dora":false,"dropout":0,"init":"zero","#
      + #""loraplus_ratio":1,"rank":8,"rslora":false},"init_from":null},"seed":42,"training":{"epochs":1.0,"steps":null,"#
      + #""batch_size":4,"gradient_accumulation":1,"learning_rate":0.001,"scheduler":"cosine","warmup_ratio":0.1,"#
      + #""warmup_steps":null,"weight_decay":1e-05,"max_grad_norm":1.0,"cutoff_tokens":2048,"validation_fraction":0.1,"#
      + #""keep_best":true,"shuffle":true,"optimizer":"adamw","beta1":0.9,"beta2":0.999,"epsilon":1e-08,"momentum":0.0,"#
      + #""recompute":false,"logging_steps":10,"evaluations_per_epoch":1,"validation_every":null},"#
      + #""evaluation":{"mode":"generate","protocol":"strict","max_new_tokens":8}}"#
    #expect(identity.json.compactText == expected)
    #expect(RunIdentity.content(of: identity.json) != identity.id && identity.id.count == 16)
  }
}
