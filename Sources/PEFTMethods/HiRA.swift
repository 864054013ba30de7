import PEFTCore

/// Hadamard high-rank adaptation: the frozen weight times a low-rank matrix, element by element, beside the weight.
///
///     y = W·x + b + (W ⊙ B·A)·dropout(x),   A: [rank, inputs], B: [outputs, rank]
///
/// Trainable: rank · (inputs + outputs) for each target, as LoRA has, for an update whose rank is up to `rank` times the
/// weight's. A starts uniform in ±1/√inputs (`init: gaussian`: normal with deviation 1/rank) and B at zero, so that step 0 is
/// the base model. There is no alpha: the update inherits the small scale of W's elements, and wants a learning rate ten
/// times LoRA's or more (PEFT's own comparison takes 4.5e-3). Gradients: dB = (G ⊙ W)·Aᵀ and dA = Bᵀ·(G ⊙ W) with the whole
/// gradient G of the weight, so that a training step costs a product more a map than LoRA's. Merged, it costs nothing.
/// PEFT writes `rank_pattern` but does not act on it (0.21.2), so that a file with one is refused.
struct HiRA: MapMethod {
  static let name = "hira"
  static let summary = "the frozen weight times a low-rank matrix, element by element, beside it"
  static let source = "Huang et al. 2025, openreview TwJrTz9cRS"
  static let peftType = "HIRA"
  static let trainingOptions: Set<String> = ["dropout", "init"]

  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("hira_dropout", of: "dropout", origin: .peft),
    OptionAlias(
      "init_weights", of: "init", origin: .peft,
      translations: [.init(true, "zero"), .init("gaussian", "gaussian")], takesOthers: false),
  ]

  /// What A is drawn from.
  enum Start: String, CaseIterable { case zero, gaussian }

  /// Rank of B·A.
  let rank: Int
  /// Probability of an input of the update to be dropped in training.
  let dropout: Double
  /// What A is drawn from.
  let start: Start
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer(
      "rank", default: 32, in: 1..., about: "rank of the matrix that the weight is multiplied by")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    start = try options.choice(
      "init", default: Start.zero, about: "how A is drawn beside a B of zero: uniform, or normal")
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["rank_pattern"], because: "PEFT writes it, but gives all maps the rank \"r\"")
    rank = try settings.integer("r", in: 1...65_536)
    dropout = try settings.number("hira_dropout", default: 0)
    start = settings["init_weights"]?.string?.lowercased() == "gaussian" ? .gaussian : .zero
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [("rank", JSONValue(rank)), ("dropout", JSONValue(dropout))]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    maps.map { HiRAAdapter($0, rank: rank, start: start, dropout: dropout, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: maps))), ("hira_dropout", JSONValue(dropout)),
      ("init_weights", start == .gaussian ? "gaussian" : true), ("r", JSONValue(rank)),
    ]
  }
}

/// HiRA of one linear map.
private final class HiRAAdapter: DenseUpdateAdapter {
  private let a: Parameter
  private let b: Parameter
  unowned let linear: Linear
  private let dropout: Double
  private let purpose: String
  let context: ComputeContext

  init(_ linear: Linear, rank: Int, start: HiRA.Start, dropout: Double, setting: AttachmentSetting) {
    self.linear = linear
    self.dropout = dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    a = setting.parameter(
      "hira_A", of: linear, shape: [rank, linear.inputs],
      start: start == .gaussian ? .normal(deviation: 1 / Float(rank)) : .uniform(fanIn: linear.inputs), by: HiRA.name)
    b = setting.parameter("hira_B", of: linear, shape: [linear.outputs, rank], start: .zeros, by: HiRA.name)
  }

  var parameters: [Parameter] { [a, b] }
  var outputs: Int { linear.outputs }

  func input(_ x: Variable, on tape: Tape) -> Variable {
    tape.dropout(x, probability: Float(dropout), purpose: purpose)
  }

  func changesInput(on tape: Tape) -> Bool { tape.drops(dropout) }

  func weightUpdate(on tape: Tape) -> Variable { tape.hadamard(weight: linear.loadedWeight, with: factors(on: tape)) }

  func updatedWeight(on tape: Tape) -> Variable {
    tape.hadamard(weight: linear.loadedWeight, with: factors(on: tape), addsWeight: true)
  }

  /// B·A, what the weight's elements are multiplied by.
  private func factors(on tape: Tape) -> Variable { tape.product(tape.variable(for: b), tape.variable(for: a)) }
}
