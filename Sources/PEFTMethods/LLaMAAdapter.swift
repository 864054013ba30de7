import PEFTCore

/// LLaMA-Adapter: in the last layers every query also attends to a few learned rows, through a gate that starts shut.
///
///     attention(x) + g · softmax(q·Kᵀ / √d)·V·Wₒᵀ,   K, V = the layer's own maps of P: [tokens, hidden], g: [1]
///
/// Trainable: tokens · hidden + 1 for each of the last `layers` layers. P starts standard normal, g at zero, so that step 0 is
/// the base model. Keys of P have no position. The softmax is over P alone, so that the tokens' attention stays what it
/// was. It cannot be merged: inference costs 4 · tokens · heads · d operations a token and layer. In GPT-2 what is found is
/// added without Wₒ, as PEFT does; families whose queries and keys have norms of their own are refused.
struct LLaMAAdapter: PEFTMethod {
  static let name = "llama-adapter"
  static let summary = "in the last layers queries attend to learned rows too, through a gate"
  static let source = "Zhang et al. 2023, arXiv 2303.16199"
  static let aliases = [
    OptionAlias("adapter_len", of: "tokens", origin: .peft), OptionAlias("adapter_layers", of: "layers", origin: .peft),
  ]

  /// Rows of each layer.
  let tokens: Int
  /// The number of layers, counted from the last one; nil for the paper's share of 30 of 32.
  let layers: Int?

  init(options: inout OptionReader) throws {
    tokens = try options.integer("tokens", default: 10, in: 1...1_000_000, about: "learned rows of each layer")
    layers = try options.optionalInteger(
      "layers", in: 1..., about: "how many of the last layers have them; 30 of 32 unless given")
  }

  private static let type = "ADAPTION_PROMPT"

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.type else { return nil }
    tokens = try settings.integer("adapter_len", in: 1...1_000_000)
    layers = try settings.integer("adapter_layers", in: 1...1_000_000)
  }

  var options: [(name: String, value: JSONValue)] {
    [(name: "tokens", value: JSONValue(tokens))] + (layers.map { [(name: "layers", value: JSONValue($0))] } ?? [])
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let (blocks, configuration) = (model.blocks, model.configuration)
    let count = layers ?? max(1, (blocks.count * 30 + 31) / 32)
    guard count <= blocks.count else {
      throw AttachError("layers: \(count) are more than the model's \(blocks.count)", option: "layers")
    }
    var prompts: [AdaptionPrompt] = []
    for block in blocks.suffix(count) {
      let attention = block.attention
      guard attention.queryNorm == nil, attention.keyNorm == nil, attention.projectionLimit == nil else {
        throw AttachError("\(block.site): queries and keys with norms or limits of their own are not supported")
      }
      if case .interleaved = attention.projection {
        throw AttachError("\(block.site): queries, keys and values that are interleaved are not supported")
      }
      let module = attention.output.site.split(separator: ".").dropLast().joined(separator: ".")
      let prompt = AdaptionPrompt(module, tokens: tokens, hidden: configuration.hiddenSize, setting: setting)
      try placements.place(.attentionPrompt(prompt), at: attention.promptSite)
      prompts.append(prompt)
    }
    let target = prompts.first?.module.split(separator: ".").last.map(String.init) ?? ""
    return AttachedMethod(
      parameters: prompts.flatMap(\.parameters),
      inferenceCost: InferenceCost(
        operationsPerToken: blocks.suffix(count).reduce(0) { $0 + 4 * tokens * $1.shape.queryWidth }),
      format: AdapterFormat(
        peftType: Self.type,
        configuration: [
          ("adapter_len", JSONValue(tokens)), ("adapter_layers", JSONValue(count)),
          ("target_modules", JSONValue(target)),
        ],
        tensors: prompts.flatMap { prompt in
          [
            AdapterTensor(prompt.prompt, shape: [1, tokens, configuration.hiddenSize]),
            AdapterTensor(prompt.openness),
          ]
        }))
  }
}

/// The rows and the gate of one layer.
private final class AdaptionPrompt: AttentionPrompt {
  /// The path of the attention module.
  let module: String
  /// P.
  let prompt: Parameter
  /// g.
  let openness: Parameter

  init(_ module: String, tokens: Int, hidden: Int, setting: AttachmentSetting) {
    self.module = module
    let stream = setting.seeds.child(LLaMAAdapter.name).child(module)
    prompt = Parameter("\(module).adaption_prompt", shape: [tokens, hidden], in: setting.context.pool) {
      stream.normals(tokens * hidden, standardDeviation: 1)
    }
    openness = Parameter("\(module).adaption_gate", shape: [1], in: setting.context.pool) { [0] }
  }

  var parameters: [Parameter] { [prompt, openness] }
  func rows(on tape: Tape) -> Variable { tape.variable(for: prompt) }
  func gate(on tape: Tape) -> Variable { tape.variable(for: openness) }
}
