import PEFTCore

/// Decompositional efficient fine-tuning: a trained subspace of the outputs is taken out of the weight and filled anew.
///
///     W′ = W − Q·Fᵀ·W + s·Q·R,   P: [outputs, rank], R: [rank, inputs]
///     decomposition relu: Q = P, F = max(P, 0);   qr: Q = F = the orthonormal factor of P;   para: without R
///
/// Trainable: rank · (inputs + outputs) for each target, with `para` rank · outputs; the rank counts as no more than a map's
/// outputs. P starts normal with deviation 0.02 and R at Fᵀ·W / s, so that step 0 is the base model, with an alpha up to
/// rounding; with `init: random` R is drawn as P is, and with `para` nothing fills the subspace, so that neither starts at the
/// base model. s = alpha / rank, or 1 without an alpha. The update is applied as the low-rank one that it is, with the rows s·R −
/// Fᵀ·W: rank · inputs · outputs multiplications a pass, whatever else is around the map. `dropout` drops inputs of R. Merged, it
/// costs nothing. It has nothing to do with other methods of that name, such as training by the density of activations.
struct DEFT: MapMethod {
  static let name = "deft"
  static let summary = "a trained subspace of the outputs, taken out of the weight and filled anew"
  static let source = "Hugging Face PEFT 0.21, DEFT and PaRa"
  static let peftType = "DEFT"
  static let trainingOptions: Set<String> = ["dropout", "init"]
  static let aliases = [
    OptionAlias("r", of: "rank", origin: .peft),
    OptionAlias("decomposition_method", of: "decomposition", origin: .peft),
    OptionAlias("deft_dropout", of: "dropout", origin: .peft),
    OptionAlias(
      "init_weights", of: "init", origin: .peft, translations: [.init(true, "base"), .init(false, "random")],
      takesOthers: false),
  ]

  /// How Q and F come from P.
  enum Decomposition: String, CaseIterable, Sendable { case relu, qr }
  /// What R starts from.
  enum Start: String, CaseIterable, Sendable { case base, random }

  /// Rank of the subspace.
  let rank: Int
  /// Numerator of the factor of what is filled in; nil for a factor of 1.
  let alpha: Double?
  /// How Q and F come from P.
  let decomposition: Decomposition
  /// Whether the subspace is left empty.
  let isPara: Bool
  /// What R starts from.
  let start: Start
  /// Probability of an input of R to be dropped in training.
  let dropout: Double
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.integer("rank", default: 8, in: 1..., about: "rank of the subspace that is replaced")
    decomposition = try options.choice(
      "decomposition", default: Decomposition.relu,
      about: "how the projection is made of P: with its positive part, or by QR")
    alpha = try options.optionalNumber(
      "alpha", in: Double.leastNonzeroMagnitude...,
      about: "what is filled in is multiplied by alpha / rank, by 1 unless given")
    isPara = try options.bool("para", default: false, about: "only take the subspace out (PaRa)")
    dropout = try options.number(
      "dropout", default: 0, in: 0..<1, about: "probability of an input of what is filled in to be dropped in training")
    start = try options.choice("init", default: Start.base, about: "fill in what was taken out, or random values")
    maps = try MapSelection(options: &options)
    if isPara, let option = ["alpha", "dropout", "init"].first(where: { options.has($0) }) {
      throw options.error(option, "has no meaning with para: true, where nothing is filled in")
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"], because: "training the model's own biases beside it is not supported")
    rank = try settings.integer("r", in: 1...65_536)
    guard let decomposition = Decomposition(rawValue: try settings.string("decomposition_method", default: "relu"))
    else {
      throw settings.error("decomposition_method", "expected relu or qr")
    }
    self.decomposition = decomposition
    isPara = try settings.bool("para", default: false)
    // PEFT takes an alpha of 0 for none.
    let alpha = try settings.number("alpha", default: 0)
    self.alpha = isPara || alpha == 0 ? nil : alpha
    dropout = isPara ? 0 : try settings.number("deft_dropout", default: 0)
    start = .base
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("rank", JSONValue(rank)), ("decomposition", JSONValue(decomposition.rawValue)),
      ("alpha", alpha?.document ?? .null), ("para", JSONValue(isPara)),
      ("dropout", isPara ? .null : JSONValue(dropout)),
    ]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    maps.map { DEFTAdapter($0, self, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("alpha", alpha?.document ?? .null), ("decomposition_method", JSONValue(decomposition.rawValue)),
      ("deft_dropout", JSONValue(dropout)), ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: maps))),
      ("para", JSONValue(isPara)), ("r", JSONValue(rank)),
    ]
  }
}

/// DEFT of one linear map.
private final class DEFTAdapter: MapAdapter, AdditiveLinearAdapter {
  private let p: Parameter
  /// R; nil if the subspace is left empty.
  private let filling: Parameter?
  private let scale: Float
  private let decomposition: DEFT.Decomposition
  private let dropout: Double
  private unowned let linear: Linear
  private let purpose: String
  private let context: ComputeContext

  init(_ linear: Linear, _ method: DEFT, setting: AttachmentSetting) {
    let rank = min(method.rank, linear.outputs)
    let scale = method.alpha.map { Float($0 / Double(rank)) } ?? 1
    self.linear = linear
    self.scale = scale
    decomposition = method.decomposition
    dropout = method.dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    let start = ParameterStart.normal(deviation: 0.02)
    let p = setting.parameter("deft_P", of: linear, shape: [linear.outputs, rank], start: start, by: DEFT.name)
    self.p = p
    guard !method.isPara else {
      filling = nil
      return
    }
    guard method.start == .base else {
      filling = setting.parameter("deft_R", of: linear, shape: [rank, linear.inputs], start: start, by: DEFT.name)
      return
    }
    filling = Parameter("\(linear.site).deft_R", shape: [rank, linear.inputs], in: context.pool) {
      [unowned linear, context, decomposition] in
      let tape = Tape(context: context, recording: false)
      let projection = Self.projection(of: Variable(constant: p.value), decomposition, on: tape)
      let removed = tape.linearTransposed(tape.transposed(projection.right), linear.loadedWeight)
      return removed.value.values.map { $0 / scale }
    }
  }

  var parameters: [Parameter] { [p] + [filling].compactMap { $0 } }
  /// What is taken out and what is filled in are rows of one matrix.
  var multiplyAddsPerToken: Int { p.shape[1] * (linear.inputs + linear.outputs) }
  var outputs: Int { linear.outputs }

  /// Q and F.
  private static func projection(
    of p: Variable, _ decomposition: DEFT.Decomposition, on tape: Tape
  ) -> (left: Variable, right: Variable) {
    switch decomposition {
    case .relu: return (p, tape.apply(.relu, to: p))
    case .qr:
      let q = tape.orthonormalFactor(p)
      return (q, q)
    }
  }

  /// Q, Fᵀ·W and s·R: the update is Q·(s·R − Fᵀ·W).
  private func factors(on tape: Tape) -> (left: Variable, removed: Variable, filled: Variable?) {
    let (left, right) = Self.projection(of: tape.variable(for: p), decomposition, on: tape)
    return (
      left, tape.linearTransposed(tape.transposed(right), linear.loadedWeight),
      filling.map { tape.scaled(tape.variable(for: $0), by: scale) }
    )
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let (left, removed, filled) = factors(on: tape)
    func add(_ rows: Variable, times factor: Float, dropout: Double, to y: Variable) -> Variable {
      tape.addLowRank(to: y, x: x, a: rows, b: left, scale: factor, dropout: dropout, purpose: purpose)
    }
    guard let filled else { return add(removed, times: -1, dropout: 0, to: y) }
    if !tape.drops(dropout) {
      return add(tape.difference(filled, removed), times: 1, dropout: 0, to: y)
    }
    return add(filled, times: 1, dropout: dropout, to: add(removed, times: -1, dropout: 0, to: y))
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let tape = Tape(context: context, recording: false)
    let (left, removed, filled) = factors(on: tape)
    LowRankPair.add(
      filled.map { tape.difference($0, removed) }?.value.values ?? removed.value.values, left.value.values,
      rank: p.shape[1], times: filled == nil ? -1 : 1, to: &weight, workers: .one)
    return true
  }
}
