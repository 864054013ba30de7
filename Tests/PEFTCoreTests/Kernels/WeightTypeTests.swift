import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Types in which weights are held, over the types in which they are stored.
@Suite("Weight types") struct WeightTypeTests {
  static let models =
    GoldenFixture.names(in: "models").map { GoldenFixture("models/\($0)").folder.path }
    + GGUFModelTests.names.map { GGUFModelTests.fixture.url("\($0).gguf").path }

  @Test("Headers tell the bytes of the weights to the byte, for each type", arguments: models)
  func bytes(path: String) throws {
    let files = try ModelFiles.open(path)
    for type in WeightType.allCases {
      let context = ComputeContext(threads: 1)
      let model = try files.load(as: type, context: context)
      #expect(try files.weightBytes(as: type) == context.pool.live[.weights], "\(type)")
      if type != .auto { #expect(model.linears.allSatisfy { $0.weight?.format == type.format(of: .q80) }, "\(type)") }
    }
  }

  @Test(
    "Widened weights compute the same; narrowed ones nearly",
    arguments: ["llama-bf16", "llama-f16", "qwen2-bf16", "gpt2"])
  func logits(name: String) throws {
    let files = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path)
    func logits(_ type: WeightType) throws -> [Float] {
      let context = ComputeContext(threads: 1)
      let model = try files.load(as: type, context: context)
      let tape = Tape(context: context, recording: false)
      var forest = TokenForest()
      forest.add(.tokens([3, 1, 4, 1, 5, 9, 2, 6]), under: nil)
      let hidden = model.hiddenStates(forest, on: tape)
      return model.logits(rows: [0, 3, 7], of: hidden, on: tape).value.values
    }
    let expected = try logits(.auto)
    expectClose(try logits(.float32), expected, relative: 1e-5, absolute: 1e-5, "float32")
    expectClose(try logits(.float16), expected, relative: 2e-2, absolute: 2e-2, "float16")
    expectClose(try logits(.bfloat16), expected, relative: 1e-1, absolute: 1e-1, "bfloat16")
    if name.hasSuffix("f16") { #expect(try logits(name.hasSuffix("bf16") ? .bfloat16 : .float16) == expected) }
  }

  @Test("Weights beyond float16 are refused, not made infinite") func overflow() throws {
    let values: [Float] = [1, 70_000]
    let bytes = values.withUnsafeBytes { [UInt8]($0) }
    func make(_ type: WeightType) throws -> WeightMatrix {
      try bytes.withUnsafeBytes { bytes in
        try WeightMatrix.make(
          format: .float32, as: type, outputs: 2, inputs: 1, transposed: false, rowOrder: nil, bytes: bytes,
          context: ComputeContext(threads: 1))
      }
    }
    let error = #expect(throws: WeightFormatError.self) { try make(.float16) }
    #expect(error?.description.contains("beyond the range of float16") == true)
    #expect(try make(.bfloat16).format == .bfloat16)
  }
}
