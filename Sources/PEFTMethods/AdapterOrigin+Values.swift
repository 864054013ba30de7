public import PEFTCore

extension AdapterOrigin {
  /// The values that the method draws or computes on a model, as its adapter's file would have them.
  ///
  /// - Parameters:
  ///   - model: The model, with nothing attached. Weights must be loaded for starts that are computed from them.
  ///   - tokenizer: Its tokenizer, for starts from a text.
  ///   - context: Memory and threads.
  ///   - start: The adapter that the values were taken from, as it is saved, if they were not drawn.
  ///   - path: What errors call the description.
  /// - Throws: `DocumentError` for options that the method does not have; `AttachError` for another model.
  public func values(
    on model: CausalLanguageModel, tokenizer: Tokenizer?, context: ComputeContext, from start: AdapterFile? = nil,
    named path: String = AdapterOrigin.fileName
  ) throws -> [AdapterArray] {
    let text = DocumentText(name: path, bytes: [])
    guard let type = MethodRegistry.method(named: method) else {
      throw DocumentError(MethodRegistry.unknown(method), at: 0, of: text)
    }
    var reader = try OptionReader(
      value: DocumentValue(json: .object(options), at: 0), text: text, what: "method \(method)", path: "options")
    let setting = AttachmentSetting(seeds: Self.stream(seed: seed), context: context, tokenizer: tokenizer)
    let method = try type.init(reading: &reader)
    try reader.finish()
    let attachment = try method.attach(to: model, with: setting)
    defer { attachment.detach() }
    try method.begin(attachment, from: start)
    return attachment.format?.savedArrays ?? []
  }
}
