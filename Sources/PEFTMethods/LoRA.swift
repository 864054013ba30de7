import PEFTCore

/// Low-rank adaptation: a trainable product of two thin matrices beside a frozen weight.
///
///     y = W·x + b + s · (B·A·dropout(x) + c),   A: [rank, inputs], B: [outputs, rank]
///     DoRA: y = g ⊙ (W·x + s·B·A·x) + b
///
/// Trainable: rank · (inputs + outputs) for each target, and outputs more with `dora` (Liu et al. 2024: lengths of W's
/// rows, `DoRAAdapter`) or with `lora_bias` (c). A starts uniform in ±1/√inputs (Kaiming's rule with a = √5, as PEFT
/// does it) and B at zero, so that step 0 is the base model; so it is with `init: gaussian` (A normal with deviation
/// 1/rank) and `init: orthogonal` (A and B in orthogonal parts of the rank). `init: pissa` (Meng et al. 2024) starts
/// from W's principal components, see `PiSSAAdapter`. s = alpha / rank, or alpha / √rank with `rslora` (Kalajdzievski
/// 2023). `loraplus_ratio` (Hayou et al. 2024) multiplies B's learning rate. `rank_pattern` and `alpha_pattern` give
/// some targets a rank or alpha of their own, as in PEFT. Targets may be embedding tables too (`EmbeddingLoRA`), or
/// single weights (`TargetParameters`).
/// `bias`, `modules_to_save` and `trainable_token_indices` train parts of the model itself beside it. Merged for
/// inference, so it adds no cost there.
struct LoRA: PEFTMethod {
  static let name = "lora"
  static let summary = "low-rank update beside frozen linear maps"
  static let source = "Hu et al. 2021, arXiv 2106.09685"
  static let trainingOptions: Set<String> = ["dropout", "loraplus_ratio"]

  /// What the two matrices start from.
  enum Start: String, CaseIterable, Sendable {
    /// A at random, B at zero.
    case zero
    /// A at random with deviation 1/rank, B at zero.
    case gaussian
    /// A and B at random in orthogonal parts of the rank, so that their product is zero.
    case orthogonal
    /// The principal components of the weight, which are taken out of it.
    case pissa
  }

  /// Starts that PEFT takes out of the base weight, where a file says that it has them.
  enum LoadedStart: String, Sendable { case pissa, olora }

  /// Rank of the update.
  let rank: Int
  /// Numerator of the update's factor.
  let alpha: Double
  /// Probability of an input element to be dropped in training.
  let dropout: Double
  /// Ranks of some maps in place of `rank`.
  let rankPattern: SitePatterns<Int>
  /// Alphas of some maps in place of `alpha`.
  let alphaPattern: SitePatterns<Double>
  /// Whether the factor is alpha / √rank.
  let isRankStabilized: Bool
  /// Whether rows are rescaled to trained lengths.
  let isWeightDecomposed: Bool
  /// Whether the update has a trained bias.
  let hasUpdateBias: Bool
  /// Learning rate of B over that of A.
  let learningRateRatio: Double
  /// What the two matrices start from.
  let start: Start
  /// The modules to adapt; nil for the model family's default.
  let targets: TargetSelector?
  /// Single weights to update, in place of the default modules or beside those of `targets`.
  let parameters: TargetParameters
  /// The model's own biases that are trained beside it.
  let biases: TrainedBiases
  /// Modules that are trained as a whole beside it.
  let savedModules: SavedModules
  /// Tokens whose embeddings are trained beside it.
  let tokens: TrainedTokens
  /// The start that the loaded matrices were saved with, and that is no part of the base weights then.
  let loadedStart: LoadedStart?
  /// Whether PEFT would tie an adapted embedding table and head.
  let tiesAdapters: Bool
  /// Whether the file is the conversion of a PiSSA adapter whose own state lies beside it.
  let isConverted: Bool

  init(options: inout OptionReader) throws {
    OptionAliases.add(to: &options, method: Self.name)
    rank = try options.integer("rank", default: 8, in: 1..., about: "rank of the update")
    alpha = try options.number("alpha", default: 16, in: 0..., about: "the update is multiplied by alpha / rank")
    rankPattern = SitePatterns(
      try options.integerMembers(
        "rank_pattern", in: 1..., about: "ranks of some maps: a name, path or regular expression with its rank"),
      mustMatch: true)
    alphaPattern = SitePatterns(
      try options.numberMembers(
        "alpha_pattern", in: 0..., about: "alphas of some maps, in the same way"),
      mustMatch: true)
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    isRankStabilized = try options.bool("rslora", default: false, about: "multiply by alpha / √rank instead")
    isWeightDecomposed = try options.bool("dora", default: false, about: "train the lengths of the weight's rows too")
    learningRateRatio = try options.number(
      "loraplus_ratio", default: 1, in: Double.leastNonzeroMagnitude...1e6, about: "learning rate of B over that of A")
    start = try options.choice(
      "init", default: Start.zero,
      about: "start with no update (three ways to draw it), or with the weight's principal components (PiSSA)")
    targets = try TargetSelector.read(&options)
    parameters = try TargetParameters(options: &options)
    hasUpdateBias = try options.optionalBool("lora_bias", about: "give the update a trained bias") ?? false
    biases =
      try options.optionalChoice("bias", about: "train the model's own biases: all, or those of the adapted maps")
      ?? TrainedBiases.none
    savedModules = try SavedModules(options: &options)
    tokens = try TrainedTokens(options: &options)
    loadedStart = nil
    tiesAdapters = false
    isConverted = false
    for (option, problem) in [("rank_pattern", rankPattern.problem), ("alpha_pattern", alphaPattern.problem)] {
      if let problem { throw options.error(option, problem) }
    }
    if let option = optionWithoutParameters {
      throw options.error(option, "cannot be combined with \"target_parameters\"")
    }
    if isWeightDecomposed, start == .pissa {
      throw options.error("init", "\"pissa\" and dora: true exclude each other")
    }
    if hasUpdateBias, isWeightDecomposed || start != .zero {
      throw options.error("lora_bias", "excludes dora: true, and any init but zero")
    }
    if start == .orthogonal, let odd = ([rank] + rankPattern.entries.map(\.value)).first(where: { $0 % 2 != 0 }) {
      throw options.error("init", "\"orthogonal\" needs an even rank, found \(odd)")
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "LORA" else { return nil }
    try Self.refuseVariants(settings)
    rank = try settings.integer("r", in: 1...65_536)
    alpha = try settings.number("lora_alpha", default: 8)
    dropout = try settings.number("lora_dropout", default: 0)
    rankPattern = SitePatterns(
      try settings.members("rank_pattern", expected: "whole numbers from 1 to 65536") { value in
        value.integer.flatMap { (1...65_536).contains($0) ? $0 : nil }
      }, mustMatch: false)
    alphaPattern = SitePatterns(
      try settings.members("alpha_pattern", expected: "numbers") { value in
        value.number.flatMap { $0.isFinite ? $0 : nil }
      }, mustMatch: false)
    for (member, problem) in [("rank_pattern", rankPattern.problem), ("alpha_pattern", alphaPattern.problem)] {
      if let problem { throw settings.error(member, problem) }
    }
    isRankStabilized = try settings.bool("use_rslora", default: false)
    isWeightDecomposed = try settings.bool("use_dora", default: false)
    hasUpdateBias = try settings.bool("lora_bias", default: false)
    learningRateRatio = 1
    parameters = try TargetParameters(peft: settings)
    targets = try settings.targets(orNone: !parameters.names.isEmpty)
    guard let biases = TrainedBiases(rawValue: try settings.string("bias", default: "none")) else {
      throw settings.error("bias", "expected none, all or lora_only")
    }
    self.biases = biases
    savedModules = try SavedModules(peft: settings)
    tokens = try TrainedTokens(peft: settings)
    tiesAdapters = try settings.bool("ensure_weight_tying", default: false)
    isConverted = settings.hasState
    (start, loadedStart) = try Self.start(settings)
    if let option = optionWithoutParameters {
      throw settings.error(Self.memberNames[option] ?? option, "cannot be combined with \"target_parameters\"")
    }
    if isWeightDecomposed, let loadedStart {
      throw settings.error("init_lora_weights", "\"\(loadedStart.rawValue)\" with use_dora is not supported")
    }
  }

  var options: [(name: String, value: JSONValue)] {
    // What the private state holds is of half the rank.
    let growth = isConverted ? (isRankStabilized ? 2.0.squareRoot() : 2) : 1
    let halves = isConverted ? 2 : 1
    let start = isConverted || loadedStart == .pissa ? Start.pissa : start
    var options: [(name: String, value: JSONValue)] = [
      ("rank", JSONValue(rank / halves)), ("alpha", (alpha / growth).document),
      ("rank_pattern", rankPattern.entries.isEmpty ? .null : rankPattern.document { JSONValue($0 / halves) }),
      ("alpha_pattern", alphaPattern.entries.isEmpty ? .null : alphaPattern.document { ($0 / growth).document }),
      ("dropout", JSONValue(dropout)), ("rslora", JSONValue(isRankStabilized)),
      ("dora", JSONValue(isWeightDecomposed)), ("loraplus_ratio", JSONValue(learningRateRatio)),
      // Of the others nothing is left once values are loaded.
      ("init", start == .pissa ? JSONValue(start.rawValue) : .null),
    ]
    for option in TargetSelector.options(targets) { options.append((name: option.0, value: option.1)) }
    options += [
      ("target_parameters", parameters.document),
      ("lora_bias", hasUpdateBias ? true : .null), ("bias", biases == .none ? .null : JSONValue(biases.rawValue)),
      ("modules_to_save", savedModules.document), ("trainable_token_indices", tokens.document),
    ]
    return options.filter { $0.value != .null }
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let selector = try targets ?? (parameters.names.isEmpty ? DefaultTargets.lora(of: model) : nil)
    let (modules, tables) = try selector?.mapsAndTables(of: model, except: savedModules) ?? ([], [])
    let sites = modules.map(\.site) + tables.map(\.site)
    let linears = modules + (try parameters.linears(of: model, besides: sites))
    let patternNames = (linears.map(\.site) + tables.map(\.site)).map(parameters.patternName)
    try rankPattern.check("rank_pattern", sites: patternNames)
    try alphaPattern.check("alpha_pattern", sites: patternNames)
    try checkTables(tables, linears: linears, of: model)
    try checkStart(linears)
    let adapters = try linears.map { try adapter(of: $0, with: setting) }
    for (linear, adapter) in zip(linears, adapters) { try placements.place(.adapter(adapter), at: linear) }
    let ratio = Float(learningRateRatio)
    let tableAdapters = tables.map { table in
      EmbeddingLoRA(
        table, rank: rank(at: table.site), scale: scale(at: table.site), learningRateRatio: ratio, setting: setting)
    }
    for (table, adapter) in zip(tables, tableAdapters) { try placements.place(.tableAdapter(adapter), at: table) }
    let beside = try trainBeside(modules, of: model, with: setting, placing: placements)
    let converts = start == .pissa && loadedStart == nil
    let own = tableAdapters.flatMap(\.parameters)
    let parameters = own + adapters.flatMap(\.parameters) + beside.parameters
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "LORA",
        configuration: members(of: model, selector: selector, sites: sites, linears: linears, converts: converts),
        tensors: own.map { AdapterTensor($0) }
          + adapters.flatMap { converts ? $0.convertedTensors : $0.parameters.map { AdapterTensor($0) } }
          + beside.tensors,
        state: converts ? adapters.flatMap(\.stateTensors) + beside.tensors : [],
        copies: BaseCopy.all(of: model)),
      notes: notes(linears))
  }

  private func adapter(of linear: Linear, with setting: AttachmentSetting) throws -> LoRAAdapter {
    let (rank, scale) = (rank(at: linear.site), scale(at: linear.site))
    let adapter: LoRAAdapter
    if let loadedStart = loadedStart ?? (start == .pissa ? .pissa : nil) {
      let start: any LowRankStart =
        switch loadedStart {
        case .pissa:
          PrincipalComponents(
            of: linear, rank: rank, scale: scale, stream: setting.seeds.child("pissa").child(linear.site),
            context: setting.context)
        case .olora: OrthonormalComponents(of: linear, rank: rank, context: setting.context)
        }
      adapter = PiSSAAdapter(linear, start: start, rank: rank, scale: scale, dropout: dropout, setting: setting)
    } else {
      let pair = LowRankPair(linear, rank: rank, start: start, setting: setting)
      adapter =
        isWeightDecomposed
        ? DoRAAdapter(linear, pair, scale: scale, dropout: dropout, setting: setting)
        : LoRAAdapter(
          linear, pair, scale: scale, dropout: dropout, bias: hasUpdateBias ? pair.bias(of: linear, setting) : nil,
          namespace: setting.namespace)
    }
    adapter.pair.b.learningRateScale = Float(learningRateRatio)
    return adapter
  }

  /// Trains the parts of the model itself that are to be trained beside the update.
  private func trainBeside(
    _ linears: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> Addition {
    var addition = try savedModules.attach(to: model, with: setting, placing: placements)
    addition.add(
      try biases.attach(to: model, adapted: linears, except: savedModules, with: setting, placing: placements))
    addition.add(try tokens.attach(to: model, with: setting, placing: placements))
    return addition
  }

  private func checkTables(_ tables: [TokenEmbedding], linears: [Linear], of model: CausalLanguageModel) throws {
    if let table = tables.first, isWeightDecomposed || hasUpdateBias || start == .pissa || loadedStart != nil {
      throw AttachError(
        "\(table.site) is an embedding table, whose update can have neither dora nor lora_bias, nor start from the "
          + "table's own components", option: "target_modules")
    }
    let (embedding, head) = (model.embedding.site, model.head.site)
    let touched = tables.contains { $0.site == embedding } || savedModules.contains(embedding)
    if tiesAdapters, model.configuration.tiesEmbeddings, touched || linears.contains(where: { $0.site == head }) {
      throw AttachError("ensure_weight_tying: one adapter for \(embedding) and \(head) together is not supported")
    }
  }

  private func checkStart(_ linears: [Linear]) throws {
    guard start == .pissa || loadedStart != nil else { return }
    guard linears.allSatisfy({ scale(at: $0.site) > 0 }) else {
      throw AttachError("init: pissa needs an alpha above 0", option: "alpha")
    }
    if let small = linears.first(where: { min($0.inputs, $0.outputs) < rank(at: $0.site) }) {
      throw AttachError(
        "rank \(rank(at: small.site)) is larger than \(small.site) itself, which is \(small.outputs) × "
          + "\(small.inputs) and has no more components",
        option: rankPattern.value(for: parameters.patternName(of: small.site)) == nil ? "rank" : "rank_pattern")
    }
  }

  /// What a rank above a map's width is good for.
  private func notes(_ linears: [Linear]) -> [String] {
    let large = linears.filter { min($0.inputs, $0.outputs) < rank(at: $0.site) }
    guard let first = large.first else { return [] }
    let others = large.count > 1 ? ", and so for \(large.count - 1) more" : ""
    return [
      "rank \(rank(at: first.site)) is above the width of \(first.site), which is \(first.outputs) × \(first.inputs)"
        + "\(others): the update trains more values than the weight has"
    ]
  }

  private func rank(at site: String) -> Int { rankPattern.value(for: parameters.patternName(of: site)) ?? rank }

  /// The factor of a module's update.
  private func scale(at site: String) -> Float {
    let (alpha, rank) = (alphaPattern.value(for: parameters.patternName(of: site)) ?? alpha, Double(rank(at: site)))
    return Float(isRankStabilized ? alpha / rank.squareRoot() : alpha / rank)
  }
}
