import PEFTTestSupport
import Testing

@testable import PEFTCore
@testable import PEFTMethods

/// Passes of one batch that share what comes before the first layer that is adapted.
@Suite("The frozen beginning") struct FrozenBeginningTests {
  @Test("Losses and gradients are those of passes that share nothing, to the bit", arguments: MethodCase.all)
  func sameBits(method: MethodCase) throws {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    func gradients() -> [[Float]] {
      bench.backward()
      defer { for parameter in attachment.parameters { parameter.clearGradient() } }
      return attachment.parameters.map { $0.gradient?.values ?? [] }
    }
    let apart = gradients()
    bench.model.frozenBeginning = FrozenBeginning()
    #expect(gradients() == apart)
    #expect(gradients() == apart)
  }

  @Test("What comes before the first adapted layer is computed once a batch")
  func computedOnce() throws {
    let upper = MethodCase(
      name: "lora", options: #"{"rank": 2, "target_modules": ["q_proj"], "layers_to_transform": [1]}"#, model: "llama")
    let bench = try MethodBench(upper)
    #expect(bench.model.frozenBlockCount == bench.model.blocks.count - 1)
    let attachment = try bench.attach()
    #expect(bench.model.frozenBlockCount == 1)
    let beginning = FrozenBeginning()
    bench.model.frozenBeginning = beginning
    let logits = bench.logits
    var forest = TokenForest()
    forest.add(.tokens(MethodBench.ids), under: nil)
    let kept = beginning.states(of: forest) {
      Issue.record("computed again")
      return Tensor(zeros: [1], in: bench.context.pool)
    }
    #expect(kept.shape == [MethodBench.ids.count, bench.model.configuration.hiddenSize])
    var other = TokenForest()
    other.add(.tokens(MethodBench.ids.reversed()), under: nil)
    var isComputed = false
    _ = beginning.states(of: other) {
      isComputed = true
      return kept
    }
    #expect(isComputed)
    bench.model.frozenBeginning = nil
    #expect(bench.logits == logits)
    attachment.detach()
  }

  @Test("Nothing is frozen behind virtual tokens, a trained table, or an adapter of the first layer")
  func nothingFrozen() throws {
    for (name, options) in [
      ("prompt-tuning", #"{"tokens": 2, "init": "random"}"#), ("prefix-tuning", #"{"tokens": 2}"#),
      ("trainable-tokens", #"{"tokens": [5]}"#), ("lora", "{}"), ("full", "{}"),
    ] {
      let bench = try MethodBench(MethodCase(name: name, options: options, model: "llama"))
      let attachment = try bench.attach()
      #expect(bench.model.frozenBlockCount == 0, "\(name)")
      attachment.detach()
    }
  }
}
