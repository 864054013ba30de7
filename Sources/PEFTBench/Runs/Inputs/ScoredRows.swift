/// A set of rows that a run answers.
struct ScoredRows {
  /// The split that they are from.
  let split: String
  /// The rows.
  let examples: [Example]
  /// Their prompts.
  let rendered: [RenderedExample]
  /// The hash of the rows as they are used.
  let sha256: String
  /// How many rows have each label; nil where answers are free text.
  let classes: ClassCounts?

  /// What must be said of them.
  ///
  /// - Parameter other: Of another set, the rows that choices are made on.
  func notes(of dataset: DatasetDescription, besides other: ScoredRows? = nil) -> [String] {
    let repeated =
      sha256 == other?.sha256
      ? ["\(split) of \(dataset.id) has the same rows as \(other?.split ?? ""), so nothing is held out from choosing"]
      : []
    return repeated + RowNotes(of: dataset, split: split, count: examples.count, classes).scored
  }
}

/// One of the sets of rows that a run answers, which is known by its name in the record and in the names of files.
package struct EvaluationSet {
  /// The name; the set of the headline score has none.
  let name: String
  /// Its rows.
  let rows: ScoredRows
  /// Which rows of the first set they are, where their answers are taken from that one's; nil for rows of their own.
  var part: Range<Int>?
  /// How it is scored, where that is not the dataset's metric.
  var metric: DatasetMetric?

  /// The name of the rows of a third split.
  package static let test = "test"

  /// Where in the run's folder its answers are written.
  var predictionsName: String { name.isEmpty ? "predictions.jsonl" : "predictions-\(name).jsonl" }
  /// Where in the checkpoint's folder its answers are kept.
  var checkpointName: String { name.isEmpty ? "answers.json" : "answers-\(name).json" }
}
