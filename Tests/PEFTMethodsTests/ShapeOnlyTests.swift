import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

/// A step without arithmetic holds what a real one does, to the byte: so plans of memory need no count of their own.
@Suite("Steps of shapes alone") struct ShapeOnlyTests {
  /// What a second step adds at its peak to what is there without the method, by kind.
  ///
  /// - Parameter recomputed: Blocks that are computed again.
  private static func peak(
    _ method: MethodCase, on model: CausalLanguageModel, in context: ComputeContext, recomputing recomputed: Set<Int>
  ) throws -> (peak: MemoryUse, frozen: Int) {
    let frozen = context.pool.live[.weights]
    let attachment = try makeMethod(method.name, method.options).attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context, rows: .irrelevant))
    if context.isShapeOnly { try model.standInForWeights(besides: context) }
    let labels = [-1, -1, -1, -1, 9, 62, 11]
    let ids: [Int32] = [5, 17, 80, 3, 41, 9, 62]
    func step() {
      _ = MethodProbe(model: model, context: context).loss(
        [(ids: ids, labels: labels), (ids: ids.reversed(), labels: labels)])
    }
    for parameter in attachment.parameters { _ = parameter.value }
    model.recomputedBlocks = recomputed
    step()
    for parameter in attachment.parameters { parameter.clearGradient() }
    context.pool.resetPeak()
    step()
    return (context.pool.peak, frozen)
  }

  @Test("Every method's step holds what it does with values", arguments: MethodCase.all, [false, true])
  func methods(method: MethodCase, recomputes: Bool) throws {
    let files = try ModelFiles.open(GoldenFixture("models/\(method.model)").folder.path)
    let (context, shapes) = (ComputeContext(threads: 1), ComputeContext.shapeOnly())
    let blocks: Set<Int> = recomputes ? [0] : []
    let real = try Self.peak(method, on: files.load(as: .auto, context: context), in: context, recomputing: blocks)
    let outlined = try Self.peak(method, on: files.skeleton(), in: shapes, recomputing: blocks)
    for kind in MemoryKind.allCases where kind != .weights {
      #expect(outlined.peak[kind] == real.peak[kind], "\(kind)")
    }
    // What replaces all weights gives the frozen ones up.
    if !MethodRegistry.trainsEveryWeight(method.name) {
      #expect(outlined.peak[.weights] == real.peak[.weights] - real.frozen)
    }
  }

  @Test(
    "Every family's step holds what it does with values",
    arguments: [
      "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "llama-bias", "llama-tied", "mistral", "olmo-clip", "olmo2",
      "opt", "phi3", "qwen3", "smollm3",
    ], ["lora", "full", "none"])
  func families(model: String, name: String) throws {
    let method = MethodCase(name: name, options: "{}", model: model)
    let files = try ModelFiles.open(GoldenFixture("models/\(model)").folder.path)
    let (context, shapes) = (ComputeContext(threads: 1), ComputeContext.shapeOnly())
    let real = try Self.peak(method, on: files.load(as: .auto, context: context), in: context, recomputing: [])
    let outlined = try Self.peak(method, on: files.skeleton(), in: shapes, recomputing: [])
    for kind in MemoryKind.allCases where kind != .weights {
      #expect(outlined.peak[kind] == real.peak[kind], "\(kind)")
    }
  }

  @Test("A tensor of any size takes no memory of its own, and a parameter no values") func sizes() throws {
    let context = ComputeContext.shapeOnly()
    #expect(context.isShapeOnly && !ComputeContext(threads: 1).isShapeOnly)
    let count = 1 << 30
    #expect(context.pool.hasRoom(for: 4 * count))
    var tensors = (0..<4).map { _ in Tensor(uninitialized: [count], in: context.pool) }
    #expect(context.pool.live[.activations] == 16 * count && tensors[0].elements == tensors[3].elements)
    tensors = []
    #expect(context.pool.live.total == 0 && context.pool.peak.total == 16 * count)
    let parameter = Parameter("p", shape: [3, 5], in: context.pool) {
      Issue.record("values are made")
      return []
    }
    #expect(parameter.value.shape == [3, 5] && context.pool.live[.adapter] == 60)
    let matrix = try WeightMatrix(shapeOnly: .nf4, outputs: 3, inputs: 128, context: context)
    #expect(matrix.byteCount == WeightFormat.nf4.byteCount(outputs: 3, inputs: 128))
    #expect(context.pool.live[.weights] == matrix.byteCount && matrix.values == [Float](repeating: 0, count: 3 * 128))
    #expect(!context.pool.hasRoom(for: 1 << 60))
  }
}
