import PEFTCore

/// The settings of a LoRA that is made of given factors, with a scale of one everywhere.
enum LoRASettings {
  /// The members of adapter_config.json.
  ///
  /// - Parameters:
  ///   - updates: The factors.
  ///   - bases: The settings of the adapters that it is made of, of which the first lends its model and version.
  ///   - hasBiases: Whether each update has a bias.
  static func members(
    for updates: [LowRankUpdate], from bases: [JSONValue], hasBiases: Bool = false
  ) -> JSONObject {
    let rank = updates.map(\.rank).max() ?? 1
    let others = updates.filter { $0.rank != rank }
    let pattern = JSONObject(distinct: others.map { ($0.site, JSONValue($0.rank)) })
    let base = bases.first
    // The choice of maps stays as it is where all adapters have the same one.
    let choice = ["target_modules", "exclude_modules", "layers_pattern", "layers_to_transform", "peft_type"]
    let isShared =
      base?["peft_type"] == "LORA" && base?["target_modules"] != .null
      && bases.allSatisfy { other in choice.allSatisfy { other[$0] == base?[$0] } }
    var members: [(String, JSONValue)] = [
      ("auto_mapping", .null), ("base_model_name_or_path", base?["base_model_name_or_path"] ?? .null),
      ("inference_mode", true), ("peft_type", "LORA"), ("peft_version", JSONValue(AdapterFile.writtenVersion)),
      ("revision", .null), ("task_type", "CAUSAL_LM"), ("modules_to_save", .null),
    ]
    members += (AdapterFormat.constantMembers["LORA"] ?? []).map { ($0.key, $0.value) }
    members += [
      ("r", JSONValue(rank)), ("lora_alpha", JSONValue(rank)), ("rank_pattern", .object(pattern)),
      ("alpha_pattern", .object(pattern)), ("lora_dropout", 0.0), ("use_rslora", false), ("use_dora", false),
      ("lora_bias", JSONValue(hasBiases)), ("bias", "none"), ("init_lora_weights", true),
      ("fan_in_fan_out", base?["fan_in_fan_out"] ?? false),
      ("target_modules", isShared ? base?["target_modules"] ?? .null : JSONValue(updates.map(\.site))),
      ("target_parameters", .null),
      ("trainable_token_indices", .null),
    ]
    for key in ["exclude_modules", "layers_pattern", "layers_to_transform"] {
      members.append((key, isShared ? base?[key] ?? .null : .null))
    }
    return JSONObject(distinct: members.sorted { $0.0 < $1.0 }.map { (key: $0.0, value: $0.1) })
  }
}
