public import PEFTCore

/// What `plan` shows of a run.
public struct RunEstimate: Sendable {
  /// The run.
  public let run: PlannedRun
  /// Its id; nil where the weights or the data that it depends on are not there.
  public let id: String?
  /// Whether its record is there.
  public let isComplete: Bool
  /// Trainable values.
  public let trainableParameters: Int
  /// What its data asks for; nil where the dataset is not there.
  public let work: Work?
  /// Seconds that it takes on this machine; nil without weights to measure by, or without data.
  public let seconds: Double?
  /// Seconds that it took, from its record; nil for a run that is not complete.
  public let measuredSeconds: Double?
  /// The peak of tensors that its record would state; nil without data.
  public let peak: MemoryUse?
  /// The peak that memory must do for, evaluation included, and what to change if it does not; nil without data.
  public let need: (use: MemoryUse, advice: String)?

  /// The sizes of a run.
  public struct Work: Sendable {
    /// Rows that are trained on, validation rows included.
    public let trainingRows: Int
    /// Rows that are scored.
    public let evaluationRows: Int
    /// Rows of the other sets that are answered too, by the sets' names.
    public let furtherRows: [(name: String, count: Int)]
    /// How many rows that are trained on have each label; nil where answers are free text.
    public let trainingClasses: ClassCounts?
    /// How many rows that are scored have each label; nil where answers are free text.
    public let evaluationClasses: ClassCounts?
    /// Tokens of all training batches.
    public let trainingTokens: Int
    /// Tokens of all prompts that are answered.
    public let evaluationTokens: Int
    /// Optimizer steps.
    public let steps: Int
  }
}
