/// One prediction beside what was expected.
package struct ScoredAnswer: Sendable, Equatable {
  /// What the model wrote.
  package let predict: String
  /// The gold answer of this row.
  package let label: String
  /// What ties rows together: the question of a MultiRC answer, the query of a ReCoRD row.
  package let group: String?
  /// Every accepted answer, where the row's label is one of several (ReCoRD).
  package let allAnswers: [String]?

  /// Creates an answer to be scored.
  package init(predict: String, label: String, group: String? = nil, allAnswers: [String]? = nil) {
    self.predict = predict
    self.label = label
    self.group = group
    self.allAnswers = allAnswers
  }

  /// The answers that count as right.
  var acceptedAnswers: [String] {
    guard let allAnswers, !allAnswers.isEmpty else { return [label] }
    return allAnswers
  }
}
