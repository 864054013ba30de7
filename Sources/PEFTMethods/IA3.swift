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

  /// Where the feed-forward part is scaled.
  enum Side: String, CaseIterable { case input, output }

  /// What the keys of its vectors end with.
  static let scaleSuffix = ".ia3_l"

  /// The maps to scale; nil for the model family's default.
  let targets: TargetSelector?
  /// Those that are scaled at their input.
  let feedForward: FeedForward
  /// Modules that are trained as a whole beside it.
  let savedModules: SavedModules

  init(options: inout OptionReader) throws {
    targets = try TargetSelector.read(&options)
    let names = try options.optionalStrings(
      "feedforward_modules", about: "maps of the feed-forward part among the targets; the family's default unless given"
    )
    let side = try options.choice(
      "feedforward", default: Side.input,
      about: "which side of feedforward_modules is scaled: the paper's input, "
        + "or the output as in the published PEFT-Bench run")
    let choice: FeedForward.Choice =
      switch side == .output ? .suffixes([]) : names.map(TargetSelector.pattern) {
      case .expression(let text)?: .expression(text)
      case .suffixes(let names)?: .names(names)
      case .allLinear?, nil: .familyDefault
      }
    feedForward = FeedForward(choice: choice, mustMatch: true)
    savedModules = try SavedModules(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "IA3" else { return nil }
    savedModules = try SavedModules(peft: settings)
    targets = try settings.targets()
    let names = try settings.strings("feedforward_modules")
    let choice: FeedForward.Choice =
      if let expression = settings["feedforward_modules"]?.string { .expression(expression) } else {
        names.map { .names($0) } ?? .familyDefault
      }
    feedForward = FeedForward(choice: choice, mustMatch: false)
  }

  var drawsStart: Bool { false }

  var options: [(name: String, value: JSONValue)] {
    var options = TargetSelector.options(targets).map { (name: $0.0, value: $0.1) }
    switch feedForward.choice {
    case .familyDefault: break
    case .names(let names) where names.isEmpty: options.append((name: "feedforward", value: "output"))
    case .names(let names): options.append((name: "feedforward_modules", value: JSONValue(names.sorted())))
    case .expression(let text): options.append((name: "feedforward_modules", value: JSONValue(text)))
    }
    if savedModules.document != .null { options.append((name: "modules_to_save", value: savedModules.document)) }
    return options
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let selector = try targets ?? Self.defaultTargets(of: model).targets
    let linears = try selector.linears(of: model, except: savedModules)
    let isFeedForward = try feedForward.test(of: linears.map(\.site)) {
      try Self.defaultTargets(of: model).feedForward
    }
    let beside = try savedModules.attach(to: model, with: setting, placing: placements)
    let adapters = linears.map { IA3Adapter($0, scalesInput: isFeedForward($0.site), setting: setting) }
    for (linear, adapter) in zip(linears, adapters) { try placements.place(.adapter(adapter), at: linear) }
    let parameters = adapters.flatMap(\.parameters)
    let inner = linears.map(\.site).filter(isFeedForward)
    let documents = documents(selector, sites: linears.map(\.site), feedForward: inner)
    return AttachedMethod(
      parameters: parameters + beside.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "IA3",
        configuration: [
          ("target_modules", documents.targets), ("feedforward_modules", documents.feedForward),
          ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: linears))),
          ("modules_to_save", savedModules.document),
        ],
        tensors: parameters.map { AdapterTensor($0) } + beside.tensors, copies: BaseCopy.all(of: model)))
  }

  /// What PEFT's table scales, and the maps among it that belong to the feed-forward part.
  private static func defaultTargets(
    of model: CausalLanguageModel
  ) throws -> (targets: TargetSelector, feedForward: [String]) {
    let attention: [[String]]
    switch model.configuration.family {
    case "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text": attention = [["q_proj", "v_proj"]]
    case "opt": attention = [["q_proj", "k_proj"]]
    default: attention = [["k_proj", "v_proj"], ["c_attn"], ["query_key_value"], ["qkv_proj"]]
    }
    let scaled = try DefaultTargets.names(attention, of: model)
    let inner = try DefaultTargets.names([["down_proj"], ["mlp.c_proj"], ["dense_4h_to_h"], ["fc2"]], of: model)
    return (TargetSelector(.suffixes(scaled + inner)), inner)
  }

  /// `target_modules` and `feedforward_modules` as PEFT writes them.
  ///
  /// By name where names say which side of which map is scaled, else by site. PEFT wants the second list to be part of
  /// the first.
  private func documents(
    _ selector: TargetSelector, sites: [String], feedForward inner: [String]
  ) -> (targets: JSONValue, feedForward: JSONValue) {
    let targets = selector.document(sites: sites)
    if case .expression(let text) = feedForward.choice { return (targets, JSONValue(text)) }
    guard case .suffixes(let names) = selector.pattern, selector.layers == nil, selector.excluded == nil else {
      return (targets, JSONValue(inner))
    }
    let innerNames = names.filter { name in inner.contains { $0.hasSuffix(name) } }
    let named = sites.filter { site in innerNames.contains { site.hasSuffix($0) } }
    return named == inner ? (targets, JSONValue(innerNames)) : (JSONValue(sites), JSONValue(inner))
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
      linear.site + IA3.scaleSuffix, shape: scalesInput ? [1, count] : [count, 1], in: setting.context.pool
    ) { [Float](repeating: 1, count: count) }
  }

  private init(_ vector: Parameter, scalesInput: Bool) {
    self.vector = vector
    self.scalesInput = scalesInput
  }

  var parameters: [Parameter] { [vector] }
  var stacking: Stacking { .transforms }

  /// Factors of 1 + strength · (l − 1).
  func atStrength(_ strength: Float) -> (any LinearAdapter)? {
    IA3Adapter(vector.mapped { $0.map { 1 + strength * ($0 - 1) } }, scalesInput: scalesInput)
  }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    let factors = tape.variable(for: vector)
    return scalesInput ? base(tape.scaleColumns(x, by: factors)) : tape.scaleColumns(base(x), by: factors)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let factors = vector.value.values
    let inputs = scalesInput ? factors.count : weight.count / factors.count
    for index in weight.indices { weight[index] *= factors[scalesInput ? index % inputs : index / inputs] }
    return true
  }

  func merge(intoBias bias: inout [Float]) {
    guard !scalesInput else { return }
    let factors = vector.value.values
    for index in bias.indices { bias[index] *= factors[index] }
  }
}
