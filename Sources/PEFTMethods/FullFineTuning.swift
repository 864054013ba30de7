import PEFTCore

/// Full fine-tuning: every weight of the base model is trained, the reference for score and cost.
///
/// The frozen weights are replaced by float32 parameters; detaching loads the frozen ones again. With `galore` the optimizer
/// works on projections of the linear maps' gradients (`GaLore`), which takes it less memory.
struct FullFineTuning: PEFTMethod {
  static let name = "full"
  static let summary = "every weight is trained: the reference for score and cost"
  static let source = "the base model"

  /// How gradients are projected; nil for not at all.
  let projection: GaLoreOptions?

  init(projection: GaLoreOptions) { self.projection = projection }

  init(options: inout OptionReader) throws {
    guard
      var reader = try options.optionalObject(
        "galore",
        about: "update the linear maps by low-rank projections of their gradients: {rank: 16, update_interval: 200}")
    else {
      projection = nil
      return
    }
    reader.take(GaLoreOptions.aliases)
    let read = try GaLoreOptions(options: &reader)
    try reader.finish()
    options.understood("galore", as: read.document)
    projection = read
  }

  init?(peft settings: AdapterSettings, type: String) throws { return nil }

  var drawsStart: Bool { false }

  var options: [(name: String, value: JSONValue)] { projection.map { [("galore", $0.document)] } ?? [] }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    if let site = model.sites.first(where: \.isOccupied) {
      throw AttachError("\(site.name): every weight is to be trained, but another method is attached")
    }
    // What is meant is looked up before weights are given up.
    if let projection { _ = try (projection.targets ?? TargetSelector(.allLinear)).linears(of: model) }
    let parameters = model.makeEverythingTrainable(context: setting.context)
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(), format: nil,
      projections: try projection?.projections(of: model) ?? [], undo: { model.freezeEverything() })
  }
}
