import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("Sites of a model") struct SitesTests {
  static let families = ["llama", "gemma2", "phi3", "qwen3", "olmo2", "gpt2", "gpt_neox", "opt"]

  static func model(_ name: String) throws -> (model: CausalLanguageModel, context: ComputeContext) {
    let context = ComputeContext(threads: 1)
    let files = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path)
    return (try files.load(as: .auto, context: context), context)
  }

  /// Logits of a short text, after whatever stands before it.
  static func logits(_ model: CausalLanguageModel, _ context: ComputeContext) -> [Float] {
    var (forest, root) = model.startForest()
    forest.add(.tokens([5, 17, 80, 3, 41]), under: root)
    let rows = Array((forest.rowCount - 5)..<forest.rowCount)
    let tape = Tape(context: context, recording: false)
    return model.logits(rows: rows, of: model.hiddenStates(forest, reading: rows, on: tape), on: tape).value.values
  }

  @Test("Every module of a model is one site, whose name and weights are its own", arguments: families)
  func complete(name: String) throws {
    let (model, _) = try Self.model(name)
    let names = model.sites.map(\.name)
    #expect(Set(names).count == names.count)
    let modules = Set(
      (model.linears + [model.head]).map(\.site) + model.norms.map(\.site)
        + [model.embedding, model.positionEmbedding].compactMap { $0?.site })
    #expect(Set(model.sites.filter { !$0.part.weightSlots.isEmpty }.map(\.name)).isSubset(of: modules))
    #expect(modules.isSubset(of: names))
    #expect(names.count - modules.count == 5 * model.blocks.count + 1)
    // Every weight is a site's, a tied head's twice.
    let slots = model.sites.flatMap { $0.part.weightSlots.map(\.name) }
    #expect(Set(slots) == Set(model.weightSlots.map(\.name) + ["\(model.head.site).weight"]))
    for (layer, block) in model.blocks.enumerated() {
      let own = model.sites.filter { $0.layer == layer }
      #expect(own.allSatisfy { $0.name.hasPrefix(block.site) })
      #expect(own.filter { $0.role == .down }.map(\.name) == [block.feedForward.down.site])
      #expect(own.filter { $0.role.isAttentionMap }.map(\.name) == block.attention.linears.map(\.site))
      #expect(own.filter { $0.role.isFeedForwardMap }.map(\.name) == block.feedForward.linears.map(\.site))
    }
  }

  @Test("Two occupants of a site come off in either order, and leave what was there to the bit")
  func undoInAnyOrder() throws {
    let (model, context) = try Self.model("llama")
    let map = model.blocks[1].feedForward.down
    let branch = model.blocks[0].attentionOutput
    let pool = context.pool
    let kinds: [(part: any SitePart, pair: [Occupant])] = [
      (map, [.adapter(Shift(map.outputs, 0.5, in: pool)), .adapter(Factor(map.outputs, 1.5, in: pool))]),
      (map, [.adapter(Shift(map.outputs, 0.5, in: pool)), .adapter(Shift(map.outputs, -0.25, in: pool))]),
      (branch, [.branchAdapter(Doubling()), .branchAdapter(Doubling())]),
      (
        model.sequenceStart,
        [.virtualTokens(Rows(2, of: model, context)), .virtualTokens(Rows(3, of: model, context))]
      ),
      (model.sequenceStart, [.virtualTokens(Rows(2, of: model, context)), .prefix(Keys(3, of: model, context))]),
      (
        map,
        [
          .bias(Parameter("b", shape: [map.outputs], in: pool) { [Float](repeating: 1, count: map.outputs) }),
          .adapter(Factor(map.outputs, 2, in: pool)),
        ]
      ),
    ]
    let base = Self.logits(model, context)
    for (part, pair) in kinds {
      var alone: [[Float]] = []
      for occupant in pair {
        let placement = try part.place(occupant, by: "one")
        alone.append(Self.logits(model, context))
        placement.undo()
        #expect(Self.logits(model, context) == base)
      }
      for order in [[0, 1], [1, 0]] {
        let first = try part.place(pair[0], by: "first")
        let second = try part.place(pair[1], by: "second")
        let both = Self.logits(model, context)
        #expect(both != alone[0] && both != alone[1] && part.occupants.count == 2, "\(part.site)")
        let placements = [first, second]
        placements[order[0]].undo()
        #expect(Self.logits(model, context) == alone[order[1]], "\(part.site), undone \(order)")
        placements[order[1]].undo()
        placements[order[1]].undo()
        #expect(Self.logits(model, context) == base && !part.isOccupied, "\(part.site), undone \(order)")
      }
    }
  }

  @Test("What transforms stands around what adds, whichever came first")
  func order() throws {
    let (model, context) = try Self.model("llama")
    let map = model.blocks[0].attention.output
    let results = try [[0, 1], [1, 0]].map { order in
      let occupants: [Occupant] = [
        .adapter(Shift(map.outputs, 0.5, in: context.pool)), .adapter(Factor(map.outputs, 3, in: context.pool)),
      ]
      let placements = Placements(by: "test")
      for index in order { try placements.place(occupants[index], at: map) }
      defer { placements.undo() }
      #expect(map.adapters.map { $0.stacking } == [.adds, .transforms])
      return Self.logits(model, context)
    }
    #expect(results[0] == results[1])
    // The prefix is before virtual tokens, which attend to it.
    let start = model.sequenceStart
    let tokens = try start.place(.virtualTokens(Rows(2, of: model, context)), by: "a")
    let prefix = try start.place(.prefix(Keys(3, of: model, context)), by: "b")
    #expect(model.startForest().forest.segments.map(\.position) == [0, 3] && start.count == 5)
    tokens.undo()
    prefix.undo()
  }

  @Test("Adapters of one map are folded together, in their order, and come back to the bit")
  func folding() throws {
    let (model, context) = try Self.model("llama")
    let map = model.blocks[0].feedForward.down
    let placements = Placements(by: "test")
    try placements.place(.adapter(Factor(map.outputs, 3, in: context.pool)), at: map)
    try placements.place(.adapter(Shift(map.outputs, 0.5, in: context.pool)), at: map)
    let attached = Self.logits(model, context)
    let unfold = model.foldAdapters(context: context)
    #expect(map.adapters.isEmpty)
    expectClose(Self.logits(model, context), attached, relative: 1e-5, absolute: 1e-5)
    unfold()
    #expect(map.adapters.count == 2 && Self.logits(model, context) == attached)
    // What is taken off while it is folded in does not come back.
    let again = model.foldAdapters(context: context)
    placements.undo()
    again()
    #expect(map.adapters.isEmpty)
  }

  @Test("What cannot stand beside another is refused, with the site and both methods, and nothing is left behind")
  func refusal() throws {
    let (model, context) = try Self.model("llama")
    let (map, norm, pool) = (model.blocks[0].feedForward.down, model.blocks[0].feedForwardNorm, context.pool)
    func weight() -> Occupant { .weight(Parameter("w", shape: [map.outputs, map.inputs], in: pool) { [] }) }
    func shift(_ stacking: Stacking) -> Occupant {
      .adapter(Shift(map.outputs, 1, stacking: stacking, in: pool))
    }
    func gain() -> Occupant { .weight(Parameter("g", shape: [map.outputs], in: pool) { [] }) }
    let pairs: [(any SitePart, Occupant, Occupant)] = [
      (map, weight(), weight()), (map, weight(), shift(.adds)), (map, shift(.adds), weight()),
      (map, shift(.replaces), shift(.replaces)), (map, shift(.standsAlone), shift(.adds)),
      (map, shift(.adds), shift(.standsAlone)), (try #require(norm), gain(), gain()),
      (model.sequenceStart, .prefix(Keys(1, of: model, context)), .prefix(Keys(2, of: model, context))),
    ]
    for (part, first, second) in pairs {
      let placement = try part.place(first, by: "one method")
      let others = Placements(by: "another")
      try others.place(.branchAdapter(Doubling()), at: model.blocks[1].feedForwardOutput)
      let error = #expect(throws: AttachError.self) { try others.place(second, at: part) }
      for word in [part.site, "one method", "another"] {
        #expect(error?.description.contains(word) == true, "\(error?.description ?? ""): \(word)")
      }
      #expect(model.sites.filter { $0.isOccupied }.count == 1)
      placement.undo()
      // Alone, each of them fits.
      try part.place(second, by: "another").undo()
    }
    // A bias of its own stands beside anything but another one.
    let bias = try map.place(.bias(Parameter("b", shape: [map.outputs], in: pool) { [] }), by: "one method")
    try map.place(weight(), by: "another").undo()
    try map.place(shift(.standsAlone), by: "another").undo()
    #expect(throws: AttachError.self) {
      try map.place(.bias(Parameter("b", shape: [map.outputs], in: pool) { [] }), by: "another")
    }
    bias.undo()
  }
}

/// Adds a constant to a map's output.
private final class Shift: AdditiveLinearAdapter {
  let bias: Parameter
  let stacking: Stacking
  init(_ count: Int, _ value: Float, stacking: Stacking = .adds, in pool: MemoryPool) {
    bias = Parameter("shift", shape: [count], in: pool) { [Float](repeating: value, count: count) }
    self.stacking = stacking
  }
  var parameters: [Parameter] { [bias] }
  var changesBiasOnly: Bool { true }
  var outputs: Int { bias.elementCount }
  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable { tape.addBias(tape.variable(for: bias), to: y) }
  func merge(intoWeight weight: inout [Float]) -> Bool { true }
  func merge(intoBias sum: inout [Float]) { sum.addShift(bias.value.values) }
}

/// Multiplies a map's output.
private final class Factor: LinearAdapter {
  let factors: Parameter
  init(_ count: Int, _ value: Float, in pool: MemoryPool) {
    factors = Parameter("factor", shape: [count], in: pool) { [Float](repeating: value, count: count) }
  }
  var parameters: [Parameter] { [factors] }
  var stacking: Stacking { .transforms }
  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    tape.scaleColumns(base(x), by: tape.variable(for: factors))
  }
  func merge(intoWeight weight: inout [Float]) -> Bool {
    for index in weight.indices { weight[index] *= factors.value.elements[0] }
    return true
  }
  func merge(intoBias bias: inout [Float]) { bias = bias.map { $0 * factors.value.elements[0] } }
}

/// Doubles what a branch gives.
private final class Doubling: BranchAdapter {
  var parameters: [Parameter] { [] }
  var stacking: Stacking { .transforms }
  func callAsFunction(_ output: Variable, branchInput input: Variable, on tape: Tape) -> Variable {
    tape.scale(output, by: 2)
  }
}

/// Virtual tokens that differ by their number.
private final class Rows: SoftPrompt {
  let parameter: Parameter
  let count: Int
  var parameters: [Parameter] { [parameter] }
  init(_ count: Int, of model: CausalLanguageModel, _ context: ComputeContext) {
    let width = model.configuration.hiddenSize
    self.count = count
    parameter = Parameter("rows", shape: [count, width], in: context.pool) {
      SeedStream(count).uniforms(count * width, in: -1...1)
    }
  }
  func embeddings(on tape: Tape) -> Variable { tape.variable(for: parameter) }
}

/// Keys and values that are the same in all layers.
private final class Keys: KeyValuePrefix {
  let parameter: Parameter
  let count: Int
  private let layers: Int
  var parameters: [Parameter] { [parameter] }
  init(_ count: Int, of model: CausalLanguageModel, _ context: ComputeContext) {
    let width = model.configuration.keyValueWidth
    self.count = count
    layers = model.blocks.count
    parameter = Parameter("keys", shape: [count, width], in: context.pool) {
      SeedStream(count).uniforms(count * width, in: -1...1)
    }
  }
  func keysAndValues(on tape: Tape) -> [PrefixKeyValues] {
    (0..<layers).map { _ in
      PrefixKeyValues(keys: tape.variable(for: parameter), values: tape.variable(for: parameter))
    }
  }
}
