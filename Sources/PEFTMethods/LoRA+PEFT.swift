import PEFTCore

extension LoRA {
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
    factor = try settings.bool("use_rslora", default: false) ? .alphaOverRootOfRank : .alphaOverRank
    isWeightDecomposed = try settings.bool("use_dora", default: false)
    hasUpdateBias = try settings.bool("lora_bias", default: false)
    learningRateRatio = 1
    rule = nil
    parameters = try TargetParameters(peft: settings)
    targets = try settings.targets(orNone: !parameters.names.isEmpty)
    guard let biases = TrainedBiases(rawValue: try settings.string("bias", default: "none")) else {
      throw settings.error("bias", "expected none, all or lora_only")
    }
    self.biases = biases
    savedModules = try SavedModules(peft: settings)
    tokens = try TrainedTokens(peft: settings)
    tiesAdapters = try settings.bool("ensure_weight_tying", default: false)
    blockDiagonal = try BlockDiagonal(peft: settings)
    convertedStart =
      settings.hasState
      ? settings.start.flatMap(LoRAStart.init(rawValue:)).flatMap { $0.isTakenOut ? $0 : nil } ?? .pissa : nil
    (start, loadedStart, startOptions) = try Self.start(settings)
    if let option = optionWithoutParameters {
      throw settings.error(Self.memberNames[option] ?? option, "cannot be combined with \"target_parameters\"")
    }
    if blockDiagonal != nil, isWeightDecomposed || hasUpdateBias || loadedStart != nil {
      throw settings.error("use_bdlora", "excludes use_dora, lora_bias and starts that are taken out of the weight")
    }
    if isWeightDecomposed, start == .mica || start == .loftq {
      throw settings.error("init_lora_weights", "\"\(start.rawValue)\" with use_dora is not supported")
    }
    if isWeightDecomposed, let loadedStart {
      throw settings.error("init_lora_weights", "\"\(loadedStart.rawValue)\" with use_dora is not supported")
    }
  }

  /// Refuses what changes the mathematics and is not supported, each with its reason.
  static func refuseVariants(_ settings: AdapterSettings) throws {
    try settings.refuse(["layer_replication"], because: "models that are built by repeating layers are not supported")
    try settings.refuse(
      ["alora_invocation_tokens"], because: "updates that begin at some tokens of a prompt (aLoRA) are not supported")
    try settings.refuse(["arrow_config"], because: "routing between several adapters is not supported")
    try settings.refuse(["use_qalora", "velora_config", "monteclora_config", "kasa_config"])
  }

  /// An option that is set and that an update of single parameters cannot have.
  var optionWithoutParameters: String? {
    guard !parameters.names.isEmpty else { return nil }
    if dropout > 0 { return "dropout" }
    if isWeightDecomposed { return "dora" }
    if hasUpdateBias { return "lora_bias" }
    if blockDiagonal != nil { return "block_diagonal" }
    return !start.isDrawn || loadedStart != nil ? "init" : nil
  }

  /// PEFT's names of options that it calls otherwise.
  static let memberNames = [
    "dropout": "lora_dropout", "dora": "use_dora", "init": "init_lora_weights", "block_diagonal": "use_bdlora",
  ]

  /// Starts that leave the base weight alone do not matter to an adapter that is trained; others must be known.
  static func start(_ settings: AdapterSettings) throws -> (LoRAStart, LoadedStart?, LoRAStartOptions) {
    var options = LoRAStartOptions()
    guard let value = settings["init_lora_weights"], value.bool == nil else { return (.zero, nil, options) }
    switch value.string?.lowercased() {
    case "gaussian": return (.gaussian, nil, options)
    case "orthogonal": return (.orthogonal, nil, options)
    // EVA took A from activations.
    case "eva": return (.zero, nil, options)
    case "mica": return (.mica, nil, options)
    case "pissa": return (.zero, .pissa, options)
    case "olora": return (.zero, .olora, options)
    case "corda", "lora_ga":
      throw settings.error(
        "init_lora_weights",
        "\(value.shown): the start was taken out of the base weights and depends on data that the file does not have; "
          + "convert the adapter to plain LoRA with PEFT's path_initial_model_for_weight_conversion")
    case "loftq":
      guard settings["loftq_config"]?[QuantizedWeight.ownMember]?.bool == true else {
        throw settings.error(
          "init_lora_weights",
          "\"loftq\": the adapter belongs to base weights that were quantized together with it, which the file does not "
            + "have")
      }
      options.iterations = try settings.integer("loftq_config", member: "loftq_iter", default: 1, in: 1...100)
      return (.loftq, nil, options)
    case let name? where name.hasPrefix("pissa_niter_"):
      throw settings.error(
        "init_lora_weights",
        "\(value.shown): the start was taken out of the base weights by a random procedure; convert the adapter to "
          + "plain LoRA with PEFT's path_initial_model_for_weight_conversion")
    default: throw settings.error("init_lora_weights", "\(value.shown) is not supported")
    }
  }

  /// The members of adapter_config.json that say something; the others are in `AdapterFormat.constantMembers`.
  ///
  /// - Parameter converts: Whether PiSSA's matrices are saved as a plain update of twice the rank.
  func members(
    of model: CausalLanguageModel, selector: TargetSelector?, sites: [String], linears: [Linear], converts: Bool
  ) -> [(String, JSONValue)] {
    // Trained minus initial product is one of twice the rank with the same factor.
    let growth = converts ? factor.growthAtTwiceTheRank : 1
    let rankGrowth = converts ? 2 : 1
    let savedStart: JSONValue =
      switch start {
      case .gaussian, .orthogonal, .eva, .mica, .loftq: JSONValue(start.peftName)
      case .zero, .pissa, .olora, .corda, .loraGA: loadedStart.map { JSONValue($0.rawValue) } ?? true
      }
    let startMembers = startOptions.members(of: start)
    // PEFT does not take layers beside a string.
    let isList = if case .suffixes? = selector?.pattern { true } else { false }
    let listsSites = selector == nil || selector?.layers != nil && !isList
    return [
      ("alpha_pattern", alphaPattern.document { ($0 * growth).document }), ("bias", JSONValue(biases.rawValue)),
      ("exclude_modules", listsSites ? .null : selector?.excludedDocument ?? .null),
      ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: linears))),
      ("init_lora_weights", savedStart),
      ("layers_pattern", listsSites ? .null : selector?.layersPatternDocument ?? .null),
      ("layers_to_transform", listsSites ? .null : selector?.layersDocument ?? .null),
      ("lora_alpha", (alpha * growth).document), ("lora_bias", JSONValue(hasUpdateBias)),
      ("lora_dropout", JSONValue(dropout)), ("modules_to_save", savedModules.document),
      ("r", JSONValue(rankGrowth * rank)), ("rank_pattern", rankPattern.document { JSONValue(rankGrowth * $0) }),
      ("target_modules", listsSites ? JSONValue(sites) : selector?.document() ?? .null),
      ("target_parameters", parameters.document), ("trainable_token_indices", tokens.document),
      ("use_bdlora", blockDiagonal?.peftDocument ?? .null),
      ("use_dora", JSONValue(isWeightDecomposed)), ("use_rslora", JSONValue(factor == .alphaOverRootOfRank)),
    ] + startMembers
  }
}

extension LoRAStartOptions {
  /// The members of adapter_config.json that a start has, where its name stands in the file.
  func members(of start: LoRAStart) -> [(String, JSONValue)] {
    switch start {
    case .eva:
      [
        (
          "eva_config",
          [
            "adjust_scaling_factors": JSONValue(adjustsAlpha), "label_mask_value": -100, "rho": rho.document,
            "tau": tau.document, "use_label_mask": JSONValue(!seesPrompts), "whiten": JSONValue(whitens),
          ]
        )
      ]
    case .loftq:
      [
        (
          "loftq_config",
          ["loftq_bits": 4, "loftq_iter": JSONValue(iterations), QuantizedWeight.ownMember: true]
        )
      ]
    default: []
    }
  }
}

extension Double {
  /// As JSON, whole numbers without a fraction.
  var document: JSONValue { Int(exactly: self).map { JSONValue($0) } ?? JSONValue(self) }
}
