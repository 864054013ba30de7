import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Files as other programs write them, made from those that PEFT wrote for the goldens.
@Suite("Loading saved adapters") struct AdapterLoadingTests {
  @Test(
    "A start that leaves the base weights alone does not matter once values are loaded",
    arguments: ["eva", "mica", "gaussian", "orthogonal", "EVA"])
  func harmlessStarts(start: String) throws {
    let adapter = try EditedAdapter("lora-llama") { $0["init_lora_weights"] = JSONValue(start) }
    #expect(try adapter.logits() == EditedAdapter("lora-llama").logits())
  }

  @Test(
    "What is not supported is refused by its name, with the reason",
    arguments: [
      ("init_lora_weights", #""corda""#, "taken out of the base weights"),
      ("init_lora_weights", #""lora_ga""#, "taken out of the base weights"),
      ("init_lora_weights", #""pissa_niter_4""#, "random procedure"),
      ("init_lora_weights", #""loftq""#, "quantized"), ("init_lora_weights", #""newest""#, "not supported"),
      ("target_parameters", "[7]", "a list of strings"), ("target_parameters", #"[""]"#, "name is empty"),
      ("layer_replication", "[[0, 2], [1, 2]]", "repeating layers"),
      ("alora_invocation_tokens", "[3, 4]", "aLoRA"), ("use_qalora", "true", "not supported"),
      ("bias", #""some""#, "none, all or lora_only"), ("layers_to_transform", #"["first"]"#, "a layer's number"),
      ("trainable_token_indices", "[1, 1]", "in the list twice"), ("rank_pattern", #"{"(q": 4}"#, "regular expression"),
    ])
  func refused(member: String, value: String, reason: String) throws {
    let value = JSONValue(try JSONParser.parse(DocumentText(name: "", bytes: Array(value.utf8))))
    let adapter = try EditedAdapter("lora-llama") { $0[member] = value }
    let error = #expect(throws: DocumentError.self) { try adapter.file().method() }
    let message = error?.description ?? ""
    #expect(message.contains("\"\(member)\"") && message.contains(reason), "\(message)")
    #expect(message.contains("adapter_config.json:"), "\(message)")
  }

  @Test(
    "A member that no method of this version asks for is refused where it says something",
    arguments: [
      ("lora-llama", "use_newest", "true", "is not known to this version"),
      ("lora-llama", "newest_config", #"{"blocks": 2}"#, "is not known to this version"),
      ("ia3-llama", "scale", "0.5", "is not known to this version"),
      ("prompt-tuning-llama", "num_transformer_submodules", "2", "expected 1, which is all that is supported, found 2"),
      ("adalora-llama", "ensure_weight_tying", "true", "expected false"),
    ])
  func unknown(fixture: String, member: String, value: String, reason: String) throws {
    let value = JSONValue(try JSONParser.parse(DocumentText(name: "", bytes: Array(value.utf8))))
    let adapter = try EditedAdapter(fixture) { $0[member] = value }
    let error = #expect(throws: DocumentError.self) { try adapter.file().method() }
    let message = error?.description ?? ""
    #expect(message.contains("\"\(member)\": ") && message.contains(reason), "\(message)")
  }

  @Test(
    "A member that is switched off, or that says how the adapter was made, is passed over",
    arguments: [
      ("use_newest", "false"), ("newest_config", "null"), ("newest_pattern", "{}"), ("newest_modules", "[]"),
      ("newest_bias", #""none""#), ("megatron_core", #""other.core""#), ("auto_mapping", #"{"base_model_class": "X"}"#),
    ])
  func harmless(member: String, value: String) throws {
    let value = JSONValue(try JSONParser.parse(DocumentText(name: "", bytes: Array(value.utf8))))
    let adapter = try EditedAdapter("lora-llama") { $0[member] = value }
    #expect(try adapter.logits() == EditedAdapter("lora-llama").logits())
  }

  @Test("A layer of a file that the model does not have is none of the options that make the method again")
  func absentLayers() throws {
    let adapter = try EditedAdapter("lora-llama") { $0["layers_to_transform"] = [0, 1, 99] }
    #expect(try adapter.logits() == EditedAdapter("lora-llama").logits())
    let layers = try adapter.file().options().first { $0.name == "layers_to_transform" }
    #expect(layers?.value == [0, 1])
  }

  @Test(
    "Options that an update of single parameters cannot have are refused, as PEFT does",
    arguments: [
      ("lora_dropout", JSONValue(0.1)), ("use_dora", true), ("lora_bias", true), ("init_lora_weights", "pissa"),
    ])
  func besideParameters(member: String, value: JSONValue) throws {
    let adapter = try EditedAdapter("lora-parameters-llama") { $0[member] = value }
    let error = #expect(throws: DocumentError.self) { try adapter.file().method() }
    #expect(error?.description.contains("\"\(member)\": cannot be combined with") == true)
  }

  @Test("Single parameters that the model does not have are refused, or overlooked among others")
  func absentParameters() throws {
    let expert: JSONValue = ["mlp.experts.gate_up_proj"]
    let adapter = try EditedAdapter("lora-parameters-llama") { $0["target_parameters"] = expert }
    let error = #expect(throws: AttachError.self) { try adapter.logits() }
    #expect(error?.description.contains("\"mlp.experts.gate_up_proj\" matches no weight") == true)
    let some: JSONValue = ["mlp.experts.gate_up_proj", "k_proj.weight", "mlp.down_proj.weight"]
    let mixed = try EditedAdapter("lora-parameters-llama") { $0["target_parameters"] = some }
    #expect(try mixed.logits() == EditedAdapter("lora-parameters-llama").logits())
  }

  @Test("An adapter of single parameters alone is saved as PEFT loads it: no modules, the parameters' names")
  func parametersAlone() throws {
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(GoldenFixture("models/llama").folder.path)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
    func logits(_ method: any PEFTMethod, _ prepare: (AttachedMethod) throws -> Void) throws -> [Float] {
      let model = try files.load(as: .auto, context: context)
      try prepare(try method.attach(to: model, with: setting))
      return MethodProbe(model: model, context: context).logits(MethodBench.ids)
    }
    let names =
      #"{"rank": 3, "target_parameters": ["q_proj.weight"], "rank_pattern": {"0.self_attn.q_proj.weight": 2}}"#
    let method = try makeMethod("lora", names)
    let out = try TemporaryFolder()
    let trained = try logits(method) { attachment in
      #expect(attachment.trainableCount == 2 * (16 + 16) + 3 * (16 + 16))
      for parameter in attachment.parameters { parameter.assign(parameter.value.values.map { $0 + 0.1 }) }
      try AdapterFile.save(attachment, to: out.path, baseModel: "llama")
    }
    let settings = JSONValue(try JSONParser.parse(file: out.path + "/adapter_config.json").value)
    #expect(settings["target_modules"] == [] && settings["target_parameters"] == ["q_proj.weight"])
    let file = try AdapterFile.open(out.path)
    #expect(try logits(try file.method()) { try file.load(into: $0) } == trained)
    // The same update of the modules: the same model.
    let modules = try makeMethod(
      "lora", #"{"rank": 3, "target_modules": ["q_proj"], "rank_pattern": {"0.self_attn.q_proj": 2}}"#)
    #expect(try logits(modules) { try file.load(into: $0) } == trained)
  }

  @Test("Layers beside a regular expression are refused, as PEFT does")
  func layersBesideExpression() throws {
    let adapter = try EditedAdapter("lora-regex-llama") { $0["layers_to_transform"] = [1] }
    let error = #expect(throws: DocumentError.self) { try adapter.file().method() }
    #expect(error?.description.contains("no layers beside a string") == true)
  }

  @Test(
    "Keys with the adapter's name in them are found",
    arguments: ["lora-llama", "lora-dora-llama", "lora-embedding-llama"])
  func namedKeys(name: String) throws {
    let adapter = try EditedAdapter(name) { key in
      if key.contains("base_layer") { return key }
      let parts = key.split(separator: ".")
      return key.hasSuffix("weight")
        ? (parts.dropLast() + ["default"] + parts.suffix(1)).joined(separator: ".") : key + ".default"
    }
    #expect(try adapter.logits() == EditedAdapter(name).logits())
  }

  @Test("Two keys that mean the same are refused, with both")
  func doubleKeys() throws {
    let adapter = try EditedAdapter("lora-llama")
    let first = try #require(adapter.tensors.first)
    let double = (first.key.replacing(".weight", with: ".default.weight"), first.shape, first.values)
    try adapter.write(adapter.tensors + [double])
    let error = #expect(throws: CheckpointError.self) { try adapter.logits() }
    #expect(error?.description.contains(first.key) == true && error?.description.contains(double.0) == true)
  }

  @Test("A copy of a base table is overlooked where it is the model's, and refused where it is not")
  func copies() throws {
    for name in ["lora-head-qwen2", "lora-embedding-llama"] {
      let adapter = try EditedAdapter(name)
      let place = try #require(adapter.tensors.firstIndex { $0.key.hasSuffix("base_layer.weight") })
      let same = try adapter.logits()
      var tensors = adapter.tensors
      tensors.remove(at: place)
      try adapter.write(tensors)
      #expect(try adapter.logits() == same)
      tensors = adapter.tensors
      tensors[place].values[5] += 0.25
      try adapter.write(tensors)
      let error = #expect(throws: CheckpointError.self) { try adapter.logits() }
      #expect(error?.description.contains("trained on other weights") == true, "\(error?.description ?? "")")
      tensors[place].shape[0] -= 1
      tensors[place].values.removeLast(tensors[place].shape[1])
      try adapter.write(tensors)
      let second = #expect(throws: CheckpointError.self) { try adapter.logits() }
      #expect(second?.description.contains("another vocabulary") == true, "\(second?.description ?? "")")
    }
  }

  @Test("A value that is infinite or no number is refused, with its tensor", arguments: [Float.nan, .infinity])
  func notFinite(value: Float) throws {
    let adapter = try EditedAdapter("lora-llama")
    var tensors = adapter.tensors
    tensors[2].values[3] = value
    try adapter.write(tensors)
    for read in [{ _ = try adapter.logits() }, { try adapter.file().checkFiniteness() }] {
      let error = #expect(throws: CheckpointError.self) { try read() }
      let message = error?.description ?? ""
      #expect(message.contains(tensors[2].key) && message.contains("holds \(value)"), "\(message)")
    }
  }

  @Test("One adapter for a shared table and head is refused; where nothing is shared the setting means nothing")
  func tiedAdapters() throws {
    let tied = try EditedAdapter("lora-head-qwen2") { $0["ensure_weight_tying"] = true }
    let error = #expect(throws: AttachError.self) { try tied.logits() }
    #expect(error?.description.contains("ensure_weight_tying") == true)
    let untied = try EditedAdapter("lora-head-llama") { $0["ensure_weight_tying"] = true }
    #expect(try untied.logits() == EditedAdapter("lora-head-llama").logits())
  }

  @Test("Thousands of patterns and of tensors without a place are dealt with at once", .timeLimit(.minutes(1)))
  func manyEntries() throws {
    var patterns = JSONObject(
      distinct: (0..<20_000).map { ("model.layers.\($0 + 50).self_attn.q_proj", JSONValue(3)) })
    patterns["model.layers.0.self_attn.k_proj"] = 4
    let adapter = try EditedAdapter("lora-llama") { $0["rank_pattern"] = .object(patterns) }
    let same = try adapter.logits()
    #expect(same == (try EditedAdapter("lora-llama").logits()))
    let more = (0..<20_000).map { (key: "base_model.model.extra.\($0)", shape: [1], values: [Float(1)]) }
    try adapter.write(adapter.tensors + more)
    let error = #expect(throws: CheckpointError.self) { try adapter.logits() }
    #expect(error?.description.contains("has no place in this model") == true)
  }

  @Test("More expressions than can be run for each map are refused")
  func manyExpressions() throws {
    let patterns = JSONObject(distinct: (0..<600).map { ("(a|b)\($0).*", JSONValue(3)) })
    let adapter = try EditedAdapter("lora-llama") { $0["rank_pattern"] = .object(patterns) }
    let error = #expect(throws: DocumentError.self) { try adapter.file().method() }
    #expect(error?.description.contains("more than 500 keys are regular expressions") == true)
  }

  @Test("Plain paths among patterns mean what they mean as regular expressions")
  func plainPatterns() {
    let sites = [
      "model.layers.1.self_attn.q_proj", "model.layers.11.mlp.c_proj", "lm_head", "a.layers_1.self_attn.q_proj",
    ]
    for key in [
      "q_proj", "layers.1.self_attn.q_proj", #"layers\.1\.self_attn\.q_proj"#, "q.proj", "proj", "lm_head",
      "1.mlp.c_proj",
    ] {
      let plain = SitePatterns([(key, 1)], mustMatch: false)
      let expression = SitePatterns([("(?:\(key))", 1)], mustMatch: false)
      for site in sites { #expect(plain.value(for: site) == expression.value(for: site), "\(key) on \(site)") }
    }
    let ordered = SitePatterns([(".*q_proj", 1), ("q_proj", 2), ("layers.1.*", 3)], mustMatch: false)
    #expect(ordered.value(for: sites[0]) == 1)
    #expect(SitePatterns([("q_proj", 2), (".*q_proj", 1)], mustMatch: false).value(for: sites[0]) == 2)
  }

  @Test("Settings that are too large, or a pipe, are refused")
  func strangeFiles() throws {
    let adapter = try EditedAdapter("lora-llama")
    let path = adapter.folder.path + "/adapter_config.json"
    let settings = try String(contentsOfFile: path, encoding: .utf8)
    try (settings + String(repeating: " ", count: 5 << 20)).write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: FileError.self) { try adapter.file() }
    #expect(error?.description.contains("more than the 4 MiB") == true)
    try FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o600) == 0)
    let second = #expect(throws: FileError.self) { try adapter.file() }
    #expect(second?.description.contains("not a regular file") == true)
  }

  @Test(
    "A head that is changed alone is untied in the merged model",
    arguments: ["lora-head-qwen2", "lora-saved-modules-qwen2", "lora-tokens-qwen2"])
  func untied(name: String) throws {
    let adapter = try EditedAdapter(name)
    let (model, files, context) = try adapter.attached()
    let out = try TemporaryFolder()
    try ModelMerger.write(model, from: files, to: out.path)
    let merged = try ModelFiles.open(out.path)
    // Trained rows belong to both, as before.
    #expect(merged.configuration.tiesEmbeddings == name.contains("tokens"))
    let ids = MethodBench.ids
    expectClose(
      MethodProbe(model: try merged.load(as: .auto, context: context), context: context).logits(ids),
      MethodProbe(model: model, context: context).logits(ids), relative: 1e-4, absolute: 1e-4, name)
  }
}

/// A golden adapter in a folder of its own, changed.
private final class EditedAdapter {
  let folder: TemporaryFolder
  let base: String
  let tensors: [(key: String, shape: [Int], values: [Float])]

  /// - Parameter edit: Changes adapter_config.json.
  init(_ name: String, edit: (inout JSONValue) -> Void = { _ in }) throws {
    let fixture = try MethodFixture(name)
    base = fixture.base
    folder = try TemporaryFolder()
    let source = fixture.folder.folder.path
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    var settings = JSONValue(try JSONParser.parse(file: source + "/adapter_config.json").value)
    edit(&settings)
    try settings.prettyText.write(
      toFile: folder.path + "/adapter_config.json", atomically: true, encoding: .utf8)
    tensors = try SafetensorsCheckpoint.open(file: source + "/adapter_model.safetensors").tensors.map {
      ($0.name, $0.shape, try $0.floats())
    }
    try write(tensors)
  }

  /// - Parameter rename: Changes the tensors' keys.
  convenience init(_ name: String, rename: (String) -> String) throws {
    try self.init(name)
    try write(tensors.map { (rename($0.key), $0.shape, $0.values) })
  }

  func write(_ tensors: [(key: String, shape: [Int], values: [Float])]) throws {
    var writer = SafetensorsWriter()
    for tensor in tensors { writer.add(tensor.key, tensor.values, shape: tensor.shape) }
    try writer.write(to: folder.path + "/adapter_model.safetensors")
  }

  func file() throws -> AdapterFile { try AdapterFile.open(folder.path) }

  func attached() throws -> (CausalLanguageModel, ModelFiles, ComputeContext) {
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(base)
    let model = try files.load(as: .auto, context: context)
    let file = try file()
    let attachment = try file.method().attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    try file.load(into: attachment)
    return (model, files, context)
  }

  func logits() throws -> [Float] {
    let (model, _, context) = try attached()
    return MethodProbe(model: model, context: context).logits(MethodBench.ids)
  }
}
