public import PEFTCore

/// No fine-tuning at all: the base model answers as it is (zero-shot).
public struct NoMethod: PEFTMethod {
  public static let name = "none"
  public static let summary = "no fine-tuning: the base model answers zero-shot"
  public static let source = "the base model"

  public init(options: inout OptionReader) throws {}

  public func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> Attachment {
    Attachment(parameters: [], inferenceCost: InferenceCost(), format: nil, undo: {})
  }
}
