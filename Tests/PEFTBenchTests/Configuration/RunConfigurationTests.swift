import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Synchronization
import Testing

@testable import PEFTBench

@Suite("Run configuration") struct RunConfigurationTests {
  /// A method with an option that is called like a training key.
  private struct Namesake: PEFTMethod {
    static let name = "lora"
    static let summary = ""
    static let source = ""
    static let aliases = [OptionAlias("r", of: "rank", origin: .peft)]
    let options: [(name: String, value: JSONValue)]

    init(options reader: inout OptionReader) throws {
      options = [
        ("rank", JSONValue(try reader.integer("rank", default: 8, in: 1...))),
        ("alpha", JSONValue(try reader.number("alpha", default: 16))),
        ("target_modules", try reader.optionalStrings("target_modules").map { JSONValue($0) } ?? .null),
        ("beta1", JSONValue(try reader.number("beta1", default: 0.85))),
      ]
    }

    init?(peft settings: AdapterSettings, type: String) throws { nil }

    func attach(
      to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
    ) throws -> AttachedMethod {
      AttachedMethod(parameters: [], inferenceCost: InferenceCost(), format: nil)
    }
  }

  func configuration(_ text: String, set: [String] = [], name: String = "run.yaml") throws -> RunConfiguration {
    let file = try ConfigFile.read(DocumentText(name: name, bytes: Array(text.utf8)), overrides: set)
    return try RunConfiguration(file) { $0 == Namesake.name ? Namesake.self : MethodRegistry.method(named: $0) }
  }

  func message(_ text: String, set: [String] = []) -> String? {
    #expect(throws: DocumentError.self) { try configuration(text, set: set) }?.description
  }

  static let example = """
    name: sst2-lora
    model: {path: models/mini, dtype: auto}
    data:
      suite: full
      root: datasets/full
      datasets: [sst2, rte]
      train_limit: 400
      eval_limit: 200
    methods:
    - {name: lora, rank: 16, alpha: 16, target_modules: [k_proj, v_proj, down_proj], learning_rate: 5e-4}
    - ia3
    seeds: [42, 123]
    training: {epochs: 2, batch_size: 4, learning_rate: 1e-3, scheduler: cosine, warmup_ratio: 0.1,
      weight_decay: 1e-5, max_grad_norm: 1.0, cutoff_tokens: 2048, validation_fraction: 0.1, keep_best: true,
      shuffle: true}
    evaluation: {mode: generate, max_new_tokens: 16, batch_size: 8}
    pscp: {preset: relative, beta: [1, 1, 1]}
    output: results/sst2-lora

    """

  @Test("The design's example reads as it stands") func example() throws {
    let run = try configuration(Self.example)
    #expect(run.name == "sst2-lora" && run.models.map(\.path) == ["models/mini"] && run.models[0].name == "mini")
    #expect(run.data.suite == .full && run.data.trainLimit == 400 && run.data.evaluationLimit == 200)
    #expect(run.methods.map(\.label) == ["lora", "ia3"] && run.seeds == [42, 123])
    #expect(run.methods[0].entry.options.object?.keys == ["rank", "alpha", "target_modules"])
    #expect(run.methods[0].training.learningRate == 5e-4 && run.methods[1].training.learningRate == 1e-3)
    #expect(run.methods[0].training.batchSize == 4 && run.training.weightDecay == 1e-5)
    #expect(run.evaluation.maximumNewTokens == 16 && run.pscp.preset == .relative && run.output == "results/sst2-lora")
    #expect(try run.methods[0].options["rank"] == 16 && run.methods[0].options["beta1"] == 0.85)
  }

  @Test("Little is enough, and the defaults are named") func defaults() throws {
    let run = try configuration("model: models/mini\nmethods: [lora]\n", name: "configs/quick.yaml")
    #expect(run.name == "quick" && run.output == "results/quick" && run.seeds == [42] && run.data.suite == .mini)
    #expect(run.training == TrainingConfiguration() && run.threads == nil && run.evaluation.zeroShot)
    guard case .name("all", _) = try #require(run.data.datasets.first) else {
      Issue.record("expected all datasets")
      return
    }
  }

  @Test(
    "Mistakes are located and explained",
    arguments: [
      ("methods: [lora]", "run.yaml:1:1: model: missing"),
      (
        "methods: [lora]\nmodle: x",
        "run.yaml:2:1: modle: unknown key in the config; did you mean \"model\"?"
      ),
      (
        "model: m\nmethods: [lora]\ntrainig: {}",
        "run.yaml:3:1: trainig: unknown key in the config; did you mean \"training\"?"
      ),
      (
        "model: m\nmethods: [lora]\ntraining:\n  epoch: 3",
        "run.yaml:4:3: training.epoch: unknown key in training; did you mean \"epochs\"?"
      ),
      (
        "model: m\nmethods: [lora]\ndata: {cutoff_tokens: 400}",
        "run.yaml:3:8: data.cutoff_tokens: unknown key in data; it belongs to training."
      ),
      ("model: m\nmethods: [lora]\nlr: 1", "run.yaml:3:1: lr: unknown key in the config"),
      (
        "model: m\nmethods: [lora]\ntraining: {mode: rank}",
        "run.yaml:3:12: training.mode: unknown key in training; it belongs to evaluation."
      ),
      (
        "model: m\nmethods: [lora]\ntraining:\n  batch_size: [4, many]",
        "run.yaml:4:19: training.batch_size: expected an integer from 1 to 4096, found a string (\"many\")"
      ),
      (
        "model: m\nmethods: [{name: lora, learning_rate: -1}]",
        "run.yaml:2:39: methods[0].learning_rate: expected a number from 0 to 1000, found -1"
      ),
      ("model: m\nmethods: [3]", "run.yaml:2:11: methods[0]: expected a method's name or an object with one, found 3"),
      ("model: m\nmethods: [{rank: 3}]", "run.yaml:2:11: methods[0].name: missing"),
      ("model: m\nmethods: lora", "run.yaml:2:10: methods: expected a list, found a string (\"lora\")"),
      ("model: m\nmethods: []", "run.yaml:2:10: methods: expected at least one method"),
      ("model: m", "run.yaml:1:1: methods: expected at least one method"),
      ("model: {dtype: int8, path: m}\nmethods: [lora]", "run.yaml:1:16: model.dtype: expected one of auto, float32"),
      ("model: m\nmodels: [n]\nmethods: [lora]", "run.yaml:2:9: models: means the same"),
      ("model: m\nmethods: [lora]\nseeds: [1, 1]", "run.yaml:3:8: seeds: expected at least one seed"),
      ("model: m\nmethods: [lora]\nseeds: []", "run.yaml:3:8: seeds: expected at least one seed"),
      ("model: m\nmethods: [lora, lora]", "run.yaml:2:17: methods[1]: the same as methods[0]"),
      ("model: m\nmethods: [lora]\ndata: {datasets: [4]}", "run.yaml:3:19: data.datasets[0]: expected a dataset"),
      ("model: m\nmethods: [lora]\ntraining: {epochs: []}", "run.yaml:3:20: training.epochs: expected a value"),
      ("model: m\nmethods: [lora]\npscp: {beta: [1, 1]}", "run.yaml:3:14: pscp.beta: expected a list of 3 numbers"),
      ("model: m\nmethods: [lora]\nname: a/b", "run.yaml:3:7: name: expected a name that can be a folder's"),
      (
        "model: m\nmethods: [lora]\ntraining: {warmup_ratio: 0.1, warmup_steps: 3}",
        "run.yaml:3:45: training.warmup_steps: means the same"
      ),
    ]) func mistakes(text: String, expected: String)
  {
    let message = message(text)
    #expect(message?.hasPrefix(expected) == true, "\(message ?? "")")
  }

  @Test("A mistake in an override is named by the override") func overrideMistakes() {
    #expect(
      message(Self.example, set: ["training.epochs=-1"])?.hasPrefix(
        "--set training.epochs=-1: training.epochs: expected a number > 0 and ≤ 100000, found -1") == true)
    #expect(
      message(Self.example, set: ["methods.ia3.epohcs=3", "data.sute=mini"])?.hasPrefix(
        "--set data.sute=mini: data.sute: unknown key in data; did you mean \"suite\"?") == true)
  }

  @Test("Lists for single values make a grid, and labels tell its elements apart") func grid() throws {
    let run = try configuration(
      """
      model: m
      methods:
      - {name: lora, rank: [4, 8], target_modules: [q_proj, v_proj]}
      - {name: ia3, learning_rate: 0.01}
      training: {learning_rate: [1e-4, 1e-3], epochs: 3}
      """)
    #expect(
      run.methods.map(\.label) == [
        "lora (rank=4, learning_rate=0.0001)", "lora (rank=4, learning_rate=0.001)",
        "lora (rank=8, learning_rate=0.0001)", "lora (rank=8, learning_rate=0.001)", "ia3",
      ])
    #expect(run.methods.map(\.training.learningRate) == [1e-4, 1e-3, 1e-4, 1e-3, 0.01])
    #expect(run.methods.allSatisfy { $0.training.epochs == 3 })
    #expect(run.methods[2].entry.options["rank"]?.integer == 8)
    #expect(run.methods[2].entry.options["target_modules"]?.array?.count == 2)
  }

  @Test("A list of lists makes a grid of a list, and entries of one method get labels") func listGrid() throws {
    let run = try configuration(
      """
      model: m
      methods:
      - {name: lora, target_modules: [[q_proj], [q_proj, v_proj]], r: 2}
      - {name: lora, label: big, r: 64}
      - {name: lora, r: 4, num_train_epochs: 1}
      """)
    #expect(run.methods.count == 4 && run.methods[2].label == "big" && run.methods[3].training.epochs == 1)
    #expect(Set(run.methods.map(\.label)).count == 4)
    #expect(run.methods[0].label == "lora (target_modules=[\"q_proj\"], r=2, epochs=2)")
  }

  @Test("A method's own option is not taken for a training key") func ownBeforeTraining() throws {
    let run = try configuration("model: m\nmethods: [{name: lora, beta1: 0.5}, {name: ia3, beta1: 0.5}]")
    #expect(run.methods[0].entry.options["beta1"]?.number == 0.5 && run.methods[0].training.beta1 == 0.9)
    #expect(run.methods[1].entry.options["beta1"] == nil && run.methods[1].training.beta1 == 0.5)
  }

  @Test("A list over an option that changes no number, and a value twice in a list, are refused by name")
  func sameRuns()
    throws
  {
    for methods in [
      "[{name: lora, frozen_layer_cache: [auto, off]}]",
      "[{name: lora, label: a, frozen_layer_cache: auto}, {name: lora, label: b, frozen_layer_cache: off}]",
    ] {
      let text = try #require(message("model: m\nmethods: \(methods)"))
      #expect(
        text.contains("frozen_layer_cache changes no number, so a list of it makes the same run twice"), "\(text)")
    }
    let steps = try #require(message("model: m\nmethods: [lora]\ntraining: {checkpoint_steps: [5, 10]}"))
    #expect(steps.contains("checkpoint_steps changes no number"))
    let twice = try #require(message("model: m\nmethods: [{name: lora, learning_rate: [1e-3, 5e-4, 0.001]}]"))
    #expect(twice.contains("methods[0].learning_rate: 0.001 is listed twice"), "\(twice)")
    // What trains nothing has no such option to differ in.
    _ = try configuration("model: m\nmethods: [none, {name: lora, frozen_layer_cache: off}]")
    #expect(message("model: m\nmethods: [{name: lora, learning_rate: 1e-400}]")?.contains("1e-400") == true)
  }

  @Test("What a method's entry says in one unit undoes what training says in the other")
  func units() throws {
    let training = "{steps: 100, validation_every: 5, warmup_steps: 3, validation_rows: 2}"
    let run = try configuration(
      """
      model: m
      methods:
      - lora
      - {name: lora, label: own, epochs: 2, evaluations_per_epoch: 1, warmup_ratio: 0.1, validation_fraction: 0.1}
      - {name: lora, label: both, epochs: 3, steps: 100, learning_rate: 0.1}
      - {name: lora, label: none, max_steps: -1}
      training: \(training)
      """)
    #expect(run.methods.map(\.training.steps) == [100, nil, 100, nil])
    #expect(run.methods.map(\.training.validationEvery) == [5, nil, 5, 5])
    #expect(run.methods.map(\.training.warmupSteps) == [3, nil, 3, 3])
    #expect(run.methods.map(\.training.epochs) == [2, 2, 3, 2])
    let again = try configuration(run.resolvedJSON.prettyText, name: "config.json")
    #expect(again.methods.map(\.training) == run.methods.map(\.training))
  }

  @Test("A grid of training in a unit that an entry replaces makes one run of the entry, and a grid of its own none")
  func replacedUnits() throws {
    for (grid, own) in [
      ("epochs: [1, 2]", "steps: 3"), ("steps: [10, 20]", "epochs: 1"), ("warmup_ratio: [0, 0.1]", "warmup_steps: 3"),
      ("warmup_steps: [1, 2]", "warmup_ratio: 0.1"), ("evaluations_per_epoch: [1, 2]", "validation_every: 4"),
      ("validation_fraction: [0.1, 0.2]", "validation_rows: 3"),
    ] {
      let run = try configuration("model: m\nmethods: [{name: lora, \(own)}, ia3]\ntraining: {\(grid)}")
      #expect(run.methods.map(\.name) == ["lora", "ia3", "ia3"], "\(grid)")
      #expect(run.methods[0].label == "lora")
    }
    // Where the entry takes its number back, the grid counts.
    let run = try configuration("model: m\nmethods: [{name: lora, max_steps: -1}]\ntraining: {epochs: [1, 2]}")
    #expect(run.methods.count == 2)
    for (training, methods, expected) in [
      ("{epochs: [1, 2], steps: 3}", "[lora]", "epochs changes no number beside steps"),
      ("{}", "[{name: lora, steps: 3, epochs: [1, 2]}]", "epochs changes no number beside steps"),
      ("{optimizer: [sgd, adamw], momentum: [0, 0.9]}", "[lora]", "momentum changes no number beside optimizer: adamw"),
    ] {
      let text = try #require(message("model: m\nmethods: \(methods)\ntraining: \(training)"))
      #expect(text.contains(expected), "\(text)")
    }
  }

  @Test("A momentum with which nothing is trained is refused")
  func idleMomentum() throws {
    for (training, methods, place) in [
      ("{momentum: 0.9}", "[ia3]", "training.momentum"),
      ("{}", "[ia3, {name: ia3, momentum: 0.9}]", "methods[1].momentum"),
      ("{}", "[{name: ia3, momentum: [0, 0.9]}]", "methods[0].momentum"),
    ] {
      let text = try #require(message("model: m\nmethods: \(methods)\ntraining: \(training)"))
      #expect(text.contains("\(place): belongs to optimizer: sgd"), "\(text)")
    }
    for (training, methods) in [
      ("{momentum: 0.9}", "[ia3, {name: lora, optimizer: sgd}]"), ("{momentum: 0, beta1: 0.8}", "[ia3]"),
      ("{optimizer: sgd, momentum: 0.9}", "[ia3, {name: lora, optimizer: adamw}]"),
      ("{optimizer: sgd, adam_beta1: 0.8}", "[ia3]"), ("{momentum: 0.9}", "[none]"),
    ] {
      let run = try configuration("model: m\nmethods: \(methods)\ntraining: \(training)")
      let again = try configuration(run.resolvedJSON.prettyText, name: "config.json")
      #expect(again.methods.map(\.training) == run.methods.map(\.training), "\(training)")
    }
  }

  @Test("Seeds by source are read again as they are written, whether they or the data name the sample's")
  func seedsBySource() throws {
    for text in [
      "seeds: {initialization: [1, 2], sample: [3, 4]}", "seeds: {order: [5]}\ndata: {sample_seed: 9}",
      "seeds: {sample: [0, 1]}", "seeds: {sample: [0]}", "seeds: [6]\ndata: {sample_seed: 9}",
    ] {
      let run = try configuration("model: m\nmethods: [lora]\n\(text)")
      let again = try configuration(run.resolvedJSON.prettyText, name: "config.json")
      #expect(again.seeds == run.seeds && again.resolvedJSON == run.resolvedJSON, "\(text)")
      // The data's seed draws the evaluation rows.
      #expect(again.data.sampleSeed == run.data.sampleSeed, "\(text)")
    }
    #expect(
      message("model: m\nmethods: [lora]\nseeds: {sample: [1]}\ndata: {sample_seed: 2}")?
        .contains("means the same as seeds.sample") == true)
  }

  @Test("Several seeds of the initial values are refused where init_seed draws these") func initialSeeds() throws {
    let several = "seeds: {initialization: [1, 2]}"
    for (training, methods) in [("{init_seed: 7}", "[lora]"), ("{}", "[adapter, {name: lora, init_seed: 7}]")] {
      let text = try #require(message("model: m\nmethods: \(methods)\ntraining: \(training)\n\(several)"))
      #expect(text.contains("seeds: the initial values of lora are drawn by init_seed"), "\(text)")
    }
    for seeds in [several.replacing("[1, 2]", with: "[1], order: [1, 2]"), "seeds: [1, 2]"] {
      #expect(try configuration("model: m\nmethods: [lora]\ntraining: {init_seed: 7}\n\(seeds)").seeds.count == 2)
    }
  }

  @Test("Several seeds of a source by which a method draws nothing are refused, which would be copies of one run")
  func idleSeeds() throws {
    func text(_ parts: (methods: String, seeds: String, more: String)) -> String {
      "model: m\nmethods: \(parts.methods)\nseeds: {\(parts.seeds)}\n\(parts.more)"
    }
    let whole = "training: {validation_fraction: 0}"
    for (refused, part) in [
      (("[beft]", "initialization: [1, 2, 3, 4]", ""), "no initial value of beft is drawn, so that the 4 seeds"),
      (("[lora, bitfit]", "initialization: [1, 2]", ""), "give initialization one seed, or bitfit a config of its own"),
      (("[{name: super-tuning}]", "initialization: [1, 2]", ""), "no initial value of super-tuning"),
      (("[ia3]", "order: [1, 2]", "training: {shuffle: false}"), "with shuffle: false, so that the 2 seeds of order"),
      (("[ia3]", "dropout: [1, 2]", ""), "ia3 has neither dropout nor noise, so that the 2 seeds"),
      (("[ia3]", "dropout: [1, 2]", "training: {strategy: swa}"), "has neither dropout nor noise"),
      (("[{name: loha, rank_dropout: 0}]", "dropout: [1, 2]", ""), "loha has neither dropout nor noise"),
      (("[ia3]", "sample: [0, 1]", whole), "no training row of ia3 is drawn, so that the 2 seeds of sample"),
      (("[ia3]", "sample: [0, 1]", whole + "\ndata: {limit: first, train_limit: 5}"), "no training row of ia3"),
    ] {
      let error = try #require(message(text(refused)))
      #expect(error.contains("seeds: ") && error.contains(part), "\(refused): \(error)")
    }
    for taken in [
      ("[{name: bitfit, init: upstream}]", "initialization: [1, 2]", ""),
      ("[{name: super-tuning, rank: 2}, shira, svft]", "initialization: [1, 2]", ""),
      ("[none, lora]", "initialization: [1, 2]", ""), ("[beft]", "initialization: 1, order: [1, 2]", ""),
      ("[{name: loha, rank_dropout: 0.1}, pvera]", "dropout: [1, 2]", ""),
      ("[ia3]", "dropout: [1, 2]", "training: {strategy: deni}"),
      ("[ia3]", "dropout: [1, 2]", "training: {optimizer_state: bfloat16}"), ("[ia3]", "sample: [0, 1]", ""),
      ("[ia3]", "sample: [0, 1]", whole + "\ndata: {train_limit: 5}"),
      ("[ia3]", "sample: [0, 1]", "training: {validation_fraction: 0, strategy: augmentation}"),
      ("[ia3]", "sample: [0, 1]", "training: {validation_fraction: 0, strategy: all-data}"),
    ] {
      let run = try configuration(text(taken))
      #expect(run.seeds.count == 2, "\(taken)")
      let again = try configuration(run.resolvedJSON.prettyText, name: "config.json")
      #expect(again.seeds == run.seeds, "\(taken)")
    }
  }

  @Test(
    "Methods that are said to draw no start have the same one by every seed",
    arguments: [
      "beft", "bitfit", "full", "galore", "ia3", "ln-tuning", "miss", "oft", "pvera", "road", "super-tuning",
      "trainable-tokens", "vera",
    ])
  func undrawnStarts(name: String) throws {
    let needed =
      [
        "trainable-tokens": ", tokens: [3]", "oft": ", block_size: 4", "super-tuning": ", sparsity: 0.9",
        "galore": ", rank: 2", "miss": ", rank: 4", "vera": ", rank: 4", "pvera": ", rank: 4",
      ][name] ?? ""
    let head = "model: m\nmethods: [{name: \(name)\(needed)}]\n"
    #expect(message(head + "seeds: {initialization: [1, 2]}")?.contains("no initial value of \(name)") == true)
    let method = try configuration(head).methods[0]
    let context = ComputeContext(threads: 1)
    func start(_ seed: Int) throws -> [[Float]] {
      let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
      let setting = AttachmentSetting(seeds: SeedStream(seed), context: context)
      let values = try method.attach(to: model, with: setting).parameters.map(\.value.values)
      return withExtendedLifetime(model) { values }
    }
    #expect(try start(1) == start(2))
  }

  @Test("Too large a grid is an error") func hugeGrid() {
    let list = "[" + (1...200).map(String.init).joined(separator: ",") + "]"
    #expect(
      message("model: m\nmethods: [{name: lora, rank: \(list), alpha: \(list)}]")?.contains("more than 10000") == true)
  }

  @Test("Methods of the registry are checked with the config") func registry() throws {
    func message(_ methods: String) -> String? {
      let text = DocumentText(name: "run.yaml", bytes: Array("model: m\nmethods: \(methods)\n".utf8))
      let error = #expect(throws: DocumentError.self) { try RunConfiguration(ConfigFile.read(text)) }
      return error?.description
    }
    #expect(
      message("[{name: lroa}]")?.hasPrefix(
        "run.yaml:2:18: methods[0]: unknown method \"lroa\"; did you mean \"lora\"? Available: lora, ") == true)
    #expect(
      message("[lora, {name: lora, rnak: 4}]")?.hasPrefix(
        "run.yaml:2:30: methods[1].rnak: unknown key in method lora; did you mean \"rank\"? Valid keys: rank, ") == true
    )
    #expect(
      message("[{name: lora, learning_rat: 4}]")?.contains("did you mean \"learning_rate\"?") == true)
    #expect(
      message("[{name: lora, rank: [4, 0]}]")
        == "run.yaml:2:34: methods[0].rank: expected an integer ≥ 1, found 0")
    let text = DocumentText(name: "run.yaml", bytes: Array("model: m\nmethods: [{name: lora, rank: [4, 8]}]".utf8))
    let run = try RunConfiguration(ConfigFile.read(text))
    let again = try RunConfiguration(
      ConfigFile.read(DocumentText(name: "run.json", bytes: Array(run.resolvedJSON.prettyText.utf8))))
    #expect(run.methods.count == 2 && again.resolvedJSON == run.resolvedJSON)
  }

  /// A method that counts how often its options are read; used by one test alone.
  private struct Counted: PEFTMethod {
    static let name = "counted"
    static let summary = ""
    static let source = ""
    static let readings = Mutex(0)
    let size: Int
    var options: [(name: String, value: JSONValue)] { [("size", JSONValue(size))] }

    init(options reader: inout OptionReader) throws {
      Self.readings.withLock { $0 += 1 }
      size = try reader.integer("size", default: 1, in: 1...)
    }

    init?(peft settings: AdapterSettings, type: String) throws { nil }

    func attach(
      to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
    ) throws -> AttachedMethod {
      guard size < 3 else { throw AttachError("\(size) is too large", option: "size") }
      return AttachedMethod(parameters: [], inferenceCost: InferenceCost(), format: nil)
    }
  }

  @Test("A method is read with its config, and never again; what does not fit a model is located all the same")
  func readOnce() throws {
    let text = DocumentText(
      name: "run.yaml", bytes: Array("model: m\nmethods:\n- counted\n- {name: counted, size: [2, 3]}".utf8))
    let run = try RunConfiguration(ConfigFile.read(text)) { $0 == Counted.name ? Counted.self : nil }
    let before = Counted.readings.withLock { $0 }
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
    for method in run.methods.dropLast() {
      for _ in 0..<3 {
        try method.attach(to: model, with: setting).detach()
        #expect(try method.options["size"] != nil && method.method is Counted)
      }
    }
    #expect(Counted.readings.withLock { $0 } == before)
    let error = #expect(throws: DocumentError.self) { try run.methods[2].attach(to: model, with: setting) }
    #expect(error?.description == "run.yaml:4:29: methods[1]: 3 is too large")
    #expect(try run.methods.map { try $0.options["size"] } == [1, 2, 3])
  }

  @Test("For its names alone, a config may have methods and options of another version") func names() throws {
    let text = DocumentText(
      name: "run.yaml", bytes: Array("model: m\nmethods: [{name: newer, rank: 3}, {name: lora, gone: 1}, ia3]".utf8))
    let file = try ConfigFile.read(text)
    #expect(throws: DocumentError.self) { try RunConfiguration(file) }
    let run = try RunConfiguration(file, isForNames: true)
    #expect(run.methods.map(\.label) == ["newer", "lora", "ia3"])
    #expect(throws: DocumentError.self) { try run.methods[1].method }
    #expect(try Swift.type(of: run.methods[2].method).name == "ia3")
  }

  @Test("A disturbed config is read or refused, but never crashes the reader") func disturbed() {
    let bytes = Array(Self.example.utf8)
    let intruders = Array(" \n:-[]{},'#9e$".utf8)
    for index in bytes.indices {
      for turn in 0..<3 {
        let byte = intruders[(3 * index + turn) % intruders.count]
        var other = bytes
        other[index] = byte
        let text = String(decoding: other, as: UTF8.self)
        do { _ = try configuration(text, set: ["methods.0.rank=[1, 2]"]) } catch {
          #expect(error is DocumentError)
        }
      }
    }
  }

  @Test("The resolved config has all defaults, and reads back as the same runs") func roundTrip() throws {
    for text in [
      Self.example, "model: m\nmethods: [lora, ia3]",
      "models: [a, b]\nmethods: [{name: lora, rank: [1, 2], warmup_ratio: 0}]\ntraining: {warmup_steps: 4, steps: [9, 8]}",
    ] {
      let first = try configuration(text).resolvedJSON
      let second = try configuration(first.prettyText, name: "config.json").resolvedJSON
      #expect(first.prettyText == second.prettyText)
      #expect(first["training"]?["epsilon"] == 1e-8)
      #expect(first.prettyText.contains("\"alpha\": 16"))
    }
  }

  @Test("A method with nothing given reads back from the resolved config", arguments: MethodRegistry.names)
  func methodRoundTrip(name: String) throws {
    let needed = ["combined": ", parts: [lora, ia3]", "trainable-tokens": ", tokens: [3]"][name] ?? ""
    let more = name == "oft" ? ", {name: oft, label: b, form: exact, constrained: true}" : ""
    let first = try configuration("model: m\nmethods: [{name: \(name)\(needed)}\(more)]").resolvedJSON
    let second = try configuration(first.prettyText, name: "config.json").resolvedJSON
    #expect(first.prettyText == second.prettyText)
  }

  @Test("Grids and seeds that make more runs than anybody can plan are refused with their number")
  func tooManyRuns() {
    let seeds = (0..<2000).map(String.init).joined(separator: ", ")
    let ranks = (1...60).map(String.init).joined(separator: ", ")
    let beginning = "model: models/mini\ndata: {datasets: [sst2]}\nmethods: [{name: lora, rank: [\(ranks)]}]\n"
    #expect(
      message(beginning + "seeds: [\(seeds)]")?.contains(
        "60 methods x 2000 seeds x 1 model x 1 dataset are more than the 100000 runs that a config may have") == true)
    let grid = "training: {epochs: [\(ranks)], batch_size: [\(ranks)]}"
    #expect(message(beginning + grid)?.contains("methods[0]: the lists make 216000 combinations") == true)
  }
}
