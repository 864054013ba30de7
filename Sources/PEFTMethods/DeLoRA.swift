import PEFTCore

/// Decoupled low-rank adaptation: a low-rank update whose directions and whose size are trained apart.
///
///     y = W·x + b + (λ / rank) · Σ_k b_k·(a_k·(w ⊙ dropout(x))) / (‖a_k‖·‖b_k‖),   w_j = ‖W[:, j]‖
///
/// Trainable: rank · (inputs + outputs) + 1 for each target: the rows a_k of A `[rank, inputs]`, the columns b_k of B `[outputs,
/// rank]`, and λ, which bounds the update's size whatever A and B become: the method is meant to bear large learning rates. A starts
/// uniform in ±1/√inputs, λ at `lambda`, and B at zero, so that step 0 is the base model. Lengths count as no less than 1e-4, as a
/// constant below. w is frozen; PEFT saves it as `delora_w_norm`, and what a file has is taken. `lambda_pattern` and `rank_pattern` give
/// some maps other values. Merged, it costs nothing. PEFT calls the dropout of inputs `module_dropout`, and has the method for
/// `nn.Linear` alone.
struct DeLoRA: MapMethod {
  static let name = "delora"
  static let summary = "a low-rank update with trained directions of length one and a trained size"
  static let source = "Bini et al. 2025, arXiv 2503.18225"
  static let peftType = "DELORA"
  static let fixedKeyEndings = [".delora_w_norm"]
  static let trainingOptions: Set<String> = ["dropout"]
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft), OptionAlias("delora_lambda", of: "lambda", origin: .peft),
    OptionAlias("module_dropout", of: "dropout", origin: .peft),
  ]

  /// Rank of the update.
  let rank: PatternedOption<Int>
  /// What the update's size starts from.
  let lambda: PatternedOption<Double>
  /// Probability of an input of the update to be dropped in training.
  let dropout: Double
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try PatternedOption("rank", default: 8, options: &options, about: "rank of the update")
    lambda = try PatternedOption(
      "lambda", default: 15, options: &options, about: "what the trained bound of the update's size starts from")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of the update to be dropped in training")
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"], because: "training the model's own biases beside it is not supported")
    rank = try PatternedOption("r", pattern: "rank_pattern", peft: settings)
    lambda = try PatternedOption("delora_lambda", default: 15, pattern: "lambda_pattern", peft: settings)
    dropout = try settings.number("module_dropout", default: 0)
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    rank.options("rank") + lambda.options("lambda") + [("dropout", JSONValue(dropout))]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try rank.pattern.check("rank_pattern", sites: maps.map(\.site))
    try lambda.pattern.check("lambda_pattern", sites: maps.map(\.site))
    return maps.map {
      DeLoRAAdapter(
        $0, rank: rank.value(at: $0.site), lambda: Float(lambda.value(at: $0.site)), dropout: dropout, setting: setting)
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("delora_lambda", lambda.value.document), ("lambda_pattern", lambda.patternDocument),
      ("module_dropout", JSONValue(dropout)), ("r", JSONValue(rank.value)), ("rank_pattern", rank.patternDocument),
    ]
  }
}

/// DeLoRA of one linear map.
private final class DeLoRAAdapter: MapAdapter, AdditiveLinearAdapter {
  private let a: Parameter
  private let b: Parameter
  private let lambda: Parameter
  /// w `[inputs]`, once it is known.
  private var lengths: [Float]?
  private unowned let linear: Linear
  private let dropout: Double
  private let purpose: String
  private let context: ComputeContext

  /// The least length of a row of A or a column of B.
  private static let leastLength: Float = 1e-4

  init(_ linear: Linear, rank: Int, lambda: Float, dropout: Double, setting: AttachmentSetting) {
    self.linear = linear
    self.dropout = dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    a = setting.parameter(
      "delora_A", of: linear, shape: [rank, linear.inputs], start: .uniform(fanIn: linear.inputs), by: DeLoRA.name)
    b = setting.parameter("delora_B", of: linear, shape: [linear.outputs, rank], start: .zeros, by: DeLoRA.name)
    self.lambda = Parameter("\(linear.site).delora_lambda", shape: [1], in: context.pool) { [lambda] }
  }

  var parameters: [Parameter] { [a, b, lambda] }
  /// The inputs are scaled by the lengths of the weight's columns.
  var multiplyAddsPerToken: Int { a.elementCount + b.elementCount + linear.inputs }
  var outputs: Int { linear.outputs }

  var tensors: [AdapterTensor] {
    parameters.map { AdapterTensor($0) } + [
      AdapterTensor(
        key: "\(AdapterTensor.prefix)\(linear.site).delora_w_norm", shape: [linear.inputs],
        values: { self.columnLengths }, assign: { self.lengths = $0 })
    ]
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let (a, b) = factors(on: tape)
    return tape.addLowRank(to: y, x: x, a: a, b: b, scale: 1, dropout: dropout, purpose: purpose)
  }

  /// The directions with the update's size and w among them: A `[rank, inputs]` and B `[outputs, rank]` of a plain update.
  private func factors(on tape: Tape) -> (a: Variable, b: Variable) {
    let rows = tape.normalizedRows(tape.variable(for: a), epsilon: Self.leastLength)
    let columns = tape.normalizedRows(tape.transposed(tape.variable(for: b)), epsilon: Self.leastLength)
    let sized = tape.scale(
      tape.scaled(tape.transposed(columns), by: tape.variable(for: lambda)), by: 1 / Float(a.shape[0]))
    let lengths = Variable(constant: Tensor(columnLengths, shape: [linear.inputs], in: tape.context.pool))
    return (tape.scaleColumns(rows, by: lengths), sized)
  }

  private var columnLengths: [Float] {
    if let lengths { return lengths }
    if context.isShapeOnly { return [Float](repeating: 0, count: linear.inputs) }
    let weight = linear.loadedWeight
    var squares = [Double](repeating: 0, count: linear.inputs)
    var row = [Float](repeating: 0, count: linear.inputs)
    for output in 0..<linear.outputs {
      row.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { weight.decodeRow(output, into: base) }
      }
      for (index, value) in row.enumerated() { squares[index] += Double(value) * Double(value) }
    }
    let made = squares.map { Float($0.squareRoot()) }
    lengths = made
    return made
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let (a, b) = factors(on: Tape(context: context, recording: false))
    LowRankPair.add(a.value.values, b.value.values, rank: a.shape[0], times: 1, to: &weight, workers: .one)
    return true
  }
}
