import PEFTCore

extension LoRA {
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("lora_rank", of: "rank", origin: .factory),
    OptionAlias("lora_alpha", of: "alpha", origin: .peft), OptionAlias("lora_dropout", of: "dropout", origin: .peft),
    OptionAlias("use_rslora", of: "rslora", origin: .peft), OptionAlias("use_dora", of: "dora", origin: .peft),
    OptionAlias("loraplus_lr_ratio", of: "loraplus_ratio", origin: .peft),
    OptionAlias("reg", of: "damping", origin: .peft),
    OptionAlias(
      "lora_target", of: "target_modules", origin: .factory, translations: [.init("all", "all-linear")],
      isCommaList: true),
    OptionAlias("additional_target", of: "modules_to_save", origin: .factory, isCommaList: true),
    OptionAlias("use_bdlora", of: "block_diagonal", origin: .peft),
    OptionAlias(
      "init_lora_weights", of: "init", origin: .peft,
      translations: [
        .init(true, "zero")
      ] + LoRAStart.allCases.dropFirst().map { .init(JSONValue($0.peftName), JSONValue($0.rawValue)) },
      takesOthers: false),
    OptionAlias(
      "pissa_init", of: "init", origin: .factory, translations: [.init(true, "pissa"), .init(false, .null)],
      takesOthers: false),
  ]

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 8, in: 1..., about: "rank of the update")
    alpha = try options.number(
      "alpha", default: 16, in: Double.leastNonzeroMagnitude..., about: "the update is multiplied by alpha / rank")
    rankPattern = SitePatterns(
      try options.integerMembers(
        "rank_pattern", in: 1..., about: "ranks of some maps: a name, path or regular expression with its rank"),
      mustMatch: true)
    alphaPattern = SitePatterns(
      try options.numberMembers(
        "alpha_pattern", in: Double.leastNonzeroMagnitude..., about: "alphas of some maps, in the same way"),
      mustMatch: true)
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    factor =
      try options.bool("rslora", default: false, about: "multiply by alpha / √rank instead")
      ? .alphaOverRootOfRank : .alphaOverRank
    isWeightDecomposed = try options.bool("dora", default: false, about: "train the lengths of the weight's rows too")
    learningRateRatio = try options.number(
      "loraplus_ratio", default: 1, in: Double.leastNonzeroMagnitude...1e6, about: "learning rate of B over that of A")
    rule = try LowRankRule.read(&options)
    start = try options.choice(
      "init", default: LoRAStart.zero,
      about: "start with no update (drawn in three ways, or found by EVA or MiCA), with a part of the weight (PiSSA, "
        + "OLoRA, CorDA, LoRA-GA), or with what 4 bits lose of it (LoftQ)")
    startOptions = try LoRAStartOptions(of: start, options: &options)
    targets = try TargetSelector.read(&options)
    parameters = try TargetParameters(options: &options)
    hasUpdateBias = try options.optionalBool("lora_bias", about: "give the update a trained bias") ?? false
    biases =
      try options.optionalChoice("bias", about: "train the model's own biases: all, or those of the adapted maps")
      ?? TrainedBiases.none
    savedModules = try SavedModules(options: &options)
    tokens = try TrainedTokens(options: &options)
    blockDiagonal = try BlockDiagonal(options: &options)
    loadedStart = nil
    tiesAdapters = false
    convertedStart = nil
    for (option, problem) in [("rank_pattern", rankPattern.problem), ("alpha_pattern", alphaPattern.problem)] {
      if let problem { throw options.error(option, problem) }
    }
    if let option = optionWithoutParameters {
      throw options.error(option, "cannot be combined with \"target_parameters\"")
    }
    if isWeightDecomposed, start.changesWeight || start == .mica {
      throw options.error("init", "\"\(start.rawValue)\" and dora: true exclude each other")
    }
    if rule != nil, start == .mica || start == .loftq {
      throw options.error("rule", "excludes init: \(start.rawValue)")
    }
    if hasUpdateBias, isWeightDecomposed || start != .zero {
      throw options.error("lora_bias", "excludes dora: true, and any init but zero")
    }
    if rule == .loraFA, learningRateRatio != 1 || isWeightDecomposed || hasUpdateBias {
      throw options.error("rule", "\"lora-fa\" trains B alone: it excludes loraplus_ratio, dora and lora_bias")
    }
    if blockDiagonal != nil, isWeightDecomposed || hasUpdateBias || start != .zero || rule != nil {
      throw options.error("block_diagonal", "excludes dora: true, lora_bias, rule, and any init but zero")
    }
    if start == .orthogonal, let odd = ([rank] + rankPattern.entries.map(\.value)).first(where: { $0 % 2 != 0 }) {
      throw options.error("init", "\"orthogonal\" needs an even rank, found \(odd)")
    }
  }

  var options: [(name: String, value: JSONValue)] {
    // What the private state holds is of half the rank.
    let growth = isConverted ? factor.growthAtTwiceTheRank : 1
    let halves = isConverted ? 2 : 1
    let start = convertedStart ?? loadedStart.map { $0 == .pissa ? .pissa : .olora } ?? start
    let isRemade = start.changesWeight || start == .mica
    var options: [(name: String, value: JSONValue)] = [
      ("rank", JSONValue(rank / halves)), ("alpha", (alpha / growth).document),
      ("rank_pattern", rankPattern.entries.isEmpty ? .null : rankPattern.document { JSONValue($0 / halves) }),
      ("alpha_pattern", alphaPattern.entries.isEmpty ? .null : alphaPattern.document { ($0 / growth).document }),
      ("dropout", JSONValue(dropout)), ("rslora", JSONValue(factor == .alphaOverRootOfRank)),
      ("dora", JSONValue(isWeightDecomposed)), ("loraplus_ratio", JSONValue(learningRateRatio)),
      // Of the others nothing is left once values are loaded.
      ("init", isRemade ? JSONValue(start.rawValue) : .null),
    ]
    if isRemade, !isConverted { options += startOptions.document(of: start) }
    options += LowRankRule.options(rule)
    for option in TargetSelector.options(targets) { options.append((name: option.0, value: option.1)) }
    options += [
      ("target_parameters", parameters.document),
      ("lora_bias", hasUpdateBias ? true : .null), ("bias", biases == .none ? .null : JSONValue(biases.rawValue)),
      ("modules_to_save", savedModules.document), ("trainable_token_indices", tokens.document),
      ("block_diagonal", blockDiagonal?.document ?? .null),
    ]
    return options.filter { $0.value != .null }
  }
}
