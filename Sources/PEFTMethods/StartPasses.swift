import PEFTCore

/// Training rows that go through a model before anything is attached, for what starts want to know of its maps.
///
/// A row is a sequence of its own; dropout is off.
struct StartPasses {
  let model: CausalLanguageModel
  let context: ComputeContext
  /// What the passes so far took.
  private(set) var cost = StartCost()

  init(_ model: CausalLanguageModel, context: ComputeContext) { (self.model, self.context) = (model, context) }

  /// Lets rows through, for those who watch what maps read.
  mutating func forward(_ rows: [StartRows.Row]) {
    let forest = Self.forest(rows).forest
    _ = model.hiddenStates(forest, on: Tape(context: context, recording: false))
    cost.rows += rows.count
    cost.forwardTokens += forest.rowCount
  }

  /// Lets rows through and the gradient of their mean loss back, for those who watch the gradients of weights.
  mutating func backward(_ rows: [StartRows.Row]) {
    let (forest, segments) = Self.forest(rows)
    let count = rows.reduce(0) { $0 + $1.tokens.count - $1.answerStart }
    var labels: [LabelledPosition] = []
    for (row, segment) in zip(rows, segments) {
      for index in row.answerStart..<row.tokens.count {
        labels.append(
          LabelledPosition(row: segment.lowerBound + index - 1, target: row.tokens[index], weight: 1 / Float(count)))
      }
    }
    let tape = Tape(context: context, recording: true)
    let hidden = model.hiddenStates(forest, reading: labels.map(\.row), on: tape)
    _ = model.loss(of: labels, hidden: hidden, on: tape)
    tape.runBackward()
    cost.rows += rows.count
    cost.forwardTokens += forest.rowCount
    cost.backwardTokens += forest.rowCount
  }

  /// The rows of the forest that hold answers, in its order.
  static func answerRows(_ rows: [StartRows.Row]) -> [Int] {
    zip(rows, forest(rows).rows).flatMap { row, range in Array(range.dropFirst(row.answerStart)) }
  }

  private static func forest(_ rows: [StartRows.Row]) -> (forest: TokenForest, rows: [Range<Int>]) {
    var forest = TokenForest()
    let ranges = rows.map { row in
      let segment = forest.add(.tokens(row.tokens), under: nil)
      return forest.segments[segment].rows
    }
    return (forest, ranges)
  }
}

/// Shows what linear maps read; of maps that read the same, the first one stands for all.
final class InputWatch {
  /// For each map the first one that reads the same; nil before the first pass.
  private(set) var leaders: [Int?]
  /// Called with a leader and what it reads, `[T, inputs]`; must not be kept.
  var show: (_ map: Int, _ input: Tensor) -> Void = { _, _ in }

  private let placements = Placements(by: "init")
  /// Kept until the next one comes, so that its memory is not taken by another.
  private var last: (map: Int, input: Tensor)?

  /// Watches maps until `end`.
  ///
  /// - Throws: `AttachError` where something that takes nothing beside it is attached.
  init(_ maps: [Linear]) throws {
    leaders = maps.map { _ in nil }
    for (index, map) in maps.enumerated() {
      try placements.place(.adapter(InputReader { [weak self] in self?.see($0, at: index) }), at: map)
    }
  }

  /// Stops watching.
  func end() {
    placements.undo()
    last = nil
  }

  private func see(_ input: Tensor, at map: Int) {
    if let leader = leaders[map] {
      if leader == map { show(map, input) }
      return
    }
    if let last, last.input.elements == input.elements {
      leaders[map] = leaders[last.map]
    } else {
      leaders[map] = map
      show(map, input)
    }
    last = (map, input)
  }
}

/// Looks at a map's input.
private final class InputReader: LinearAdapter {
  let parameters: [Parameter] = []
  let stacking = Stacking.transforms
  private let see: (Tensor) -> Void

  init(_ see: @escaping (Tensor) -> Void) { self.see = see }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    see(x.value)
    return base(x)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool { true }
}

/// Adds up the gradient of a map's frozen weight.
final class GradientWatch: LinearAdapter {
  let parameters: [Parameter] = []
  let stacking = Stacking.transforms
  private let sum: Parameter

  init(_ map: Linear, context: ComputeContext) {
    sum = Parameter("\(map.site).gradient", shape: [map.outputs, map.inputs], in: context.pool) { [] }
  }

  /// The sum over all passes, `[outputs, inputs]`; nil where no gradient came through.
  var gradient: Tensor? { sum.gradient }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    tape.watchingWeight(of: base(x), x: x, sum: sum)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool { true }
}
