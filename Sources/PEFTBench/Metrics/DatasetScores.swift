/// A score with its name.
public struct NamedScore: Sendable, Equatable {
  /// The name, such as `macro_f1`.
  public let name: String
  /// The value: 0...1, for correlations -1...1; never NaN.
  public let value: Double

  /// Creates a score.
  public init(name: String, value: Double) {
    self.name = name
    self.value = value
  }
}

/// What one dataset's predictions are worth.
public struct DatasetScores: Sendable, Equatable {
  /// The name of the headline score, one of `scores`.
  public let primary: String
  /// The headline score's value.
  public let value: Double
  /// Every score, in an order that depends only on the metric family and the protocol.
  public let scores: [NamedScore]
  /// The share of predictions that could not be read as an answer.
  public let invalidRate: Double
  /// How many predictions were scored.
  public let count: Int
  /// The credit of each answer, 0...1, in the order given; empty where the score is no mean over rows (correlations).
  ///
  /// Paired tests between two methods work on these.
  public let rowCredits: [Double]
  /// What a reader of the numbers must know, such as a correlation that was undefined and is given as 0.
  public let notes: [String]

  /// The score called `name`, if there is one.
  public func score(_ name: String) -> Double? { scores.first { $0.name == name }?.value }

  init(
    primary: String, scores: [NamedScore], invalidRate: Double, count: Int, rowCredits: [Double], notes: [String] = []
  ) {
    self.primary = primary
    self.scores = scores
    value = scores.first { $0.name == primary }?.value ?? 0
    self.invalidRate = invalidRate
    self.count = count
    self.rowCredits = rowCredits
    self.notes = notes
  }
}
