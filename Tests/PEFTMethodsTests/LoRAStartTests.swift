import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// LoRA's starts that are computed from the weights or from training rows: what PEFT finds, found again.
@Suite("LoRA's starts") struct LoRAStartTests {
  private static let names = GoldenFixture.names(in: "methods").filter { name in
    ["lora-mica", "lora-eva", "lora-corda", "lora-ga", "lora-loftq"].contains { name.hasPrefix($0) }
  }

  /// A method of a fixture's options, freshly attached.
  private static func attach(
    _ fixture: MethodFixture, threads: Int = 2
  ) throws -> (model: CausalLanguageModel, attachment: AttachedMethod) {
    let context = ComputeContext(threads: threads)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context, rows: fixture.startRows)
    let method = try #require(try fixture.methodFromOptions())
    return (model, try method.attach(to: model, with: setting))
  }

  private static func pairs(_ model: CausalLanguageModel) -> [(site: String, pair: LowRankPair)] {
    model.linears.compactMap { linear in
      let adapter = linear.adapters.first
      return ((adapter as? LoRAAdapter) ?? (adapter as? LoftQAdapter)?.update).map { (linear.site, $0.pair) }
    }
  }

  @Test("From the same rows each map starts where PEFT's does, up to the signs of its components", arguments: names)
  func factors(name: String) throws {
    let fixture = try MethodFixture(name)
    let (model, attachment) = try Self.attach(fixture)
    let stored = try fixture.hasAdapter ? fixture.folder.tensors("adapter_model.safetensors") : fixture.expected
    let prefix = fixture.hasAdapter ? "base_model.model." : "start/base_model.model."
    // EVA's B and MiCA's A are zero; the fixture has other values in their places.
    let (comparesA, comparesB) = (!name.contains("mica"), !name.contains("eva"))
    let pairs = Self.pairs(model)
    #expect(!pairs.isEmpty)
    for (site, pair) in pairs {
      let (a, b) = (pair.a.value.values, pair.b.value.values.transposed(rows: pair.b.shape[0]))
      let theirs = (
        a: try stored.tensor(prefix + site + ".lora_A.weight"), b: try stored.tensor(prefix + site + ".lora_B.weight")
      )
      #expect(pair.a.shape == theirs.a.shape && pair.b.shape == theirs.b.shape, "\(name) \(site)")
      let signsA = comparesA ? Self.compare(a, theirs.a.values, rank: pair.rank, "\(name) A of \(site)") : []
      let signsB =
        comparesB
        ? Self.compare(
          b, theirs.b.values.transposed(rows: pair.b.shape[0]), rank: pair.rank, "\(name) B of \(site)") : []
      // A component's two vectors have one sign, where both are of one component; EVA's are decided.
      if name.contains("eva") { #expect(signsA.allSatisfy { $0 == 1 }, "\(name) \(site)") }
      if name.contains("corda") || name.contains("loftq") { #expect(signsA == signsB, "\(name) \(site)") }
    }
    withExtendedLifetime(attachment) {}
  }

  /// Compares vectors, one after the other, up to their signs.
  ///
  /// - Returns: The signs.
  private static func compare(_ ours: [Float], _ theirs: [Float], rank: Int, _ what: String) -> [Float] {
    let length = ours.count / rank
    let scale = theirs.map { abs($0) }.max() ?? 0
    return (0..<rank).map { row in
      let (one, other) = (ours[row * length..<(row + 1) * length], theirs[row * length..<(row + 1) * length])
      let sign: Float = zip(one, other).reduce(0) { $0 + $1.0 * $1.1 } < 0 ? -1 : 1
      expectClose(one.map { sign * $0 }, Array(other), relative: 1e-3, absolute: 2e-4 * scale, "\(what), vector \(row)")
      return sign
    }
  }

  @Test("A start has the same bits for any number of threads", arguments: names)
  func threads(name: String) throws {
    let fixture = try MethodFixture(name)
    func values(_ threads: Int) throws -> [[Float]] {
      let (model, attachment) = try Self.attach(fixture, threads: threads)
      return withExtendedLifetime((model, attachment)) {
        attachment.parameters.map(\.value.values) + (attachment.format?.state ?? []).map { $0.values() }
      }
    }
    #expect(try values(1) == values(3))
  }

  @Test("What looking at rows took is counted, and nothing where no row is looked at")
  func cost() throws {
    func cost(_ name: String) throws -> StartCost? { try Self.attach(MethodFixture(name)).attachment.startCost }
    // Twelve rows of twelve tokens.
    let once = try #require(try cost("lora-corda-llama"))
    #expect((once.rows, once.forwardTokens, once.backwardTokens) == (12, 144, 0))
    let gradients = try #require(try cost("lora-ga-llama"))
    #expect((gradients.rows, gradients.forwardTokens, gradients.backwardTokens) == (12, 144, 144))
    let variance = try #require(try cost("lora-eva-llama"))
    #expect(variance.rows % 4 == 0 && variance.rows >= 8 && variance.forwardTokens == 12 * variance.rows)
    #expect(try cost("lora-mica-llama") == nil)
  }

  @Test("The gradient of a frozen weight is that of a trained one in its place")
  func watchedGradient() throws {
    let bench = try MethodBench(MethodCase(name: "none", options: "{}", model: "llama"))
    let map = bench.model.linears[2]
    let rows = [StartRows.Row(tokens: MethodBench.ids, answerStart: 4)]
    func gradient(_ occupant: Occupant, _ read: () -> Tensor?) throws -> [Float] {
      let placements = Placements(by: "test")
      try placements.place(occupant, at: map)
      var passes = StartPasses(bench.model, context: bench.context)
      passes.backward(rows)
      passes.backward(rows)
      placements.undo()
      return try #require(read()).values
    }
    let watch = GradientWatch(map, context: bench.context)
    let weight = try #require(map.weightSlots.first).parameter(context: bench.context)
    let trained = try gradient(.weight(weight)) { weight.gradient }
    let watched = try gradient(.adapter(watch)) { watch.gradient }
    #expect(trained.contains { $0 != 0 })
    expectClose(watched, trained, relative: 1e-5, absolute: 1e-7, "gradient of \(map.site)")
  }

  @Test("Without rows a start that needs them is refused by name, unless its values do not matter")
  func missing() throws {
    let fixture = try MethodFixture("lora-corda-llama")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    for start in ["eva", "corda", "lora-ga"] {
      let method = try makeMethod("lora", #"{"rank": 2, "init": "\#(start)"}"#)
      let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
      let error = #expect(throws: AttachError.self) { try method.attach(to: model, with: setting) }
      #expect(error?.description.contains("init: \(start) is computed from the rows") == true)
      #expect(model.sites.allSatisfy { !$0.isOccupied })
      let empty = try method.attach(to: model, with: setting.with(rows: .irrelevant))
      #expect(empty.startCost == nil)
      empty.detach()
      // So an origin that rows were looked at for is refused, too.
      let origin = AdapterOrigin(
        method: "lora", options: JSONObject(distinct: [("rank", 2), ("init", JSONValue(start))]), seed: 1, model: nil,
        adapter: nil)
      #expect(throws: AttachError.self) { try origin.values(on: model, tokenizer: nil, context: context) }
    }
  }

  @Test("What a start cannot do on a model is known without its weights, and a schedule without its training")
  func knownBefore() throws {
    let setting = AttachmentSetting(seeds: SeedStream(1), context: ComputeContext(threads: 1))
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    let combined = try makeMethod("combined", #"{"parts": ["ia3", {"name": "lora", "rank": 2, "init": "eva"}]}"#)
    let error = #expect(throws: AttachError.self) { try combined.attach(to: model, with: setting) }
    #expect(error?.description.contains("init: eva looks at the model alone") == true, "\(error?.description ?? "")")
    #expect(throws: Never.self) { try combined.attach(to: model, with: setting.with(rows: .irrelevant)).detach() }

    let allocated = try makeMethod("adalora", #"{"initial_steps": 3, "final_steps": 2}"#).attach(
      to: model, with: setting)
    #expect(throws: Never.self) { try allocated.check(stepCount: 6) }
    let short = #expect(throws: AttachError.self) { try allocated.check(stepCount: 5) }
    #expect(short?.option == "initial_steps" && short?.description.contains("a training of 5 steps") == true)
  }

  @Test("EVA's ranks lie in its file as PEFT writes them, and maps without a rank are left out")
  func ranks() throws {
    let fixture = try MethodFixture("lora-eva-llama")
    let (_, attachment) = try Self.attach(fixture)
    let peft = try fixture.folder.json("adapter_config.json")
    let own = Dictionary(
      uniqueKeysWithValues: try #require(attachment.format).configuration.map { ($0.key, $0.value) })
    for key in ["rank_pattern", "alpha_pattern"] {
      let numbers = try [#require(own[key]), JSONValue(#require(peft[key]))].map(Self.numbers)
      #expect(!numbers[0].isEmpty && numbers[0] == numbers[1], "\(key)")
    }
    #expect(own["init_lora_weights"] == "eva")
    let narrow = try MethodBench(
      MethodCase(
        name: "lora",
        options: #"{"rank": 1, "init": "eva", "eva_rho": 4, "eva_tau": 0.5, "target_modules": "all-linear"}"#,
        model: "llama"))
    let spread = try narrow.attach()
    let ranks = Self.pairs(narrow.model).map(\.pair.rank)
    #expect(ranks.reduce(0, +) == narrow.model.linears.count && ranks.count < narrow.model.linears.count)
    let targets = spread.format?.configuration.first { $0.key == "target_modules" }?.value
    #expect(targets == JSONValue(Self.pairs(narrow.model).map(\.site).sorted()))
  }

  private static func numbers(_ value: JSONValue) -> [String: Double] {
    let members = DocumentValue(json: value, at: 0).object?.members ?? []
    return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.number ?? .nan) })
  }

  @Test("Each option of a start is refused beside another one", arguments: LoRAStart.allCases.map(\.rawValue))
  func foreignOptions(start: String) throws {
    let options = [
      ("start_rows", "8", ["eva", "corda", "lora-ga"]), ("eva_rho", "1.5", ["eva"]), ("eva_tau", "0.5", ["eva"]),
      ("eva_whiten", "true", ["eva"]), ("eva_keep_alpha", "true", ["eva"]), ("eva_prompts", "true", ["eva"]),
      ("corda_method", "\"kpm\"", ["corda"]), ("ga_direction", "\"ArBr\"", ["lora-ga"]),
      ("ga_scale", "\"unit\"", ["lora-ga"]), ("ga_gamma", "4", ["lora-ga"]), ("loftq_iter", "2", ["loftq"]),
    ]
    for (name, value, starts) in options {
      let text = #"{"init": "\#(start)", "\#(name)": \#(value)}"#
      guard !starts.contains(start) else {
        _ = try makeMethod("lora", text)
        continue
      }
      let error = #expect(throws: DocumentError.self) { try makeMethod("lora", text) }
      #expect(error?.description.contains("belongs to init") == true, "\(text)")
    }
  }

  @Test("LoftQ starts nearer to the base model than its 4 bits alone, and PEFT's files of it are refused")
  func fourBits() throws {
    let bench = try MethodBench(MethodCase(name: "lora", options: #"{"rank": 8, "init": "loftq"}"#, model: "llama"))
    let base = bench.logits
    let attachment = try bench.attach()
    func distance() -> Float { zip(bench.logits, base).reduce(0) { $0 + abs($1.0 - $1.1) } }
    let near = distance()
    for (_, pair) in Self.pairs(bench.model) { pair.b.assign([Float](repeating: 0, count: pair.b.elementCount)) }
    #expect(near > 0 && near < 0.8 * distance())
    let folder = try TemporaryFolder()
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    let path = "\(folder.path)/adapter_config.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacing("\"double_quantization\": true", with: "\"other\": 1").write(
      toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: DocumentError.self) { try AdapterFile.open(folder.path).method() }
  }
}
