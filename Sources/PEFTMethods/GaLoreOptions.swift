import PEFTCore

/// How full fine-tuning projects the gradients of linear maps (`GaLore`), and of which.
struct GaLoreOptions: Sendable, Equatable {
  /// The projection.
  let galore: GaLore
  /// The maps whose gradients are projected; nil for those of the blocks.
  let targets: TargetSelector?

  /// PEFT-Factory's names, and those of the package galore_torch.
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("galore_rank", of: "rank", origin: .factory),
    OptionAlias("update_proj_gap", of: "update_interval", origin: .peft),
    OptionAlias("galore_update_interval", of: "update_interval", origin: .factory),
    OptionAlias("galore_scale", of: "scale", origin: .factory),
    OptionAlias("galore_proj_type", of: "proj_type", origin: .factory),
    OptionAlias(
      "galore_target", of: "target_modules", origin: .factory, translations: [.init("all", "all-linear")],
      isCommaList: true),
  ]

  /// Reads the options, whose defaults are PEFT-Factory's.
  init(options: inout OptionReader) throws {
    galore = GaLore(
      rank: try options.integer(
        "rank", default: 16, in: 1..., about: "singular vectors that a gradient is projected on"),
      updateInterval: try options.integer(
        "update_interval", default: 200, in: 1..., about: "steps between two projections"),
      scale: try options.number(
        "scale", default: 2, in: Double.leastNonzeroMagnitude...1e6, about: "multiplies the steps of projected weights"),
      projection: try options.choice(
        "proj_type", default: GaLore.Projection.std,
        about: "the side that is projected: the shorter one (std), the longer one, the right or left one, or both"))
    targets = try TargetSelector.read(&options)
  }

  /// The options that make it again.
  var options: [(name: String, value: JSONValue)] {
    [
      ("rank", JSONValue(galore.rank)), ("update_interval", JSONValue(galore.updateInterval)),
      ("scale", galore.scale.document), ("proj_type", JSONValue(galore.projection.rawValue)),
    ] + TargetSelector.options(targets).map { (name: $0.0, value: $0.1) }.filter { $0.value != .null }
  }

  /// As a config has it under one key.
  var document: JSONValue { .object(JSONObject(distinct: options.map { (key: $0.name, value: $0.value) })) }

  /// The projected parameters among those of a model all of whose weights are trained: the turned maps apart.
  ///
  /// - Throws: `AttachError` if no map is meant.
  func projections(of model: CausalLanguageModel) throws -> [(parameters: [Parameter], galore: GaLore)] {
    let maps = try (targets ?? TargetSelector(.allLinear)).linears(of: model)
    return [false, true].compactMap { isTurned in
      var galore = galore
      galore.isTurned = isTurned
      let parameters = maps.filter { model.storesTransposed($0) == isTurned }.compactMap(\.trainedWeight)
      return parameters.isEmpty ? nil : (parameters, galore)
    }
  }
}

/// GaLore: full fine-tuning whose optimizer works on low-rank projections of the gradients.
struct GaLoreMethod: PEFTMethod {
  static let name = "galore"
  static let summary = "every weight is trained, by low-rank projections of its gradient: full with galore"
  static let source = "Zhao et al. 2024, arXiv 2403.03507"
  static let variantOf: String? = FullFineTuning.name
  static let aliases = GaLoreOptions.aliases

  private let projection: GaLoreOptions

  init(options: inout OptionReader) throws { projection = try GaLoreOptions(options: &options) }

  init?(peft settings: AdapterSettings, type: String) throws { return nil }

  var options: [(name: String, value: JSONValue)] { projection.options }

  var drawsStart: Bool { false }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    try FullFineTuning(projection: projection).attach(to: model, with: setting, placing: placements)
  }
}
