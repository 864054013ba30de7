/// The questions after rows of free text, as ReCoRD counts them.
///
/// Rows of one query are one question: their accepted answers are put together, and the first prediction counts.
package struct SpanQueries {
  /// The best exact match and word F1 of each question.
  package let results: [(exactMatch: Double, f1: Double)]
  /// The question of each row.
  package let ofRow: [Int]
  /// Whether every row is a question of its own with one accepted answer, so that its label and its prediction say all.
  package let areRows: Bool

  package init(_ answers: [ScoredAnswer]) {
    var queries: [(prediction: String, accepted: [String])] = []
    var positions: [String: Int] = [:]
    var ofRow: [Int] = []
    for answer in answers {
      if let group = answer.group, let position = positions[group] {
        queries[position].accepted += answer.acceptedAnswers
        ofRow.append(position)
      } else {
        if let group = answer.group { positions[group] = queries.count }
        ofRow.append(queries.count)
        queries.append((AnswerParser.reply(in: answer.predict), answer.acceptedAnswers))
      }
    }
    results = queries.map { SpanMatch.best($0.prediction, among: $0.accepted) }
    self.ofRow = ofRow
    areRows = queries.count == answers.count && answers.allSatisfy { $0.acceptedAnswers == [$0.label] }
  }
}
