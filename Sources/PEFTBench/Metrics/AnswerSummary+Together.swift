import CodeMetrics

extension AnswerSummary {
  /// The summary of the answers to several datasets' rows, of which each has labels of its own.
  ///
  /// Who knows nothing but the dataset of a row answers each dataset's rows with its own most frequent label, and guesses
  /// among its own labels: over all rows the shares of right answers are the datasets' weighted by their rows. Other scores
  /// of such answers are left out.
  ///
  /// - Parameter parts: The datasets' own summaries with their rows.
  /// - Returns: This summary with these baselines of the accuracy.
  func together(_ parts: [(summary: AnswerSummary, rows: Int)]) -> AnswerSummary {
    let name = "accuracy"
    let rows = parts.reduce(0) { $0 + $1.rows }
    func mean(_ scores: (AnswerSummary) -> [NamedScore]) -> Double? {
      let sums = parts.compactMap { part in
        scores(part.summary).first { $0.name == name }.map { $0.value * Double(part.rows) }
      }
      guard rows > 0, sums.count == parts.count else { return nil }
      return sums.reduce(0, +) / Double(rows)
    }
    let (majority, chance) = (mean(\.majorityScores), mean(\.chanceScores))
    let answers = parts.compactMap(\.summary.majority?.answer).joined(separator: " / ")
    return AnswerSummary(
      majority: majority.map { Majority(answer: answers, value: $0) }, chance: chance,
      majorityScores: majority.map { [NamedScore(name: name, value: $0)] } ?? [],
      chanceScores: chance.map { [NamedScore(name: name, value: $0)] } ?? [], queryF1: queryF1,
      distinctAnswers: distinctAnswers, classes: classes, confusion: confusion)
  }
}
