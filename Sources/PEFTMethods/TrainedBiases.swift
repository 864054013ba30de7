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
  func attach(
    to model: CausalLanguageModel, adapted: [Linear], except saved: SavedModules, with setting: AttachmentSetting
  ) -> Addition {
    var addition = Addition()
    guard self != .none else { return addition }
    let wrapped = Set(adapted.map(\.site))
    for map in model.linears + [model.head] where map.hasBias && !saved.contains(map.site) {
      guard self == .all || wrapped.contains(map.site) else { continue }
      let place = wrapped.contains(map.site) ? "\(map.site).base_layer" : map.site
      let bias = Parameter("\(place).bias", shape: [map.outputs], in: setting.context.pool) { [unowned map] in
        map.bias?.values ?? []
      }
      map.trainedBias = bias
      addition.add(bias) { map.trainedBias = nil }
    }
    guard self == .all else { return addition }
    for norm in model.norms where norm.hasBias && !saved.contains(norm.site) {
      let bias = Parameter("\(norm.site).bias", shape: [norm.width], in: setting.context.pool) { [unowned norm] in
        norm.bias?.values ?? []
      }
      norm.trainedBias = bias
      addition.add(bias) { norm.trainedBias = nil }
    }
    return addition
  }
}
