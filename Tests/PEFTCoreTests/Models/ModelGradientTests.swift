import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Whole models' gradients against central differences of the loss.
///
/// Along a gradient's own direction the loss must rise by the gradient's length: a wrong scale or a missing term
/// anywhere after the parameter shows.
@Suite("Gradients of whole models") struct ModelGradientTests {
  static let names = [
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3", "phi3-longrope", "olmo",
    "olmo-clip", "olmo2", "smollm3", "gpt2", "gpt_neox", "gpt_neox-sequential", "opt",
  ]

  /// Rows of parameters in place of embedded tokens.
  private final class Rows: SoftPrompt {
    let parameter: Parameter
    let count: Int
    var parameters: [Parameter] { [parameter] }
    init(_ count: Int, width: Int, in pool: MemoryPool) {
      self.count = count
      parameter = Parameter("prompt", shape: [count, width], in: pool) {
        SeedStream(11).uniforms(count * width, in: -0.7...0.7)
      }
    }
    func embeddings(on tape: Tape) -> Variable { tape.variable(for: parameter) }
  }

  /// The loss of a forest of two sequences that share a beginning; they are longer than the fixtures' windows.
  static func loss(
    _ model: CausalLanguageModel, _ context: ComputeContext, backward: Bool, readsAllRows: Bool = false
  ) -> Double {
    let ids = (0..<30).map { Int32(($0 * 29 + 7) % 96) }
    var (forest, root) = model.startForest()
    let shared = forest.add(.tokens(Array(ids[..<18])), under: root)
    forest.add(.tokens(Array(ids[18...])), under: shared)
    forest.add(.tokens([5, 60, 33, 2]), under: shared)
    let labels = [3, 11, 17, 20, 26, 29, 32].enumerated().map { index, row in
      LabelledPosition(row: row, target: Int32((row * 13 + index) % 96), weight: 1 / 7)
    }
    let tape = Tape(context: context, recording: backward)
    let hidden = model.hiddenStates(forest, reading: readsAllRows ? nil : labels.map(\.row), on: tape)
    let loss = model.loss(of: labels, hidden: hidden, on: tape)
    if backward { tape.runBackward() }
    return loss
  }

  /// Compares the length of each parameter's gradient with the loss's slope along it.
  static func check(
    _ parameters: [Parameter], of model: CausalLanguageModel, _ context: ComputeContext, _ name: String
  ) throws {
    _ = loss(model, context, backward: true)
    var checked = 0
    let step = 4e-3
    for parameter in parameters {
      let gradient = try #require(parameter.gradient, "\(name): \(parameter.name) has no gradient").values
      let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Shorter ones drown in the rounding of the loss; a bias of keys has none at all, by theory.
      guard length > 0.02 else { continue }
      let value = parameter.value.values
      func moved(_ distance: Double) -> Double {
        let factor = Float(distance / length)
        parameter.assign(zip(value, gradient).map { $0 + factor * $1 })
        return loss(model, context, backward: false)
      }
      let slope = (moved(step) - moved(-step)) / (2 * step)
      parameter.assign(value)
      #expect(abs(slope - length) < 1e-2 * length + 2e-4, "\(name): \(parameter.name): \(slope), gradient \(length)")
      checked += 1
    }
    #expect(checked > 0, "\(name): every gradient is too short to be checked")
  }

  @Test("Rows that nobody reads change nothing", arguments: names) func unreadRows(name: String) throws {
    let context = ComputeContext(threads: 2)
    let model = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path).load(as: .auto, context: context)
    let rows = Rows(3, width: model.configuration.hiddenSize, in: context.pool)
    _ = try model.sequenceStart.place(.virtualTokens(rows), by: "test")
    let all = Self.loss(model, context, backward: true, readsAllRows: true)
    let gradient = try #require(rows.parameter.gradient).values
    rows.parameter.clearGradient()
    let some = Self.loss(model, context, backward: true)
    #expect(some == all)
    // Sums over fewer rows are rounded in other places.
    let largest = gradient.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(try #require(rows.parameter.gradient).values, gradient) { #expect(abs(a - b) <= 1e-5 * largest) }
  }

  @Test("A soft prompt's gradient, which goes through everything", arguments: names) func prompt(name: String) throws {
    let context = ComputeContext(threads: 2)
    let files = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path)
    let model = try files.load(as: .auto, context: context)
    let prompt = Rows(3, width: model.configuration.hiddenSize, in: context.pool)
    _ = try model.sequenceStart.place(.virtualTokens(prompt), by: "test")
    try Self.check([prompt.parameter], of: model, context, name)
  }

  @Test("The gradient of every weight, bias and norm", arguments: names) func everything(name: String) throws {
    let context = ComputeContext(threads: 2)
    let files = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path)
    let model = try files.load(as: .auto, context: context)
    let parameters = model.makeEverythingTrainable(context: context)
    #expect(parameters.reduce(0) { $0 + $1.elementCount } == model.parameterCount)
    try Self.check(parameters, of: model, context, name)
  }
}
