import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("Updates of single entries") struct SparseUpdateTests {
  @Test("Places are drawn from the seed, each once, and are saved and read back")
  func places() throws {
    func indices(_ seed: Int) throws -> [Int] {
      let bench = try MethodBench(MethodCase(name: "shira", options: #"{"rank": 2}"#, model: "llama"))
      let attachment = try bench.attach(seed: seed)
      let folder = try TemporaryFolder()
      try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
      let tensor = try #require(
        AdapterFile.open(folder.path).tensors.first { $0.name.hasSuffix("0.self_attn.v_proj.shira_indices") }?.tensor)
      #expect(tensor.type == .int32 && tensor.shape == [2, 48])
      return try withExtendedLifetime(bench) { try tensor.integers() }
    }
    let first = try indices(1)
    #expect(try indices(1) == first)
    #expect(try indices(2) != first)
    let entries = zip(first[..<48], first[48...]).map { $0 * 16 + $1 }
    #expect(Set(entries).count == 48 && entries == entries.sorted())
  }

  @Test("Every entry is drawn about as often as any other")
  func fairness() {
    var counts = [Int](repeating: 0, count: 20)
    for seed in 0..<4000 {
      for place in SHiRA.draw(5, of: 20, from: SeedStream(seed)) { counts[Int(place)] += 1 }
    }
    // 1,000 each, with a deviation of 27.
    #expect(counts.allSatisfy { abs($0 - 1000) < 140 }, "\(counts)")
  }

  @Test("The largest and the smallest entries are taken, of equal ones the first")
  func magnitudes() {
    let values: [Float] = [0.5, -3, 0, 3, -0.25, 1e-30, 7, -3]
    #expect(Magnitudes.entries(of: values, count: 3, largest: true) == [6, 1, 3])
    #expect(Magnitudes.entries(of: values, count: 8, largest: true) == [6, 1, 3, 7, 0, 4, 5, 2])
    #expect(Magnitudes.entries(of: values, count: 3, largest: false) == [2, 5, 4])
    let many = SeedStream(3).uniforms(5000, in: -1...1)
    let sorted = many.indices.sorted { abs(many[$0]) > abs(many[$1]) }
    #expect(Magnitudes.entries(of: many, count: 700, largest: true) == sorted.prefix(700).map { Int32($0) })
  }

  @Test(
    "The entries that are taken are PEFT's, where weights lie turned, too",
    arguments: ["super-tuning", "super-tuning-supra"], ["llama", "qwen2", "gpt2"])
  func entriesOfPEFT(method: String, base: String) throws {
    let fixture = try MethodFixture("\(method)-\(base)")
    let file = try AdapterFile.open(fixture.folder.folder.path)
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let attachment = try file.method().attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    let tensors = (attachment.format?.tensors ?? []).filter { $0.key.hasSuffix(".supertuning_indices") }
    #expect(!tensors.isEmpty)
    try withExtendedLifetime(model) {
      for tensor in tensors {
        let own = try #require(tensor.integers).values().map { Int($0) }
        let stored = try #require(file.tensors.first { $0.name == tensor.key }).tensor.integers()
        #expect(Set(own) == Set(stored), "\(tensor.key)")
      }
    }
  }

  @Test(
    "Places that the weight does not have, or has once, are refused with the tensor",
    arguments: [
      ("shira", #"{"rank": 1, "target_modules": ["v_proj"]}"#, "shira_indices", [0, -1], "names row"),
      ("shira", #"{"rank": 1, "target_modules": ["v_proj"]}"#, "shira_indices", [0, 8], "names row 8"),
      ("shira", #"{"rank": 1, "target_modules": ["v_proj"]}"#, "shira_indices", [24, 16], "column 16"),
      ("super-tuning", #"{"sparsity": 0.9}"#, "supertuning_indices", [0, 256], "names entry 256"),
      ("super-tuning", #"{"sparsity": 0.9}"#, "supertuning_indices", [0, 5, 1, 5], "twice"),
    ])
  func damaged(method: String, options: String, suffix: String, edits: [Int], reason: String) throws {
    let bench = try MethodBench(MethodCase(name: method, options: options, model: "llama"))
    let attachment = try bench.attach()
    let format = try #require(attachment.format)
    let folder = try TemporaryFolder()
    var done = false
    let tensors = format.tensors.map { tensor -> AdapterTensor in
      guard let integers = tensor.integers, tensor.key.hasSuffix(suffix), !done else { return tensor }
      done = true
      var values = integers.values()
      for pair in stride(from: 0, to: edits.count, by: 2) { values[edits[pair]] = Int32(edits[pair + 1]) }
      return AdapterTensor(
        key: tensor.key, shape: tensor.shape,
        integers: AdapterIntegers(values: { [values] in values }, problem: { _ in nil }, assign: { _ in }))
    }
    try AdapterFile.save(
      AttachedMethod(
        parameters: [], inferenceCost: InferenceCost(),
        format: AdapterFormat(
          peftType: format.peftType, configuration: format.configuration.map { ($0.key, $0.value) }, tensors: tensors)),
      to: folder.path, baseModel: "tiny")
    let error = #expect(throws: CheckpointError.self) { try AdapterFile.open(folder.path).load(into: attachment) }
    let message = error?.description ?? ""
    #expect(message.contains(reason) && message.contains(suffix), "\(message)")
  }

  @Test("Of added biases both methods that train them read the file")
  func biases() throws {
    let folder = GoldenFixture("methods/beft-llama").folder.path
    let file = try AdapterFile.open(folder)
    #expect(try file.method() is BitFit)
    var logits: [[Float]] = []
    for type in [BitFit.self, BEFT.self] as [any PEFTMethod.Type] {
      let bench = try MethodBench(MethodCase(name: type.name, options: "{}", model: "llama"))
      let method = try #require(try file.method(as: type))
      #expect(Swift.type(of: method).name == type.name)
      let setting = AttachmentSetting(seeds: SeedStream(1), context: bench.context)
      try file.load(into: method.attach(to: bench.model, with: setting))
      logits.append(bench.logits)
    }
    #expect(logits[0] == logits[1])
    #expect(try file.method(as: LoRA.self) == nil)
    #expect(!file.isOwnFormat)
  }

  @Test("Rows that a tied head shares are saved under both names, and must be equal")
  func sharedRows() throws {
    let bench = try MethodBench(MethodCase(name: "trainable-tokens", options: #"{"tokens": [4, 9]}"#, model: "gpt2"))
    let attachment = try bench.attach()
    bench.train(attachment, steps: 1)
    let folder = try TemporaryFolder()
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    let tensors = try AdapterFile.open(folder.path).tensors
    #expect(
      tensors.map(\.name).sorted() == [
        "base_model.model.lm_head.trainable_tokens_delta", "base_model.model.transformer.wte.trainable_tokens_delta",
      ])
    #expect(try tensors[0].tensor.floats() == tensors[1].tensor.floats())
    var writer = SafetensorsWriter()
    for (index, entry) in tensors.enumerated() {
      writer.add(entry.name, try entry.tensor.floats().map { $0 + Float(index) }, shape: entry.tensor.shape)
    }
    try writer.write(to: folder.path + "/adapter_model.safetensors")
    let error = #expect(throws: CheckpointError.self) { try AdapterFile.open(folder.path).load(into: attachment) }
    #expect(error?.description.contains("whose values it shares") == true)
  }
}
