import PEFTCore

/// Low-rank adaptation: a trainable product of two thin matrices beside a frozen weight.
///
///     y = W·x + b + s · B·A·dropout(x),   A: [rank, inputs], B: [outputs, rank];   DoRA: y = g ⊙ (W·x + s·B·A·x) + b
///
/// Trainable: rank · (inputs + outputs) for each target, and outputs more with `dora` (Liu et al. 2024: lengths of W's
/// rows, `DoRAAdapter`). A starts uniform in ±1/√inputs (Kaiming's rule with a = √5, as PEFT does it) and B at zero, so
/// that step 0 is the base model; `init: pissa` (Meng et al. 2024) starts from W's principal components, see
/// `PiSSAAdapter`. s = alpha / rank, or alpha / √rank with `rslora` (Kalajdzievski 2023). `loraplus_ratio` (Hayou et
/// al. 2024) multiplies B's learning rate. `rank_pattern` and `alpha_pattern` give some targets a rank or alpha of
/// their own, as in PEFT. Merged for inference, so it adds no cost there.
struct LoRA: PEFTMethod {
  static let name = "lora"
  static let summary = "low-rank update beside frozen linear maps"
  static let source = "Hu et al. 2021, arXiv 2106.09685"

  /// What the two matrices start from.
  enum Start: String, CaseIterable, Sendable {
    /// A at random, B at zero.
    case zero
    /// The principal components of the weight, which are taken out of it.
    case pissa
  }

  /// Rank of the update.
  let rank: Int
  /// Numerator of the update's factor.
  let alpha: Double
  /// Probability of an input element to be dropped in training.
  let dropout: Double
  /// Ranks of some maps in place of `rank`.
  let rankPattern: SitePatterns<Int>
  /// Alphas of some maps in place of `alpha`.
  let alphaPattern: SitePatterns<Double>
  /// Whether the factor is alpha / √rank.
  let isRankStabilized: Bool
  /// Whether rows are rescaled to trained lengths.
  let isWeightDecomposed: Bool
  /// Learning rate of B over that of A.
  let learningRateRatio: Double
  /// What the two matrices start from.
  let start: Start
  /// The maps to adapt; nil for the model family's default.
  let targets: TargetSelector?
  /// Whether PiSSA's matrices are saved as they are: only where they were loaded so.
  private let savesPrincipalComponents: Bool

  init(options: inout OptionReader) throws {
    options.alias("r", of: "rank")
    options.alias("lora_alpha", of: "alpha")
    options.alias("lora_dropout", of: "dropout")
    rank = try options.integer("rank", default: 8, in: 1..., about: "rank of the update")
    alpha = try options.number("alpha", default: 16, in: 0..., about: "the update is multiplied by alpha / rank")
    rankPattern = SitePatterns(
      try options.integerMembers(
        "rank_pattern", in: 1..., about: "ranks of some maps: a name, path or regular expression with its rank"),
      mustMatch: true)
    alphaPattern = SitePatterns(
      try options.numberMembers(
        "alpha_pattern", in: 0..., about: "alphas of some maps, in the same way"),
      mustMatch: true)
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    isRankStabilized = try options.bool("rslora", default: false, about: "multiply by alpha / √rank instead")
    isWeightDecomposed = try options.bool("dora", default: false, about: "train the lengths of the weight's rows too")
    learningRateRatio = try options.number(
      "loraplus_ratio", default: 1, in: Double.leastNonzeroMagnitude...1e6, about: "learning rate of B over that of A")
    start = try options.choice(
      "init", default: Start.zero, about: "start with no update, or with the weight's principal components (PiSSA)")
    targets = try TargetSelector.read(&options)
    savesPrincipalComponents = false
    for (option, key) in [("rank_pattern", rankPattern.malformedKey), ("alpha_pattern", alphaPattern.malformedKey)] {
      if let key { throw options.error(option, "\(key.debugDescription) is not a regular expression") }
    }
    if isWeightDecomposed, start == .pissa {
      throw options.error("init", "\"pissa\" and dora: true exclude each other")
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "LORA" else { return nil }
    try settings.refuse([
      "alora_invocation_tokens", "bias", "layer_replication", "lora_bias", "modules_to_save", "target_parameters",
      "trainable_token_indices", "use_qalora", "use_bdlora", "velora_config", "monteclora_config", "kasa_config",
    ])
    rank = try settings.integer("r", in: 1...65_536)
    alpha = try settings.number("lora_alpha", default: 8)
    dropout = try settings.number("lora_dropout", default: 0)
    rankPattern = SitePatterns(
      try settings.members("rank_pattern", expected: "whole numbers from 1 to 65536") { value in
        value.integer.flatMap { (1...65_536).contains($0) ? $0 : nil }
      }, mustMatch: false)
    alphaPattern = SitePatterns(
      try settings.members("alpha_pattern", expected: "numbers") { value in
        value.number.flatMap { $0.isFinite ? $0 : nil }
      }, mustMatch: false)
    for (member, key) in [("rank_pattern", rankPattern.malformedKey), ("alpha_pattern", alphaPattern.malformedKey)] {
      if let key { throw settings.error(member, "\(key.debugDescription) is not a regular expression") }
    }
    isRankStabilized = try settings.bool("use_rslora", default: false)
    isWeightDecomposed = try settings.bool("use_dora", default: false)
    learningRateRatio = 1
    targets = try settings.targets()
    start = try Self.start(settings)
    savesPrincipalComponents = start == .pissa
    if isWeightDecomposed, start == .pissa {
      throw settings.error("init_lora_weights", "\"pissa\" with use_dora is not supported")
    }
  }

  /// Starts that leave the base weight alone do not matter to an adapter that is trained; others must be known.
  private static func start(_ settings: AdapterSettings) throws -> Start {
    guard let value = settings["init_lora_weights"] else { return .zero }
    if value.bool != nil { return .zero }
    switch value.string {
    case "gaussian", "orthogonal": return .zero
    case "pissa": return .pissa
    default: throw settings.error("init_lora_weights", "\(value.shown) changes the base weights in a way not supported")
    }
  }

  func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> AttachedMethod {
    let selector = try targets ?? DefaultTargets.lora(of: model)
    let linears = try selector.linears(of: model)
    try rankPattern.check("rank_pattern", sites: linears.map(\.site))
    try alphaPattern.check("alpha_pattern", sites: linears.map(\.site))
    if let small = linears.first(where: { min($0.inputs, $0.outputs) < rank(of: $0) }) {
      throw AttachError(
        "rank \(rank(of: small)) is larger than \(small.site) itself, which is \(small.outputs) × \(small.inputs)",
        option: rankPattern.value(for: small.site) == nil ? "rank" : "rank_pattern")
    }
    guard start == .zero || linears.allSatisfy({ scale(of: $0) > 0 }) else {
      throw AttachError("init: pissa needs an alpha above 0", option: "alpha")
    }
    let adapters = linears.map { linear -> LoRAAdapter in
      let (rank, scale) = (rank(of: linear), scale(of: linear))
      if start == .pissa {
        return PiSSAAdapter(linear, rank: rank, scale: scale, dropout: dropout, setting: setting)
      }
      let pair = LowRankPair(linear, rank: rank, setting: setting)
      return isWeightDecomposed
        ? DoRAAdapter(linear, pair, scale: scale, dropout: dropout, setting: setting)
        : LoRAAdapter(linear, pair, scale: scale, dropout: dropout)
    }
    for (linear, adapter) in zip(linears, adapters) {
      linear.adapter = adapter
      adapter.pair.b.learningRateScale = Float(learningRateRatio)
    }
    let convertsPrincipalComponents = start == .pissa && !savesPrincipalComponents
    let parameters = adapters.flatMap(\.parameters)
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "LORA",
        configuration: members(
          of: model, selector: selector, linears: linears, convertsPrincipalComponents: convertsPrincipalComponents),
        tensors: adapters.flatMap {
          convertsPrincipalComponents ? $0.convertedTensors : $0.parameters.map { AdapterTensor($0) }
        },
        state: convertsPrincipalComponents ? adapters.flatMap(\.stateTensors) : []),
      undo: { for linear in linears { linear.adapter = nil } })
  }

  private func rank(of linear: Linear) -> Int { rankPattern.value(for: linear.site) ?? rank }

  /// The factor of a map's update.
  private func scale(of linear: Linear) -> Float {
    let (alpha, rank) = (alphaPattern.value(for: linear.site) ?? alpha, Double(rank(of: linear)))
    return Float(isRankStabilized ? alpha / rank.squareRoot() : alpha / rank)
  }

  /// The members of adapter_config.json, all that PEFT writes.
  private func members(
    of model: CausalLanguageModel, selector: TargetSelector, linears: [Linear], convertsPrincipalComponents: Bool
  ) -> [(String, JSONValue)] {
    // Trained minus initial product is one of twice the rank with the same factor.
    let growth = convertsPrincipalComponents ? (isRankStabilized ? 2.0.squareRoot() : 2) : 1
    let rankGrowth = convertsPrincipalComponents ? 2 : 1
    let start: JSONValue = savesPrincipalComponents ? "pissa" : true
    return [
      ("alora_invocation_tokens", .null),
      ("alpha_pattern", alphaPattern.document { ($0 * growth).document }), ("arrow_config", .null), ("bias", "none"),
      ("corda_config", .null), ("ensure_weight_tying", false), ("eva_config", .null),
      ("exclude_modules", selector.excludedDocument),
      ("fan_in_fan_out", JSONValue(linears.contains { model.storesTransposed($0) })),
      ("init_lora_weights", start), ("kasa_config", .null), ("layer_replication", .null), ("layers_pattern", .null),
      ("layers_to_transform", selector.layersDocument), ("loftq_config", [:]),
      ("lora_alpha", (alpha * growth).document), ("lora_bias", false), ("lora_dropout", JSONValue(dropout)),
      ("lora_ga_config", .null), ("megatron_config", .null), ("megatron_core", "megatron.core"),
      ("monteclora_config", .null), ("qalora_group_size", 16),
      ("r", JSONValue(rankGrowth * rank)),
      ("rank_pattern", rankPattern.document { JSONValue(rankGrowth * $0) }), ("target_modules", selector.document()),
      ("target_parameters", .null),
      ("trainable_token_indices", .null), ("use_bdlora", .null), ("use_dora", JSONValue(isWeightDecomposed)),
      ("use_qalora", false), ("use_rslora", JSONValue(isRankStabilized)), ("velora_config", .null),
    ]
  }
}

extension Double {
  /// As JSON, whole numbers without a fraction.
  fileprivate var document: JSONValue { Int(exactly: self).map { JSONValue($0) } ?? JSONValue(self) }
}

/// The two thin matrices of one map.
struct LowRankPair {
  /// `[rank, inputs]`.
  let a: Parameter
  /// `[outputs, rank]`.
  let b: Parameter

  var rank: Int { a.shape[0] }

  /// Starts at a product of zero.
  init(_ linear: Linear, rank: Int, setting: AttachmentSetting) {
    let stream = setting.seeds.child(LoRA.name).child(linear.site)
    let bound = 1 / Float(linear.inputs).squareRoot()
    let (inputs, outputs) = (linear.inputs, linear.outputs)
    self.init(
      linear, rank: rank, setting: setting, a: { stream.uniforms(rank * inputs, in: -bound...bound) },
      b: { [Float](repeating: 0, count: rank * outputs) })
  }

  /// Starts at given values.
  init(
    _ linear: Linear, rank: Int, setting: AttachmentSetting, a: @escaping () -> [Float], b: @escaping () -> [Float]
  ) {
    let pool = setting.context.pool
    self.a = Parameter("\(linear.site).lora_A.weight", shape: [rank, linear.inputs], in: pool, initialize: a)
    self.b = Parameter("\(linear.site).lora_B.weight", shape: [linear.outputs, rank], in: pool, initialize: b)
  }

  /// Adds `scale · B·A` to a weight.
  func add(times scale: Float, to weight: inout [Float], workers: Workers) {
    Self.add(a.value.values, b.value.values, rank: rank, times: scale, to: &weight, workers: workers)
  }

  /// Adds `scale · B·A` to a weight `[outputs, inputs]`.
  static func add(
    _ a: [Float], _ b: [Float], rank: Int, times scale: Float, to weight: inout [Float], workers: Workers
  ) {
    let (inputs, outputs) = (a.count / rank, b.count / rank)
    let scaled = b.map { scale * $0 }
    weight.withUnsafeMutableBufferPointer { weight in
      a.withUnsafeBufferPointer { a in
        scaled.withUnsafeBufferPointer { b in
          guard let weight = weight.baseAddress, let a = a.baseAddress, let b = b.baseAddress else { return }
          MatrixMultiply.multiply(
            m: outputs, n: inputs, k: rank, a: b, aStride: rank, b: a, bStride: inputs, c: weight, cStride: inputs,
            accumulate: true, workers: workers)
        }
      }
    }
  }
}

/// One adapted map.
class LoRAAdapter: LinearAdapter {
  let pair: LowRankPair
  let scale: Float
  let dropout: Double
  let site: String

  init(_ linear: Linear, _ pair: LowRankPair, scale: Float, dropout: Double) {
    self.pair = pair
    self.scale = scale
    self.dropout = dropout
    site = linear.site
  }

  var parameters: [Parameter] { [pair.a, pair.b] }

  /// What is saved where the parameters themselves mean nothing without the start.
  var convertedTensors: [AdapterTensor] { parameters.map { AdapterTensor($0) } }

  /// What is saved beside it then.
  var stateTensors: [AdapterTensor] { [] }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    addUpdate(to: base(x), x: x, on: tape)
  }

  /// `y + s · B·A·dropout(x)`, in y's memory.
  final func addUpdate(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    tape.addLowRank(
      to: y, x: x, a: tape.variable(for: pair.a), b: tape.variable(for: pair.b), scale: scale, dropout: dropout,
      purpose: site)
  }

  func merge(into weight: inout [Float], bias: inout [Float]) -> Bool {
    pair.add(times: scale, to: &weight, workers: .one)
    return true
  }
}
