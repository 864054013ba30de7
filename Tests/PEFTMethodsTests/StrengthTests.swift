import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// What is attached, at a part of its strength.
@Suite("The strength of adapters") struct StrengthTests {
  /// Methods of which a part has no meaning: prompts, and reflections, each of which is there or not.
  private static func hasParts(_ method: MethodCase) -> Bool {
    let prompts = ["prompt-tuning", "mpt", "prefix-tuning", "p-tuning", "p-tuning-v2", "hra"]
    return !prompts.contains { method.options.contains("\"\($0)\"") || method.name == $0 }
  }

  @Test(
    "At 0 there is the base model and at 1 what is attached, to the bit; between them something else, merged or not",
    arguments: MethodCase.all.filter { !["none", "full", "galore"].contains($0.name) })
  func ends(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let base = bench.logits
    let attachment = try bench.attach()
    bench.train(attachment, steps: 2)
    let whole = bench.logits
    guard Self.hasParts(method) else {
      let error = #expect(throws: AttachError.self) { try bench.model.setStrength(0.5) }
      #expect(error?.description.contains("strength 0.5 has no meaning for") == true)
      #expect(bench.logits == whole)
      try bench.model.setStrength(1)
      #expect(bench.logits == whole)
      return
    }
    try bench.model.setStrength(0)
    #expect(bench.logits == base)
    try bench.model.setStrength(0.5)
    let half = bench.logits
    #expect(half != base && half != whole && half.allSatisfy { $0.isFinite })
    if !method.cannotBeMerged {
      let folder = try TemporaryFolder()
      try ModelMerger.write(bench.model, from: bench.files, to: folder.path)
      let merged = try ModelFiles.open(folder.path).load(as: .auto, context: bench.context)
      expectClose(
        MethodProbe(model: merged, context: bench.context).logits(MethodBench.ids), half, relative: 1e-4,
        absolute: 1e-4, "\(method) merged at half its strength")
    }
    try bench.model.setStrength(1)
    #expect(bench.logits == whole)
    try bench.model.setStrength(0.25)
    attachment.detach()
    #expect(bench.logits == base)
  }

  @Test("An update is multiplied, a scale goes from one to its factor, an angle is a part of it")
  func rules() throws {
    for (name, options, part) in [
      ("lora", #"{"rank": 3}"#, { $0.contains("lora_B") ? { 0.3 * $0 } : { $0 } }),
      ("hira", #"{"rank": 3}"#, { $0.contains("hira_B") ? { 0.3 * $0 } : { $0 } }),
      ("miss", #"{"rank": 4, "mode": "bat"}"#, { _ in { 0.3 * $0 } }),
      ("delora", #"{"rank": 3}"#, { $0.contains("lambda") ? { 0.3 * $0 } : { $0 } }),
      ("ia3", "{}", { _ in { 1 + 0.3 * ($0 - 1) } }),
      ("oft", #"{"block_size": 4, "form": "exact"}"#, { _ in { 0.3 * $0 } }),
      ("road", "{}", { $0.contains("alpha") ? { 1 + 0.3 * ($0 - 1) } : { 0.3 * $0 } }),
    ] as [(String, String, (String) -> (Float) -> Float)] {
      let bench = try MethodBench(MethodCase(name: name, options: options, model: "qwen2"))
      let attachment = try bench.attach()
      for parameter in attachment.parameters {
        let noise = SeedStream(7).child(parameter.name).normals(parameter.elementCount, standardDeviation: 0.2)
        parameter.assign(zip(parameter.value.values, noise).map { $0 + $1 })
      }
      try bench.model.setStrength(0.3)
      let weakened = bench.logits
      try bench.model.setStrength(1)
      for parameter in attachment.parameters { parameter.assign(parameter.value.values.map(part(parameter.name))) }
      expectClose(weakened, bench.logits, relative: 1e-4, absolute: 1e-4, "\(name)")
    }
  }

  @Test("A trained bias stands between the frozen one and itself, and an added one between zero and itself")
  func biases() throws {
    for model in ["qwen2", "llama"] {
      let bench = try MethodBench(MethodCase(name: "bitfit", options: "{}", model: model))
      let attachment = try bench.attach()
      bench.train(attachment, steps: 3)
      for linear in bench.model.linears {
        guard let trained = linear.trainedBias?.value.values ?? bias(added: linear) else { continue }
        let frozen = linear.bias?.values ?? [Float](repeating: 0, count: trained.count)
        try bench.model.setStrength(0.25)
        let part = linear.trainedBias?.value.values ?? bias(added: linear) ?? []
        expectClose(part, zip(frozen, trained).map { $0 + 0.25 * ($1 - $0) }, relative: 1e-6, absolute: 1e-7)
        try bench.model.setStrength(1)
      }
      withExtendedLifetime(attachment) {}
    }
  }

  private func bias(added linear: Linear) -> [Float]? {
    guard let adapter = linear.adapters.first else { return nil }
    var bias: [Float] = []
    adapter.merge(intoBias: &bias)
    return bias
  }
}
