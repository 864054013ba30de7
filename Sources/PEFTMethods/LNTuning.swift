import PEFTCore

/// LN tuning: the gains (and biases) of the model's norms are trained where they stand.
///
///     y = normalize(x) ⊙ g + b,   g and b trained, everything else frozen
///
/// Trainable: the width of each chosen norm, twice where the norm has a bias. They start at the pretrained values,
/// so that step 0 is the base model, and replace them for inference, at no cost. Which norms: PEFT's table, all of
/// a Llama, but of Qwen2 and Qwen3 only those before the feed-forward part.
struct LNTuning: PEFTMethod {
  static let name = "ln-tuning"
  static let summary = "the gains and biases of the norms are trained in place"
  static let source = "Qi et al. 2022, arXiv 2211.08682"

  /// The norms to train; nil for the model family's default.
  let targets: TargetSelector?
  /// Modules that are trained as a whole beside it.
  let savedModules: SavedModules

  init(options: inout OptionReader) throws {
    targets = try TargetSelector.read(&options)
    savedModules = try SavedModules(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "LN_TUNING" else { return nil }
    targets = try settings.targets()
    savedModules = try SavedModules(peft: settings)
  }

  var drawsStart: Bool { false }

  var options: [(name: String, value: JSONValue)] {
    TargetSelector.options(targets).map { (name: $0.0, value: $0.1) }
      + [(name: "modules_to_save", value: savedModules.document)].filter { $0.value != .null }
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let nothingToTrain = AttachError("the norms of this model have neither gain nor bias to train")
    guard model.norms.contains(where: { $0.hasGain || $0.hasBias }) else { throw nothingToTrain }
    let selector = targets ?? Self.defaultTargets(of: model)
    let norms = try selector.norms(of: model, except: savedModules).filter { $0.hasGain || $0.hasBias }
    guard !norms.isEmpty else { throw nothingToTrain }
    let beside = try savedModules.attach(to: model, with: setting, placing: placements)
    var parameters: [Parameter] = []
    for norm in norms {
      for slot in norm.weightSlots {
        let part = slot.isBias ? "bias" : "weight"
        let parameter = slot.parameter(named: "\(norm.site).ln_tuning_layers.\(part)", context: setting.context)
        try placements.place(slot.occupant(parameter), at: norm)
        parameters.append(parameter)
      }
    }
    return AttachedMethod(
      parameters: parameters + beside.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "LN_TUNING",
        configuration: [
          ("target_modules", selector.document(sites: norms.map(\.site))),
          ("modules_to_save", savedModules.document),
        ],
        tensors: parameters.map { AdapterTensor($0) } + beside.tensors, copies: BaseCopy.all(of: model)))
  }

  /// PEFT's table: the norms of the blocks and the last one; only those before the feed-forward part of Qwen.
  private static func defaultTargets(of model: CausalLanguageModel) -> TargetSelector {
    switch model.configuration.family {
    case "qwen2", "qwen3": return TargetSelector(.suffixes(["post_attention_layernorm"]))
    default:
      var names: [String] = []
      for norm in model.norms where norm.hasGain {
        let name = norm.site.split(separator: ".").last.map(String.init) ?? norm.site
        // Norms of queries and keys are not in PEFT's table.
        if !names.contains(name), name != "q_norm", name != "k_norm" { names.append(name) }
      }
      return TargetSelector(.suffixes(names))
    }
  }
}
