import PEFTCore

/// Which of the model's own biases are trained beside LoRA: PEFT's option `bias`.
enum TrainedBiases: String, CaseIterable, Sendable {
  /// None.
  case none
  /// All: those of maps and of norms.
  case all
  /// Those of the adapted maps.
  case adapted = "lora_only"

  /// Trains the biases, from their pretrained values.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - adapted: The adapted maps, whose biases PEFT's files have under another key.
  ///   - saved: Modules that are trained as a whole, with their biases.
  ///   - setting: Memory.
  ///   - placements: Attaches the biases.
  /// - Throws: `AttachError` if one of them is trained by another method.
  func attach(
    to model: CausalLanguageModel, adapted: [Linear], except saved: SavedModules, with setting: AttachmentSetting,
    placing placements: Placements
  ) throws -> Addition {
    var addition = Addition()
    guard self != .none else { return addition }
    let wrapped = Set(adapted.map(\.site))
    let maps: [any SitePart] = model.linears + [model.head]
    for slot in (maps + (self == .all ? model.norms : [])).flatMap(\.weightSlots) where slot.isBias {
      let site = slot.part.site
      guard !saved.contains(site), self == .all || wrapped.contains(site) else { continue }
      let name = wrapped.contains(site) ? "\(site).base_layer.bias" : slot.name
      let bias = slot.parameter(named: name, context: setting.context)
      try placements.place(.bias(bias), at: slot.part)
      addition.add(bias)
    }
    return addition
  }
}
