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
  /// - Parameter other: Of a third set, the rows that choices are made on.
  func notes(of dataset: DatasetDescription, besides other: ScoredRows? = nil) -> [String] {
    let repeated =
      sha256 == other?.sha256
      ? ["\(split) of \(dataset.id) has the same rows as \(other?.split ?? ""), so nothing is held out from choosing"]
      : []
    return repeated + RowNotes(of: dataset, split: split, count: examples.count, classes).scored
  }
}
