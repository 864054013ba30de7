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

  /// Of rows of which nothing is left within the most tokens of an example.
  ///
  /// Their prompts are cut to the instruction, which tells one row from another by nothing; an answer to be trained on that
  /// still does not fit is a part of itself, such as half a label word. Both train and score like other rows do.
  ///
  /// - Parameters:
  ///   - rendered: The rows.
  ///   - cutoff: The most tokens of an example.
  ///   - room: The most tokens of a prompt that is to be answered; nil for rows to train on.
  func withoutRoom(_ rendered: [RenderedExample], cutoff: Int, room: Int?) -> [String] {
    let lost = rendered.count { row in
      room.map { row.isPromptCut && row.promptIDs.count > $0 } ?? row.isAnswerCut
    }
    guard lost > 0 else { return [] }
    let answers = room == nil ? ", and their answers are cut too" : ""
    return [
      "\(subject): \(lost) of \(count) rows do not fit into \(cutoff) tokens (training.cutoff_tokens, or what the model "
        + "takes) with instruction and answer, so that nothing is left of their texts\(answers)"
    ]
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
