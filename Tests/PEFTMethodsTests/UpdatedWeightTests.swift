import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Adapters that multiply by a weight of their own in place of the frozen one give what they give beside it.
@Suite("Updated weights") struct UpdatedWeightTests {
  /// Logits, and the gradients of the parameters, of a method with noise on its values.
  ///
  /// - Parameters:
  ///   - isInnermost: Whether nothing stands inside; else a LoRA does that adds nothing.
  ///   - change: What is done to the file's tensors first.
  private static func results(
    _ name: String, _ options: String, model: String, isInnermost: Bool, change: ([AdapterTensor]) -> Void = { _ in }
  ) throws -> (logits: [Float], gradients: [[Float]]) {
    let targets = #""target_modules": ["q_proj", "k_proj", "v_proj"]"#
    let bench = try MethodBench(MethodCase(name: name, options: "{\(options)\(targets)}", model: model))
    let inside =
      isInnermost
      ? nil
      : try makeMethod("lora", #"{"rank": 2, \#(targets)}"#).attach(
        to: bench.model, with: AttachmentSetting(seeds: SeedStream(8), context: bench.context))
    let attachment = try bench.attach()
    let map = try #require(bench.model.linears.first { !$0.adapters.isEmpty })
    let outermost = try #require(map.adapters.last)
    #expect(map.isFrozen(inside: outermost) == isInnermost)
    change(attachment.format?.tensors ?? [])
    for parameter in attachment.parameters {
      let noise = SeedStream(7).child(parameter.name).normals(parameter.elementCount, standardDeviation: 0.2)
      parameter.assign(zip(parameter.value.values, noise).map { $0 + $1 })
    }
    bench.backward()
    let gradients = try attachment.parameters.map { try #require($0.gradient, "\($0.name)").values }
    return withExtendedLifetime(inside) { (bench.logits, gradients) }
  }

  @Test(
    "One product with the updated weight gives what two give beside each other",
    arguments: [
      ("hira", #""rank": 3, "#), ("loha", #""rank": 3, "#), ("miss", #""rank": 4, "mode": "bat", "#),
      ("glora", #""rank": 3, "#), ("glora", #""weights": "vector", "#), ("glora", #""weights": "constant", "#),
      ("svft", ""), ("svft", #""rank": 5, "off_diag": 9, "pattern": "random", "#),
    ], ["llama", "qwen2"])
  func agreement(method: (name: String, options: String), model: String) throws {
    let one = try Self.results(method.name, method.options, model: model, isInnermost: true)
    let two = try Self.results(method.name, method.options, model: model, isInnermost: false)
    expectClose(one.logits, two.logits, relative: 1e-4, absolute: 1e-5)
    for (one, two) in zip(one.gradients, two.gradients) { expectClose(one, two, relative: 1e-3, absolute: 1e-6) }
  }

  @Test("SVFT's vectors that are another weight's do not stand for the weight") func otherVectors() throws {
    let negate: ([AdapterTensor]) -> Void = { tensors in
      for tensor in tensors where tensor.key.hasSuffix(".svft_layers.u") { tensor.assign?(tensor.values().map { -$0 }) }
    }
    let one = try Self.results("svft", "", model: "llama", isInnermost: true, change: negate)
    let two = try Self.results("svft", "", model: "llama", isInnermost: false, change: negate)
    expectClose(one.logits, two.logits, relative: 1e-5, absolute: 1e-6)
    let plain = try Self.results("svft", "", model: "llama", isInnermost: true)
    #expect(plain.logits != one.logits)
  }
}
