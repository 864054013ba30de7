import PEFTCore

/// Where methods attach if `target_modules` is not given: PEFT's tables by architecture, what several of them share.
///
/// For an architecture that PEFT's table lacks, the defaults of the row whose names the model has are taken. What one method
/// alone does stands in its file.
enum DefaultTargets {
  /// Queries and values, or the fused projection: LoRA's row, and that of most methods after it.
  static func queriesAndValues(of model: CausalLanguageModel) throws -> TargetSelector {
    try first([["q_proj", "v_proj"], ["c_attn"], ["query_key_value"], ["qkv_proj"]], of: model)
  }

  /// The first choice all of whose names the model has.
  ///
  /// - Throws: `AttachError` if it has none.
  static func first(_ choices: [[String]], of model: CausalLanguageModel) throws -> TargetSelector {
    TargetSelector(.suffixes(try names(choices, of: model)))
  }

  /// The names of the first choice all of whose names the model has.
  ///
  /// - Throws: `AttachError` if it has none.
  static func names(_ choices: [[String]], of model: CausalLanguageModel) throws -> [String] {
    let sites = model.linears.map(\.site)
    let fitting = choices.first { names in
      names.allSatisfy { name in sites.contains { $0.hasSuffix("." + name) } }
    }
    guard let fitting else {
      throw AttachError(
        "there is no default for target_modules of the architecture \(model.configuration.family): name the maps")
    }
    return fitting
  }
}

extension CausalLanguageModel {
  /// Whether checkpoints of the family store this map as `[inputs, outputs]`, which PEFT calls fan-in-fan-out.
  func storesTransposed(_ linear: Linear) -> Bool {
    family?.storage.transposed.contains(String(linear.shortName)) ?? false
  }

  /// Whether checkpoints store one of these maps so: PEFT's member `fan_in_fan_out`.
  func storesTransposed(anyOf linears: [Linear]) -> Bool { linears.contains { storesTransposed($0) } }

  /// Whether checkpoints of the family store this weight turned.
  func storesTransposed(_ slot: WeightSlot) -> Bool {
    if slot.shape.count == 2, let linear = slot.part as? Linear { storesTransposed(linear) } else { false }
  }
}
