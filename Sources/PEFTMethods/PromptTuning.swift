import PEFTCore

/// Prompt tuning: trainable embeddings of virtual tokens before every sequence; the model itself stays as it is.
///
///     [p₁ … pₙ, embed(x₁) … embed(x_T)] → frozen model,   P: [tokens, hidden]
///
/// Trainable: tokens · hidden. The rows start as embeddings of real tokens, drawn from the common part of the
/// vocabulary or taken from a text: random ones (standard normal, PEFT's default) lie far from all embeddings of a
/// pretrained model and train slowly. Step 0 is therefore not the base model: it reads some tokens more. At
/// inference the virtual tokens cost their positions. PEFT's SAMPLE_VOCAB draws from the whole vocabulary.
struct PromptTuning: PEFTMethod {
  static let name = "prompt-tuning"
  static let summary = "trainable embeddings of virtual tokens before every sequence"
  static let source = "Lester et al. 2021, arXiv 2104.08691"
  static let aliases = [
    OptionAlias("num_virtual_tokens", of: "tokens", origin: .peft),
    OptionAlias(
      "prompt_tuning_init", of: "init", origin: .peft,
      translations: [.init("RANDOM", "random"), .init("TEXT", "text"), .init("SAMPLE_VOCAB", "vocabulary")],
      takesOthers: false),
    OptionAlias("prompt_tuning_init_text", of: "init_text", origin: .peft),
  ]

  /// Number of virtual tokens.
  let tokens: Int
  /// What they start from.
  let start: PromptStart
  /// The text, for `PromptStart.text`.
  let text: String?

  init(options: inout OptionReader) throws {
    tokens = try options.integer("tokens", default: 100, in: 1...1_000_000, about: "number of virtual tokens")
    let (start, text) = try PromptStart.read(&options, default: .vocabulary)
    self.start = start ?? .vocabulary
    self.text = text
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "PROMPT_TUNING" else { return nil }
    try settings.refuse(["modules_to_save"])
    tokens = try settings.integer("num_virtual_tokens", in: 1...1_000_000)
    start = .random
    text = nil
  }

  var options: [(name: String, value: JSONValue)] { [("tokens", JSONValue(tokens))] }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let hidden = model.configuration.hiddenSize
    let count = tokens
    let seeds = setting.seeds.child(Self.name)
    let ids = try start.tokens(count, text: text, model: model, setting: setting, purpose: Self.name)
    let prompt = Parameter("prompt_embeddings", shape: [count, hidden], in: setting.context.pool) { [unowned model] in
      guard let ids else { return seeds.normals(count * hidden, standardDeviation: 1) }
      let scale = model.configuration.embeddingScale
      return ids.flatMap { id in model.embedding.vector(Int(id)).map { $0 * scale } }
    }
    try placements.place(.virtualTokens(VirtualTokens(prompt)), at: model.sequenceStart)
    return AttachedMethod(
      parameters: [prompt], inferenceCost: InferenceCost(virtualTokens: count),
      format: AdapterFormat(
        peftType: "PROMPT_TUNING",
        configuration: Self.promptMembers(of: model, tokens: count),
        tensors: [AdapterTensor(prompt, key: "prompt_embeddings")]))
  }

  /// The members that PEFT writes for every method with virtual tokens of the embeddings' width.
  static func promptMembers(of model: CausalLanguageModel, tokens: Int) -> [(String, JSONValue)] {
    let configuration = model.configuration
    return [
      ("num_virtual_tokens", JSONValue(tokens)), ("token_dim", JSONValue(configuration.hiddenSize)),
      ("num_attention_heads", JSONValue(configuration.headCount)),
      ("num_layers", JSONValue(configuration.layerCount)),
    ]
  }
}

/// Virtual tokens that are trained as they are.
private final class VirtualTokens: SoftPrompt {
  private let rows: Parameter

  init(_ rows: Parameter) { self.rows = rows }

  var parameters: [Parameter] { [rows] }
  var count: Int { rows.shape[0] }

  func embeddings(on tape: Tape) -> Variable { tape.variable(for: rows) }
}
