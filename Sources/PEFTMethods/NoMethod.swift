import PEFTCore

/// No fine-tuning at all: the base model answers as it is (zero-shot).
struct NoMethod: PEFTMethod {
  static let name = "none"
  static let summary = "no fine-tuning: the base model answers zero-shot"
  static let source = "the base model"
  static let trains = false

  init(options: inout OptionReader) throws {}

  init?(peft settings: AdapterSettings, type: String) throws { return nil }

  var options: [(name: String, value: JSONValue)] { [] }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    AttachedMethod(parameters: [], inferenceCost: InferenceCost(), format: nil)
  }
}
