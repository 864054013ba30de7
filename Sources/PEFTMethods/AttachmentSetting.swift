public import PEFTCore

/// What a method may need to attach, besides the model.
public struct AttachmentSetting {
  /// Where initial values are drawn from.
  public let seeds: SeedStream
  /// Memory and threads.
  public let context: ComputeContext
  /// For initializations from a text; nil where no tokenizer is at hand (counting parameters).
  public let tokenizer: Tokenizer?

  /// The training rows that a start may look at.
  public let rows: StartRows

  /// What keeps draws of the training apart that are told by their site alone, of two parts of one method.
  let namespace: String

  /// Creates the setting.
  public init(
    seeds: SeedStream, context: ComputeContext, tokenizer: Tokenizer? = nil, rows: StartRows = .missing
  ) {
    self.init(seeds: seeds, context: context, tokenizer: tokenizer, rows: rows, namespace: "")
  }

  private init(
    seeds: SeedStream, context: ComputeContext, tokenizer: Tokenizer?, rows: StartRows, namespace: String
  ) {
    self.seeds = seeds
    self.context = context
    self.tokenizer = tokenizer
    self.rows = rows
    self.namespace = namespace
  }

  /// The same setting with other rows.
  public func with(rows: StartRows) -> AttachmentSetting {
    AttachmentSetting(seeds: seeds, context: context, tokenizer: tokenizer, rows: rows, namespace: namespace)
  }

  /// The setting for one part of a combined method, which draws apart from the others.
  func part(_ name: String) -> AttachmentSetting {
    AttachmentSetting(
      seeds: seeds.child(name), context: context, tokenizer: tokenizer, rows: rows, namespace: "\(namespace)\(name)/")
  }
}
