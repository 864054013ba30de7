import PEFTCore

/// Low-rank adaptation: a trainable product of two thin matrices beside a frozen weight.
///
///     y = W·x + b + s · (B·A·dropout(x) + c),   A: [rank, inputs], B: [outputs, rank]
///     DoRA: y = g ⊙ (W·x + s·B·A·x) + b
///
/// Trainable: rank · (inputs + outputs) for each target, and outputs more with `dora` (Liu et al. 2024: lengths of W's
/// rows, `DoRAAdapter`) or with `lora_bias` (c). A starts uniform in ±1/√inputs (Kaiming's rule with a = √5, as PEFT
/// does it) and B at zero, so that step 0 is the base model; so it is with `init: gaussian` (A normal with deviation
/// 1/rank) and `init: orthogonal` (A and B in orthogonal parts of the rank). Other starts are computed (`LoRAStart`): from W
/// (PiSSA, OLoRA, MiCA, LoftQ) or from rows of the training set (EVA, CorDA, LoRA-GA). MiCA trains A alone.
/// s = alpha / rank, or alpha / √rank with `rslora` (Kalajdzievski 2023). `loraplus_ratio` (Hayou et al. 2024) multiplies B's learning rate; `rule` changes the gradients, and with
/// `lora-fa` A stays as it is and only rank · outputs values are trained (`LowRankRule`). `rank_pattern` and
/// `alpha_pattern` give some targets a rank or alpha of their own, as in PEFT; `block_diagonal` splits A or B of some in
/// blocks (`BlockDiagonal`). Targets may be embedding tables too (`EmbeddingLoRA`), or
/// single weights (`TargetParameters`).
/// `bias`, `modules_to_save` and `trainable_token_indices` train parts of the model itself beside it. Merged for
/// inference, so it adds no cost there.
struct LoRA: PEFTMethod {
  static let name = "lora"
  static let summary = "low-rank update beside frozen linear maps"
  static let source = "Hu et al. 2021, arXiv 2106.09685"
  static let trainingOptions = Set(
    ["dropout", "loraplus_ratio", "rule", "damping"] + LoRAStartOptions.namesOfSearches)

  /// Starts that PEFT takes out of the base weight, where a file says that it has them.
  enum LoadedStart: String, Sendable { case pissa, olora }

  /// Rank of the update.
  let rank: Int
  /// Numerator of the update's factor.
  let alpha: Double
  /// Probability of an input element to be dropped in training.
  let dropout: Double
  /// Ranks of some maps in place of `rank`.
  var rankPattern: SitePatterns<Int>
  /// Alphas of some maps in place of `alpha`.
  var alphaPattern: SitePatterns<Double>
  /// How alpha and the rank make the update's factor.
  let factor: FactorRule
  /// Whether rows are rescaled to trained lengths.
  let isWeightDecomposed: Bool
  /// Whether the update has a trained bias.
  let hasUpdateBias: Bool
  /// Learning rate of B over that of A.
  let learningRateRatio: Double
  /// How their gradients are changed, if they are.
  let rule: LowRankRule?
  /// Which maps have a block-diagonal factor; nil for none.
  let blockDiagonal: BlockDiagonal?
  /// What the two matrices start from.
  let start: LoRAStart
  /// The options of that start.
  let startOptions: LoRAStartOptions
  /// The modules to adapt; nil for the model family's default.
  var targets: TargetSelector?
  /// Single weights to update, in place of the default modules or beside those of `targets`.
  let parameters: TargetParameters
  /// The model's own biases that are trained beside it.
  let biases: TrainedBiases
  /// Modules that are trained as a whole beside it.
  let savedModules: SavedModules
  /// Tokens whose embeddings are trained beside it.
  let tokens: TrainedTokens
  /// The start that the loaded matrices were saved with, and that is not part of the base weights then.
  let loadedStart: LoadedStart?
  /// Whether PEFT would tie an adapted embedding table and head.
  let tiesAdapters: Bool
  /// What it started from if the file is a conversion, whose own state lies beside it; nil for another file and none.
  let convertedStart: LoRAStart?

  /// Whether the file is the conversion of an adapter whose start was taken out of the weight.
  var isConverted: Bool { convertedStart != nil }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let selector = try targets ?? (parameters.names.isEmpty ? DefaultTargets.queriesAndValues(of: model) : nil)
    let (modules, tables) = try selector?.mapsAndTables(of: model, except: savedModules) ?? ([], [])
    let sites = modules.map(\.site) + tables.map(\.site)
    let linears = modules + (try parameters.linears(of: model, besides: sites))
    let patternNames = (linears.map(\.site) + tables.map(\.site)).map(parameters.patternName)
    try rankPattern.check("rank_pattern", sites: patternNames)
    try alphaPattern.check("alpha_pattern", sites: patternNames)
    try checkTables(tables, linears: linears, of: model)
    try checkStart(linears, of: model)
    try checkRule(tables, linears: linears)
    let found = try findStart(of: linears, model, with: setting)
    let lora = found?.ranks.map { redistributed($0, over: linears, of: selector) } ?? self
    let kept = zip(linears, found?.ranks ?? linears.map { _ in 1 }).filter { $1 > 0 }.map(\.0)
    return try lora.attach(
      around: kept, modules: modules.filter { module in kept.contains { $0 === module } }, tables: tables,
      from: found, of: model, with: setting, placing: placements)
  }

  /// Attaches around chosen maps.
  private func attach(
    around linears: [Linear], modules: [Linear], tables: [TokenEmbedding], from found: FoundStart?,
    of model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let selector = try targets ?? (parameters.names.isEmpty ? DefaultTargets.queriesAndValues(of: model) : nil)
    let sites = modules.map(\.site) + tables.map(\.site)
    let adapters = try linears.map { try adapter(of: $0, from: found, with: setting) }
    for (linear, adapter) in zip(linears, adapters) { try placements.place(.adapter(adapter.adapter), at: linear) }
    let tableAdapters = tables.map { table in
      EmbeddingLoRA(
        table, rank: rank(at: table.site), scale: scale(at: table.site), learningRateRatio: Float(learningRateRatio),
        setting: setting)
    }
    for (table, adapter) in zip(tables, tableAdapters) { try placements.place(.tableAdapter(adapter), at: table) }
    let beside = try trainBeside(modules, of: model, with: setting, placing: placements)
    let converts = start.isTakenOut && loadedStart == nil
    let (own, updates) = (tableAdapters.flatMap(\.parameters), adapters.compactMap(\.update))
    let parameters = adapters.flatMap { $0.adapter.parameters }
    let kept = adapters.flatMap { $0.adapter.parameters + ($0.update?.pair.frozenParameters ?? []) }
    return AttachedMethod(
      parameters: own + parameters + beside.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "LORA",
        configuration: members(of: model, selector: selector, sites: sites, linears: linears, converts: converts),
        tensors: own.map { AdapterTensor($0) }
          + (converts
            ? updates.flatMap { $0.origin?.converted($0.pair) ?? [] } : kept.map { AdapterTensor($0) })
          + beside.tensors,
        state: converts
          ? updates.flatMap { $0.allParameters.map { AdapterTensor($0) } + ($0.origin?.state ?? []) } + beside.tensors
          : [],
        copies: BaseCopy.all(of: model)),
      notes: notes(linears),
      participants: rule.map { [LowRankPreconditioner($0, updates: updates, setting: setting)] } ?? [],
      startCost: found?.cost)
  }

  /// The update of one map, and what is attached: the update itself, or DoRA's rescaled rows around it; BD-LoRA's is another.
  private func adapter(
    of linear: Linear, from found: FoundStart?, with setting: AttachmentSetting
  ) throws -> (adapter: any LinearAdapter, update: LoRAAdapter?) {
    let (rank, scale) = (rank(at: linear.site), scale(at: linear.site))
    if let blocks = try blockDiagonal?.blocks(at: linear, rank: rank) {
      return (
        BlockDiagonalLoRAAdapter(
          linear, rank: rank, blocks: blocks, scale: scale, dropout: dropout, ratio: Float(learningRateRatio),
          setting: setting), nil
      )
    }
    let quantized = start == .loftq ? QuantizedWeight(linear, rank: rank, scale: scale, startOptions, setting) : nil
    let origin = origin(of: linear, rank: rank, scale: scale, from: found, with: setting)
    var pair = pair(of: linear, rank: rank, origin: origin, quantized: quantized, from: found, with: setting)
    pair.trained = start == .mica ? .onlyA : rule?.trained ?? .both
    pair.b.learningRateScale = Float(learningRateRatio)
    let update = LoRAAdapter(
      linear, pair, scale: scale, dropout: dropout, origin: origin,
      bias: hasUpdateBias ? pair.bias(of: linear, setting) : nil, setting: setting)
    if let quantized { return (LoftQAdapter(linear, quantized, update), update) }
    return (isWeightDecomposed ? DoRAAdapter(linear, update, setting: setting) : update, update)
  }

  /// Trains the parts of the model itself that are trained beside the update.
  private func trainBeside(
    _ linears: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> Addition {
    var addition = try savedModules.attach(to: model, with: setting, placing: placements)
    addition.add(
      try biases.attach(to: model, adapted: linears, except: savedModules, with: setting, placing: placements))
    addition.add(try tokens.attach(to: model, with: setting, placing: placements))
    return addition
  }

  func rank(at site: String) -> Int { rankPattern.value(for: parameters.patternName(of: site)) ?? rank }

  func scale(at site: String) -> Float {
    factor.factor(
      alpha: alphaPattern.value(for: parameters.patternName(of: site)) ?? alpha, rank: rank(at: site))
  }
}

/// How alpha and the rank make the factor of an update.
enum FactorRule: Sendable {
  /// Hu et al. 2021.
  case alphaOverRank
  /// Kalajdzievski 2023: the update's size does not shrink with the rank.
  case alphaOverRootOfRank

  /// The factor s.
  func factor(alpha: Double, rank: Int) -> Float {
    switch self {
    case .alphaOverRank: Float(alpha / Double(rank))
    case .alphaOverRootOfRank: Float(alpha / Double(rank).squareRoot())
    }
  }

  /// What alpha is multiplied by for the same factor at twice the rank.
  var growthAtTwiceTheRank: Double { self == .alphaOverRank ? 2 : 2.0.squareRoot() }
}
