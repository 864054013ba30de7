import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// A row is a function of its token, those before it and the weights, to the bit: what keeping states by example rests on.
@Suite("Independence of rows") struct RowIndependenceTests {
  static func tokens(_ count: Int, _ name: String, below vocabulary: Int) -> [Int32] {
    let stream = SeedStream(4).child(name)
    return (0..<count).map { Int32(stream.integer(below: vocabulary, at: $0)) }
  }

  /// The residual stream of one sequence that is cut into segments and stands among others, some of which continue its
  /// first segments.
  private func states(
    of sequence: [Int32], cutAt cuts: [Int], besides others: [Int], isLast: Bool, in model: CausalLanguageModel,
    _ context: ComputeContext
  ) -> [Float] {
    var forest = TokenForest()
    let vocabulary = model.configuration.vocabularySize
    func addOthers(under parent: Int?) {
      for (number, count) in others.enumerated() {
        forest.add(.tokens(Self.tokens(count, "other \(number)", below: vocabulary)), under: parent)
      }
    }
    if isLast { addOthers(under: nil) }
    var own: [Range<Int>] = []
    var parent: Int?
    for (start, end) in zip([0] + cuts, cuts + [sequence.count]) {
      parent = forest.add(.tokens(Array(sequence[start..<end])), under: parent)
      own += parent.map { [forest.segments[$0].rows] } ?? []
      if end < sequence.count { addOthers(under: parent) }
    }
    if !isLast { addOthers(under: nil) }
    let tape = Tape(context: context, recording: false)
    let states = model.hiddenStates(forest, on: tape).states.value
    let (values, width) = (states.values, states.columnCount)
    return own.flatMap { values[$0.lowerBound * width..<$0.upperBound * width] }
  }

  private func check(_ model: CausalLanguageModel, _ context: ComputeContext) {
    let sequence = Self.tokens(33, "sequence", below: model.configuration.vocabularySize)
    let alone = states(of: sequence, cutAt: [], besides: [], isLast: true, in: model, context)
    #expect(alone.count == sequence.count * model.configuration.hiddenSize && alone.allSatisfy(\.isFinite))
    let two = context.workers.count == 2 ? context : ComputeContext(threads: 2, pool: context.pool)
    for cuts in [[], [1], [32], [3, 4, 20], [9, 17, 18, 19]] {
      for others in [[], [5], [1, 1, 1], [19, 2, 25, 7, 18, 11]] {
        for (isLast, context) in [(true, context), (false, two)] {
          let found = states(of: sequence, cutAt: cuts, besides: others, isLast: isLast, in: model, context)
          #expect(found.map(\.bitPattern) == alone.map(\.bitPattern), "cut at \(cuts) besides \(others)")
        }
      }
    }
    // The first rows, alone and one after the other as few as there can be.
    for count in [1, 2, 9] {
      let first = states(of: Array(sequence[..<count]), cutAt: [], besides: [], isLast: true, in: model, context)
      #expect(first.map(\.bitPattern) == alone.prefix(first.count).map(\.bitPattern), "\(count) rows")
    }
  }

  @Test(
    "A row has the same bits wherever its sequence is cut and whatever stands beside it", arguments: SitesTests.families
  )
  func families(name: String) throws {
    let (model, context) = try SitesTests.model(name)
    check(model, context)
  }

  @Test("So it has with weights of every format", arguments: GGUFModelTests.names)
  func formats(name: String) throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GGUFModelTests.fixture.url("\(name).gguf").path).load(
      as: .auto, context: context)
    check(model, context)
  }
}
