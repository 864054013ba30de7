import PEFTCore

/// Full fine-tuning: every weight of the base model is trained, the reference for score and cost.
///
/// The frozen weights are replaced by float32 parameters; detaching loads the frozen ones again.
struct FullFineTuning: PEFTMethod {
  static let name = "full"
  static let summary = "every weight is trained: the reference for score and cost"
  static let source = "the base model"

  init(options: inout OptionReader) throws {}

  init?(peft settings: AdapterSettings, type: String) throws { return nil }

  var options: [(name: String, value: JSONValue)] { [] }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    if let site = model.sites.first(where: \.isOccupied) {
      throw AttachError("\(site.name): every weight is to be trained, but another method is attached")
    }
    let parameters = model.makeEverythingTrainable(context: setting.context)
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(), format: nil,
      undo: { model.freezeEverything() })
  }
}
