import PEFTCore

/// Generalized LoRA: corrections that multiply and add to the weight and, where the map has one, to the bias.
///
///     W′ = W + W ⊙ A + B;   b′ = b + W·C + b ⊙ D + E,   A, B: [outputs, inputs], C: [inputs], D, E: [outputs]
///
/// `weights` says what A and B are: Xd·Xu of the rank (`lora`), a number for each output (`vector`), one number (`constant`) or
/// nothing (`none`); `coupling` the same of C without `constant`, `biases` of D and E without `lora`. Trainable for each target:
/// 2 · rank · (inputs + outputs), 2 · outputs, 2 or 0; for a map with a bias also rank · (inputs + 1), inputs or 0, and 2 · outputs, 2
/// or 0. Xu starts uniform in ±1/√columns and all else at zero, so that step 0 is the base model. Merged, it costs nothing. PEFT
/// saves zeros for what is absent, which are written and read too; it has the method for plain `nn.Linear` alone.
struct GLoRA: MapMethod {
  static let name = "glora"
  static let summary = "trained corrections that multiply the weight and the bias, and add to them"
  static let source = "Chavan et al. 2023, arXiv 2306.07967"
  static let peftType = "GLORA"
  static let fixedKeyEndings = [".zeros"]
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("config_A_B", of: "weights", origin: .peft),
    OptionAlias("config_C", of: "coupling", origin: .peft), OptionAlias("config_D_E", of: "biases", origin: .peft),
  ]

  /// What a correction is.
  enum Form: String, CaseIterable, Sendable { case lora, vector, constant, none }
  /// What C is.
  enum Coupling: String, CaseIterable, Sendable { case lora, vector, none }
  /// What D and E are.
  enum BiasForm: String, CaseIterable, Sendable { case vector, constant, none }

  /// Rank of what is a product.
  let rank: Int
  /// What A and B are.
  let weights: Form
  /// What C is.
  let coupling: Coupling
  /// What D and E are.
  let biases: BiasForm
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 8, in: 1..., about: "rank of the corrections that are products")
    weights = try options.choice(
      "weights", default: Form.lora,
      about: "the weight's two corrections: products, a number an output, one number, none")
    coupling = try options.choice(
      "coupling", default: Coupling.lora,
      about: "what the weight adds to the bias: its product with a product, or a vector")
    biases = try options.choice(
      "biases", default: BiasForm.constant, about: "the bias's two corrections: a number an output, one number, none")
    maps = try MapSelection(options: &options)
    if weights == .none, coupling == .none, biases == .none {
      throw options.error("weights", "none leaves nothing to train beside coupling: none and biases: none")
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"], because: "training the model's own biases beside it is not supported")
    rank = try settings.integer("r", default: 8, in: 1...65_536)
    weights = try Self.form("config_A_B", default: .lora, settings)
    coupling = try Self.form("config_C", default: .lora, settings)
    biases = try Self.form("config_D_E", default: .constant, settings)
    maps = try MapSelection(peft: settings)
  }

  private static func form<Choice: RawRepresentable<String> & CaseIterable>(
    _ member: String, default fallback: Choice, _ settings: AdapterSettings
  ) throws -> Choice {
    guard let form = Choice(rawValue: try settings.string(member, default: fallback.rawValue)) else {
      throw settings.error(member, "expected \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return form
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("rank", JSONValue(rank)), ("weights", JSONValue(weights.rawValue)), ("coupling", JSONValue(coupling.rawValue)),
      ("biases", JSONValue(biases.rawValue)),
    ]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    if weights == .none, let bare = maps.first(where: { !$0.hasBias }) {
      throw AttachError("weights: none leaves nothing to train at \(bare.site), which has no bias", option: "weights")
    }
    return maps.map { GLoRAAdapter($0, self, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("config_A_B", JSONValue(weights.rawValue)), ("config_C", JSONValue(coupling.rawValue)),
      ("config_D_E", JSONValue(biases.rawValue)), ("r", JSONValue(rank)),
    ]
  }
}
