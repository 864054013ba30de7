import PEFTCore

/// Where the methods attach if `target_modules` is not given: PEFT's table by architecture.
///
/// For an architecture that PEFT's table lacks, the defaults of the row whose names the model has are taken.
enum DefaultTargets {
  /// LoRA: queries and values, or the fused projection.
  static func lora(of model: CausalLanguageModel) throws -> TargetSelector {
    try first([["q_proj", "v_proj"], ["c_attn"], ["query_key_value"], ["qkv_proj"]], of: model)
  }

  /// Added biases: queries and values, as the published BitFit runs had them.
  static func biases(of model: CausalLanguageModel) throws -> TargetSelector { try lora(of: model) }

  /// IA3: what to scale, and the maps among it that belong to the feed-forward part.
  static func ia3(of model: CausalLanguageModel) throws -> (targets: TargetSelector, feedForward: [String]) {
    let attention: [[String]]
    switch model.configuration.family {
    case "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text": attention = [["q_proj", "v_proj"]]
    case "opt": attention = [["q_proj", "k_proj"]]
    default: attention = [["k_proj", "v_proj"], ["c_attn"], ["query_key_value"], ["qkv_proj"]]
    }
    let feedForward = [["down_proj"], ["mlp.c_proj"], ["dense_4h_to_h"], ["fc2"]]
    let (scaled, inner) = (try names(attention, of: model), try names(feedForward, of: model))
    return (TargetSelector(.suffixes(scaled + inner)), inner)
  }

  /// LN tuning: the norms of the blocks and the last one; only those before the feed-forward part of Qwen.
  static func norms(of model: CausalLanguageModel) -> TargetSelector {
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

  private static func first(_ choices: [[String]], of model: CausalLanguageModel) throws -> TargetSelector {
    TargetSelector(.suffixes(try names(choices, of: model)))
  }

  private static func names(_ choices: [[String]], of model: CausalLanguageModel) throws -> [String] {
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

  /// Whether checkpoints of the family store this weight turned.
  func storesTransposed(_ slot: WeightSlot) -> Bool {
    if slot.shape.count == 2, let linear = slot.part as? Linear { storesTransposed(linear) } else { false }
  }
}
