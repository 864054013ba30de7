import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Heads and neurons as sites, and models without some of them.
@Suite("Heads and neurons") struct PruningTests {
  /// What is left of one layer of a tiny model.
  struct Cut: Sendable, CustomTestStringConvertible {
    let name: String
    let heads: [Int]
    var neurons = [0, 1, 4, 5, 9, 13, 22]
    var testDescription: String { "\(name), heads \(heads)" }
  }

  static let cuts = [
    // Groups of two queries a key: one of each group, or a whole group.
    Cut(name: "llama", heads: [1, 2]), Cut(name: "llama", heads: [2, 3]), Cut(name: "qwen3", heads: [0, 3]),
    Cut(name: "gemma2", heads: [0, 1]), Cut(name: "phi3", heads: [1]), Cut(name: "gpt2", heads: [0, 2, 3]),
    Cut(name: "gpt_neox", heads: [1]), Cut(name: "opt", heads: [3], neurons: [23]), Cut(name: "qwen2", heads: [0, 2]),
  ]

  /// Hides the heads and neurons of layer 1 that a cut leaves out.
  private func hide(_ cut: Cut, in model: CausalLanguageModel, _ context: ComputeContext) throws -> [Placement] {
    try [
      (model.blocks[1].attention.headSite, cut.heads), (model.blocks[1].feedForward.neuronSite, cut.neurons),
    ].map { site, kept in
      let mask = (0..<site.unitCount).map { kept.contains($0) ? Float(1) : 0 }
      return try site.place(.activationAdapter(UnitScale(of: site, values: mask, in: context.pool)), by: "mask")
    }
  }

  private func prune(_ model: CausalLanguageModel, to cut: Cut, _ context: ComputeContext) throws {
    try model.keepHeads(cut.heads, ofLayer: 1, context: context)
    try model.keepNeurons(cut.neurons, ofLayer: 1, context: context)
  }

  @Test("A pruned layer computes what the whole one does with the other heads and neurons hidden", arguments: cuts)
  func pruned(cut: Cut) throws {
    let (model, context) = try SitesTests.model(cut.name)
    let whole = SitesTests.logits(model, context)
    let (parameters, bytes, shapes) = (model.parameterCount, context.pool.live[.weights], model.blockShapes)
    #expect(model.hasConfiguredShapes && Set([shapes[0], shapes[1]].map(\.queryWidth)).count == 1)
    let placements = try hide(cut, in: model, context)
    let hidden = SitesTests.logits(model, context)
    #expect(hidden != whole)
    for placement in placements { placement.undo() }
    #expect(SitesTests.logits(model, context) == whole)

    try prune(model, to: cut, context)
    let pruned = SitesTests.logits(model, context)
    expectClose(pruned, hidden, relative: 1e-5, absolute: 1e-5, cut.testDescription)
    let shape = model.blockShapes[1]
    #expect(model.blockShapes[0] == shapes[0] && !model.hasConfiguredShapes)
    #expect(shape.heads == cut.heads.count && shape.feedForwardSize == cut.neurons.count)
    #expect(model.parameterCount < parameters && context.pool.live[.weights] < bytes)
    #expect(model.weightSlots.allSatisfy { $0.values.count == $0.elementCount })
    // Without weights the shapes are the same.
    let skeleton = try ModelFiles.open(GoldenFixture("models/\(cut.name)").folder.path).skeleton()
    try prune(skeleton, to: cut, context)
    #expect(skeleton.blockShapes == model.blockShapes && skeleton.parameterCount == model.parameterCount)
  }

  @Test("Answers one token at a time are those of the whole text, with a cache of each layer's width", arguments: cuts)
  func cached(cut: Cut) throws {
    let (model, context) = try SitesTests.model(cut.name)
    try prune(model, to: cut, context)
    let ids: [Int32] = [5, 17, 80, 3, 41]
    let cache = CachedSegment(continuing: nil, capacity: 2, in: context.pool)
    var rows: [Float] = []
    for id in ids {
      var forest = TokenForest()
      let root = cache.count > 0 ? forest.add(.cached(cache), under: nil) : nil
      forest.add(.tokens([id]), under: root, retaining: cache)
      let tape = Tape(context: context, recording: false)
      let hidden = model.hiddenStates(forest, reading: [0], on: tape)
      rows += model.logits(rows: [0], of: hidden, on: tape).value.values
    }
    expectClose(rows, SitesTests.logits(model, context), relative: 1e-4, absolute: 1e-5, cut.testDescription)
    #expect(cache.keysAndValues(layer: 1).keys.count == ids.count * model.blockShapes[1].keyValueWidth)
    #expect(cache.keysAndValues(layer: 0).keys.count == ids.count * model.blockShapes[0].keyValueWidth)
  }

  @Test("What full fine-tuning takes away comes back pruned, whatever was taken out in how many steps")
  func restored() throws {
    let (model, context) = try SitesTests.model("llama")
    try model.keepHeads([0, 1], ofLayer: 0, context: context)
    try model.keepNeurons(Array(0..<20), ofLayer: 1, context: context)
    try model.keepNeurons([1, 3, 19], ofLayer: 1, context: context)
    let (before, shapes) = (SitesTests.logits(model, context), model.blockShapes)
    #expect(shapes.map(\.heads) == [2, 4] && shapes.map(\.feedForwardSize) == [24, 3])
    for _ in 0..<2 {
      let parameters = model.makeEverythingTrainable(context: context)
      #expect(parameters.reduce(0) { $0 + $1.elementCount } == model.parameterCount)
      model.freezeEverything()
      try model.restoreWeights()
      #expect(SitesTests.logits(model, context) == before && model.blockShapes == shapes)
    }
  }

  @Test("The gradients of the factors of heads and neurons are the loss's slopes", arguments: ModelGradientTests.names)
  func gradients(name: String) throws {
    let (model, context) = try SitesTests.model(name)
    var factors: [Parameter] = []
    for (layer, block) in model.blocks.enumerated() {
      for site in [block.attention.headSite, block.feedForward.neuronSite] {
        let values = SeedStream(3).child(site.site).uniforms(site.unitCount, in: 0.5...1.5)
        let scale = UnitScale(of: site, values: values, in: context.pool)
        _ = try site.place(.activationAdapter(scale), by: "test")
        #expect(site.site.hasPrefix(block.site) && model.sites.contains { $0.name == site.site && $0.layer == layer })
        factors.append(scale.factors)
      }
    }
    try ModelGradientTests.check(factors, of: model, context, name)
    let whole = SitesTests.logits(model, context)
    // A factor stands for the columns of the map that follows.
    try model.setStrength(0)
    #expect(SitesTests.logits(model, context) != whole)
    try model.setStrength(1)
    #expect(SitesTests.logits(model, context) == whole)
  }

  @Test("Factors of one change no number, and recomputed activations none of the gradients")
  func ones() throws {
    let (model, context) = try SitesTests.model("llama")
    let before = SitesTests.logits(model, context)
    let sites = model.sites.filter { $0.role == .attentionHeads || $0.role == .neurons }
    #expect(sites.count == 2 * model.blocks.count)
    var scales: [UnitScale] = []
    for site in sites {
      guard case .activations(let part) = site.kind else { continue }
      let scale = UnitScale(of: part, in: context.pool)
      scales.append(scale)
      _ = try part.place(.activationAdapter(scale), by: "test")
    }
    #expect(SitesTests.logits(model, context) == before)
    let gradients = ([[], [0], [0, 1]] as [Set<Int>]).map { blocks in
      model.recomputedBlocks = blocks
      for scale in scales { scale.factors.clearGradient() }
      _ = ModelGradientTests.loss(model, context, backward: true)
      return scales.map { $0.factors.gradient?.values }
    }
    #expect(gradients.allSatisfy { $0 == gradients[0] } && gradients[0].allSatisfy { $0 != nil })
  }

  @Test("Heads and neurons that cannot be taken out are refused, and nothing changes") func refused() throws {
    let (model, context) = try SitesTests.model("llama")
    let (before, shapes) = (SitesTests.logits(model, context), model.blockShapes)
    func message(_ change: () throws -> Void) -> String {
      #expect(throws: AttachError.self) { try change() }?.description ?? ""
    }
    for heads in [[], [4], [1, 0], [1, 1], [-1]] {
      #expect(
        message { try model.keepHeads(heads, ofLayer: 0, context: context) }.contains("heads from 0 to 3 in rising"))
    }
    #expect(message { try model.keepHeads([0, 1, 2], ofLayer: 0, context: context) }.contains("not equally many"))
    #expect(message { try model.keepNeurons([24], ofLayer: 0, context: context) }.contains("from 0 to 23"))
    #expect(message { try model.keepNeurons([0], ofLayer: 2, context: context) }.contains("there is no layer 2"))
    let site = model.blocks[0].feedForward.neuronSite
    let placement = try site.place(.activationAdapter(UnitScale(of: site, in: context.pool)), by: "test")
    #expect(message { try model.keepNeurons([0], ofLayer: 0, context: context) }.contains("something is attached"))
    placement.undo()
    #expect(SitesTests.logits(model, context) == before && model.blockShapes == shapes)
    let (olmo, _) = try SitesTests.model("olmo2")
    #expect(message { try olmo.keepHeads([0, 1], ofLayer: 0, context: context) }.contains("all heads together"))
  }
}
