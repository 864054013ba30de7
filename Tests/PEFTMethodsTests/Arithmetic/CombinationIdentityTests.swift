import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// What holds for every combination, whatever the values.
@Suite("Identities of adapter arithmetic") struct CombinationIdentityTests {
  /// A trained method on the tiny Llama with the values that it started from.
  struct Trained {
    let file: AdapterFile
    let origin: [AdapterArray]

    init(_ name: String, _ options: String, seed: Int = 1, steps: Int, in folder: TemporaryFolder) throws {
      let context = ComputeContext(threads: 1)
      let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
      let method = try makeMethod(name, options)
      let attachment = try method.attach(
        to: model, with: AttachmentSetting(seeds: AdapterOrigin.stream(seed: seed), context: context))
      origin = try #require(attachment.format).arrays
      let probe = MethodProbe(model: model, context: context)
      let optimizer = Optimizer(
        .adamW(), parameters: attachment.parameters, weightDecay: 0, maximumGradientNorm: nil, context: context)
      for step in 0..<steps {
        _ = probe.loss([(ids: [5, 17, 80, 3, Int32(41 + steps)], labels: [-1, -1, 9, 62, 11 + step])])
        optimizer.step(learningRate: 3e-2, gradientNorm: optimizer.gradientNorm())
      }
      try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
      let path = "\(folder.path)/\(name)-\(seed)-\(steps)"
      try AdapterFile.save(
        attachment, to: path, baseModel: "tiny",
        origin: AdapterOrigin(
          method: name, options: try Self.object(options), seed: seed, model: nil, adapter: nil))
      file = try AdapterFile.open(path)
    }

    private static func object(_ text: String) throws -> JSONObject {
      let value = JSONValue(try JSONParser.parse(DocumentText(name: "", bytes: Array(text.utf8))))
      guard case .object(let object) = value else { return JSONObject() }
      return object
    }
  }

  private func combined(
    _ expression: String, _ adapters: [(String, Trained)], _ options: JSONValue = [:]
  ) throws -> AdapterCombination {
    var options = options
    options["combine"] = JSONValue(expression)
    options["adapters"] = .object(JSONObject(distinct: adapters.map { ($0.0, JSONValue($0.1.file.path)) }))
    return try makeRecipe(options).combined(adapters.map(\.1.file), named: "combined") { file in
      adapters.first { $0.1.file.path == file.path }?.1.origin ?? []
    }
  }

  @Test("An origin is made again bit for bit by its seed", arguments: MethodCase.all)
  func origins(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let setting = AttachmentSetting(
      seeds: AdapterOrigin.stream(seed: 3), context: bench.context, rows: MethodBench.rows)
    let attachment = try makeMethod(method.name, method.options).attach(to: bench.model, with: setting)
    // What was computed from training rows is refused, as LoRAStartTests have it.
    guard let format = attachment.format, attachment.startCost == nil else { return }
    let before = format.savedArrays
    bench.train(attachment, steps: 1)
    let folder = try TemporaryFolder()
    let options = try JSONParser.parse(DocumentText(name: "", bytes: Array(method.options.utf8)))
    guard case .object(let object) = JSONValue(options) else { return }
    let origin = AdapterOrigin(method: method.name, options: object, seed: 3, model: "x", adapter: nil)
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny", origin: origin)
    attachment.detach()
    let saved = try #require(try AdapterFile.open(folder.path).origin)
    #expect(saved == origin)
    try bench.model.restoreWeights()
    #expect(try saved.values(on: bench.model, tokenizer: nil, context: bench.context) == before)
  }

  @Test(
    "Origin and vector are the trained adapter bit for bit, and what cancels out leaves nothing",
    arguments: [
      ("prompt-tuning", #"{"tokens": 3}"#), ("lora", #"{"rank": 2}"#), ("ia3", "{}"), ("bitfit", "{}"),
      ("prefix-tuning", #"{"tokens": 2}"#), ("ln-tuning", "{}"), ("lora", #"{"rank": 2, "dora": true}"#),
    ])
  func exactness(name: String, options: String) throws {
    let folder = try TemporaryFolder()
    let a = try Trained(name, options, steps: 3, in: folder)
    let b = try Trained(name, options, steps: 4, in: folder)
    let own = try a.file.arrays()
    let start = own.map { array in a.origin.first { $0.key == array.key } ?? array }
    #expect(own != start)
    let both = [("a", a), ("b", b)]
    #expect(try combined("origin + a", both).file.arrays() == own)
    #expect(try combined("origin + (a + b) - b", both).file.arrays() == own)
    #expect(try combined("origin + 0*a", both).file.arrays() == start)
    #expect(try combined("origin", both).file.arrays() == start)
    #expect(try combined("origin + 0.5*a + 0.5*a", both).file.arrays() == own)
    #expect(try combined("origin + a", both).file.settings == a.file.settings)
    // A sum is rounded once.
    let sum = try combined("origin + 0.25*a - b", both).file.arrays()
    for (index, array) in sum.enumerated() {
      let (x, y, o) = (own[index].values, try b.file.arrays()[index].values, start[index].values)
      for k in x.indices {
        let exact = Double(o[k]) * 1.75 + 0.25 * Double(x[k]) - Double(y[k])
        #expect(abs(Double(array.values[k]) - exact) <= 1.2e-7 * abs(exact) + 1e-12)
      }
    }
  }

  @Test("A vector goes on another origin, and adapters of different origins have none in common")
  func otherOrigins() throws {
    let folder = try TemporaryFolder()
    let a = try Trained("prompt-tuning", #"{"tokens": 3}"#, seed: 1, steps: 3, in: folder)
    let b = try Trained("prompt-tuning", #"{"tokens": 3}"#, seed: 2, steps: 3, in: folder)
    let error = #expect(throws: CheckpointError.self) { try combined("origin + a + b", [("a", a), ("b", b)]) }
    #expect(error?.description.contains("other values") == true)
    let moved = try combined("origin(b) + a", [("a", a), ("b", b)]).file.arrays()
    let (trained, from, to) = (try a.file.arrays()[0].values, a.origin[0].values, b.origin[0].values)
    for k in moved[0].values.indices {
      #expect(moved[0].values[k] == Float(Double(trained[k]) - Double(from[k]) + Double(to[k])))
    }
  }

  @Test("Adapters whose parameters do not mean the same are refused, with the option")
  func differentMeanings() throws {
    let folder = try TemporaryFolder()
    let a = try Trained("lora", #"{"rank": 2}"#, steps: 1, in: folder)
    let b = try Trained("lora", #"{"rank": 2, "alpha": 3}"#, seed: 2, steps: 1, in: folder)
    let error = #expect(throws: CheckpointError.self) { try combined("origin + a + b", [("a", a), ("b", b)]) }
    #expect(error?.description.contains("alpha") == true)
  }

  @Test("Factors added by hf's linear are not the sum, and the deviation says so; cat and svd are")
  func linearIsNoSum() throws {
    let folder = try TemporaryFolder()
    let a = try Trained("lora", #"{"rank": 2}"#, steps: 3, in: folder)
    let b = try Trained("lora", #"{"rank": 2}"#, seed: 2, steps: 4, in: folder)
    let both = [("a", a), ("b", b)]
    func deviation(_ expression: String, _ convention: String, _ type: String, _ rank: Int? = nil) throws -> Double {
      let options: JSONValue = ["convention": JSONValue(convention), "type": JSONValue(type), "rank": JSONValue(rank)]
      let result = try combined(expression, both, options)
      return try #require(result.total?.relative)
    }
    #expect(try deviation("0.5*a + 0.5*b", "hf", "linear") > 0.3)
    #expect(try deviation("0.5*a + 0.5*b", "hf", "cat") < 1e-6)
    #expect(try deviation("0.5*a + 0.5*b", "delta", "cat") < 1e-6)
    #expect(try deviation("0.5*a - 2*b", "delta", "svd", 4) < 1e-6)
    let short = try deviation("0.5*a + 0.5*b", "delta", "svd", 2)
    #expect(short > 1e-3 && short < 0.7)
    let twice = try Trained(copying: a, to: folder.path + "/twice")
    let options: JSONValue = ["convention": "hf", "type": "linear"]
    let doubled = try combined("0.5*a + 0.5*c", [("a", a), ("c", twice)], options)
    // hf's linear of an adapter with itself at one half each is twice the adapter: the roots add up, (√½ + √½)² = 2.
    #expect(abs(try #require(doubled.total?.relative) - 1) < 1e-5)
    // Of one adapter it is that adapter, whatever the type.
    for type in ["linear", "svd", "cat"] {
      let one = try combined("a", [("a", a)], ["convention": "hf", "type": JSONValue(type)])
      #expect(try #require(one.total?.relative) < 1e-6, "\(type)")
    }
    let exact: JSONValue = ["convention": "delta", "type": "svd"]
    let sum = try combined("0.5*a + 0.5*c", [("a", a), ("c", twice)], exact)
    #expect(try #require(sum.total?.relative) < 1e-6)
  }

  @Test("The sign of all flips the result, and a density of one is plain task arithmetic")
  func signsAndDensity() throws {
    let folder = try TemporaryFolder()
    let a = try Trained("lora", #"{"rank": 2}"#, steps: 3, in: folder)
    let b = try Trained("lora", #"{"rank": 2}"#, seed: 2, steps: 4, in: folder)
    func update(_ expression: String, _ type: String, _ density: Double?, seed: Int = 0) throws -> [[Double]] {
      let options: JSONValue = [
        "convention": "mergekit", "type": JSONValue(type), "density": JSONValue(density), "rank": 16,
        "seed": type.hasPrefix("dare") ? JSONValue(seed) : .null,
      ]
      return try LowRankUpdate.all(of: combined(expression, [("a", a), ("b", b)], options).file, for: "")
        .map { $0.dense(workers: .one).elements }
    }
    let plain = try update("0.7*a + 0.4*b", "task_arithmetic", nil)
    for (x, y) in zip(plain, try update("0.7*a + 0.4*b", "dare_linear", 1)) {
      expectClose(x.map { Float($0) }, y.map { Float($0) }, relative: 1e-5, absolute: 1e-7)
    }
    for (x, y) in zip(plain, try update("-0.7*a - 0.4*b", "task_arithmetic", nil)) {
      expectClose(x.map { Float(-$0) }, y.map { Float($0) }, relative: 1e-5, absolute: 1e-7)
    }
    // The adapters themselves the other way round: a normalized sum is divided by its weights, whose signs cancel out.
    let turned = try [a, b].enumerated().map { try Trained(turning: $1, to: "\(folder.path)/turned-\($0)") }
    for (convention, type) in [("mergekit", "ties"), ("mergekit", "breadcrumbs_ties"), ("hf", "ties_svd")] {
      func elements(_ x: Trained, _ y: Trained) throws -> [Float] {
        let options: JSONValue = [
          "convention": JSONValue(convention), "type": JSONValue(type), "density": 0.6, "rank": 16,
        ]
        return try LowRankUpdate.all(of: combined("0.7*a + 0.4*b", [("a", x), ("b", y)], options).file, for: "")
          .flatMap { $0.dense(workers: .one).elements.map { Float($0) } }
      }
      let (there, back) = (try elements(a, b), try elements(turned[0], turned[1]))
      expectClose(back, there.map { -$0 }, relative: 1e-5, absolute: 1e-7, "\(type)")
    }
    #expect(try update("0.7*a + 0.4*b", "dare_ties", 0.5) == update("0.7*a + 0.4*b", "dare_ties", 0.5))
    #expect(try update("0.7*a + 0.4*b", "dare_ties", 0.5) != update("0.7*a + 0.4*b", "dare_ties", 0.5, seed: 1))
  }

  @Test("Scales are added as what they add to the weights, or plainly as PEFT does")
  func scales() throws {
    let folder = try TemporaryFolder()
    let a = try Trained("ia3", "{}", steps: 2, in: folder)
    let b = try Trained("ia3", "{}", steps: 3, in: folder)
    let both = [("a", a), ("b", b)]
    let exact = try combined("0.5*a + b", both, ["convention": "delta"])
    let plain = try combined("0.5*a + b", both, ["convention": "hf", "type": "linear"])
    for (index, array) in try exact.file.arrays().enumerated() {
      let (x, y) = (try a.file.arrays()[index].values, try b.file.arrays()[index].values)
      for k in x.indices {
        #expect(array.values[k] == Float(1 + 0.5 * (Double(x[k]) - 1) + (Double(y[k]) - 1)))
        #expect(try plain.file.arrays()[index].values[k] == Float(0.5 * Double(x[k]) + Double(y[k])))
      }
    }
    #expect(try #require(exact.total?.relative) < 1e-5)
    #expect(try #require(plain.total?.relative) > 1)
  }

  @Test("Any method that can be merged is a LoRA of enough rank")
  func anyMethod() throws {
    let folder = try TemporaryFolder()
    let a = try Trained("ia3", "{}", steps: 2, in: folder)
    let b = try Trained(
      "lora", #"{"rank": 2, "target_modules": ["k_proj", "v_proj", "down_proj"]}"#, steps: 3, in: folder)
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
    let base = LoadedBase(model: model, tokenizer: nil, context: context)
    let recipe = try makeRecipe([
      "combine": "a + b", "convention": "delta", "type": "svd", "rank": 16,
      "adapters": ["a": JSONValue(a.file.path), "b": JSONValue(b.file.path)],
    ])
    #expect(throws: CheckpointError.self) { try recipe.combined([a.file, b.file], named: "x") { _ in [] } }
    let result = try recipe.combined([a.file, b.file], named: "x", base: base) { _ in [] }
    #expect(try #require(result.total?.relative) < 1e-5)
  }
}

extension CombinationIdentityTests.Trained {
  /// The same adapter in another folder.
  init(copying other: Self, to path: String) throws {
    try other.file.write(to: path)
    (file, origin) = (try AdapterFile.open(path), other.origin)
  }

  /// An adapter whose updates have the other sign.
  init(turning other: Self, to path: String) throws {
    let arrays = try other.file.arrays().map { array in
      array.key.contains("lora_B") ? array.with(array.values.map { -$0 }) : array
    }
    try AdapterFile(named: path, settings: other.file.settingsObject, tensors: arrays).write(to: path)
    (file, origin) = (try AdapterFile.open(path), other.origin)
  }
}
