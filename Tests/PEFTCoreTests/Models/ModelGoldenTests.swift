import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Models against transformers") struct ModelGoldenTests {
  static let names = [
    "llama", "llama-tied", "llama-own-head", "llama-bare-names", "llama-partial-rope", "llama-bias", "llama3-rope",
    "llama-linear-rope", "llama-headdim", "llama-sharded",
    "llama-bf16", "llama-f16", "qwen2", "qwen2-bf16", "qwen2-f16", "gpt2", "gpt2-bare-names", "mistral",
    "qwen3", "gemma", "gemma2", "gemma3_text", "phi3", "phi3-longrope", "olmo", "olmo-clip", "olmo2", "smollm3",
    "gpt_neox",
    "gpt_neox-sequential", "opt",
  ]

  @Test("Logits equal those of transformers", arguments: names) func logits(name: String) throws {
    let fixture = GoldenFixture("models/\(name)")
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(fixture.folder.path).load(as: .auto, context: context)
    let description = try fixture.json("expected.json")
    #expect(model.parameterCount == description["parameters"]?.integer)
    try expectLogits(
      of: model, description, try fixture.tensors("expected.safetensors"), name, context: context)
  }

  @Test(
    "A description as older versions of transformers wrote it means the same",
    arguments: [
      "llama", "llama3-rope", "llama-linear-rope", "gpt2", "qwen2", "mistral", "gemma3_text", "gpt_neox", "phi3",
      "phi3-longrope",
    ]) func oldDescriptions(name: String) throws
  {
    let fixture = GoldenFixture("models/\(name)")
    try withTemporaryFolder { folder in
      for (from, to) in [("config_old.json", "config.json"), ("model.safetensors", "model.safetensors")] {
        try FileManager.default.copyItem(atPath: fixture.url(from).path, toPath: "\(folder)/\(to)")
      }
      let context = ComputeContext(threads: 2)
      let model = try ModelFiles.open(folder).load(as: .auto, context: context)
      try expectLogits(
        of: model, try fixture.json("expected.json"), try fixture.tensors("expected.safetensors"), name,
        context: context)
    }
  }

  @Test(
    "Splitting a sequence into cached and nested segments changes no bit",
    arguments: ["llama", "gpt2", "gemma2", "gemma3_text", "smollm3", "gpt_neox", "opt"])
  func segmentation(name: String) throws {
    let fixture = GoldenFixture("models/\(name)")
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(fixture.folder.path).load(as: .auto, context: context)
    let ids = try fixture.tensors("expected.safetensors").integers("ids_3").map(Int32.init)
    let tape = Tape(context: context, recording: false)
    func lastLogits(_ forest: TokenForest) -> [Float] {
      let hidden = model.hiddenStates(forest, on: tape)
      return model.logits(rows: [forest.rowCount - 1], of: hidden, on: tape).value.values
    }
    var whole = TokenForest()
    whole.add(.tokens(ids), under: nil)
    let reference = lastLogits(whole)

    var nested = TokenForest()
    let root = nested.add(.tokens(Array(ids[..<5])), under: nil)
    nested.add(.tokens([1, 2, 3]), under: root)
    nested.add(.tokens(Array(ids[5...])), under: nested.add(.tokens([]), under: root))
    #expect(lastLogits(nested) == reference)

    let cache = CachedSegment(continuing: nil, capacity: 4, in: context.pool)
    var first = TokenForest()
    first.add(.tokens(Array(ids[..<7])), under: nil, retaining: cache)
    _ = model.hiddenStates(first, on: tape)
    for id in ids[7..<(ids.count - 1)] {
      var step = TokenForest()
      step.add(.tokens([id]), under: step.add(.cached(cache), under: nil), retaining: cache)
      _ = model.hiddenStates(step, on: tape)
    }
    var last = TokenForest()
    last.add(.tokens([ids[ids.count - 1]]), under: last.add(.cached(cache), under: nil))
    #expect(lastLogits(last) == reference)
  }
}

/// Expects a model to compute the logits of a fixture: the rows that `description` names, of the ids that it names.
func expectLogits(
  of model: CausalLanguageModel, _ description: DocumentValue, _ expected: GoldenTensors, _ name: String,
  context: ComputeContext
) throws {
  for sequence in try #require(description["sequences"]?.array) {
    let ids = try expected.integers(sequence["ids"]?.string ?? "")
    let rows = try #require(sequence["rows"]?.array).compactMap(\.integer)
    let wanted = try expected.tensor(sequence["logits"]?.string ?? "").values
    let tape = Tape(context: context, recording: false)
    var forest = TokenForest()
    forest.add(.tokens(ids.map(Int32.init)), under: nil)
    let hidden = model.hiddenStates(forest, on: tape)
    let logits = model.logits(rows: rows, of: hidden, on: tape).value.values
    expectClose(logits, wanted, relative: 1e-4, absolute: 1e-4, "\(name), \(ids.count) tokens")
  }
}
