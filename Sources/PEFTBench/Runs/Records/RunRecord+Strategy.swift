import PEFTCore

extension RunRecord {
  /// A run's strategy against chance, with its cost beside plain steps on the same data.
  package struct Strategy: RecordPart {
    /// Its name.
    package var name = ""
    /// The name with the options that are not the default.
    package var label: String?
    /// Name and options with all defaults.
    package var options: JSONValue?
    /// The settings that it replaced in the run's `training`, with what the run was trained with; nil where it replaced none.
    package var training: JSONValue?
    /// Models that answered each row.
    package var voters: Int?
    /// The share of the scored rows that all of them answered alike; nil for one model.
    package var unanimous: Double?
    /// Optimizer steps of all models together.
    package var modelSteps: Double?
    /// The same as a multiple of those of plain steps.
    package var relativeModelSteps: Double?
    /// The same as a share of those of as many independent trainings; nil where members are not copies of one training.
    package var shareOfEnsemble: Double?
    /// Tokens of all batches, counted for every model that took a step on them.
    package var trainingTokens: Double?
    /// The same as a multiple of those of plain steps.
    package var relativeTrainingTokens: Double?
    /// Further training rows; nil where the strategy has none.
    package var augmentedRows: Double?
    /// Bytes of the copies of trainable values.
    package var copiedAdapterBytes: Double?
    /// Bytes of their optimizers, and of averages and origins.
    package var copiedOptimizerBytes: Double?

    package init() {}

    package static let members: [RecordMember<Self>] = [
      .required("name", \.name), .nullable("label", \.label), .nullable("options", \.options),
      .optional("training", \.training),
      .nullable("voters", \.voters), .optional("unanimous", \.unanimous), .nullableCount("model_steps", \.modelSteps),
      .nullable("relative_model_steps", \.relativeModelSteps), .optional("share_of_ensemble", \.shareOfEnsemble),
      .nullableCount("training_tokens", \.trainingTokens),
      .nullable("relative_training_tokens", \.relativeTrainingTokens),
      .optional("augmented_rows", \.augmentedRows), .nullableCount("copied_adapter_bytes", \.copiedAdapterBytes),
      .nullableCount("copied_optimizer_bytes", \.copiedOptimizerBytes),
    ]
  }
}
