import PEFTCore

/// BitFit: only biases are trained.
///
///     y = W·x + b,   b trained
///
/// Trainable: the elements of every bias of the model, those of norms too. Without `target_modules` a model that has
/// biases trains those, from their pretrained values. Where there are none (Llama), or `target_modules` names maps,
/// biases are added to those maps (by default the query and value projections, as PEFT-Bench does): outputs for each.
/// Added biases start at zero, so that step 0 is the base model; `init: upstream` gives PEFT-Bench's start, uniform
/// in ±1/√inputs (it also drops the pretrained bias of such a map; here it stays). Biases cost nothing at inference.
/// PEFT has added biases alone, as BEFT (`BEFT`), whose files these are; trained existing ones are saved in a layout of our
/// own (docs/adapter-files.md).
struct BitFit: PEFTMethod {
  static let name = "bitfit"
  static let summary = "only biases are trained, or added to maps that have none"
  static let source = "Ben Zaken et al. 2022, arXiv 2106.10199"

  /// What added biases start at.
  enum Start: String, CaseIterable, Sendable {
    /// Zero: step 0 is the base model.
    case zero
    /// Uniform in ±1/√inputs.
    case upstream
  }

  /// The maps to add biases to; nil for the biases that exist, if any do.
  let targets: TargetSelector?
  /// What added biases start at.
  let start: Start
  /// Whether an adapter says that it holds existing biases.
  private let wantsExisting: Bool
  /// Modules that are trained as a whole beside it.
  let savedModules: SavedModules

  init(options: inout OptionReader) throws {
    targets = try TargetSelector.read(&options)
    start = try options.choice(
      "init", default: Start.zero, about: "start of added biases: zero, or PEFT-Bench's random one")
    wantsExisting = false
    savedModules = try SavedModules(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "BEFT" || type == Self.ownType else { return nil }
    savedModules = try SavedModules(peft: settings)
    wantsExisting = type == Self.ownType
    targets = wantsExisting ? nil : try settings.targets() ?? TargetSelector(.suffixes(["v_proj"]))
    start = .zero
  }

  var drawsStart: Bool { start == .upstream }

  var options: [(name: String, value: JSONValue)] {
    TargetSelector.options(targets).map { (name: $0.0, value: $0.1) }
      + [(name: "modules_to_save", value: savedModules.document)].filter { $0.value != .null }
  }

  /// `peft_type` of trained existing biases: keys are PEFT's prefix and the bias's name in the base model.
  private static let ownType = "BITFIT"
  static let ownTypes: Set<String> = [ownType]

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let hasBiases = model.weightSlots.contains(where: \.isBias)
    if targets == nil, hasBiases { return try trainExisting(of: model, with: setting, placing: placements) }
    guard !wantsExisting else { throw AttachError("the adapter holds trained biases, but this model has none") }
    return try add(to: model, with: setting, placing: placements)
  }

  private func trainExisting(
    of model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let beside = try savedModules.attach(to: model, with: setting, placing: placements)
    let maps: [any SitePart] = model.linears + [model.head]
    let slots = (maps + model.norms).flatMap(\.weightSlots)
    var parameters: [Parameter] = []
    for slot in slots where slot.isBias && !savedModules.contains(slot.part.site) {
      let bias = slot.parameter(context: setting.context)
      try placements.place(.bias(bias), at: slot.part)
      parameters.append(bias)
    }
    return AttachedMethod(
      parameters: parameters + beside.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: Self.ownType, configuration: [("modules_to_save", savedModules.document)],
        tensors: parameters.map { AdapterTensor($0) } + beside.tensors))
  }

  private func add(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let selector = try targets ?? DefaultTargets.queriesAndValues(of: model)
    let linears = try selector.linears(of: model, except: savedModules)
    let beside = try savedModules.attach(to: model, with: setting, placing: placements)
    let adapters = linears.map { linear in
      AddedBias(linear, setting: setting) {
        switch start {
        case .zero: return [Float](repeating: 0, count: linear.outputs)
        case .upstream:
          let bound = 1 / Float(linear.inputs).squareRoot()
          return setting.seeds.child(Self.name).child(linear.site).uniforms(linear.outputs, in: -bound...bound)
        }
      }
    }
    for (linear, adapter) in zip(linears, adapters) { try placements.place(.adapter(adapter), at: linear) }
    let parameters = adapters.flatMap(\.parameters)
    return AttachedMethod(
      parameters: parameters + beside.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "BEFT",
        configuration: [
          ("target_modules", selector.document(sites: linears.map(\.site))),
          ("modules_to_save", savedModules.document),
        ],
        tensors: parameters.map { AdapterTensor($0) } + beside.tensors, copies: BaseCopy.all(of: model)))
  }
}
