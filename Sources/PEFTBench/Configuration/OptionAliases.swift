import PEFTCore
import PEFTMethods

/// Names that options have in other libraries and that configs may use here: those of the sections, and a list of all.
///
/// The methods state theirs beside their options (`PEFTMethod.aliases`). Where a value is written otherwise there, it is
/// translated; one that is not supported is refused by name.
package enum OptionAliases {
  /// A part of a config that is not a method.
  package enum Section: String, CaseIterable, Sendable { case config, model, data, training, evaluation }

  /// One place of a config with its aliases.
  package struct Group: Sendable {
    /// A method's name, or the section's.
    package let place: String
    /// The aliases.
    package let aliases: [OptionAlias]
  }

  /// All aliases: those of the methods, in their order, then those of the sections.
  package static var all: [Group] {
    let methods = MethodRegistry.all.map { Group(place: $0.name, aliases: $0.aliases) }
    let sections = Section.allCases.map { Group(place: $0.rawValue, aliases: self.sections[$0] ?? []) }
    return (methods + sections).filter { !$0.aliases.isEmpty }
  }

  /// Lets a reader of a section take the aliases.
  static func add(to options: inout OptionReader, section: Section) { options.take(sections[section] ?? []) }

  /// transformers' name of the scheduler, whose `constant` has no warm-up.
  static let schedulerName = "lr_scheduler_type"

  /// transformers' names of bitsandbytes' AdamW of 8 bits; whether its state is paged to other memory changes no number.
  private static let eightBitNames: [JSONValue] = ["adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit"]

  private static let sections: [Section: [OptionAlias]] = [
    .config: [
      OptionAlias("seed", of: "seeds", origin: .trainer), OptionAlias("output_dir", of: "output", origin: .trainer),
    ],
    .model: [
      OptionAlias("model_name_or_path", of: "path", origin: .trainer),
      OptionAlias("model_revision", of: "revision", origin: .trainer),
      OptionAlias("torch_dtype", of: "dtype", origin: .transformers),
    ],
    .data: [
      OptionAlias("dataset", of: "datasets", origin: .factory, isCommaList: true),
      OptionAlias("dataset_dir", of: "root", origin: .factory),
      OptionAlias("max_samples", of: "train_limit", origin: .factory),
      OptionAlias("max_samples", of: "eval_limit", origin: .factory),
    ],
    .training: [
      OptionAlias("num_train_epochs", of: "epochs", origin: .trainer),
      OptionAlias("max_steps", of: "steps", origin: .trainer, translations: [.init(-1, .null)]),
      OptionAlias("per_device_train_batch_size", of: "batch_size", origin: .trainer),
      OptionAlias("gradient_accumulation_steps", of: "gradient_accumulation", origin: .trainer),
      OptionAlias(
        schedulerName, of: "scheduler", origin: .trainer,
        translations: [
          .init("constant", "constant"), .init("constant_with_warmup", "constant"), .init("linear", "linear"),
          .init("cosine", "cosine"),
        ], takesOthers: false),
      OptionAlias(
        "optim", of: "optimizer", origin: .trainer,
        translations: [
          .init("adamw_torch", "adamw"), .init("adamw_torch_fused", "adamw"), .init("sgd", "sgd"),
        ] + eightBitNames.map { .init($0, "adamw") }, takesOthers: false),
      // The same name says both, which optimizer and how its state is kept; others leave the state to its own key.
      OptionAlias(
        "optim", of: TrainingConfiguration.optimizerStateKey, origin: .trainer,
        translations: eightBitNames.map { .init($0, "int8") }, takesOthers: false, condition: .translated),
      OptionAlias("adam_beta1", of: "beta1", origin: .trainer),
      OptionAlias("adam_beta2", of: "beta2", origin: .trainer),
      OptionAlias("adam_epsilon", of: "epsilon", origin: .trainer),
      OptionAlias("gradient_checkpointing", of: "recompute", origin: .trainer),
      OptionAlias("cutoff_len", of: "cutoff_tokens", origin: .factory),
      OptionAlias("val_size", of: "validation_fraction", origin: .factory, condition: .below(1)),
      OptionAlias("val_size", of: "validation_rows", origin: .factory, condition: .from(1)),
      OptionAlias("eval_steps", of: "validation_every", origin: .trainer),
      OptionAlias("save_steps", of: "checkpoint_steps", origin: .trainer),
      OptionAlias("load_best_model_at_end", of: "keep_best", origin: .transformers),
    ],
    .evaluation: [OptionAlias("per_device_eval_batch_size", of: "batch_size", origin: .trainer)],
  ]
}
