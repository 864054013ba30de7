public import PEFTCore

/// Names that options have in other libraries and that configs may use here: the only table of them.
///
/// Where a value is written otherwise there, it is translated; one that is not supported is refused by name.
public enum OptionAliases {
  /// A part of a config that is not a method.
  public enum Section: String, CaseIterable, Sendable { case config, model, data, training, evaluation }

  /// One place of a config with its aliases.
  public struct Group: Sendable {
    /// A method's name, or the section's.
    public let place: String
    /// The aliases.
    public let aliases: [OptionAlias]
  }

  /// All aliases: those of the methods, in their order, then those of the sections.
  public static var all: [Group] {
    let methods = MethodRegistry.names.map { Group(place: $0, aliases: self.methods[$0] ?? []) }
    let sections = Section.allCases.map { Group(place: $0.rawValue, aliases: self.sections[$0] ?? []) }
    return (methods + sections).filter { !$0.aliases.isEmpty }
  }

  /// Lets a reader of a method's options take the aliases.
  static func add(to options: inout OptionReader, method: String) { options.take(methods[method] ?? []) }

  /// Lets a reader of a section take the aliases.
  public static func add(to options: inout OptionReader, section: Section) { options.take(sections[section] ?? []) }

  private static let peft = "PEFT"
  private static let factory = "LLaMA-Factory, PEFT-Factory"
  private static let trainer = "transformers, LLaMA-Factory"

  private static let virtualTokens = OptionAlias("num_virtual_tokens", of: "tokens", origin: peft)

  private static let methods: [String: [OptionAlias]] = [
    LoRA.name: [
      OptionAlias("r", of: "rank", origin: peft), OptionAlias("lora_rank", of: "rank", origin: factory),
      OptionAlias("lora_alpha", of: "alpha", origin: peft), OptionAlias("lora_dropout", of: "dropout", origin: peft),
      OptionAlias("use_rslora", of: "rslora", origin: peft), OptionAlias("use_dora", of: "dora", origin: peft),
      OptionAlias("loraplus_lr_ratio", of: "loraplus_ratio", origin: peft),
      OptionAlias(
        "lora_target", of: "target_modules", origin: factory, translations: [.init("all", "all-linear")],
        isCommaList: true),
      OptionAlias("additional_target", of: "modules_to_save", origin: factory, isCommaList: true),
      OptionAlias(
        "init_lora_weights", of: "init", origin: peft,
        translations: [
          .init(true, "zero"), .init("gaussian", "gaussian"), .init("orthogonal", "orthogonal"),
          .init("pissa", "pissa"),
        ], takesOthers: false),
      OptionAlias(
        "pissa_init", of: "init", origin: factory, translations: [.init(true, "pissa"), .init(false, .null)],
        takesOthers: false),
    ],
    PromptTuning.name: [
      virtualTokens,
      OptionAlias(
        "prompt_tuning_init", of: "init", origin: peft,
        translations: [.init("RANDOM", "random"), .init("TEXT", "text"), .init("SAMPLE_VOCAB", "vocabulary")],
        takesOthers: false),
      OptionAlias("prompt_tuning_init_text", of: "init_text", origin: peft),
    ],
    PrefixTuning.name: [virtualTokens, OptionAlias("prefix_projection", of: "projection", origin: peft)],
    PTuning.name: [
      virtualTokens,
      OptionAlias(
        "encoder_reparameterization_type", of: "encoder", origin: peft,
        translations: [.init("MLP", "mlp"), .init("LSTM", "lstm")], takesOthers: false),
    ],
  ]

  private static let sections: [Section: [OptionAlias]] = [
    .config: [
      OptionAlias("seed", of: "seeds", origin: trainer), OptionAlias("output_dir", of: "output", origin: trainer),
    ],
    .model: [
      OptionAlias("model_name_or_path", of: "path", origin: trainer),
      OptionAlias("model_revision", of: "revision", origin: trainer),
      OptionAlias("torch_dtype", of: "dtype", origin: "transformers"),
    ],
    .data: [
      OptionAlias("dataset", of: "datasets", origin: factory, isCommaList: true),
      OptionAlias("dataset_dir", of: "root", origin: factory),
      OptionAlias("max_samples", of: "train_limit", origin: factory),
      OptionAlias("max_samples", of: "eval_limit", origin: factory),
    ],
    .training: [
      OptionAlias("num_train_epochs", of: "epochs", origin: trainer),
      OptionAlias("max_steps", of: "steps", origin: trainer, translations: [.init(-1, .null)]),
      OptionAlias("per_device_train_batch_size", of: "batch_size", origin: trainer),
      OptionAlias("gradient_accumulation_steps", of: "gradient_accumulation", origin: trainer),
      OptionAlias(
        "lr_scheduler_type", of: "scheduler", origin: trainer,
        translations: [
          .init("constant", "constant"), .init("constant_with_warmup", "constant"), .init("linear", "linear"),
          .init("cosine", "cosine"),
        ], takesOthers: false),
      OptionAlias(
        "optim", of: "optimizer", origin: trainer,
        translations: [
          .init("adamw_torch", "adamw"), .init("adamw_torch_fused", "adamw"), .init("sgd", "sgd"),
        ], takesOthers: false),
      OptionAlias("adam_beta1", of: "beta1", origin: trainer), OptionAlias("adam_beta2", of: "beta2", origin: trainer),
      OptionAlias("adam_epsilon", of: "epsilon", origin: trainer),
      OptionAlias("gradient_checkpointing", of: "recompute", origin: trainer),
      OptionAlias("cutoff_len", of: "cutoff_tokens", origin: factory),
      OptionAlias("val_size", of: "validation_fraction", origin: factory, condition: .below(1)),
      OptionAlias("val_size", of: "validation_rows", origin: factory, condition: .from(1)),
      OptionAlias("eval_steps", of: "validation_every", origin: trainer),
      OptionAlias("save_steps", of: "checkpoint_steps", origin: trainer),
      OptionAlias("load_best_model_at_end", of: "keep_best", origin: "transformers"),
    ],
    .evaluation: [OptionAlias("per_device_eval_batch_size", of: "batch_size", origin: trainer)],
  ]
}
