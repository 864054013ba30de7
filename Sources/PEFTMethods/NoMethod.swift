public import PEFTCore

/// No fine-tuning at all: the base model answers as it is (zero-shot).
public struct NoMethod: PEFTMethod {
  public static let name = "none"
  public static let summary = "no fine-tuning: the base model answers zero-shot"
  public static let source = "the base model"

  public init(options: inout OptionReader) throws {}

  public init?(peft settings: AdapterSettings, type: String) throws { return nil }

  public func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> AttachedMethod {
    AttachedMethod(parameters: [], inferenceCost: InferenceCost(), format: nil, undo: {})
  }
}
