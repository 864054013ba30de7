import PEFTCore

/// IA3 (infused adapter by inhibiting and amplifying inner activations): trained vectors that scale activations.
///
///     keys, values:  y = l ⊙ (W·x + b), l: [outputs];   feed-forward:  y = W·(l ⊙ x) + b, l: [inputs]
///
/// Trainable: outputs for each scaled output, inputs for each scaled input. All start at one, so that step 0 is
/// the base model. Merged into rows or columns of W for inference, so it adds no cost there. The paper scales the
/// feed-forward part's inner activation, the input of down_proj: PEFT's and our default. `feedforward: output`
/// scales what down_proj gives, as the published PEFT-Bench run did, whose `feedforward_modules` matched nothing.
struct IA3: PEFTMethod {
  static let name = "ia3"
  static let summary = "trained vectors that scale keys, values and feed-forward activations"
  static let source = "Liu et al. 2022, arXiv 2205.05638"

  /// Which maps are scaled at their input.
  enum FeedForward: Sendable, Equatable {
    /// The family's, as PEFT's table has it.
    case familyDefault
    /// Those whose site ends with one of the names.
    case names([String])
    /// Those whose whole site matches.
    case expression(String)
  }

  /// Where the feed-forward part is scaled.
  enum Side: String, CaseIterable { case input, output }

  /// The maps to scale; nil for the model family's default.
  let targets: TargetSelector?
  /// Those that are scaled at their input.
  let feedForward: FeedForward

  init(options: inout OptionReader) throws {
    targets = try TargetSelector.read(&options)
    let names = try options.optionalStrings(
      "feedforward_modules", about: "maps of the feed-forward part among the targets; the family's default without it")
    let side = try options.choice(
      "feedforward", default: Side.input,
      about: "which side of feedforward_modules is scaled: the paper's input, "
        + "or the output as in the published PEFT-Bench run")
    switch side {
    case .output: feedForward = .names([])
    case .input: feedForward = names.map { .names($0) } ?? .familyDefault
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "IA3" else { return nil }
    try settings.refuse(["modules_to_save"])
    targets = try settings.targets()
    if let value = settings["feedforward_modules"] {
      feedForward =
        if let expression = value.string { .expression(expression) } else {
          .names(try settings.strings("feedforward_modules") ?? [])
        }
    } else {
      feedForward = .familyDefault
    }
  }

  func attach(to model: CausalLanguageModel, with setting: AttachmentSetting) throws -> AttachedMethod {
    let selector = try targets ?? DefaultTargets.ia3(of: model).targets
    let linears = try selector.linears(of: model)
    let isFeedForward = try feedForwardTest(model)
    let adapters = linears.map { IA3Adapter($0, scalesInput: isFeedForward($0.site), setting: setting) }
    for (linear, adapter) in zip(linears, adapters) { linear.adapter = adapter }
    let parameters = adapters.flatMap(\.parameters)
    let inner = linears.filter { isFeedForward($0.site) }.map(\.site)
    return AttachedMethod(
      parameters: parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "IA3",
        configuration: [
          ("target_modules", selector.document(sites: linears.map(\.site))),
          ("feedforward_modules", try feedForwardDocument(model, selector: selector, sites: inner)),
          ("exclude_modules", selector.excludedDocument),
          ("fan_in_fan_out", JSONValue(linears.contains { model.storesTransposed($0) })), ("init_ia3_weights", true),
        ],
        tensors: parameters.map { AdapterTensor($0) }),
      undo: { for linear in linears { linear.adapter = nil } })
  }

  private func feedForwardTest(_ model: CausalLanguageModel) throws -> (String) -> Bool {
    switch feedForward {
    case .familyDefault:
      let names = try DefaultTargets.ia3(of: model).feedForward
      return { site in names.contains { site.hasSuffix($0) } }
    case .names(let names): return { site in names.contains { site.hasSuffix($0) } }
    case .expression(let text):
      let chosen = try? TargetSelector(.expression(text)).linears(of: model).map(\.site)
      return { chosen?.contains($0) ?? false }
    }
  }

  /// PEFT wants the feed-forward's names to be among the targets' where both are lists.
  private func feedForwardDocument(
    _ model: CausalLanguageModel, selector: TargetSelector, sites: [String]
  ) throws -> JSONValue {
    if case .expression(let text) = feedForward { return JSONValue(text) }
    guard selector.layers == nil, case .suffixes(let targets) = selector.pattern else { return JSONValue(sites) }
    let names: [String] =
      switch feedForward {
      case .familyDefault: try DefaultTargets.ia3(of: model).feedForward
      case .names(let names): names
      case .expression: []
      }
    return JSONValue(targets.filter { target in names.contains { target.hasSuffix($0) || $0.hasSuffix(target) } })
  }
}

/// One scaled map.
private final class IA3Adapter: LinearAdapter {
  private let vector: Parameter
  private let scalesInput: Bool

  init(_ linear: Linear, scalesInput: Bool, setting: AttachmentSetting) {
    self.scalesInput = scalesInput
    let count = scalesInput ? linear.inputs : linear.outputs
    vector = Parameter(
      "\(linear.site).ia3_l", shape: scalesInput ? [1, count] : [count, 1], in: setting.context.pool
    ) { [Float](repeating: 1, count: count) }
  }

  var parameters: [Parameter] { [vector] }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    let factors = tape.variable(for: vector)
    return scalesInput ? base(tape.scaleColumns(x, by: factors)) : tape.scaleColumns(base(x), by: factors)
  }

  func merge(into weight: inout [Float], bias: inout [Float]) -> Bool {
    let factors = vector.value.values
    let inputs = scalesInput ? factors.count : weight.count / factors.count
    for index in weight.indices { weight[index] *= factors[scalesInput ? index % inputs : index / inputs] }
    if !scalesInput { for index in bias.indices { bias[index] *= factors[index] } }
    return true
  }
}
