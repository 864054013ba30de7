import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Two methods at once, on a tiny model.
struct MethodPair: Sendable, CustomTestStringConvertible {
  let model: String
  let parts: [String]

  var testDescription: String { "\(parts.joined(separator: " + ")) on \(model)" }
  var options: String { #"{"parts": [\#(parts.map { Self.entries[$0] ?? "" }.joined(separator: ", "))]}"# }

  /// An entry for each method, with options that fit a model 16 wide; the key is the method's name, or begins with it.
  static let entries = [
    "lora": #"{"name": "lora", "rank": 2, "dropout": 0.1}"#,
    "lora/dora": #"{"name": "lora", "rank": 2, "dora": true}"#,
    "hira": #"{"name": "hira", "rank": 2}"#,
    "loha": #"{"name": "loha", "rank": 2}"#,
    "lokr": #"{"name": "lokr", "rank": 1}"#,
    "miss": #"{"name": "miss", "rank": 4}"#,
    "gralora": #"{"name": "gralora", "rank": 2}"#,
    "delora": #"{"name": "delora", "rank": 2}"#,
    "glora": #"{"name": "glora", "rank": 2}"#,
    "deft": #"{"name": "deft", "rank": 2}"#,
    "adalora": #"{"name": "adalora", "initial_rank": 3, "target_rank": 2}"#,
    "prompt-tuning": #"{"name": "prompt-tuning", "tokens": 3}"#,
    "mpt": #"{"name": "mpt", "tokens": 3}"#,
    "prefix-tuning": #"{"name": "prefix-tuning", "tokens": 3}"#,
    "p-tuning": #"{"name": "p-tuning", "tokens": 2, "encoder_hidden_size": 8}"#,
    "ia3": #""ia3""#,
    "adapter": #"{"name": "adapter", "reduction_factor": 4}"#,
    "adapter/parallel": #"{"name": "adapter", "kind": "parallel", "reduction_factor": 4}"#,
    "bitfit": #""bitfit""#,
    "ln-tuning": #""ln-tuning""#,
    "oft": #"{"name": "oft", "block_size": 4}"#,
    "hra": #"{"name": "hra", "rank": 2}"#,
    "road": #""road""#,
    "vera": #"{"name": "vera", "rank": 4}"#,
    "pvera": #"{"name": "pvera", "rank": 4}"#,
    "svft": #""svft""#,
    "beft": #""beft""#,
    "shira": #"{"name": "shira", "rank": 1}"#,
    "super-tuning": #"{"name": "super-tuning", "sparsity": 0.9}"#,
    "llama-adapter": #"{"name": "llama-adapter", "tokens": 2}"#,
    "trainable-tokens": #"{"name": "trainable-tokens", "tokens": [5, 41]}"#,
  ]

  /// Methods beside which every method is tried, one of each way to change a model; pairs of all with all would be a thousand.
  static let partners: Set = [
    "lora", "lora/dora", "prompt-tuning", "prefix-tuning", "p-tuning", "ia3", "adapter", "adapter/parallel", "bitfit",
    "ln-tuning",
  ]

  /// Every method in both orders with each of the partners, and with itself.
  static let all = ["llama", "gpt2"].flatMap { model in
    entries.keys.sorted().flatMap { first in
      entries.keys.sorted().filter { $0 == first || partners.contains(first) || partners.contains($0) }
        .map { MethodPair(model: model, parts: [first, $0]) }
    }
  }

  /// Those that want the same part of the model for themselves.
  var isRefused: Bool {
    switch Set(parts) {
    case ["lora/dora"], ["prefix-tuning"], ["ln-tuning"], ["trainable-tokens"], ["llama-adapter"]: true
    // GPT-2 has biases, which BitFit trains; to a Llama it adds some.
    case ["bitfit"], ["bitfit", "ln-tuning"]: model == "gpt2"
    default: false
    }
  }

  /// Whether it reads virtual tokens or a prefix from the first step on, or has reflections that undo each other but for
  /// rounding; nil where rounding may show or not: DEFT takes a subspace out and fills it in.
  var changesStepZero: Bool? {
    if parts.contains(where: { ["prompt-tuning", "mpt", "prefix-tuning", "p-tuning", "hra"].contains($0) }) {
      return true
    }
    return parts.contains("deft") ? nil : false
  }
}

@Suite("Combined methods") struct CombinedMethodTests {
  static func bench(_ pair: MethodPair) throws -> MethodBench {
    try MethodBench(MethodCase(name: "combined", options: pair.options, model: pair.model))
  }

  @Test("Every method is among the pairs") func complete() {
    let names = Set(MethodPair.entries.keys.map { $0.prefix { $0 != "/" } }.map(String.init))
    // A variant is what it is a variant of.
    let own = MethodRegistry.all.filter { $0.variantOf == nil }.map { $0.name }
    #expect(names == Set(own).subtracting(["none", "full", "galore", "combined"]))
  }

  @Test(
    "Any two methods stand together from the first step to a detached model, or are refused by name",
    arguments: MethodPair.all)
  func pairs(pair: MethodPair) throws {
    let bench = try Self.bench(pair)
    let before = bench.logits
    if pair.isRefused {
      let error = #expect(throws: AttachError.self) { try bench.attach() }
      let message = error?.description ?? ""
      for name in pair.parts { #expect(message.contains(name.prefix { $0 != "/" }), "\(message)") }
      #expect(message.hasPrefix("parts[1], "))
      #expect(!bench.model.sites.contains { $0.isOccupied } && bench.logits == before)
      return
    }
    let attachment = try bench.attach()
    #expect(Set(attachment.parameters.map(\.name)).count == attachment.parameters.count)
    if let changes = pair.changesStepZero { #expect((bench.logits != before) == changes) }
    let alone = try pair.parts.map { part in
      // Beside something that trains other parameters.
      let beside = part == "ia3" ? "adapter" : "ia3"
      return try Self.bench(MethodPair(model: pair.model, parts: [part, beside])).attach().parameters
        .filter { $0.name.hasPrefix("part-1-") }.reduce(0) { $0 + $1.elementCount }
    }
    #expect(attachment.trainableCount == alone.reduce(0, +))
    bench.train(attachment, steps: 2)
    let after = bench.logits
    #expect(after != before && after.allSatisfy { $0.isFinite })

    // Saved, loaded and trained on, it is as if nothing had happened.
    let folder = try TemporaryFolder()
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    let file = try AdapterFile.open(folder.path)
    for reads in [true, false] {
      let other = try Self.bench(pair)
      let setting = AttachmentSetting(seeds: SeedStream(99), context: other.context)
      let method = reads ? try file.method() : try makeMethod("combined", pair.options)
      let again = try method.attach(to: other.model, with: setting)
      try file.load(into: again)
      #expect(other.logits == after)
      guard !reads else { continue }
      other.train(again, steps: 1)
      bench.train(attachment, steps: 1)
      #expect(other.logits == bench.logits)
    }
    attachment.detach()
    #expect(bench.logits == before && !bench.model.sites.contains { $0.isOccupied })
  }

  @Test("UniPELT and the mix-and-match adapter: what they train and cost is the sum of their parts")
  func published() throws {
    for (parts, names) in [
      ("lora, prefix-tuning, adapter", ["lora", "prefix-tuning", "adapter"]),
      ("prefix-tuning, adapter/parallel", ["prefix-tuning", "adapter/parallel"]),
    ] {
      let bench = try Self.bench(MethodPair(model: "llama", parts: names))
      let attachment = try bench.attach()
      #expect(attachment.inferenceCost.prefixPositions == 3 && attachment.inferenceCost.virtualTokens == 0)
      #expect(attachment.inferenceCost.operationsPerToken > 0, "\(parts)")
      let folder = try TemporaryFolder()
      try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
      // Each part's folder is an adapter of its own.
      for (index, name) in names.enumerated() {
        let plain = String(name.prefix { $0 != "/" })
        let part = try AdapterFile.open("\(folder.path)/part-\(index + 1)-\(plain)")
        let alone = try MethodBench(MethodCase(name: plain, options: "{}", model: "llama"))
        let setting = AttachmentSetting(seeds: SeedStream(5), context: alone.context)
        try part.load(into: try part.method().attach(to: alone.model, with: setting))
      }
    }
  }

  @Test("Two updates of one map sum up, start apart and drop other inputs")
  func twoUpdates() throws {
    let bench = try Self.bench(MethodPair(model: "llama", parts: ["lora", "lora"]))
    let attachment = try bench.attach()
    let values = attachment.parameters.map(\.value.values)
    let half = values.count / 2
    #expect(values[0] != values[half] && attachment.parameters[half].name.hasPrefix("part-2-lora."))
    for parameter in attachment.parameters {
      parameter.assign(SeedStream(3).child(parameter.name).uniforms(parameter.elementCount, in: -0.3...0.3))
    }
    let map = bench.model.blocks[0].attention.linears[0]
    let adapters = try map.adapters.map { try #require($0 as? any AdditiveLinearAdapter) }
    #expect(adapters.count == 2)
    let x = Variable(
      constant: Tensor(
        SeedStream(4).uniforms(3 * map.inputs, in: -1...1), shape: [3, map.inputs], in: bench.context.pool))
    let tape = Tape(context: bench.context, recording: false)
    let whole = map(x, on: tape).value.values
    let updates = adapters.map { $0.update(x, on: tape).value.values }
    let weight = try #require(map.weight)
    let base = tape.linear(x, weight).value.values
    expectClose(whole, base.indices.map { base[$0] + updates[0][$0] + updates[1][$0] }, relative: 1e-5, absolute: 1e-5)
    // A dropout stream makes both drop, not the same elements.
    let training = Tape(context: bench.context, recording: true, dropout: SeedStream(8))
    for parameter in attachment.parameters[half...] where parameter.name.hasPrefix("part-2-lora.") {
      let twin = attachment.parameters[(attachment.parameters.firstIndex { $0 === parameter } ?? 0) - half]
      parameter.assign(twin.value.values)
    }
    #expect(adapters[0].update(x, on: tape).value.values == adapters[1].update(x, on: tape).value.values)
    #expect(adapters[0].update(x, on: training).value.values != adapters[1].update(x, on: training).value.values)
  }

  @Test("Wrong parts are errors at their place")
  func errors() throws {
    for (options, place, word) in [
      (#"{"parts": ["lora"]}"#, "methods[0].parts", "from 2 to 64"),
      (#"{"parts": []}"#, "methods[0].parts", "from 2 to 64"),
      ("{}", "methods[0]", "missing"),
      (#"{"parts": "lora"}"#, "methods[0].parts", "expected a list"),
      (#"{"parts": ["lora", "lorra"]}"#, "methods[0].parts[1].name", "did you mean \"lora\"?"),
      (#"{"parts": ["lora", {"name": "ia3", "rank": 3}]}"#, "methods[0].parts[1].rank", "unknown key"),
      (#"{"parts": [{"name": "lora", "rank": 0}, "ia3"]}"#, "methods[0].parts[0].rank", "1"),
      (#"{"parts": [{"name": "lora", "learning_rate": 1}, "ia3"]}"#, "methods[0].parts[0].learning_rate", "unknown"),
      (#"{"parts": [{"rank": 3}, "ia3"]}"#, "methods[0].parts[0]", "name"),
      (#"{"parts": ["full", "ia3"]}"#, "methods[0].parts[0].name", "cannot be a part"),
      (#"{"parts": ["lora", "none"]}"#, "methods[0].parts[1].name", "cannot be a part"),
      (#"{"parts": ["lora", {"name": "combined"}]}"#, "methods[0].parts[1].name", "cannot be a part"),
    ] {
      let error = #expect(throws: DocumentError.self) { try makeMethod("combined", options) }
      let message = "\(try #require(error))"
      #expect(message.contains(place) && message.contains(word), "\(options): \(message)")
    }
    let bench = try MethodBench(
      MethodCase(
        name: "combined", options: #"{"parts": ["ia3", {"name": "adapter", "reduction_factor": 1000}]}"#, model: "llama"
      ))
    let error = #expect(throws: AttachError.self) { try bench.attach() }
    let offset = try #require(error?.offset)
    #expect(bench.method.options.dropFirst(offset).hasPrefix("1000"))
    #expect(!bench.model.sites.contains { $0.isOccupied })
  }

  @Test("What a config's parts mean does not depend on how they are written")
  func canonical() throws {
    func values(_ options: String) throws -> JSONObject {
      let text = DocumentText(name: "o.json", bytes: Array(options.utf8))
      var reader = try OptionReader(value: try JSONParser.parse(text), text: text, what: "m", path: "")
      _ = try CombinedMethod(reading: &reader)
      return reader.values
    }
    let plain = try values(#"{"parts": ["lora", "prefix-tuning"]}"#)
    #expect(plain == (try values(#"{"parts": [{"r": 8, "name": "LORA"}, {"name": "prefix_tuning", "tokens": 20}]}"#)))
    #expect(plain != (try values(#"{"parts": ["lora", {"name": "prefix-tuning", "tokens": 21}]}"#)))
    #expect(plain != (try values(#"{"parts": ["prefix-tuning", "lora"]}"#)))
  }

  @Test("A folder whose parts are missing, nested or lead elsewhere is refused")
  func damagedFolders() throws {
    let bench = try Self.bench(MethodPair(model: "llama", parts: ["lora", "ia3"]))
    let folder = try TemporaryFolder()
    try AdapterFile.save(try bench.attach(), to: folder.path, baseModel: "tiny")
    #expect(AdapterFile.files(in: folder.path).count == 5)
    let settings = folder.path + "/adapter_config.json"
    let good = try String(contentsOfFile: settings, encoding: .utf8)
    for (old, new) in [
      ("part-2-ia3", "../part-2-ia3"), ("part-2-ia3", "part-1-lora"), ("part-2-ia3", "part-3-ia3"), ("part-2-ia3", "."),
    ] {
      try good.replacing(old, with: new).write(toFile: settings, atomically: true, encoding: .utf8)
      #expect(throws: (any Error).self) { try AdapterFile.open(folder.path) }
    }
    try good.write(toFile: settings, atomically: true, encoding: .utf8)
    try good.write(toFile: folder.path + "/part-2-ia3/adapter_config.json", atomically: true, encoding: .utf8)
    #expect(throws: DocumentError.self) { try AdapterFile.open(folder.path) }
  }
}
