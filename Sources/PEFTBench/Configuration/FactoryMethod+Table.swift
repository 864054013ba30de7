import PEFTCore

extension FactoryMethod {
  /// The methods: of those of one type the first that an entry asks for is meant.
  package static let all: [FactoryMethod] = [
    FactoryMethod(
      "QLoRA", .reparametrized, type: "lora", choice: ("quantization_bit", nil), method: "qlora",
      [
        Option("quantization_bit", .null, .only([4])), Option("quantization_type", "nf4", .only(["nf4"])),
        Option("double_quantization", true, .only([true])), Option("use_dora", false, .option("dora")),
      ] + lowRank),
    FactoryMethod(
      "DoRA", .reparametrized, type: "lora", choice: ("use_dora", true), method: "dora",
      [Option("use_dora", false, .only([true]))] + lowRank),
    FactoryMethod(
      "PiSSA", .reparametrized, type: "lora", choice: ("pissa_init", true), method: "pissa",
      [
        Option("pissa_init", false, .only([true])), Option("pissa_iter", 16, .silent),
        Option("pissa_convert", false, .silent),
      ] + lowRank),
    FactoryMethod(
      "LoRA+", .reparametrized, type: "lora", choice: ("loraplus_lr_ratio", nil), method: "lora-plus",
      [
        Option("loraplus_lr_ratio", .null, .option("loraplus_ratio")),
        Option("loraplus_lr_embedding", 1e-6, .only([1e-6])),
      ] + lowRank),
    FactoryMethod("LoRA", .reparametrized, type: "lora", method: "lora", lowRank),
    FactoryMethod(
      "OFT", .reparametrized, type: "oft", method: "oft",
      [
        Option("oft_rank", 0, .option("blocks")), Option("oft_block_size", 32, .option("block_size")),
        Option("oft_target", "all", .option("target_modules"), isWritten: true),
        Option("module_dropout", 0.0, .option("module_dropout")),
        Option("additional_target", .null, .option("modules_to_save")),
      ]),
    FactoryMethod(
      "GaLore", .reparametrized, type: "full", choice: ("use_galore", true), method: "galore",
      [
        Option("use_galore", false, .only([true])), Option("galore_rank", 16, .option("rank")),
        Option("galore_update_interval", 200, .option("update_interval")),
        Option("galore_scale", 2.0, .option("scale")),
        Option("galore_proj_type", "std", .option("proj_type")),
        Option("galore_target", "all", .option("target_modules")), Option("galore_layerwise", false, .only([false])),
      ]),
    FactoryMethod(
      "Prompt Tuning", .prompt, type: "prompt-tuning", method: "prompt-tuning",
      [
        Option("num_virtual_tokens", .null, .option("tokens")),
        // Its default is RANDOM, and the loader puts tokens of the vocabulary in the place of any start.
        Option("prompt_tuning_init", "SAMPLE_VOCAB", .option("init"), isWritten: true),
        Option("prompt_tuning_init_text", .null, .option("init_text")),
      ]),
    FactoryMethod(
      "MPT", .prompt, type: "mtp", method: "mpt",
      [
        Option("num_virtual_tokens", .null, .option("tokens")),
        Option("prompt_tuning_init", "RANDOM", .option("init")),
        Option("prompt_tuning_init_text", .null, .option("init_text")),
        Option("prompt_tuning_init_state_dict_path", .null, .option("init_from")),
        Option("prompt_tuning_init_task", 0, .option("source_task")), Option("num_ranks", 1, .option("rank")),
        Option("num_tasks", 1, .option("tasks")),
      ]),
    FactoryMethod(
      "P-Tuning v2", .prompt, type: "prefix-tuning", choice: ("prefix_projection", false), method: "p-tuning-v2",
      [
        Option("num_virtual_tokens", .null, .option("tokens")), Option("prefix_projection", false, .only([false])),
        randomPrefix,
      ]),
    FactoryMethod(
      "Prefix Tuning", .prompt, type: "prefix-tuning", method: "prefix-tuning",
      [
        Option("num_virtual_tokens", .null, .option("tokens")),
        Option("prefix_projection", false, .option("projection")),
        Option("encoder_hidden_size", .null, .option("encoder_hidden_size")), randomPrefix,
      ]),
    FactoryMethod(
      "P-Tuning", .prompt, type: "p-tuning", method: "p-tuning",
      [
        Option("num_virtual_tokens", .null, .option("tokens")),
        Option("encoder_reparameterization_type", "MLP", .option("encoder")),
        Option("encoder_hidden_size", .null, .option("encoder_hidden_size")),
        Option("encoder_num_layers", 2, .only([2])), Option("encoder_dropout", 0.0, .only([0])),
      ]),
    FactoryMethod(
      "IA3", .adapter, type: "ia3", method: "ia3",
      [
        Option("target_modules", .null, .option("target_modules")),
        Option("feedforward_modules", .null, .option("feedforward_modules")),
        Option("init_ia3_weights", true, .only([true])),
      ]),
    FactoryMethod(
      "LNTuning", .prompt, type: "lntuning", method: "ln-tuning",
      [Option("target_modules", .null, .option("target_modules"))]),
    FactoryMethod(
      "Bottleneck", .adapter, type: "bn-adapter", method: "adapter",
      bottleneck(attention: true, activation: "swish", isWritten: true)),
    FactoryMethod(
      "Sequential Bottleneck", .adapter, type: "seq-bn-adapter", method: "sequential-adapter",
      bottleneck(attention: false, activation: "relu")),
    FactoryMethod(
      "Parallel", .adapter, type: "par-adapter", method: "parallel-adapter",
      bottleneck(attention: false, activation: "relu") + [Option("scaling", 4.0, .option("scaling"))]),
    FactoryMethod(
      "BitFit", .selective, type: "bitfit", method: "bitfit",
      [
        Option("target_modules", ["q_proj", "v_proj"], .option("target_modules"), isWritten: true),
        // PyTorch draws the biases of the maps that it puts in the place of the model's.
        Option("init", "upstream", .option("init"), isWritten: true),
      ]),
    FactoryMethod(
      "SVFT", .selective, type: "svft", method: "svft",
      [
        Option("rank", .null, .option("rank")), Option("off_diag", 1, .option("off_diag")),
        Option("pattern", "banded", .option("pattern")), Option("fill_orthonormal", false, .only([false])),
        Option("target_modules", ["q_proj", "k_proj"], .option("target_modules")),
      ]),
  ]

  /// PEFT's start of a prefix, which knows no other; here a prefix starts from tokens of the vocabulary unless told otherwise.
  private static let randomPrefix = Option("init", "random", .option("init"), isWritten: true)

  /// Options that all methods of the type `lora` have.
  private static let lowRank: [Option] = [
    Option("lora_rank", 8, .option("rank")), Option("lora_alpha", "2 · lora_rank", .option("alpha"), isWritten: true),
    Option("lora_dropout", 0.0, .option("dropout")),
    Option("lora_target", "all", .option("target_modules"), isWritten: true),
    Option("use_rslora", false, .option("rslora")), Option("additional_target", .null, .option("modules_to_save")),
  ]

  /// Options of the bottleneck adapters.
  private static func bottleneck(attention: Bool, activation: String, isWritten: Bool = false) -> [Option] {
    [
      Option("reduction_factor", 16, .option("reduction_factor")),
      Option(
        "non_linearity", JSONValue(activation), .option("non_linearity"), isWritten: isWritten,
        translations: [.init("swish", "silu"), .init("gelu_new", "gelu_tanh")]),
      Option("mh_adapter", JSONValue(attention), .only([JSONValue(attention)])),
      Option("output_adapter", true, .only([true])), Option("residual_before_ln", true, .only([true])),
      Option("adapter_name", "default", .silent),
    ]
  }
}
