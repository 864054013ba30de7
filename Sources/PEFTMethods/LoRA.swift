import PEFTCore

/// Low-rank adaptation: a trainable product of two thin matrices beside a frozen weight.
///
///     y = W·x + b + scale · B·A·dropout(x),   A: [rank, inputs], B: [outputs, rank]
///
/// Trainable: rank · (inputs + outputs) for each target. A starts uniform in ±1/√inputs (Kaiming's rule with
/// a = √5, as PEFT does it) and B at zero, so that step 0 is the base model. scale = alpha / rank, or
/// alpha / √rank with `rslora` (Kalajdzievski 2023). Merged for inference, so it adds no cost there.
struct LoRA: PEFTMethod {
  static let name = "lora"
  static let summary = "low-rank update beside frozen linear maps"
  static let source = "Hu et al. 2021, arXiv 2106.09685"

  /// Rank of the update.
  let rank: Int
  /// Numerator of the update's factor.
  let alpha: Double
  /// Probability of an input element to be dropped in training.
  let dropout: Double
  /// Whether the factor is alpha / √rank.
  let isRankStabilized: Bool
  /// The maps to adapt; nil for the model family's default.
  let targets: TargetSelector?

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 8, in: 1...)
    alpha = try options.number("alpha", default: 16, in: 0...)
    dropout = try options.number("dropout", default: 0, in: 0..<1)
    isRankStabilized = try options.bool("rslora", default: false)
    targets = try TargetSelector.read(&options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "LORA" else { return nil }
    try settings.refuse([
      "alora_invocation_tokens", "alpha_pattern", "bias", "layer_replication", "lora_bias",
      "modules_to_save", "rank_pattern", "target_parameters", "trainable_token_indices", "use_dora", "use_qalora",
    ])
    rank = try settings.integer("r", in: 1...65_536)
    alpha = try settings.number("lora_alpha", default: 8)
    dropout = try settings.number("lora_dropout", default: 0)
    isRankStabilized = try settings.bool("use_rslora", default: false)
    targets = try settings.targets()
  }

  /// PEFT's default targets of a family.
  static func defaultTargets(of model: CausalLanguageModel) -> TargetSelector {
    let names = Set(model.linears.map { String($0.shortName) })
    for choice in [["q_proj", "v_proj"], ["c_attn"], ["qkv_proj"], ["query_key_value"]]
    where names.isSuperset(of: choice) {
      return TargetSelector(.suffixes(choice))
    }
    return TargetSelector(.allLinear)
  }

  func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> AttachedMethod {
    let selector = targets ?? Self.defaultTargets(of: model)
    let linears = try selector.linears(of: model)
    if let small = linears.first(where: { min($0.inputs, $0.outputs) < rank }) {
      throw AttachError(
        "rank \(rank) is larger than \(small.site) itself, which is \(small.outputs) × \(small.inputs)")
    }
    let scale = isRankStabilized ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
    let adapters = linears.map { linear in
      LoRAAdapter(linear, rank: rank, scale: Float(scale), dropout: dropout, setting: setting)
    }
    for (linear, adapter) in zip(linears, adapters) { linear.adapter = adapter }
    let parameters = adapters.flatMap(\.parameters)
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "LORA",
        configuration: [
          ("r", JSONValue(rank)), ("lora_alpha", JSONValue(alpha)),
          ("lora_dropout", JSONValue(dropout)), ("use_rslora", JSONValue(isRankStabilized)),
          ("target_modules", selector.document), ("exclude_modules", selector.excludedDocument),
          ("layers_to_transform", selector.layersDocument), ("bias", "none"), ("fan_in_fan_out", false),
          ("init_lora_weights", true), ("use_dora", false), ("modules_to_save", .null), ("rank_pattern", [:]),
          ("alpha_pattern", [:]),
        ],
        tensors: parameters.map { AdapterTensor($0) }),
      undo: { for linear in linears { linear.adapter = nil } })
  }
}

/// One adapted map.
final class LoRAAdapter: LinearAdapter {
  let a: Parameter
  let b: Parameter
  let scale: Float
  private let site: String
  private let dropout: Double

  init(_ linear: Linear, rank: Int, scale: Float, dropout: Double, setting: AttachmentSetting) {
    site = linear.site
    self.scale = scale
    self.dropout = dropout
    let stream = setting.seeds.child("lora").child(linear.site)
    let bound = 1 / Float(linear.inputs).squareRoot()
    let count = rank * linear.inputs
    a = Parameter("\(site).lora_A.weight", shape: [rank, linear.inputs], in: setting.context.pool) {
      stream.uniforms(count, in: -bound...bound)
    }
    let zeros = rank * linear.outputs
    b = Parameter("\(site).lora_B.weight", shape: [linear.outputs, rank], in: setting.context.pool) {
      [Float](repeating: 0, count: zeros)
    }
  }

  var parameters: [Parameter] { [a, b] }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    tape.addLowRank(
      to: base(x), x: x, a: tape.variable(for: a), b: tape.variable(for: b), scale: scale, dropout: dropout,
      purpose: site)
  }

  func merge(into weight: inout [Float], bias: inout [Float]) -> Bool {
    let (rank, inputs) = (a.shape[0], a.shape[1])
    let (a, b) = (a.value.values, b.value.values)
    for output in 0..<(b.count / rank) {
      for input in 0..<inputs {
        var sum: Float = 0
        for r in 0..<rank { sum += b[output * rank + r] * a[r * inputs + input] }
        weight[output * inputs + input] += scale * sum
      }
    }
    return true
  }
}
