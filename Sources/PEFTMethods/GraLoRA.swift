import PEFTCore

/// Granular low-rank adaptation: the weight cut in k × k blocks, each with a low-rank update of its own.
///
///     h_p = x_p·A_p for input part p,   A: [k, inputs / k, rank]
///     y_q = (W·x + b)_q + s · z_q·B_q,   z_q = piece q of every h_p, in order,   B: [k, rank, outputs / k]
///     hybrid: + s · B′·A′·x,   A′: [hybrid_rank, inputs], B′: [outputs, hybrid_rank];   s = alpha / (rank + hybrid_rank)
///
/// Trainable: (rank + hybrid_rank) · (inputs + outputs) for each target, as LoRA has at the rank of the two together, for an
/// update of a rank up to k · rank. k (`blocks`) must divide rank, inputs and outputs. A and A′ start uniform in ±1/√(columns of
/// what they multiply) and B, B′ at zero, so that step 0 is the base model. `dropout` drops inputs of the update in training, of
/// the hybrid part others. Merged, it costs nothing.
struct GraLoRA: MapMethod {
  static let name = "gralora"
  static let summary = "low-rank updates of the weight's blocks, which share their factors by rows and columns"
  static let source = "Jung et al. 2025, arXiv 2505.20355"
  static let peftType = "GRALORA"
  static let trainingOptions: Set<String> = ["dropout"]
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("hybrid_r", of: "hybrid_rank", origin: .peft),
    OptionAlias("gralora_k", of: "blocks", origin: .peft), OptionAlias("gralora_dropout", of: "dropout", origin: .peft),
  ]

  /// Rank that the blocks of a row share.
  let rank: Int
  /// Rank of the plain update beside them; 0 for none.
  let hybridRank: Int
  /// Numerator of the update's factor.
  let alpha: Double
  /// Blocks along each side.
  let blocks: Int
  /// Probability of an input of the update to be dropped in training.
  let dropout: Double
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 32, in: 1..., about: "rank that the blocks of a row share")
    alpha = try options.number(
      "alpha", default: 64, in: Double.leastNonzeroMagnitude...,
      about: "the update is multiplied by alpha / (rank + hybrid_rank)")
    blocks = try options.integer("blocks", default: 2, in: 1..., about: "blocks along each side of the weight")
    hybridRank = try options.integer(
      "hybrid_rank", default: 0, in: 0..., about: "rank of a plain low-rank update beside it")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    if rank % blocks != 0 { throw options.error("rank", "is not a multiple of blocks, which is \(blocks)") }
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"], because: "training the model's own biases beside it is not supported")
    rank = try settings.integer("r", in: 1...65_536)
    hybridRank = try settings.integer("hybrid_r", default: 0, in: 0...65_536)
    alpha = try settings.number("alpha", default: 64)
    blocks = try settings.integer("gralora_k", default: 2, in: 1...65_536)
    dropout = try settings.number("gralora_dropout", default: 0)
    if rank % blocks != 0 { throw settings.error("r", "is not a multiple of \"gralora_k\", which is \(blocks)") }
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("rank", JSONValue(rank)), ("alpha", alpha.document), ("blocks", JSONValue(blocks)),
      ("hybrid_rank", JSONValue(hybridRank)), ("dropout", JSONValue(dropout)),
    ]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    if let odd = maps.first(where: { $0.inputs % blocks != 0 || $0.outputs % blocks != 0 }) {
      throw AttachError(
        "blocks \(blocks) does not divide both widths of \(odd.site), which is \(odd.outputs) × \(odd.inputs)",
        option: "blocks")
    }
    return maps.map { GraLoRAAdapter($0, self, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("alpha", alpha.document), ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: maps))),
      ("gralora_dropout", JSONValue(dropout)), ("gralora_k", JSONValue(blocks)), ("hybrid_r", JSONValue(hybridRank)),
      ("r", JSONValue(rank)),
    ]
  }
}

/// GraLoRA of one linear map.
private final class GraLoRAAdapter: MapAdapter, AdditiveLinearAdapter {
  private let a: Parameter
  private let b: Parameter
  /// A′ and B′; empty without a hybrid part.
  private let hybrid: [Parameter]
  private let scale: Float
  private let dropout: Double
  private unowned let linear: Linear
  private let purpose: String
  private let context: ComputeContext
  /// The column of all h, laid out by input part, for each column of all z, laid out by output part.
  private let exchange: [Int]

  init(_ linear: Linear, _ method: GraLoRA, setting: AttachmentSetting) {
    let (k, rank, hybridRank) = (method.blocks, method.rank, method.hybridRank)
    self.linear = linear
    scale = Float(method.alpha / Double(rank + hybridRank))
    dropout = method.dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    func parameter(_ key: String, _ shape: [Int], fanIn: Int?) -> Parameter {
      setting.parameter(
        key, of: linear, shape: shape, start: fanIn.map { .uniform(fanIn: $0) } ?? .zeros, by: GraLoRA.name)
    }
    a = parameter("gralora_A", [k, linear.inputs / k, rank], fanIn: linear.inputs / k)
    b = parameter("gralora_B", [k, rank, linear.outputs / k], fanIn: nil)
    hybrid =
      hybridRank == 0
      ? []
      : [
        parameter("gralora_A_general.weight", [hybridRank, linear.inputs], fanIn: linear.inputs),
        parameter("gralora_B_general.weight", [linear.outputs, hybridRank], fanIn: nil),
      ]
    let piece = rank / k
    exchange = (0..<k * rank).map { column in
      let (output, inside) = column.quotientAndRemainder(dividingBy: rank)
      let (input, place) = inside.quotientAndRemainder(dividingBy: piece)
      return input * rank + output * piece + place
    }
  }

  var parameters: [Parameter] { [a, b] + hybrid }
  var outputs: Int { linear.outputs }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let kept = tape.dropout(x, probability: Float(dropout), purpose: purpose)
    let h = tape.blockProduct(kept, tape.variable(for: a), transposeBlocks: false)
    let z = tape.scale(tape.selectColumns(exchange, of: h), by: scale)
    let sum = tape.add(tape.blockProduct(z, tape.variable(for: b), transposeBlocks: false), inPlaceTo: y)
    guard let a = hybrid.first, let b = hybrid.last else { return sum }
    return tape.addLowRank(
      to: sum, x: x, a: tape.variable(for: a), b: tape.variable(for: b), scale: scale, dropout: dropout,
      purpose: "\(purpose).hybrid")
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    weight.addResponse(inputs: linear.inputs, context: context) { add(to: $0, x: $1, on: $2) }
    return true
  }
}
