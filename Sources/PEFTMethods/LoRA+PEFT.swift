import PEFTCore

extension LoRA {
  /// Refuses what changes the mathematics and is not supported, each with its reason.
  static func refuseVariants(_ settings: AdapterSettings) throws {
    try settings.refuse(["layer_replication"], because: "models that are built by repeating layers are not supported")
    try settings.refuse(
      ["alora_invocation_tokens"], because: "updates that begin at some tokens of a prompt (aLoRA) are not supported")
    try settings.refuse(["arrow_config"], because: "routing between several adapters is not supported")
    try settings.refuse(["use_qalora", "use_bdlora", "velora_config", "monteclora_config", "kasa_config"])
  }

  /// An option that is set and that an update of single parameters cannot have.
  var optionWithoutParameters: String? {
    guard !parameters.names.isEmpty else { return nil }
    if dropout > 0 { return "dropout" }
    if isWeightDecomposed { return "dora" }
    if hasUpdateBias { return "lora_bias" }
    return start == .pissa || loadedStart != nil ? "init" : nil
  }

  /// PEFT's names of options that it calls otherwise.
  static let memberNames = ["dropout": "lora_dropout", "dora": "use_dora", "init": "init_lora_weights"]

  /// Starts that leave the base weight alone do not matter to an adapter that is trained; others must be known.
  static func start(_ settings: AdapterSettings) throws -> (Start, LoadedStart?) {
    guard let value = settings["init_lora_weights"], value.bool == nil else { return (.zero, nil) }
    switch value.string?.lowercased() {
    case "gaussian": return (.gaussian, nil)
    case "orthogonal": return (.orthogonal, nil)
    // EVA draws A from activations, MiCA takes B from the weight: neither changes the weight.
    case "eva", "mica": return (.zero, nil)
    case "pissa": return (.zero, .pissa)
    case "olora": return (.zero, .olora)
    case "corda", "lora_ga":
      throw settings.error(
        "init_lora_weights",
        "\(value.shown): the start was taken out of the base weights and depends on data that the file does not have; "
          + "convert the adapter to plain LoRA with PEFT's path_initial_model_for_weight_conversion")
    case "loftq":
      throw settings.error(
        "init_lora_weights",
        "\"loftq\": the adapter belongs to base weights that were quantized together with it, which the file does not "
          + "have")
    case let name? where name.hasPrefix("pissa_niter_"):
      throw settings.error(
        "init_lora_weights",
        "\(value.shown): the start was taken out of the base weights by a random procedure; convert the adapter to "
          + "plain LoRA with PEFT's path_initial_model_for_weight_conversion")
    default: throw settings.error("init_lora_weights", "\(value.shown) is not supported")
    }
  }

  /// The members of adapter_config.json, all that PEFT writes.
  ///
  /// - Parameter converts: Whether PiSSA's matrices are saved as a plain update of twice the rank.
  func members(
    of model: CausalLanguageModel, selector: TargetSelector?, sites: [String], linears: [Linear], converts: Bool
  ) -> [(String, JSONValue)] {
    // Trained minus initial product is one of twice the rank with the same factor.
    let growth = converts ? (isRankStabilized ? 2.0.squareRoot() : 2) : 1
    let rankGrowth = converts ? 2 : 1
    let savedStart: JSONValue =
      switch start {
      case .gaussian, .orthogonal: JSONValue(start.rawValue)
      case .zero, .pissa: loadedStart.map { JSONValue($0.rawValue) } ?? true
      }
    // PEFT does not take layers beside a string.
    let isList = if case .suffixes? = selector?.pattern { true } else { false }
    let listsSites = selector == nil || selector?.layers != nil && !isList
    return [
      ("alora_invocation_tokens", .null),
      ("alpha_pattern", alphaPattern.document { ($0 * growth).document }), ("arrow_config", .null),
      ("bias", JSONValue(biases.rawValue)), ("corda_config", .null), ("ensure_weight_tying", false),
      ("eva_config", .null), ("exclude_modules", listsSites ? .null : selector?.excludedDocument ?? .null),
      ("fan_in_fan_out", JSONValue(linears.contains { model.storesTransposed($0) })),
      ("init_lora_weights", savedStart), ("kasa_config", .null), ("layer_replication", .null),
      ("layers_pattern", listsSites ? .null : selector?.layersPatternDocument ?? .null),
      ("layers_to_transform", listsSites ? .null : selector?.layersDocument ?? .null), ("loftq_config", [:]),
      ("lora_alpha", (alpha * growth).document), ("lora_bias", JSONValue(hasUpdateBias)),
      ("lora_dropout", JSONValue(dropout)), ("lora_ga_config", .null), ("megatron_config", .null),
      ("megatron_core", "megatron.core"), ("modules_to_save", savedModules.document),
      ("monteclora_config", .null), ("qalora_group_size", 16), ("r", JSONValue(rankGrowth * rank)),
      ("rank_pattern", rankPattern.document { JSONValue(rankGrowth * $0) }),
      ("target_modules", listsSites ? JSONValue(sites) : selector?.document() ?? .null),
      ("target_parameters", parameters.document),
      ("trainable_token_indices", tokens.document), ("use_bdlora", .null), ("use_dora", JSONValue(isWeightDecomposed)),
      ("use_qalora", false), ("use_rslora", JSONValue(isRankStabilized)), ("velora_config", .null),
    ]
  }
}

extension Double {
  /// As JSON, whole numbers without a fraction.
  var document: JSONValue { Int(exactly: self).map { JSONValue($0) } ?? JSONValue(self) }
}
