import PEFTCore

/// Low-rank Kronecker products: an update that is the Kronecker product of a small matrix and a larger one.
///
///     y = W·x + b + s · (w₁ ⊗ w₂)·x,   w₁: [l, i], w₂: [k, j] with l·k = outputs and i·j = inputs,   s = alpha / rank
///
/// The widths are cut by `factor`, or as evenly as they can be (`KroneckerShape`). w₂ is A·B of the rank where that is below
/// half its larger side, w₁ only with `decompose_both`. Trainable for each target: l·i, or rank · (l + i), and k·j, or rank ·
/// (k + j). w₁, or its A, starts at zero and all else uniform in ±1/√columns, so that step 0 is the base model; with `init:
/// lycoris` w₂, or its B, is the one at zero. PEFT builds ΔW; here w₂ and w₁ act on x reshaped, which is the same at a small part
/// of the cost. `rank_dropout` drops rows of ΔW in training (`rank_dropout_scale` rescales the others), `module_dropout` a map's
/// whole update. Merged, it costs nothing. PEFT has it for `nn.Linear` alone, so that no file of it is for a GPT-2.
struct LoKr: MapMethod {
  static let name = "lokr"
  static let summary = "an update that is a Kronecker product of a small and a larger matrix"
  static let source = "Edalati et al. 2022, arXiv 2212.10650; Yeh et al. 2023, 2309.14859"
  static let peftType = "LOKR"
  static let trainingOptions: Set<String> = ["rank_dropout", "module_dropout", "rank_dropout_scale", "init"]
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft),
    OptionAlias("decompose_factor", of: "factor", origin: .peft, translations: [.init(-1, .null)]),
    OptionAlias(
      "init_weights", of: "init", origin: .peft, translations: [.init(true, "zero"), .init("lycoris", "lycoris")],
      takesOthers: false),
  ]

  /// Which factor starts at zero.
  enum Start: String, CaseIterable, Sendable {
    /// w₁.
    case zero
    /// w₂.
    case lycoris
  }

  /// Rank of what is low-rank.
  let rank: PatternedOption<Int>
  /// Numerator of the update's factor.
  let alpha: PatternedOption<Double>
  /// Wanted first factor of the widths; nil for the most even cut.
  let factor: Int?
  /// Whether w₁ may be low-rank too.
  let decomposesBoth: Bool
  /// Which factor starts at zero.
  let start: Start
  /// What is dropped in training.
  let dropout: UpdateDropout
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try PatternedOption("rank", default: 8, options: &options, about: "rank of the factors that are low-rank")
    alpha = try PatternedOption(
      "alpha", default: 8, options: &options, about: "the update is multiplied by alpha / rank")
    factor = try options.optionalInteger(
      "factor", in: 1...,
      about: "height and width of the first matrix, or the next smaller divisors; as even as can be unless given")
    decomposesBoth = try options.bool("decompose_both", default: false, about: "make the first matrix low-rank too")
    start = try options.choice(
      "init", default: Start.zero, about: "start with the first matrix at zero, or (lycoris) the second")
    dropout = try UpdateDropout(
      options: &options,
      rescales: try options.bool(
        "rank_dropout_scale", default: false, about: "divide the rows that rank_dropout leaves by their share"))
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    rank = try PatternedOption("r", pattern: "rank_pattern", peft: settings)
    alpha = try PatternedOption("alpha", default: 8, pattern: "alpha_pattern", peft: settings)
    let factor = try settings.integer("decompose_factor", default: -1, in: -1...Int(Int32.max))
    if factor == 0 { throw settings.error("decompose_factor", "expected -1 or a whole number above 0") }
    self.factor = factor < 0 ? nil : factor
    decomposesBoth = try settings.bool("decompose_both", default: false)
    start = settings["init_weights"]?.string == "lycoris" ? .lycoris : .zero
    dropout = try UpdateDropout(peft: settings, rescales: try settings.bool("rank_dropout_scale", default: false))
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    rank.options("rank") + alpha.options("alpha") + [
      ("factor", factor.map { JSONValue($0) } ?? .null), ("decompose_both", JSONValue(decomposesBoth)),
      ("rank_dropout_scale", JSONValue(dropout.rescales)),
    ] + dropout.options
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try rank.pattern.check("rank_pattern", sites: maps.map(\.site))
    try alpha.pattern.check("alpha_pattern", sites: maps.map(\.site))
    return maps.map { linear in
      let rank = rank.value(at: linear.site)
      return LoKrAdapter(
        linear, rank: rank,
        shape: KroneckerShape(
          inputs: linear.inputs, outputs: linear.outputs, rank: rank, decomposesBoth: decomposesBoth, factor: factor),
        scale: Float(alpha.value(at: linear.site) / Double(rank)), start: start, dropout: dropout, setting: setting)
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("alpha", alpha.value.document), ("alpha_pattern", alpha.patternDocument),
      ("decompose_both", JSONValue(decomposesBoth)), ("decompose_factor", JSONValue(factor ?? -1)),
      ("init_weights", start == .lycoris ? "lycoris" : true), ("r", JSONValue(rank.value)),
      ("rank_dropout_scale", JSONValue(dropout.rescales)), ("rank_pattern", rank.patternDocument),
    ] + dropout.members
  }
}
