import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// `adapter`: what a saved adapter is, and a model with it folded in.
enum AdapterCommand {
  private static let folder = PositionalSpec(name: "DIR", help: "A saved adapter, such as a run's adapter folder.")

  static let info = Command(
    name: "adapter info", summary: "Method, options and tensors of a saved adapter; what it attaches to.",
    discussion: [
      "Reads adapter_config.json and the tensors, whose values must be finite. With --model, whose config.json is "
        + "enough, it checks that every tensor has its place in that model, and says where they attach."
    ],
    positionals: [folder],
    options: [OptionSpec(long: "model", short: "m", valueName: "PATH", help: "A model's folder or GGUF file."), .json],
    examples: [
      .init(line: "peft-bench adapter info results/x/runs/0123456789abcdef/adapter", meaning: "What a run has saved."),
      .init(line: "peft-bench adapter info DIR --model models/x --json", meaning: "Whether it fits a model."),
    ],
    run: { arguments, console in
      let adapter = try AdapterSummary(try AdapterFile.open(arguments.positional("DIR") ?? ""))
      // Shown before it is refused: what is damaged wants to be looked at.
      let damage = Result { try adapter.file.checkFiniteness() }
      var attached: AttachedSummary?
      if case .success = damage, let path = arguments.value("model") {
        attached = try AttachedSummary(adapter.file, to: path)
      }
      if arguments.flag("json") {
        var json = adapter.json
        if let attached { json["model"] = attached.json }
        console.print(json: json)
      } else {
        adapter.print(to: console)
        attached?.print(to: console)
      }
      try damage.get()
      return .done
    })

  static let merge = Command(
    name: "adapter merge", summary: "Write a model with an adapter folded into its weights.",
    discussion: [
      "Makes a Hugging Face directory, which every tool loads as a model of its own. Every method that "
        + "changes linear maps, norms, biases or token vectors can be merged (LoRA with its variants, IA3, OFT, VeRA, "
        + "BitFit and others); virtual tokens, prefixes and bottleneck networks are not weights, and nothing can be merged "
        + "into a model in NF4.",
      "Weights keep the types of the model's folder, which rounds half-precision ones again; --dtype float32 keeps "
        + "what was trained as it is. From a GGUF file, the values that its blocks stand for are written as float32, and "
        + "config.json and tokenizer.json are made from its header.",
    ],
    options: [
      OptionSpec(
        long: "model", short: "m", valueName: "PATH", isRequired: true,
        help: "The model that the adapter was trained on."),
      OptionSpec(long: "adapter", valueName: "DIR", isRequired: true, help: "The saved adapter."),
      OptionSpec(
        long: "to", valueName: "DIR", isRequired: true, help: "The folder to make; it must not exist, or be empty."),
      OptionSpec(
        long: "dtype", valueName: "TYPE", choices: ["auto", "float32", "bfloat16", "float16"],
        help: "The type of the merged weights; auto, the model's own, unless given."),
      .threads, .json,
    ],
    examples: [
      .init(
        line: "peft-bench adapter merge --model models/x --adapter DIR --to models/x-sst2", meaning: "A merged model."),
      .init(
        line: "peft-bench adapter merge -m x.gguf --adapter DIR --to x --dtype bfloat16", meaning: "From a GGUF file."),
    ],
    run: { arguments, console in
      let (path, target) = (try arguments.required("adapter"), try arguments.required("to"))
      let files = try TextCommands.files(arguments)
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: target)) ?? []).sorted()
      guard names.isEmpty else {
        let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        throw FileError(path: target, "is not empty: it has \(shown); name a new folder for the merged model")
      }
      let file = try AdapterFile.open(path)
      let members = try MemberFolders.all(in: path).count
      if members > 1 {
        console.note("\(path) is the first of \(members) adapters that vote; this one alone is folded in")
      }
      let method = try file.method()
      // What cannot be merged, or does not fit, is said before the weights are read.
      let context = ComputeContext(
        threads: try arguments.integer("threads", in: 1...4096) ?? ProcessInfo.processInfo.activeProcessorCount)
      let setting = AttachmentSetting(seeds: SeedStream(0), context: context)
      let skeleton = try files.skeleton()
      try file.load(into: try method.attach(to: skeleton, with: setting))
      try ModelMerger.checkMergeable(skeleton)

      let model = try files.load(as: .auto, context: context)
      let attachment = try method.attach(to: model, with: setting)
      try file.load(into: attachment)
      try ModelMerger.write(model, from: files, to: target, as: type(named: arguments.value("dtype")))
      let written = try SafetensorsCheckpoint.open(directory: target)
      let bytes = written.tensors.reduce(0) { $0 + $1.bytes.count }
      if arguments.flag("json") {
        console.print(json: [
          "path": JSONValue(target), "model": JSONValue(files.name), "adapter": JSONValue(path),
          "method": JSONValue(Swift.type(of: method).name), "merged_parameters": JSONValue(attachment.trainableCount),
          "tensors": JSONValue(written.tensors.count), "bytes": JSONValue(bytes),
        ])
      } else {
        console.print(
          "\(target): \(files.name) with \(Swift.type(of: method).name) "
            + "(\(Format.count(Double(attachment.trainableCount))) trained values) folded in, "
            + "\(written.tensors.count) tensors, \(Format.bytes(Double(bytes)))")
      }
      return .done
    })

  private static func type(named name: String?) -> SafetensorsType? {
    switch name {
    case "float32": .float32
    case "bfloat16": .bfloat16
    case "float16": .float16
    default: nil
    }
  }
}

/// What an adapter's folder says of itself.
private struct AdapterSummary {
  let file: AdapterFile
  /// The method's name, or why it cannot be used.
  let method: Result<String, any Error>
  let groups: [SiteGroups.Group]
  /// How many adapters vote, where others lie in its folder.
  let members: Int

  /// Settings that every adapter has and that say nothing of its method.
  private static let common: Set<String> = [
    "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_type", "peft_version", "revision", "task_type",
  ]

  /// Settings that PEFT always writes alike.
  private static let constant: Set<String> = ["megatron_core", "qalora_group_size", "num_transformer_submodules"]

  init(_ file: AdapterFile) throws {
    self.file = file
    method = Result { Swift.type(of: try file.method()).name }
    members = try MemberFolders.all(in: file.path).count
    var groups = SiteGroups()
    for (name, tensor) in file.tensors {
      groups.add(name, detail: "\(tensor.shape)", as: tensor.type.rawValue, count: tensor.elementCount)
    }
    self.groups = groups.groups
  }

  private var format: String {
    file.isOwnFormat ? "peft-bench (docs/adapter-files.md)" : "Hugging Face PEFT"
  }

  private var parameterCount: Int { groups.reduce(0) { $0 + $1.elements } }
  private var tensorCount: Int { groups.reduce(0) { $0 + $1.count } }
  private var methodName: String? { try? method.get() }
  private var problem: String? {
    if case .failure(let error) = method { "\(error)" } else { nil }
  }

  var json: JSONValue {
    [
      "path": JSONValue(file.path), "format": JSONValue(format), "peft_type": JSONValue(file.peftType),
      "method": JSONValue(methodName), "problem": JSONValue(problem), "base_model": JSONValue(file.baseModel),
      "options": .object(options(all: true)), "parameters": JSONValue(parameterCount),
      "tensors": .array(
        file.tensors.map { name, tensor in
          ["name": JSONValue(name), "shape": JSONValue(tensor.shape), "dtype": JSONValue(tensor.type.rawValue)]
        }),
      "private_state": JSONValue(file.hasState), "vector": .bool(file.isVector), "members": JSONValue(members),
    ]
  }

  /// The method's settings; only those that say something, unless all are wanted.
  private func options(all: Bool) -> JSONObject {
    guard case .object(let settings) = file.settings else { return JSONObject() }
    var result = JSONObject()
    for (key, value) in settings.members where !Self.common.contains(key) {
      let isSilent = [.null, .bool(false), .array([]), .object(JSONObject()), "none"].contains(value)
      if all || !(isSilent || Self.constant.contains(key)) { result[key] = value }
    }
    return result
  }

  func print(to console: Console) {
    var table = TextTable([.init(title: file.path), .init(title: "")])
    table.add(["method", methodName ?? "not supported"])
    if let problem { table.add(["", problem]) }
    if file.isVector { table.add(["", "a vector, no adapter: a sum that was added to no origin"]) }
    if members > 1 {
      table.add(["members", "\(members), which vote: this is the first, the others lie in \(MemberFolders.name)"])
    }
    table.add(["format", "\(format), \(file.peftType)"])
    table.add(["trained on", file.baseModel ?? "not said"])
    table.add(["parameters", "\(Format.count(Double(parameterCount))) in \(tensorCount) tensors"])
    table.add(["private state", file.hasState ? "yes, training can go on from it" : "none"])
    for (key, value) in options(all: false).members {
      let text = if case .string(let word) = value { word } else { value.compactText }
      table.add([key, text])
    }
    table.print(to: console)
    console.print("")
    var tensors = TextTable([
      .init(title: "tensor"), .init(title: "number", isNumber: true), .init(title: "shape"), .init(title: "type"),
    ])
    for group in groups { tensors.add([group.pattern, "\(group.count)", group.detail, group.kind]) }
    tensors.print(to: console)
  }
}

/// Where an adapter attaches to one model.
private struct AttachedSummary {
  let name: String
  let parameterCount: Int
  let baseCount: Int
  let inference: InferenceCost
  /// Why it cannot be merged; nil if it can.
  let obstacle: String?
  let notes: [String]
  let groups: [SiteGroups.Group]

  /// - Throws: An `InputError` for an adapter that does not fit the model.
  init(_ file: AdapterFile, to path: String) throws {
    let files = try ModelFiles.open(path)
    let model = try files.skeleton()
    let attachment = try file.method().attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(0), context: ComputeContext(threads: 1)))
    try file.load(into: attachment)
    name = files.name
    parameterCount = attachment.trainableCount
    baseCount = model.parameterCount
    inference = attachment.inferenceCost
    notes = attachment.notes
    do {
      try ModelMerger.checkMergeable(model)
      obstacle = nil
    } catch { obstacle = "\(error)" }
    var groups = SiteGroups()
    for site in model.sites where site.isOccupied { groups.add(site, of: model) }
    self.groups = groups.groups
  }

  var json: JSONValue {
    [
      "name": JSONValue(name), "parameters": JSONValue(parameterCount), "base_parameters": JSONValue(baseCount),
      "mergeable": .bool(obstacle == nil), "virtual_tokens": JSONValue(inference.virtualTokens),
      "prefix_positions": JSONValue(inference.prefixPositions),
      "operations_per_token": JSONValue(inference.operationsPerToken), "notes": JSONValue(notes),
      "sites": .array(
        groups.map {
          [
            "sites": JSONValue($0.pattern), "kind": JSONValue($0.kind), "count": JSONValue($0.count),
            "size": JSONValue($0.detail),
          ]
        }),
    ]
  }

  func print(to console: Console) {
    console.print("")
    var table = TextTable([
      .init(title: "attaches to \(name)"), .init(title: "number", isNumber: true), .init(title: "size"),
      .init(title: "kind"),
    ])
    for group in groups { table.add([group.pattern, "\(group.count)", group.detail, group.kind]) }
    table.print(to: console)
    let share = Format.decimal(100 * Double(parameterCount) / Double(baseCount), digits: 4)
    console.print("\(share) % of the model's parameters; \(obstacle ?? "can be merged into its weights")")
    for note in notes { console.print("note: \(note)") }
  }
}

/// Names that differ in a number only, counted together.
private struct SiteGroups {
  struct Group {
    /// The name with a star for the number.
    let pattern: String
    let detail: String
    let kind: String
    var count: Int
    var elements: Int
  }

  private(set) var groups: [Group] = []

  /// Adds a site to which something is attached.
  mutating func add(_ site: Site, of model: CausalLanguageModel) {
    let isWhole = site.occupants.contains { if case .weight = $0 { true } else { false } }
    switch site.kind {
    case .table(let table):
      let kind = isWhole ? "embedding table, as a whole" : "embedding table"
      add(site.name, detail: "\(table.count) × \(table.width)", as: kind, count: 1)
    case .map(let linear):
      let kind = isWhole ? "linear map, as a whole" : "linear map"
      add(site.name, detail: "\(linear.outputs) × \(linear.inputs)", as: kind, count: 1)
    case .norm(let norm): add(site.name, detail: "\(norm.width)", as: "norm", count: 1)
    case .branch:
      let kind = site.role == .attentionBranch ? "after attention" : "after or beside feed-forward"
      add("layer \(site.layer ?? 0)", detail: "\(model.configuration.hiddenSize)", as: kind, count: 1)
    case .activations(let activations):
      let kind = site.role == .neurons ? "neurons" : "attention heads"
      add("layer \(site.layer ?? 0)", detail: "\(activations.unitCount)", as: kind, count: 1)
    case .attentionPrompt:
      add("layer \(site.layer ?? 0)", detail: "\(model.configuration.hiddenSize)", as: "beside attention", count: 1)
    case .sequenceStart:
      for occupant in site.occupants {
        switch occupant {
        case .virtualTokens(let prompt):
          add("before every sequence", detail: "\(prompt.count)", as: "tokens", count: 1)
        case .prefix(let prefix):
          add("before every layer", detail: "\(prefix.count)", as: "keys and values", count: 1)
        default: break
        }
      }
    }
  }
  private var places: [String: Int] = [:]

  mutating func add(_ name: String, detail: String, as kind: String, count elements: Int) {
    let pattern = name.split(separator: ".", omittingEmptySubsequences: false)
      .map { $0.split(separator: " ").map { Int($0) == nil ? String($0) : "*" }.joined(separator: " ") }
      .joined(separator: ".")
    let key = "\(pattern)\u{0}\(detail)\u{0}\(kind)"
    if let known = places[key] {
      groups[known].count += 1
      groups[known].elements += elements
    } else {
      places[key] = groups.count
      groups.append(Group(pattern: pattern, detail: detail, kind: kind, count: 1, elements: elements))
    }
  }
}
