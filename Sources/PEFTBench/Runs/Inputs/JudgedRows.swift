import PEFTCore

/// A set of rows with a run's answers and what they are worth.
struct JudgedRows {
  /// The rows.
  let rows: ScoredRows
  /// How many of them ask what an earlier one does, and have its answer; nil for none, and for a part of another set.
  let repeatedCount: Int?
  /// Their answers beside the right ones.
  let scored: [ScoredAnswer]
  /// What each member of an ensemble answered, row by row; nil where one model did.
  let members: [[String]]?
  /// The share of rows to which all of them gave answers that mean the same; nil where one model answered.
  let unanimousShare: Double?
  /// The scores under the config's protocol.
  let scores: DatasetScores
  /// What is given beside them.
  var summary: AnswerSummary
  /// The scores under the other one, or why there are none.
  let otherScores: Result<DatasetScores, ScoringError>
  /// Seconds that answering took.
  let seconds: Double

  /// The lines of predictions.jsonl.
  var predictions: [JSONValue] {
    scored.indices.map { index in
      var line: JSONValue = [
        "index": JSONValue(index), "prompt": JSONValue(rows.rendered[index].prompt),
        "label": JSONValue(scored[index].label), "predict": JSONValue(scored[index].predict),
      ]
      if let members { line["members"] = JSONValue(members[index]) }
      // A correlation credits no single row.
      line["correct"] = scores.rowCredits.isEmpty ? .null : JSONValue(scores.rowCredits[index] == 1)
      // Without these, `metrics` could not score the file as it is scored here.
      if let group = scored[index].group { line["group"] = JSONValue(group) }
      if let answers = scored[index].allAnswers { line["answers"] = JSONValue(answers) }
      return line
    }
  }
}
