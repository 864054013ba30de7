/// A score with its name.
package struct NamedScore: Sendable, Equatable {
  /// The name, such as `macro_f1`.
  package let name: String
  /// The value: 0...1, for correlations -1...1; never NaN.
  package let value: Double

  /// Creates a score.
  package init(name: String, value: Double) {
    self.name = name
    self.value = value
  }
}

/// What one dataset's predictions are worth.
package struct DatasetScores: Sendable, Equatable {
  /// The name of the headline score, one of `scores`.
  package let primary: String
  /// The headline score's value.
  package let value: Double
  /// Every score, in an order that depends only on the metric family and the protocol.
  package let scores: [NamedScore]
  /// The share of predictions that could not be read as an answer.
  package let invalidRate: Double
  /// How many predictions were scored.
  package let count: Int
  /// The credit of each answer, 0...1, in the order given; empty where the score is not a mean over rows
  /// (correlations).
  ///
  /// Paired tests between two methods work on these.
  package let rowCredits: [Double]
  /// What a reader of the numbers must know, such as a correlation that was undefined and is given as 0.
  package let notes: [String]

  /// The score called `name`, if there is one.
  package func score(_ name: String) -> Double? { scores.first { $0.name == name }?.value }

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
