import PEFTCore

/// Bottleneck adapters: small two-layer networks after (or beside) the branches of every block.
///
///     y = o + s · (U·f(D·z + d) + u),   o what the branch gives, z = o, or for `parallel` what the branch reads
///
/// `houlsby` sits after attention and after the feed-forward part, `pfeiffer` after the feed-forward part alone,
/// `parallel` beside it, reading what it reads. Trainable, with m = hidden / reduction_factor: (2 · hidden · m + m +
/// hidden) for each. D starts uniform in ±1/√hidden, U and both biases at zero, so that step 0 is the base model.
/// It cannot be merged: inference costs 4 · hidden · m operations a token for each. PEFT has no such method; the file
/// has the key names of the `adapters` library (whose networks sit at the same places) and a configuration of our own.
struct BottleneckAdapter: PEFTMethod {
  static let name = "adapter"
  static let summary = "small bottleneck networks after or beside the branches of every block"
  static let source =
    "Houlsby et al. 2019, arXiv 1902.00751; Pfeiffer et al. 2021, 2005.00247; He et al. 2022, 2110.04366"

  /// Where the networks sit.
  enum Kind: String, CaseIterable, Sendable {
    case houlsby, pfeiffer, parallel

    /// The literature's factor of what a network adds.
    var scaling: Double { self == .parallel ? 4 : 1 }
  }

  /// Where the networks sit.
  let kind: Kind
  /// The hidden width over the bottleneck's.
  let reductionFactor: Int
  /// The non-linearity.
  let activation: Activation
  /// Factor of what a network adds.
  let scaling: Double

  init(options: inout OptionReader) throws {
    kind = try options.choice("kind", default: Kind.houlsby, about: "where the networks sit")
    reductionFactor = try options.integer(
      "reduction_factor", default: 16, in: 1..., about: "hidden width over the bottleneck's width")
    activation = try options.choice(
      "non_linearity", default: Activation.relu, about: "the function inside the bottleneck")
    scaling =
      try options.optionalNumber(
        "scaling", in: 0..., about: "factor of what a network adds; 4 for parallel ones, else 1, unless given")
      ?? kind.scaling
  }

  /// `peft_type` of our own files.
  private static let ownType = "BOTTLENECK"
  static let ownTypes: Set<String> = [ownType]

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.ownType else { return nil }
    guard let kind = Kind(rawValue: try settings.string("kind", default: "")) else {
      throw settings.error("kind", "expected \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard let activation = Activation(rawValue: try settings.string("non_linearity", default: "")) else {
      throw settings.error(
        "non_linearity", "expected \(Activation.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.kind = kind
    self.activation = activation
    reductionFactor = try settings.integer("reduction_factor", in: 1...1_000_000)
    scaling = try settings.number("scaling", default: kind.scaling)
  }

  var options: [(name: String, value: JSONValue)] {
    [
      ("kind", JSONValue(kind.rawValue)), ("reduction_factor", JSONValue(reductionFactor)),
      ("non_linearity", JSONValue(activation.rawValue)), ("scaling", JSONValue(scaling)),
    ]
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let hidden = model.configuration.hiddenSize
    let width = hidden / reductionFactor
    guard width > 0 else {
      throw AttachError(
        "reduction_factor \(reductionFactor) leaves nothing of the model's width, which is \(hidden)",
        option: "reduction_factor")
    }
    var networks: [BottleneckNetwork] = []
    for block in model.blocks {
      func attach(_ name: String, at branch: BranchOutput) throws {
        let network = BottleneckNetwork(
          "\(block.site).\(name).adapters.default", hidden: hidden, width: width, activation: activation,
          scaling: Float(scaling), isParallel: kind == .parallel, setting: setting)
        networks.append(network)
        try placements.place(.branchAdapter(network), at: branch)
      }
      if kind == .houlsby { try attach("attention_adapters", at: block.attentionOutput) }
      try attach("output_adapters", at: block.feedForwardOutput)
    }
    let parameters = networks.flatMap(\.parameters)
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(operationsPerToken: 4 * hidden * width * networks.count),
      format: AdapterFormat(
        peftType: Self.ownType,
        configuration: [
          ("kind", JSONValue(kind.rawValue)), ("reduction_factor", JSONValue(reductionFactor)),
          ("non_linearity", JSONValue(activation.rawValue)), ("scaling", JSONValue(scaling)),
          ("hidden_size", JSONValue(hidden)),
        ],
        tensors: parameters.map { AdapterTensor($0, key: $0.name) }))
  }
}

/// One bottleneck.
private final class BottleneckNetwork: BranchAdapter {
  private let downWeight: Parameter
  private let downBias: Parameter
  private let upWeight: Parameter
  private let upBias: Parameter
  private let activation: Activation
  private let scaling: Float
  private let isParallel: Bool

  init(
    _ path: String, hidden: Int, width: Int, activation: Activation, scaling: Float, isParallel: Bool,
    setting: AttachmentSetting
  ) {
    self.activation = activation
    self.scaling = scaling
    self.isParallel = isParallel
    let pool = setting.context.pool
    let stream = setting.seeds.child(BottleneckAdapter.name).child(path)
    let bound = 1 / Float(hidden).squareRoot()
    func zeros(_ name: String, _ shape: [Int]) -> Parameter {
      Parameter("\(path).\(name)", shape: shape, in: pool) { [Float](repeating: 0, count: shape.reduce(1, *)) }
    }
    downWeight = Parameter("\(path).adapter_down.0.weight", shape: [width, hidden], in: pool) {
      stream.uniforms(width * hidden, in: -bound...bound)
    }
    downBias = zeros("adapter_down.0.bias", [width])
    upWeight = zeros("adapter_up.weight", [hidden, width])
    upBias = zeros("adapter_up.bias", [hidden])
  }

  var parameters: [Parameter] { [downWeight, downBias, upWeight, upBias] }
  var stacking: Stacking { isParallel ? .adds : .transforms }

  func callAsFunction(_ output: Variable, branchInput input: Variable, on tape: Tape) -> Variable {
    let down = tape.linear(isParallel ? input : output, weight: tape.variable(for: downWeight))
    let inner = tape.apply(activation, to: tape.addBias(tape.variable(for: downBias), to: down))
    let up = tape.linear(inner, weight: tape.variable(for: upWeight))
    let added = tape.scale(tape.addBias(tape.variable(for: upBias), to: up), by: scaling)
    // The sum takes the network's memory: the branch's output is still wanted for D's gradient.
    return tape.add(output, inPlaceTo: added)
  }
}
