import PEFTCore

/// P-tuning: virtual tokens before every sequence, computed by a small trained encoder.
///
///     P = encoder(E),   E: [tokens, hidden];   mlp: three linear layers with ReLU between;
///     lstm: a bidirectional LSTM of two layers over the tokens, then linear, ReLU, linear
///
/// Trainable, h the model's width and m the encoder's: tokens · h and for the MLP (h + 1)·m + (m + 1)·m + (m + 1)·h, for
/// the LSTM 8m(h + m + 2) + 8m(3m + 2) + (2m + 1)·2m + (2m + 1)·h. E starts standard normal and the encoder as PyTorch
/// does, as in PEFT. Step 0 is not the base model: it reads some virtual tokens more. The encoder is dropped at export,
/// which holds its outputs; PEFT cannot resume from that, so the encoder lies in the private state file beside it.
struct PTuning: PEFTMethod {
  static let name = "p-tuning"
  static let summary = "virtual tokens that a small trained encoder computes"
  static let source = "Liu et al. 2021, arXiv 2103.10385"
  static let aliases = [
    OptionAlias("num_virtual_tokens", of: "tokens", origin: .peft),
    OptionAlias(
      "encoder_reparameterization_type", of: "encoder", origin: .peft,
      translations: [.init("MLP", "mlp"), .init("LSTM", "lstm")], takesOthers: false),
  ]

  /// The encoder's kind.
  enum Encoder: String, CaseIterable, Sendable { case mlp, lstm }

  /// How virtual tokens are trained.
  enum Form: Sendable, Equatable {
    /// By an encoder; `hidden` nil for the model's width.
    case encoded(Encoder, hidden: Int?)
    /// As they are: what an adapter without its encoder still allows.
    case plain
  }

  /// Number of virtual tokens.
  let tokens: Int
  /// How they are trained.
  let form: Form

  init(options: inout OptionReader) throws {
    tokens = try options.integer("tokens", default: 20, in: 1...1_000_000, about: "number of virtual tokens")
    let encoder = try options.choice("encoder", default: Encoder.mlp, about: "what computes the virtual tokens")
    let hidden = try options.optionalInteger(
      "encoder_hidden_size", in: 1...1_000_000, about: "width of the encoder; the model's unless given")
    form = .encoded(encoder, hidden: hidden)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "P_TUNING" else { return nil }
    try settings.refuse(["modules_to_save"])
    tokens = try settings.integer("num_virtual_tokens", in: 1...1_000_000)
    guard settings.hasState else {
      form = .plain
      return
    }
    let kind = try settings.string("encoder_reparameterization_type", default: "MLP")
    guard let encoder = Encoder(rawValue: kind.lowercased()) else {
      throw settings.error("encoder_reparameterization_type", "expected MLP or LSTM")
    }
    form = .encoded(encoder, hidden: try settings.integer("encoder_hidden_size", in: 1...1_000_000))
  }

  var options: [(name: String, value: JSONValue)] {
    guard case .encoded(let encoder, let hidden) = form else { return [("tokens", JSONValue(tokens))] }
    return [("tokens", JSONValue(tokens)), ("encoder", JSONValue(encoder.rawValue))]
      + (hidden.map { [(name: "encoder_hidden_size", value: JSONValue($0))] } ?? [])
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let hidden = model.configuration.hiddenSize
    let (encoder, width): (Encoder, Int)
    let prompt: PromptEncoder
    switch form {
    case .encoded(let kind, let size):
      (encoder, width) = (kind, size ?? hidden)
      prompt =
        switch kind {
        case .mlp: MLPPromptEncoder(tokens: tokens, hidden: hidden, width: width, setting: setting)
        case .lstm: LSTMPromptEncoder(tokens: tokens, hidden: hidden, width: width, setting: setting)
        }
    case .plain:
      (encoder, width) = (.mlp, hidden)
      prompt = PromptEncoder(tokens: tokens, hidden: hidden, name: "prompt_embeddings", setting: setting)
    }
    try placements.place(.virtualTokens(prompt), at: model.sequenceStart)
    let isPlain = form == .plain
    let context = setting.context
    return AttachedMethod(
      parameters: prompt.parameters, inferenceCost: InferenceCost(virtualTokens: tokens),
      format: AdapterFormat(
        peftType: "P_TUNING",
        configuration: PromptTuning.promptMembers(of: model, tokens: tokens) + [
          ("encoder_reparameterization_type", JSONValue(encoder.rawValue.uppercased())),
          ("encoder_hidden_size", JSONValue(width)),
        ],
        tensors: [
          AdapterTensor(
            key: "prompt_embeddings", shape: [tokens, hidden],
            values: { prompt.embeddings(on: Tape(context: context, recording: false)).value.values },
            assign: isPlain ? { prompt.parameters[0].assign($0) } : nil)
        ],
        state: isPlain ? [] : prompt.parameters.map { AdapterTensor($0, key: $0.name) }))
  }
}

/// Virtual tokens as a trained table, and the base of the encoders that compute them from it.
private class PromptEncoder: SoftPrompt {
  fileprivate let table: Parameter

  init(tokens: Int, hidden: Int, name: String = "embedding.weight", setting: AttachmentSetting) {
    let stream = setting.seeds.child(PTuning.name).child("embedding")
    table = Parameter(name, shape: [tokens, hidden], in: setting.context.pool) {
      stream.normals(tokens * hidden, standardDeviation: 1)
    }
  }

  var parameters: [Parameter] { [table] }
  final var count: Int { table.shape[0] }

  func embeddings(on tape: Tape) -> Variable { tape.variable(for: table) }
}

private final class MLPPromptEncoder: PromptEncoder {
  private let layers: [PromptEncoderLayer]

  init(tokens: Int, hidden: Int, width: Int, setting: AttachmentSetting) {
    let seeds = setting.seeds.child(PTuning.name)
    layers = [("mlp_head.0", hidden, width), ("mlp_head.2", width, width), ("mlp_head.4", width, hidden)].map {
      PromptEncoderLayer($0.0, inputs: $0.1, outputs: $0.2, seeds: seeds, setting: setting)
    }
    super.init(tokens: tokens, hidden: hidden, setting: setting)
  }

  override var parameters: [Parameter] { [table] + layers.flatMap(\.parameters) }

  override func embeddings(on tape: Tape) -> Variable {
    let first = tape.apply(.relu, to: layers[0](tape.variable(for: table), on: tape))
    return layers[2](tape.apply(.relu, to: layers[1](first, on: tape)), on: tape)
  }
}

private final class LSTMPromptEncoder: PromptEncoder {
  private let directions: [[Parameter]]
  private let layers: [PromptEncoderLayer]

  init(tokens: Int, hidden: Int, width: Int, setting: AttachmentSetting) {
    let seeds = setting.seeds.child(PTuning.name)
    let bound = 1 / Float(width).squareRoot()
    directions = [("l0", hidden), ("l0_reverse", hidden), ("l1", 2 * width), ("l1_reverse", 2 * width)].map {
      suffix, inputs in
      [
        ("weight_ih", [4 * width, inputs]), ("weight_hh", [4 * width, width]), ("bias_ih", [4 * width]),
        ("bias_hh", [4 * width]),
      ]
      .map { part, shape in
        let name = "lstm_head.\(part)_\(suffix)"
        return Parameter(name, shape: shape, in: setting.context.pool) {
          seeds.child(name).uniforms(shape.reduce(1, *), in: -bound...bound)
        }
      }
    }
    layers = [("mlp_head.0", 2 * width, 2 * width), ("mlp_head.2", 2 * width, hidden)].map {
      PromptEncoderLayer($0.0, inputs: $0.1, outputs: $0.2, seeds: seeds, setting: setting)
    }
    super.init(tokens: tokens, hidden: hidden, setting: setting)
  }

  override var parameters: [Parameter] { [table] + directions.flatMap(\.self) + layers.flatMap(\.parameters) }

  override func embeddings(on tape: Tape) -> Variable {
    func both(_ x: Variable, _ layer: Int) -> Variable {
      let halves = (0..<2).map { direction in
        let weights = directions[2 * layer + direction].map { tape.variable(for: $0) }
        return tape.longShortTermMemory(
          x, inputWeight: weights[0], stateWeight: weights[1], inputBias: weights[2], stateBias: weights[3],
          isReversed: direction == 1)
      }
      return tape.joinColumns(halves[0], halves[1])
    }
    let states = both(both(tape.variable(for: table), 0), 1)
    return layers[1](tape.apply(.relu, to: layers[0](states, on: tape)), on: tape)
  }
}
