import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// What the arithmetic does with an adapter of every method: the right thing, or a refusal that says why.
@Suite("Adapter arithmetic over all methods") struct EveryMethodArithmeticTests {
  static let cases = MethodCase.all.filter { $0.model == "llama" }

  /// A method that was trained for some steps, saved with its origin, on a model that is free again.
  private struct Saved {
    let bench: MethodBench
    let file: AdapterFile
    /// The trained model's answer.
    let logits: [Float]
    /// Whether its start was computed from training rows, so that a seed does not make it again.
    let readsRows: Bool

    /// - Returns: nil for a method that saves nothing.
    init?(_ method: MethodCase, steps: Int = 2, in folder: TemporaryFolder) throws {
      bench = try MethodBench(method)
      let attachment = try makeMethod(method.name, method.options).attach(
        to: bench.model,
        with: AttachmentSetting(
          seeds: AdapterOrigin.stream(seed: 3), context: bench.context, rows: MethodBench.rows))
      guard attachment.format != nil, !attachment.parameters.isEmpty else { return nil }
      readsRows = attachment.startCost != nil
      bench.train(attachment, steps: steps)
      let options = JSONValue(try JSONParser.parse(DocumentText(name: "", bytes: Array(method.options.utf8))))
      guard case .object(let object) = options else { return nil }
      try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
      let path = "\(folder.path)/\(steps)"
      try AdapterFile.save(
        attachment, to: path, baseModel: "tiny",
        origin: AdapterOrigin(method: method.name, options: object, seed: 3, model: nil, adapter: nil))
      attachment.detach()
      try bench.model.restoreWeights()
      file = try AdapterFile.open(path)
      logits = try Self.logits(file, on: bench)
    }

    /// What the model answers with an adapter.
    static func logits(_ file: AdapterFile, on bench: MethodBench) throws -> [Float] {
      let attachment = try file.method().attach(
        to: bench.model, with: AttachmentSetting(seeds: SeedStream(9), context: bench.context, rows: MethodBench.rows))
      try file.load(into: attachment)
      let logits = bench.logits
      attachment.detach()
      try bench.model.restoreWeights()
      return logits
    }

    var base: LoadedBase { LoadedBase(model: bench.model, tokenizer: nil, context: bench.context) }
  }

  private func combined(_ expression: String, _ adapters: [Saved], _ options: JSONValue = [:]) throws -> AdapterFile {
    try combination(expression, adapters, options).file
  }

  private func combination(
    _ expression: String, _ adapters: [Saved], _ options: JSONValue = [:]
  ) throws -> AdapterCombination {
    var options = options
    options["combine"] = JSONValue(expression)
    let names = zip(["a", "b"], adapters)
    options["adapters"] = .object(JSONObject(distinct: names.map { ($0, JSONValue($1.file.path)) }))
    let origins = AdapterOrigins(common: nil, base: { _ in adapters[0].base }, modelHash: { _ in nil })
    return try makeRecipe(options).combined(
      adapters.map(\.file), named: "sum", base: adapters[0].base, origin: origins.values)
  }

  @Test("Origin and vector are the trained adapter, bit for bit, and answer like it", arguments: cases)
  func taskVectors(method: MethodCase) throws {
    let folder = try TemporaryFolder()
    guard let a = try Saved(method, in: folder), let b = try Saved(method, steps: 3, in: folder) else { return }
    if a.readsRows {
      let error = #expect(throws: AttachError.self) { try combined("origin + a", [a, b]) }
      #expect(error?.description.contains("rows that a run trains on") == true)
      return
    }
    for expression in ["origin + a", "origin + (a + b) - b", "origin + 0.25*a + 0.75*a"] {
      // A budget that left other triplets out leaves parameters that do not mean the same.
      if method.name == "adalora", expression.contains(" b") { continue }
      let sum = try combined(expression, method.name == "adalora" ? [a] : [a, b])
      #expect(try Self.sorted(sum) == Self.sorted(a.file), "\(expression)")
      #expect(sum.valueHash == a.file.valueHash)
      #expect(try Saved.logits(sum, on: a.bench) == a.logits)
    }
    // Written and read again, a combined method's parts in their folders.
    let path = "\(folder.path)/sum"
    try combined("origin + a", [a]).write(to: path)
    let written = try AdapterFile.open(path)
    #expect(try Self.sorted(written) == Self.sorted(a.file) && written.origin == a.file.origin)
    if method.name == "combined" {
      try combined("a - b", [a, b]).write(to: path)
      let vector = try AdapterFile.open(path)
      #expect(vector.isVector && vector.origin == nil)
      #expect(throws: CheckpointError.self) { try vector.checkIsAdapter() }
    }
    if method.name == "adalora", a.file.settings["rank_pattern"] != b.file.settings["rank_pattern"] {
      let error = #expect(throws: CheckpointError.self) { try combined("origin + 0.5*a + 0.5*b", [a, b]) }
      #expect(error?.description.contains("take the convention delta") == true)
      return
    }
    let half = try combination("origin + 0.5*a + 0.5*b", [a, b])
    let logits = try Saved.logits(half.file, on: a.bench)
    #expect(Self.areFinite(logits))
    #expect(half.file.origin == a.file.origin)
    try Self.expectExactness(of: half, of: a, b)
  }

  /// The deviation that is told of the mean of two adapters is what folded weights show, map by map, or there is none to tell.
  private static func expectExactness(of half: AdapterCombination, of a: Saved, _ b: Saved) throws {
    let method = a.bench.method
    guard case .measured(let deviations) = half.exactness else {
      let (reason, reasons) = (
        "\(half.exactness)", ["virtual tokens", "prefixes", "adaption prompts", "non-linearity", "heads or neurons"]
      )
      #expect(method.cannotBeMerged && reasons.contains { reason.contains($0) }, "\(method): \(reason)")
      return
    }
    #expect(!method.cannotBeMerged && !deviations.isEmpty, "\(method)")
    let (own, other, sum) = (
      try updates(of: a.file, on: a.bench), try updates(of: b.file, on: a.bench),
      try updates(of: half.file, on: a.bench)
    )
    for (index, linear) in a.bench.model.linears.enumerated() {
      guard let deviation = deviations.first(where: { $0.site == linear.site }) else {
        #expect(own[index].allSatisfy { $0 == 0 }, "\(method), \(linear.site)")
        continue
      }
      let exact = zip(own[index], other[index]).map { 0.5 * Double($0) + 0.5 * Double($1) }
      let difference = zip(sum[index], exact).map { Double($0) - $1 }
      func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      // Folded weights are rounded, of some tens of units; LoftQ's have the exchange of the weight in them.
      if !method.options.contains("loftq") {
        #expect(abs(deviation.exact - norm(exact)) < 1e-4 * norm(exact) + 1e-5, "\(method), \(linear.site)")
      }
      #expect(abs(deviation.difference - norm(difference)) < 1e-4 * norm(exact) + 1e-5, "\(method), \(linear.site)")
    }
  }

  private static func areFinite(_ values: [Float]) -> Bool { values.allSatisfy { $0.isFinite } }

  private static func sorted(_ file: AdapterFile) throws -> [AdapterArray] {
    try file.arrays().sorted { $0.key < $1.key }
  }

  @Test("delta adds what merging adds to the weights", arguments: cases)
  func deltas(method: MethodCase) throws {
    let folder = try TemporaryFolder()
    guard let a = try Saved(method, in: folder), let b = try Saved(method, steps: 3, in: folder) else { return }
    let sum: AdapterFile
    do {
      sum = try combined("0.5*a + b", [a, b], ["convention": "delta", "type": "svd", "rank": 64])
    } catch let error as any InputError {
      let reasons = [
        "no linear map's update", "cannot be merged", "virtual tokens", "prefix", "changes biases", "network",
        "no weight",
        "scales", "beside", "not a weight", "are not weights",
      ]
      #expect(reasons.contains { error.description.contains($0) }, "\(method): \(error)")
      return
    }
    let merged = try [a, b].map { try Self.updates(of: $0.file, on: $0.bench) }
    let own = try Self.updates(of: sum, on: a.bench)
    for index in own.indices {
      let exact = zip(merged[0][index], merged[1][index]).map { Float(0.5 * Double($0) + Double($1)) }
      expectClose(own[index], exact, relative: 1e-3, absolute: 1e-5, "\(method), map \(index)")
    }
  }

  /// What an adapter adds to each linear map's weight, read off the folded weights.
  private static func updates(of file: AdapterFile, on bench: MethodBench) throws -> [[Float]] {
    let attachment = try file.method().attach(
      to: bench.model, with: AttachmentSetting(seeds: SeedStream(9), context: bench.context, rows: MethodBench.rows))
    defer { attachment.detach() }
    try file.load(into: attachment)
    func weights() -> [[Float]] { bench.model.linears.map { $0.weight?.values ?? [] } }
    let before = weights()
    let unfold = bench.model.foldAdapters(context: bench.context)
    defer { unfold() }
    return zip(weights(), before).map { zip($0, $1).map { $0 - $1 } }
  }

  @Test("Compressing touches what was trained alone; all values kept are the adapter itself", arguments: cases)
  func compressed(method: MethodCase) throws {
    let folder = try TemporaryFolder()
    guard let a = try Saved(method, in: folder) else { return }
    let whole = try CompressedAdapter(a.file, keeping: 1, as: .own)
    if method.name == "combined" {
      #expect(throws: CheckpointError.self) {
        try a.file.write(to: "\(folder.path)/parts", as: .compressed(whole.tensors))
      }
      return
    }
    let fixed = a.file.fixedTensors
    #expect(
      whole.tensors.count + fixed.reduce(0) { $0 + $1.elementCount }
        == a.file.tensors.reduce(0) { $0 + $1.tensor.elementCount })
    if ["vera", "pvera", "svft", "shira", "super-tuning", "delora"].contains(method.name) {
      #expect(fixed.isEmpty == method.options.contains("\"save_projection\": false"), "\(method)")
    }
    try a.file.write(to: "\(folder.path)/whole", as: .compressed(whole.tensors))
    let read = try AdapterFile.open("\(folder.path)/whole")
    #expect(try Saved.logits(read, on: a.bench) == a.logits)
    #expect(try Saved.logits(whole.file(named: "whole"), on: a.bench) == a.logits)
    if let reason = Self.reasonNotToLeaveOut(method) {
      for (share, magnitude) in [(0.1, SparseVector.Magnitude.deviation(alpha: 1)), (0.5, .own)] {
        let error = #expect(throws: CheckpointError.self) {
          try CompressedAdapter(a.file, keeping: share, as: magnitude)
        }
        let message = error?.description ?? ""
        #expect(message.contains(reason) && message.contains("int8 or bf16"), "\(method): \(message)")
      }
      let rounded = CompressedTensors(roundingToBytes: try a.file.trainedArrays(), isAroundOne: a.file.isFactor)
      try a.file.write(to: "\(folder.path)/bytes", as: .compressed(rounded))
      let logits = try Saved.logits(try AdapterFile.open("\(folder.path)/bytes"), on: a.bench)
      #expect(Self.areFinite(logits))
      return
    }
    let small = try CompressedAdapter(a.file, keeping: 0.1, as: .deviation(alpha: 1))
    try a.file.write(to: "\(folder.path)/small", as: .compressed(small.tensors))
    let logits = try Saved.logits(try AdapterFile.open("\(folder.path)/small"), on: a.bench)
    #expect(Self.areFinite(logits))
    #expect(try Saved.logits(small.file(named: "small"), on: a.bench) == logits)
    try a.file.write(to: "\(folder.path)/half", as: .safetensors(.bfloat16))
    let half = try Saved.logits(try AdapterFile.open("\(folder.path)/half"), on: a.bench)
    #expect(Self.areFinite(half))
  }

  /// What a refusal to leave values out says of a method whose values start at neither zero nor one; nil for all others.
  private static func reasonNotToLeaveOut(_ method: MethodCase) -> String? {
    let reasons = [
      "hra": "directions of reflections", "ln-tuning": "the norms' own weights",
      "trainable-tokens": "the rows of trained tokens", "road": "angles around zero beside scales around one",
      "dora": "the lengths of the weights",
    ]
    if let reason = reasons[method.name] { return reason }
    return [
      ("\"dora\": true", "the lengths of the weights"), ("modules_to_save", "whole modules"),
      ("trainable_token_indices", "the rows of trained tokens"),
    ].first { method.options.contains($0.0) }?.1
  }

  @Test("Projections that a seed draws are left out, others are kept as they are")
  func projections() throws {
    let method = try #require(Self.cases.first { $0.name == "vera" })
    let folder = try TemporaryFolder()
    let a = try #require(try Saved(method, in: folder))
    let tensors = try CompressedAdapter(a.file, keeping: 1, as: .own).tensors
    try a.file.write(to: "\(folder.path)/small", as: .compressed(tensors))
    let small = try AdapterFile.open("\(folder.path)/small")
    #expect(small.settings["save_projection"] == false && small.fixedTensors.isEmpty)
    #expect(!AdapterFile.files(in: small.path).contains { $0.hasSuffix(AdapterFile.fixedName) })
    // Others than the seed's.
    let arrays = try a.file.arrays().map { array in
      array.key.hasSuffix("vera_A") ? array.with(array.values.map { -$0 }) : array
    }
    let turned = try AdapterFile(named: "turned", settings: a.file.settingsObject, tensors: arrays)
    try turned.write(to: "\(folder.path)/turned", as: .compressed(tensors))
    let read = try AdapterFile.open("\(folder.path)/turned")
    #expect(AdapterFile.files(in: read.path).contains { $0.hasSuffix(AdapterFile.fixedName) })
    #expect(read.fixedTensors.count == 2)
    #expect(try Saved.logits(read, on: a.bench) == Saved.logits(turned, on: a.bench))
    #expect(try Saved.logits(read, on: a.bench) != a.logits)
    let error = #expect(throws: CheckpointError.self) { try turned.checkFixedTensors(against: a.file) }
    #expect(error?.description.contains("vera_A") == true)
  }

  @Test("An adapter is like itself, and its vector too", arguments: cases)
  func similarity(method: MethodCase) throws {
    let folder = try TemporaryFolder()
    guard let a = try Saved(method, in: folder), !a.readsRows else { return }
    let origins = AdapterOrigins(common: nil, base: { _ in a.base }, modelHash: { _ in nil })
    let values = try a.file.trainedArrays()
    let start = a.file.trained(try origins.values(of: a.file))
    for origin in [nil, [start, start]] {
      let similarity = try AdapterSimilarity(
        [(name: "a", values: values), (name: "b", values: values)], origins: origin, permutations: 0, seed: 1)
      #expect(abs(try #require(similarity.flattened[0][1]) - 1) < 1e-9)
    }
  }
}
