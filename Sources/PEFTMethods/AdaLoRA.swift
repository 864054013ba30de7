import PEFTCore

/// Adaptive LoRA: low-rank updates in the form of a singular value decomposition, whose ranks a budget spreads over the maps.
///
///     y = W·x + b + s · B·diag(E)·A·dropout(x),   A: [rank, inputs], E: [rank, 1], B: [outputs, rank]
///     loss + orthogonality · mean over all A and B of ‖A·Aᵀ − I‖, ‖Bᵀ·B − I‖ (Frobenius)
///
/// Every map starts with `initial_rank` triplets (a row of A, an element of E, a column of B). In training their importance
/// is followed, and the least important ones are switched off until `target_rank` a map are left on average
/// (`RankBudget`). Trainable: initial_rank · (inputs + outputs + 1) for each map. A and B start normal with deviation 0.02,
/// E at zero, so that step 0 is the base model. s = alpha / initial_rank, whatever is left of the ranks (PEFT adds 10⁻⁵
/// below the fraction, and so does this). Saved as PEFT does: without the triplets whose E is zero, with
/// `rank_pattern`; all of them lie in the private state file. Merged for inference, so it adds no cost there.
struct AdaLoRA: MapMethod {
  static let name = "adalora"
  static let summary = "low-rank update whose ranks a budget spreads over the maps in training"
  static let source = "Zhang et al. 2023, arXiv 2303.10512"
  static let peftType = "ADALORA"
  static let trainingOptions: Set<String> = RankBudget.optionNames.union(["dropout", "orthogonality"])
  /// PEFT's beta1 and beta2 are no aliases of the two decays: in a config these are AdamW's.
  static let aliases = [
    OptionAlias("init_r", of: "initial_rank", origin: .peft), OptionAlias("target_r", of: "target_rank", origin: .peft),
    OptionAlias("lora_alpha", of: "alpha", origin: .peft), OptionAlias("lora_dropout", of: "dropout", origin: .peft),
    OptionAlias("tinit", of: "initial_steps", origin: .peft), OptionAlias("tfinal", of: "final_steps", origin: .peft),
    OptionAlias("deltaT", of: "interval", origin: .peft),
    OptionAlias("orth_reg_weight", of: "orthogonality", origin: .peft),
  ]

  /// Rank of every map at the start, which the factor s goes by.
  let initialRank: Int
  /// Ranks of some maps in place of it, where a budget left fewer.
  let rankPattern: SitePatterns<Int>
  /// Numerator of the update's factor.
  let alpha: Double
  /// Probability of an input element to be dropped in training.
  let dropout: Double
  /// Weight of the penalty on A and B that are not orthonormal.
  let orthogonality: Double
  /// How ranks are taken away.
  let budget: RankBudget.Settings
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    initialRank = try options.integer(
      "initial_rank", default: 12, in: 1...65_536, about: "rank of every map at the start")
    budget = try RankBudget.Settings(options: &options)
    guard budget.targetRank <= initialRank else {
      throw options.error("target_rank", "is above the initial_rank of \(initialRank)")
    }
    alpha = try options.number(
      "alpha", default: 8, in: Double.leastNonzeroMagnitude...,
      about: "the update is multiplied by alpha / initial_rank")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    orthogonality = try options.number(
      "orthogonality", default: 0.5, in: 0...1e6, about: "weight of the penalty on factors that are not orthonormal")
    rankPattern = SitePatterns(
      try options.integerMembers(
        "rank_pattern", in: 0..., about: "ranks that an earlier training left of some maps, in place of initial_rank"),
      mustMatch: true)
    maps = try MapSelection(options: &options)
    if let problem = rankPattern.problem { throw options.error("rank_pattern", problem) }
    if let grown = rankPattern.entries.first(where: { $0.value > initialRank }) {
      throw options.error("rank_pattern", "\(grown.value) is above the initial_rank of \(initialRank)")
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    // PEFT overlooks r, use_rslora, alpha_pattern and lora_bias here; the start says nothing about a trained adapter.
    try settings.refuse([
      "bias", "use_dora", "layer_replication", "target_parameters", "trainable_token_indices", "loftq_config",
      "alora_invocation_tokens", "arrow_config", "use_qalora", "use_bdlora", "velora_config", "monteclora_config",
      "kasa_config",
    ])
    initialRank = try settings.integer("init_r", default: 12, in: 1...65_536)
    budget = try RankBudget.Settings(peft: settings)
    let alpha = try settings.number("lora_alpha", default: 8)
    self.alpha = alpha > 0 ? alpha : Double(initialRank)
    dropout = try settings.number("lora_dropout", default: 0)
    orthogonality = try settings.number("orth_reg_weight", default: 0.5)
    let limit = initialRank
    let kept = try settings.members("rank_pattern", expected: "lists of at most \(limit) times true or false") {
      value in
      let flags = value.array?.compactMap(\.bool)
      return flags.flatMap { $0.count == value.array?.count && $0.count <= limit ? $0.count(where: \.self) : nil }
    }
    // The state beside it has all triplets.
    rankPattern = SitePatterns(
      settings.hasState ? [] : kept.map { (Self.site(ofKey: $0.key), $0.value) }, mustMatch: false)
    if let problem = rankPattern.problem { throw settings.error("rank_pattern", problem) }
    maps = try MapSelection(peft: settings)
  }

  /// The map of a key of `rank_pattern`, such as `model.layers.0.self_attn.q_proj.lora_E`.
  private static func site(ofKey key: String) -> String {
    for end in [".lora_E.default", ".lora_E"] where key.hasSuffix(end) { return String(key.dropLast(end.count)) }
    return key
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("initial_rank", JSONValue(initialRank)),
      ("rank_pattern", rankPattern.entries.isEmpty ? .null : rankPattern.document { JSONValue($0) }),
      ("alpha", alpha.document), ("dropout", JSONValue(dropout)), ("orthogonality", orthogonality.document),
    ] + budget.options
  }

  func adapters(
    around linears: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try rankPattern.check("rank_pattern", sites: linears.map(\.site))
    let scale = Float(alpha) / (Float(initialRank) + 1e-5)
    return linears.map { linear in
      AdaLoRAAdapter(
        linear, rank: rankPattern.value(for: linear.site) ?? initialRank, scale: scale, dropout: dropout,
        setting: setting)
    }
  }

  func participants(for adapters: [any MapAdapter], with setting: AttachmentSetting) -> [any TrainingParticipant] {
    [
      RankBudget(
        of: adapters.compactMap { $0 as? AdaLoRAAdapter }, settings: budget, orthogonality: orthogonality,
        setting: setting)
    ]
  }

  func members(of model: CausalLanguageModel, maps linears: [Linear]) -> [(String, JSONValue)] {
    [
      ("init_r", JSONValue(initialRank)), ("lora_alpha", alpha.document), ("lora_dropout", JSONValue(dropout)),
      ("orth_reg_weight", orthogonality.document), ("rank_pattern", .null),
      ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: linears))),
    ] + budget.members
  }

  /// All triplets, so that a training goes on with those that were left out of PEFT's file; not where they were left out
  /// before this training.
  func state(of adapters: [any MapAdapter]) -> [AdapterTensor] {
    guard rankPattern.entries.isEmpty else { return [] }
    return adapters.compactMap { $0 as? AdaLoRAAdapter }.flatMap { $0.tensors(keeping: nil, prefix: "") }
  }

  func savedForm(of attached: [any MapAdapter]) -> SavedForm? {
    let adapters = attached.compactMap { $0 as? AdaLoRAAdapter }
    var kept = adapters.map { $0.values.map { $0 != 0 } }
    // A fresh adapter has no update at all; nothing is left out of it.
    if kept.allSatisfy({ !$0.contains(true) }) { kept = kept.map { $0.map { _ in true } } }
    guard kept.contains(where: { $0.count(where: \.self) != initialRank }) else {
      return SavedForm(tensors: adapters.flatMap(\.tensors))
    }
    var pattern = JSONObject()
    for (adapter, kept) in zip(adapters, kept) {
      let flags = kept + [Bool](repeating: false, count: initialRank - kept.count)
      pattern["\(adapter.site).lora_E"] = .array(flags.map { .bool($0) })
    }
    return SavedForm(
      members: [("rank_pattern", .object(pattern))],
      tensors: zip(adapters, kept).flatMap { $0.tensors(keeping: $1) }, state: state(of: attached))
  }
}

extension AdaLoRA {
  /// Of tensors with all triplets those that a file's `rank_pattern` keeps, as the file has them; of another method's file
  /// the tensors as they are.
  static func keptTriplets(of arrays: [AdapterArray], by settings: JSONValue) -> [AdapterArray] {
    guard settings["peft_type"]?.text == peftType, case .object(let pattern)? = settings["rank_pattern"] else {
      return arrays
    }
    let kept = pattern.members.map { key, flags in
      (
        site: AdapterTensor.prefix + key.dropLast("lora_E".count),
        places: (flags.elements ?? []).indices.filter { flags.elements?[$0] == true }, count: flags.elements?.count ?? 0
      )
    }
    return arrays.map { array in
      guard array.shape.count == 2, let triplets = kept.first(where: { array.key.hasPrefix($0.site) }) else {
        return array
      }
      let areRows = !array.key.hasSuffix("lora_B")
      let (places, width) = (triplets.places, array.shape[areRows ? 1 : 0])
      guard array.shape[areRows ? 0 : 1] == triplets.count else { return array }
      return AdapterArray(
        key: array.key, shape: areRows ? [places.count, width] : [width, places.count],
        values: Self.triplets(places, of: array.values, width: width, areRows: areRows))
    }
  }

  /// The values of some triplets, which are rows of A and E, and columns of B.
  ///
  /// - Parameter width: Values that a triplet has in the matrix.
  static func triplets(_ places: [Int], of values: [Float], width: Int, areRows: Bool) -> [Float] {
    areRows
      ? places.flatMap { values[($0 * width)..<(($0 + 1) * width)] }
      : (0..<width).flatMap { row in places.map { values[row * (values.count / width) + $0] } }
  }
}
