import PEFTCore

/// Low-rank Hadamard products: an update that is two low-rank matrices multiplied element by element.
///
///     y = W·x + b + s · ((A₁·B₁) ⊙ (A₂·B₂))·x,   A: [outputs, rank], B: [rank, inputs],   s = alpha / rank
///
/// Trainable: 2 · rank · (inputs + outputs) for each target, twice LoRA's, for an update of a rank up to rank². All start
/// uniform in ±1/√columns but for B₂, which is zero, so that step 0 is the base model. `rank_dropout` drops rows of the update
/// in training and rescales the others, `module_dropout` a map's whole update (`UpdateDropout`). With H = s·G for the gradient
/// G of the weight, dA₁ = (H ⊙ A₂B₂)·B₁ᵀ and so on. Merged, it costs nothing. PEFT has it for `nn.Linear` alone, so that no
/// file of it is for a GPT-2; the file's settings for convolutions mean nothing here.
struct LoHa: MapMethod {
  static let name = "loha"
  static let summary = "an update of two low-rank matrices that are multiplied element by element"
  static let source = "Hyeon-Woo et al. 2022, arXiv 2108.06098"
  static let peftType = "LOHA"
  static let trainingOptions: Set<String> = ["rank_dropout", "module_dropout"]
  static let aliases = [OptionAlias("r", of: "rank", origin: .peft)]

  /// Rank of each of the two matrices.
  let rank: PatternedOption<Int>
  /// Numerator of the update's factor.
  let alpha: PatternedOption<Double>
  /// What is dropped in training.
  let dropout: UpdateDropout
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try PatternedOption("rank", default: 8, options: &options, about: "rank of each of the two matrices")
    alpha = try PatternedOption(
      "alpha", default: 8, options: &options, about: "the update is multiplied by alpha / rank")
    dropout = try UpdateDropout(options: &options, rescales: true)
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    rank = try PatternedOption("r", pattern: "rank_pattern", peft: settings)
    alpha = try PatternedOption("alpha", default: 8, pattern: "alpha_pattern", peft: settings)
    dropout = try UpdateDropout(peft: settings, rescales: true)
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] { rank.options("rank") + alpha.options("alpha") + dropout.options }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try rank.pattern.check("rank_pattern", sites: maps.map(\.site))
    try alpha.pattern.check("alpha_pattern", sites: maps.map(\.site))
    return maps.map {
      let rank = rank.value(at: $0.site)
      return LoHaAdapter(
        $0, rank: rank, scale: Float(alpha.value(at: $0.site) / Double(rank)), dropout: dropout, setting: setting)
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("alpha", alpha.value.document), ("alpha_pattern", alpha.patternDocument), ("r", JSONValue(rank.value)),
      ("rank_pattern", rank.patternDocument),
    ] + dropout.members
  }
}

/// LoHa of one linear map.
private final class LoHaAdapter: DenseUpdateAdapter {
  /// A₁, B₁, A₂, B₂.
  let parameters: [Parameter]
  private let scale: Float
  private let dropout: UpdateDropout
  unowned let linear: Linear
  private let purpose: String
  let context: ComputeContext

  init(_ linear: Linear, rank: Int, scale: Float, dropout: UpdateDropout, setting: AttachmentSetting) {
    self.linear = linear
    self.scale = scale
    self.dropout = dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    parameters = [1, 2].flatMap { index in
      [
        setting.parameter(
          "hada_w\(index)_a", of: linear, shape: [linear.outputs, rank], start: .uniform(fanIn: rank), by: LoHa.name),
        setting.parameter(
          "hada_w\(index)_b", of: linear, shape: [rank, linear.inputs],
          start: index == 2 ? .zeros : .uniform(fanIn: linear.inputs), by: LoHa.name),
      ]
    }
  }

  var outputs: Int { linear.outputs }

  func isLeftOut(on tape: Tape) -> Bool { dropout.dropsAll(of: purpose, on: tape) }

  func weightUpdate(on tape: Tape) -> Variable {
    let factors = parameters.map { tape.variable(for: $0) }
    let second = tape.product(factors[2], factors[3])
    let kept = dropout.factors(outputs, purpose: purpose, on: tape)
    // Rows of the update are rows of the first product: what is dropped is dropped from A₁.
    let first =
      kept.map { tape.product(tape.scaleColumns(tape.transposed(factors[0]), by: $0), factors[1], transposeA: true) }
      ?? tape.product(factors[0], factors[1])
    return tape.scale(tape.hadamard(first, second), by: scale)
  }
}
