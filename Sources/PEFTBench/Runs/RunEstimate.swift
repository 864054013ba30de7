import PEFTCore

/// What `plan` shows of a run.
package struct RunEstimate: Sendable {
  /// The run.
  package let run: PlannedRun
  /// Its id; nil where the weights or the data that it depends on are not there.
  package let id: String?
  /// Whether its record is there.
  package let isComplete: Bool
  /// Trainable values.
  package let trainableParameters: Int
  /// FLOPs of one forward pass over 512 tokens, by every model that answers; nil where the dataset is not there.
  package let inferenceFLOPs: Int?
  /// What its data asks for; nil where the dataset is not there.
  package let work: Work?
  /// Seconds that it takes on this machine; nil without weights to measure by, or without data.
  package let seconds: Double?
  /// Seconds that it took, from its record; nil for a run that is not complete.
  package let measuredSeconds: Double?
  /// The peak of tensors that its record would state; nil without data.
  package let peak: MemoryUse?
  /// The memory required at the peak, evaluation included, and what to change if it does not fit; nil without data.
  package let need: (use: MemoryUse, advice: String)?
  /// Of how many blocks activations are computed again, among those that keep any; nil for a run that asks for none, or
  /// without data.
  package let recomputed: (count: Int, among: Int)?

  /// The sizes of a run.
  package struct Work: Sendable {
    /// Rows that are trained on, validation rows included.
    package let trainingRows: Int
    /// Rows that are scored.
    package let evaluationRows: Int
    /// Rows of the other sets that are answered too, by the sets' names.
    package let furtherRows: [(name: String, count: Int)]
    /// How many rows that are trained on have each label; nil where answers are free text.
    package let trainingClasses: ClassCounts?
    /// How many rows that are scored have each label; nil where answers are free text.
    package let evaluationClasses: ClassCounts?
    /// Tokens of all training batches, counted for every model that takes a step on them.
    package let trainingTokens: Int
    /// Tokens of all prompts that are answered, counted for every model that answers them.
    package let evaluationTokens: Int
    /// Optimizer steps.
    package let steps: Int
  }
}
