/// What must be said of the rows of one split.
struct RowNotes {
  /// Fewer rows are said.
  private static let fewRows = 30

  private let subject: String
  private let count: Int
  private let classes: ClassCounts?

  init(of dataset: DatasetDescription, split: String, count: Int, _ classes: ClassCounts?) {
    subject = "\(split) of \(dataset.id)"
    (self.count, self.classes) = (count, classes)
  }

  /// Of rows to train on.
  var training: [String] {
    oneClass.map { "\(subject) has 1 class (\($0)): no other answer can be learned from it" } + few("")
  }

  /// Of rows to score.
  var scored: [String] {
    oneClass.map { "\(subject) has 1 class (\($0)): giving that answer to every row is always right" }
      + few(", so one row more or less moves the score by \(NumberText.percent(1 / Double(max(1, count)))) points")
  }

  private var oneClass: [String] {
    guard let present = classes?.present, present.count == 1 else { return [] }
    return present
  }

  private func few(_ meaning: String) -> [String] {
    guard count < Self.fewRows else { return [] }
    return ["\(subject) has \(NumberText.counted(count, "row"))\(meaning)"]
  }
}
