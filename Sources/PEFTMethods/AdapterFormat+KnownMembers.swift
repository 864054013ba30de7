import PEFTCore

extension AdapterFormat {
  /// Members of adapter_config.json that change nothing in an adapter whose values are loaded: whose file it is, what it
  /// started from, how it was trained, and sizes of the model.
  static let silentMembers: Set<String> = [
    "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_type", "peft_version", "revision", "task_type",
    // How the model's checkpoint stores weights; the values are those of the map either way.
    "fan_in_fan_out",
    "corda_config", "eva_config", "generator_seed", "init_ia3_weights", "init_lora_weights", "init_scale",
    "init_weights", "loftq_config", "lora_ga_config", "mask_type", "prompt_tuning_init",
    "prompt_tuning_init_state_dict_path", "prompt_tuning_init_task", "prompt_tuning_init_text", "random_seed",
    "tokenizer_kwargs", "tokenizer_name_or_path",
    "megatron_config", "megatron_core", "qalora_group_size", "use_effective_conv2d",
    "hidden_size", "num_attention_heads", "num_layers", "token_dim",
  ]

  /// Members of a type that say something only beside certain values of others, or that PEFT writes and passes over itself.
  static let dependentMembers: [String: Set<String>] = [
    "ADALORA": ["alpha_pattern", "lora_bias", "r", "total_step", "use_rslora"],
    "ADAPTION_PROMPT": ["target_modules"],
    "BITFIT": ["target_modules"],
    combinedType: ["parts"],
    "DEFT": ["alpha", "deft_dropout"],
    "MISS": ["mini_r", "miss_dropout"],
    "P_TUNING": ["encoder_dropout", "encoder_hidden_size", "encoder_num_layers", "encoder_reparameterization_type"],
    "PREFIX_TUNING": ["encoder_hidden_size", "prefix_projection"],
    "SUPERTUNING": ["lora_alpha", "lora_dropout"],
    "SVFT": ["keeps_weight"],
  ]
}

extension AdapterSettings {
  /// Refuses members that the method did not ask for and that may change what it computes.
  ///
  /// A later version of PEFT may have options that this one does not know: an adapter with one would answer otherwise there.
  ///
  /// - Parameter type: Its `peft_type`.
  /// - Throws: `DocumentError` for a member that is not known and says something, or that says something else than is
  ///   known of it.
  func refuseUnknown(type: String) throws {
    let harmless = AdapterFormat.silentMembers.union(AdapterFormat.dependentMembers[type] ?? [])
    for (key, value) in unasked where !harmless.contains(key) && Self.saysSomething(value) {
      guard let constant = AdapterFormat.constantMembers[type]?.first(where: { $0.key == key })?.value else {
        throw error(key, "is not known to this version, which would pass over what it changes")
      }
      guard JSONValue(value) == constant else {
        throw error(key, "expected \(constant.compactText), which is all that is supported, found \(value.shown)")
      }
    }
  }
}
