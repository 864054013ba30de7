import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// `init_from`: the options of the adapter that a method starts from.
@Suite("Adapters to start from") struct InitialAdapterTests {
  private static let model = GoldenFixture("models/llama").folder.path

  /// Saves an adapter with options of our own.
  private func adapter(_ method: String) throws -> Folder {
    let folder = Folder()
    let run = try configuration("[\(method)]")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(Self.model).load(as: .auto, context: context)
    let attachment = try run.methods[0].attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    return folder
  }

  private func configuration(_ methods: String) throws -> RunConfiguration {
    let text = "model: \(Self.model)\nmethods: \(methods)\n"
    return try RunConfiguration(try ConfigFile.read(DocumentText(name: "run.yaml", bytes: Array(text.utf8))))
  }

  private func resolved(_ run: RunConfiguration) -> JSONValue {
    guard case .array(let methods)? = run.resolvedJSON["methods"], var method = methods.first else { return .null }
    method["init_from"] = nil
    return method
  }

  /// Lists of names have no order.
  private func sorted(_ value: JSONValue?) -> [String] {
    guard case .array(let values)? = value else { return [value?.compactText ?? "none"] }
    return values.map(\.compactText).sorted()
  }

  @Test(
    "Where the entry is silent, the adapter's own options are taken over",
    arguments: [
      "{name: lora, rank: 4, alpha: 6, rslora: true, target_modules: [q_proj, k_proj], rank_pattern: {k_proj: 2}}",
      "{name: lora, rank: 4, dora: true, dropout: 0.2, target_modules: all-linear, layers_to_transform: [1]}",
      "{name: lora, rank: 2, alpha: 3, init: pissa}",
      "{name: lora, rank: 2, target_modules: [q_proj], modules_to_save: [lm_head], lora_bias: true, trainable_token_indices: [4]}",
      "{name: ia3, target_modules: [k_proj, down_proj], feedforward_modules: [down_proj]}",
      "{name: prefix-tuning, tokens: 3, projection: true, encoder_hidden_size: 5}",
      "{name: p-tuning, tokens: 3, encoder: lstm, encoder_hidden_size: 5}",
      "{name: prompt-tuning, tokens: 3, init: random}", "{name: adapter, kind: parallel, reduction_factor: 4}",
      "{name: ln-tuning, target_modules: [input_layernorm]}", "{name: trainable-tokens, tokens: [3, 5]}",
      "{name: combined, parts: [{name: lora, rank: 2}, {name: ia3, target_modules: [down_proj]}]}",
    ])
  func takenOver(method: String) throws {
    let folder = try adapter(method)
    let name = try #require(method.split(separator: ",").first).dropFirst("{name: ".count)
    let silent = try configuration("[{name: \(name), init_from: \(folder.path)}]")
    let full = try configuration("[\(method.dropLast()), init_from: \(folder.path)}]")
    // What an entry gives itself and what it takes over come to the same values, and fit the model.
    let context = ComputeContext(threads: 1)
    var values: [[[Float]]] = []
    for run in [silent, full] {
      let model = try ModelFiles.open(Self.model).load(as: .auto, context: context)
      let attachment = try run.methods[0].attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(9), context: context))
      values.append(attachment.parameters.map { $0.value.values })
    }
    #expect(values[0] == values[1])
    let member = try AdapterFile.open(folder.path).options().map(\.name)
    for key in member where !(key == "target_modules" && method.contains("all-linear")) {
      #expect(sorted(resolved(silent)[key]) == sorted(resolved(full)[key]), "\(key)")
    }
  }

  @Test(
    "An option that the entry gives otherwise is refused, with both values",
    arguments: [
      ("alpha: 8", "methods[0].alpha: is 8 here, but 6 in the adapter"),
      ("lora_alpha: 8", "methods[0].lora_alpha: is 8 here, but 6 in the adapter"),
      ("rank: [4, 8]", "methods[0].rank: is 8 here, but 4 in the adapter"),
      ("rslora: false", "methods[0].rslora: is false here, but true in the adapter"),
      ("target_modules: [q_proj]", #"target_modules: is ["q_proj"] here, but ["k_proj","q_proj"] in the adapter"#),
      ("rank_pattern: {k_proj: 3}", #"rank_pattern: is {"k_proj":3} here, but {"k_proj":2} in the adapter"#),
      ("alpha_pattern: {k_proj: 3}", #"alpha_pattern: is {"k_proj":3} here, but not set in the adapter"#),
      ("init: pissa", "init: is \"pissa\" here, but not set in the adapter"),
    ])
  func otherwise(option: String, hint: String) throws {
    let folder = try adapter(
      "{name: lora, rank: 4, alpha: 6, rslora: true, target_modules: [q_proj, k_proj], rank_pattern: {k_proj: 2}}")
    let error = #expect(throws: DocumentError.self) {
      try configuration("[{name: lora, init_from: \(folder.path), \(option)}]")
    }
    let message = error?.description ?? ""
    #expect(message.contains(hint) && message.contains(folder.path), "\(message)")
  }

  @Test("What matters to training alone may differ, and another way to name the same targets is no difference")
  func harmless() throws {
    let folder = try adapter("{name: lora, rank: 4, alpha: 6, dropout: 0.1, target_modules: [v_proj, q_proj]}")
    let run = try configuration(
      """
      [{name: lora, init_from: \(folder.path), dropout: 0.3, loraplus_ratio: 4, init: gaussian, r: 4, alpha: 6.0,
        target_modules: [q_proj, v_proj]}]
      """)
    #expect(resolved(run)["dropout"] == 0.3 && resolved(run)["loraplus_ratio"] == 4)
    let all = try adapter(
      "{name: lora, target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]}")
    #expect(throws: Never.self) {
      try configuration("[{name: lora, init_from: \(all.path), target_modules: all-linear}]")
    }
  }

  @Test("Numbers of a combination with several values are a run each, which its label tells")
  func combinationValues() throws {
    let folder = try adapter("{name: prompt-tuning, tokens: 3, init: random}")
    func methods(_ values: String) throws -> [MethodConfiguration] {
      try configuration(
        """
        [{name: prompt-tuning, label: sum, steps: 0, init_from: {combine: origin + l*a + m*b, origin: neutral,
          convention: task-vector, adapters: {a: \(folder.path), b: \(folder.path)}, values: \(values)}}]
        """
      ).methods
    }
    #expect(
      try methods("{l: [0, 0.5], m: {from: 0, to: 1, step: 0.5}}").map(\.label) == [
        "sum (l=0, m=0)", "sum (l=0, m=0.5)", "sum (l=0, m=1)", "sum (l=0.5, m=0)", "sum (l=0.5, m=0.5)",
        "sum (l=0.5, m=1)",
      ])
    #expect(try methods("{l: 0.5, m: [0, 1]}").map(\.label) == ["sum (m=0)", "sum (m=1)"])
    let sources = try methods("{l: {}, m: 1}").compactMap { $0.initialAdapterJSON?["values"]?["l"]?.number }
    #expect(sources.count == 21 && sources[3] == 0.15 && sources[20] == 1)
    #expect(try methods("{l: 0.5, m: 1}").map(\.label) == ["sum"])
    for (values, message) in [
      ("{l: [0, 0], m: 1}", "methods[0].init_from.values.l"), ("{l: {from: 1, to: 0}, m: 1}", "no steps of"),
      ("{l: {start: 1}, m: 1}", "Valid keys: from, to, step"), ("{l: [], m: 1}", "several different ones"),
      ("{l: 1, m: 1, n: [0, 1]}", "methods[0].init_from.values: \"n\" does not occur in origin + l*a + m*b"),
    ] {
      let error = #expect(throws: DocumentError.self) { try methods(values) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }

  @Test("A sum that is no adapter, and one of adapters that tell no origin, are refused before anything runs")
  func unusableCombinations() throws {
    let folder = try adapter("{name: prompt-tuning, tokens: 3, init: random}")
    for (start, message) in [
      ("combine: 2*a", "methods[0].init_from.combine: is a vector, not an adapter: write origin + 2*a"),
      ("combine: origin + 2*a", "does not say what it started from"),
    ] {
      let error = #expect(throws: (any Error).self) {
        try configuration("[{name: prompt-tuning, init_from: {\(start), adapters: {a: \(folder.path)}}}]")
      }
      #expect((error as? any InputError)?.description.contains(message) == true, "\(String(describing: error))")
    }
    // Its updates, and so the shapes of the sum, are not known without the model.
    let rotated = try adapter("{name: hra, rank: 2}")
    let unknown = #expect(throws: CheckpointError.self) {
      try configuration(
        "[{name: lora, init_from: {combine: 2*a, convention: delta, type: svd, adapters: {a: \(rotated.path)}}}]")
    }
    #expect(
      unknown?.description.contains("adapter of hra whose weight updates depend on the base model") == true,
      "\(unknown?.description ?? "")")
    let mark = #"{"schema": "peft-bench.adapter-origin/1", "kind": "vector"}"#
    try mark.write(toFile: "\(folder.path)/\(AdapterOrigin.fileName)", atomically: true, encoding: .utf8)
    let error = #expect(throws: CheckpointError.self) {
      try configuration("[{name: prompt-tuning, init_from: \(folder.path)}]")
    }
    #expect(error?.description.contains("is a vector, not an adapter") == true)
  }

  @Test("The id of a sum of task vectors covers what its adapters started from, wherever that lies")
  func originsCount() throws {
    let folder = try adapter("{name: prompt-tuning, tokens: 3, init: random}")
    let neutral = AdapterOrigin.Adapter(source: "a", hash: "1")
    func hash(_ convention: String, seed: Int, from source: AdapterOrigin.Adapter) throws -> String? {
      let json: JSONValue = [
        "schema": "peft-bench.adapter-origin/1", "method": "prompt-tuning", "options": ["tokens": 3, "init": "random"],
        "seed": JSONValue(seed), "init_from": ["source": source.source, "sha256": JSONValue(source.hash)],
      ]
      try json.compactText.write(toFile: "\(folder.path)/\(AdapterOrigin.fileName)", atomically: true, encoding: .utf8)
      let run = try configuration(
        "[{name: prompt-tuning, init_from: {\(convention), adapters: {a: \(folder.path)}}}]")
      return try run.methods[0].adapterSource.contentHash { _ in "content" }
    }
    let sum = "combine: origin + 2*a"
    let first = try hash(sum, seed: 1, from: neutral)
    #expect(try hash(sum, seed: 2, from: neutral) != first)
    #expect(try hash(sum, seed: 1, from: .init(source: "a", hash: "2")) != first)
    #expect(try hash(sum, seed: 1, from: .init(source: "b", hash: "1")) == first)
    // A common origin stands in their place.
    #expect(
      try hash("\(sum), origin: neutral", seed: 1, from: neutral)
        == hash("\(sum), origin: neutral", seed: 2, from: neutral))
  }

  @Test("A list of strengths is a run each, told apart by label and id; strength 1 is the adapter as it was")
  func strengths() throws {
    let folder = try adapter("{name: lora, rank: 4}")
    let run = try configuration(
      "[{name: lora, steps: 0, init_from: {path: \(folder.path), strength: [0, 0.5, 1]}}]")
    #expect(run.methods.map(\.strength) == [0, 0.5, 1])
    #expect(run.methods.map(\.label) == ["lora (strength=0)", "lora (strength=0.5)", "lora (strength=1)"])
    let again = try RunConfiguration(
      ConfigFile.read(DocumentText(name: "run.json", bytes: Array(run.resolvedJSON.prettyText.utf8))))
    #expect(again.resolvedJSON == run.resolvedJSON && again.methods.map(\.strength) == [0, 0.5, 1])
    let plain = try configuration("[{name: lora, steps: 0, init_from: \(folder.path)}]")
    let whole = try configuration("[{name: lora, steps: 0, init_from: {path: \(folder.path)}}]")
    #expect(plain.resolvedJSON == whole.resolvedJSON)

    // What is attached is what the strength says.
    let context = ComputeContext(threads: 1)
    var outputs: [[Float]] = []
    for method in run.methods {
      let model = try ModelFiles.open(Self.model).load(as: .auto, context: context)
      let attachment = try method.attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
      for parameter in attachment.parameters where parameter.name.contains("lora_B") {
        parameter.assign(SeedStream(2).child(parameter.name).normals(parameter.elementCount, standardDeviation: 0.3))
      }
      let map = model.blocks[0].attention.linears[0]
      let x = Variable(
        constant: Tensor(SeedStream(3).normals(16, standardDeviation: 1), shape: [1, 16], in: context.pool))
      outputs.append(map(x, on: Tape(context: context, recording: false)).value.values)
      attachment.detach()
      #expect(map.adapters.isEmpty)
    }
    expectClose(
      outputs[1], zip(outputs[0], outputs[2]).map { ($0 + $1) / 2 }, relative: 1e-5, absolute: 1e-5, "half strength")
    #expect(outputs[0] != outputs[2])
  }

  @Test(
    "A strength where something is trained, or of what has no part, is refused at its place",
    arguments: [
      (
        "lora", "{path: FOLDER, strength: 0.5}", "steps: 2",
        "methods[0].init_from.strength: is for runs that train nothing"
      ),
      ("lora", "{path: FOLDER, strength: -1}", "steps: 0", "strength"),
      ("lora", "{path: FOLDER, strength: [0.5, 0.5]}", "steps: 0", "expected at least one number, and none twice"),
      ("lora", "{strength: 0.5}", "steps: 0", "path"),
      ("lora", "{path: FOLDER, strenth: 0.5}", "steps: 0", "did you mean"),
    ])
  func refusedStrengths(method: String, start: String, training: String, hint: String) throws {
    let folder = try adapter("{name: \(method)}")
    let error = #expect(throws: DocumentError.self) {
      try configuration(
        "[{name: \(method), \(training), init_from: \(start.replacing("FOLDER", with: folder.path))}]")
    }
    #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
  }

  @Test("The part of a prompt is refused with the site and the method") func promptStrength() throws {
    let folder = try adapter("{name: prompt-tuning, tokens: 2, init: random}")
    let run = try configuration("[{name: prompt-tuning, steps: 0, init_from: {path: \(folder.path), strength: 0.5}}]")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(Self.model).load(as: .auto, context: context)
    let error = #expect(throws: DocumentError.self) {
      try run.methods[0].attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    }
    #expect(
      error?.description.contains("strength 0.5 has no meaning for virtual tokens of prompt-tuning") == true,
      "\(error?.description ?? "")")
    #expect(model.sequenceStart.count == 0)
  }

  @Test("An adapter of another method is refused")
  func otherMethod() throws {
    let folder = try adapter("{name: ia3}")
    let error = #expect(throws: DocumentError.self) {
      try configuration("[{name: lora, init_from: \(folder.path)}]")
    }
    #expect(error?.description.contains("is an adapter of ia3, not of lora") == true)
  }

  @Test("Parts of a combined method take over their own adapters' options, and are held against them")
  func combined() throws {
    let folder = try adapter(
      "{name: combined, parts: [{name: lora, rank: 4, alpha: 6}, {name: prefix-tuning, tokens: 3}]}")
    func parts(_ parts: String) throws -> [JSONValue] {
      let run = try configuration("[{name: combined, init_from: \(folder.path), parts: \(parts)}]")
      let values = try run.methods[0].options
      guard case .array(let parts)? = values["parts"] else { return [] }
      let context = ComputeContext(threads: 1)
      let model = try ModelFiles.open(Self.model).load(as: .auto, context: context)
      _ = try run.methods[0].attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(2), context: context))
      return parts
    }
    for written in ["[lora, prefix-tuning]", "[{name: lora, r: 4}, {name: prefix_tuning}]"] {
      let taken = try parts(written)
      #expect(taken.map { $0["name"] } == ["lora", "prefix-tuning"])
      #expect(taken.first?["rank"] == 4 && taken.first?["alpha"] == 6 && taken.last?["tokens"] == 3, "\(taken)")
    }
    for (written, hint) in [
      ("[{name: lora, rank: 3}, prefix-tuning]", "parts[0].rank: is 3 here, but 4"),
      ("[lora, {name: prefix-tuning, tokens: 4}]", "parts[1].tokens: is 4 here, but 3"),
      ("[prefix-tuning, lora]", "parts[0].init_from"), ("[lora, lora]", "parts[1].init_from"),
      ("[lora, prefix-tuning, ia3]", "expected the 2 parts"),
    ] {
      let error = #expect(throws: DocumentError.self) { try parts(written) }
      #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
    }
    // A sum of task vectors has the parts' options too, with no folder of its own.
    let sum = "{combine: origin + a, adapters: {a: \(folder.path)}, origin: neutral}"
    let run = try configuration("[{name: combined, init_from: \(sum), parts: [lora, prefix-tuning]}]")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(Self.model).load(as: .auto, context: context)
    let attachment = try run.methods[0].attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(2), context: context))
    func sorted(_ arrays: [AdapterArray]) -> [AdapterArray] { arrays.sorted { $0.key < $1.key } }
    let own = sorted(try AdapterFile.open(folder.path).arrays())
    #expect(sorted(try #require(attachment.format).savedArrays) == own && own.count > 2)
  }

  /// A folder that is gone when the test is.
  private final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("peft-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }
}
