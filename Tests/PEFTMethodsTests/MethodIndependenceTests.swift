import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// A trained method answers a question alike whatever stands beside it in a batch, and whether its beginning is computed
/// or taken from a key/value cache; and no method is another one under a second name.
@Suite("The independence of the methods") struct MethodIndependenceTests {
  /// A bench whose method has learned for two steps.
  private static func trained(_ method: MethodCase) throws -> (MethodBench, AttachedMethod) {
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    bench.train(attachment, steps: 2)
    return (bench, attachment)
  }

  @Test("Other sequences of a batch do not matter", arguments: MethodCase.all)
  func batch(method: MethodCase) throws {
    let (bench, attachment) = try Self.trained(method)
    let alone = bench.logits
    let tape = Tape(context: bench.context, recording: false)
    var (forest, root) = bench.model.startForest()
    forest.add(.tokens([11, 2, 90, 33]), under: root)
    let segment = forest.add(.tokens(MethodBench.ids), under: root)
    forest.add(.tokens([70]), under: root)
    let rows = Array(forest.segments[segment].rows)
    let hidden = bench.model.hiddenStates(forest, on: tape)
    let together = bench.model.logits(rows: rows, of: hidden, on: tape).value.values
    expectClose(together, alone, relative: 1e-5, absolute: 1e-5)
    withExtendedLifetime(attachment) {}
  }

  @Test("A key/value cache gives what a single pass gives", arguments: MethodCase.all)
  func cache(method: MethodCase) throws {
    let (bench, attachment) = try Self.trained(method)
    let whole = bench.logits
    let generator = Generator(model: bench.model, endTokens: [], context: bench.context)
    let beginning = try #require(generator.cache(shared: Array(MethodBench.ids.prefix(4))))
    let tape = Tape(context: bench.context, recording: false)
    var forest = TokenForest()
    let root = forest.add(.cached(beginning), under: nil)
    let segment = forest.add(.tokens(Array(MethodBench.ids.dropFirst(4))), under: root)
    let rows = Array(forest.segments[segment].rows)
    let hidden = bench.model.hiddenStates(forest, on: tape)
    let rest = bench.model.logits(rows: rows, of: hidden, on: tape).value.values
    expectClose(rest, Array(whole.suffix(rest.count)), relative: 1e-5, absolute: 1e-5)
    withExtendedLifetime(attachment) {}
  }

  @Test("No two methods learn the same", arguments: MethodCase.models)
  func distinct(model: String) throws {
    var seen: [[Float]: MethodCase] = [:]
    for method in MethodCase.all where method.model == model && method.name != "none" {
      let (bench, attachment) = try Self.trained(method)
      let logits = withExtendedLifetime(attachment) { bench.logits }
      if let other = seen[logits] { Issue.record("\(method) learns what \(other) learns, to the bit") }
      seen[logits] = method
    }
  }
}
