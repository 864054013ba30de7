import PEFTCore

/// Prefix tuning: trainable keys and values of virtual positions, for every layer, before every sequence.
///
///     attention(q, [Kₚ; K], [Vₚ; V]),   Kₚ, Vₚ: [tokens, keyValueWidth of the layer]
///     with projection:  [Kₚ, Vₚ of all layers] = tanh(E·W₁ᵀ + b₁)·W₂ᵀ + b₂
///
/// Trainable: tokens · layers · 2 · keyValueWidth; with projection tokens · w + (w + 1) · h + (h + 1) · layers · 2 · w,
/// w the keys' width and h the encoder's. Starts at the keys and values that the model itself computes for real
/// tokens (Li and Liang's real-word start, which PEFT lacks): random ones (PEFT's default, the only start of a
/// projection) derail the model at step 0. The projection is dropped at export, as in PEFT. Given keys are used as
/// they are, as PEFT does: they carry whatever rotation they were computed with. The prefix costs positions to attend to.
struct PrefixTuning: PEFTMethod {
  static let name = "prefix-tuning"
  static let summary = "trainable keys and values before the first token of every layer"
  static let source = "Li and Liang 2021, arXiv 2101.00190"
  static let aliases = [
    OptionAlias("num_virtual_tokens", of: "tokens", origin: .peft),
    OptionAlias("prefix_projection", of: "projection", origin: .peft),
  ]

  /// Number of virtual positions.
  let tokens: Int
  /// Width of the encoder's inner layer; nil for no projection.
  let encoder: Encoder?
  /// What the prefix starts from.
  let start: PromptStart
  /// The text, for `PromptStart.text`.
  let text: String?

  /// The reparametrizing network.
  struct Encoder: Sendable, Equatable {
    /// Width of its inner layer; nil for the keys' width.
    let hidden: Int?
  }

  init(options: inout OptionReader) throws {
    tokens = try options.integer("tokens", default: 20, in: 1...1_000_000, about: "number of virtual positions")
    let projects = try options.bool(
      "projection", default: false, about: "compute the prefix by a two-layer network while training")
    let hidden = try options.optionalInteger(
      "encoder_hidden_size", in: 1...1_000_000,
      about: "width of the projection's inner layer; that of the keys unless given")
    encoder = projects ? Encoder(hidden: hidden) : nil
    let (start, text) = try PromptStart.read(&options, default: nil)
    if projects, let start, start != .random {
      throw options.error("init", "a projection starts at random; \"\(start.rawValue)\" needs projection: false")
    }
    self.start = start ?? (projects ? .random : .vocabulary)
    self.text = text
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "PREFIX_TUNING" else { return nil }
    try settings.refuse(["modules_to_save"])
    tokens = try settings.integer("num_virtual_tokens", in: 1...1_000_000)
    // PEFT exports the projected prefix alone; only our own state file has the projection.
    let projects = try settings.bool("prefix_projection", default: false) && settings.hasState
    encoder = projects ? Encoder(hidden: try settings.integer("encoder_hidden_size", in: 1...1_000_000)) : nil
    start = .random
    text = nil
  }

  var options: [(name: String, value: JSONValue)] {
    let hidden = encoder?.hidden.map { [(name: "encoder_hidden_size", value: JSONValue($0))] } ?? []
    return [("tokens", JSONValue(tokens)), ("projection", JSONValue(encoder != nil))] + hidden
  }

  var impliedOptions: [(name: String, value: JSONValue)] { [("init", JSONValue(start.rawValue))] }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let configuration = model.configuration
    let widths = model.blockShapes.map(\.keyValueWidth)
    let width = widths.max() ?? 0
    let prefix: any TrainedPrefix =
      if let encoder {
        ProjectedPrefix(
          tokens: tokens, widths: widths, width: width, hidden: encoder.hidden ?? width, setting: setting)
      } else {
        PlainPrefix(
          tokens: tokens, widths: widths,
          start: try start.tokens(tokens, text: text, model: model, setting: setting, purpose: Self.name),
          model: model, setting: setting)
      }
    try placements.place(.prefix(prefix), at: model.sequenceStart)
    let context = setting.context
    return AttachedMethod(
      parameters: prefix.parameters, inferenceCost: InferenceCost(prefixPositions: tokens),
      format: AdapterFormat(
        peftType: "PREFIX_TUNING",
        configuration: [
          ("num_virtual_tokens", JSONValue(tokens)), ("token_dim", JSONValue(width)),
          ("num_attention_heads", JSONValue(configuration.keyValueHeadCount)),
          ("num_layers", JSONValue(configuration.layerCount)),
          ("prefix_projection", JSONValue(encoder != nil)),
          ("encoder_hidden_size", JSONValue(encoder?.hidden ?? width)),
        ],
        tensors: [
          AdapterTensor(
            key: "prompt_embeddings", shape: [tokens, 2 * widths.reduce(0, +)],
            values: { prefix.rows(on: Tape(context: context, recording: false)).value.values },
            assign: encoder == nil ? { prefix.parameters[0].assign($0) } : nil)
        ],
        state: encoder == nil ? [] : prefix.parameters.map { AdapterTensor($0, key: $0.name) }))
  }
}

/// A prefix that can be seen as PEFT stores it: one row a position, keys and values of all layers side by side.
private protocol TrainedPrefix: KeyValuePrefix {
  /// Width of the keys (or values) of each layer.
  var widths: [Int] { get }
  func rows(on tape: Tape) -> Variable
}

extension TrainedPrefix {
  func keysAndValues(on tape: Tape) -> [PrefixKeyValues] {
    let all = rows(on: tape)
    var end = 0
    return widths.map { width in
      let first = end
      end += 2 * width
      return PrefixKeyValues(
        keys: tape.columns(first..<(first + width), of: all),
        values: tape.columns((first + width)..<(first + 2 * width), of: all))
    }
  }
}

/// Keys and values that are trained as they are.
private final class PlainPrefix: TrainedPrefix {
  let widths: [Int]
  private let prompt: Parameter

  init(
    tokens: Int, widths: [Int], start ids: [Int32]?, model: CausalLanguageModel, setting: AttachmentSetting
  ) {
    self.widths = widths
    let columns = 2 * widths.reduce(0, +)
    let seeds = setting.seeds.child(PrefixTuning.name)
    let (count, context) = (tokens * columns, setting.context)
    prompt = Parameter("prompt_embeddings", shape: [tokens, columns], in: context.pool) { [unowned model] in
      guard let ids else { return seeds.normals(count, standardDeviation: 1) }
      return Self.computed(for: ids, by: model, context: context)
    }
  }

  var count: Int { prompt.shape[0] }
  var parameters: [Parameter] { [prompt] }

  func rows(on tape: Tape) -> Variable { tape.variable(for: prompt) }

  /// The keys and values of every layer when the model reads `ids`, in PEFT's layout.
  private static func computed(
    for ids: [Int32], by model: CausalLanguageModel, context: ComputeContext
  ) -> [Float] {
    let cache = CachedSegment(continuing: nil, capacity: ids.count, in: context.pool)
    var forest = TokenForest()
    forest.add(.tokens(ids), under: nil, retaining: cache)
    _ = model.hiddenStates(forest, reading: [], on: Tape(context: context, recording: false))
    let layers = model.blocks.indices.map { cache.keysAndValues(layer: $0) }
    var rows: [Float] = []
    rows.reserveCapacity(layers.reduce(0) { $0 + $1.keys.count + $1.values.count })
    for position in ids.indices {
      for (keys, values) in layers {
        let width = keys.count / ids.count
        rows += keys[(position * width)..<((position + 1) * width)]
        rows += values[(position * width)..<((position + 1) * width)]
      }
    }
    return rows
  }
}

/// Keys and values computed by a small network, which is what is trained.
private final class ProjectedPrefix: TrainedPrefix {
  let widths: [Int]
  private let embedding: Parameter
  private let inner: PromptEncoderLayer
  private let outer: PromptEncoderLayer

  init(tokens: Int, widths: [Int], width: Int, hidden: Int, setting: AttachmentSetting) {
    self.widths = widths
    let seeds = setting.seeds.child(PrefixTuning.name)
    embedding = Parameter("embedding.weight", shape: [tokens, width], in: setting.context.pool) {
      seeds.child("embedding").normals(tokens * width, standardDeviation: 1)
    }
    inner = PromptEncoderLayer("transform.0", inputs: width, outputs: hidden, seeds: seeds, setting: setting)
    outer = PromptEncoderLayer(
      "transform.2", inputs: hidden, outputs: 2 * widths.reduce(0, +), seeds: seeds, setting: setting)
  }

  var count: Int { embedding.shape[0] }
  var parameters: [Parameter] { [embedding] + inner.parameters + outer.parameters }

  func rows(on tape: Tape) -> Variable {
    outer(tape.apply(.tanh, to: inner(tape.variable(for: embedding), on: tape)), on: tape)
  }
}
