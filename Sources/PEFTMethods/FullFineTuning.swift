public import PEFTCore

/// Full fine-tuning: every weight of the base model is trained, the reference for score and cost.
///
/// The frozen weights are replaced by float32 parameters; detaching loads the frozen ones again.
public struct FullFineTuning: PEFTMethod {
  public static let name = "full"
  public static let summary = "every weight is trained: the reference for score and cost"
  public static let source = "the base model"

  public init(options: inout OptionReader) throws {}

  public func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> Attachment {
    let parameters = model.makeEverythingTrainable(context: setting.context)
    return Attachment(
      parameters: parameters, inferenceCost: InferenceCost(), format: nil,
      undo: { model.freezeEverything() })
  }
}
