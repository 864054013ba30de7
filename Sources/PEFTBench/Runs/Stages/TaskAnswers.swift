import PEFTCore

/// The answers to rows of several tasks, one task after the other.
struct TaskAnswers: AnswerSource {
  /// The tasks in the order of the rows: which rows are theirs, and who answers them.
  let tasks: [(rows: Range<Int>, source: any AnswerSource)]
  /// Lets the method stand for a task, where it tells tasks apart.
  let show: (Int) -> Void

  func answers(
    to rows: ScoredRows, known: [String], saw: (_ count: Int, _ answers: @escaping () -> [String]) throws -> Void
  ) throws -> [String] {
    var all = known
    for (task, (range, source)) in tasks.enumerated() where all.count < range.upperBound {
      show(task)
      let before = Array(all.prefix(range.lowerBound))
      let own = try source.answers(to: rows.part(range), known: Array(all.dropFirst(range.lowerBound))) {
        answered, answers in try saw(before.count + answered) { before + answers() }
      }
      all = before + own
    }
    return all
  }

  func repeatedCount(of rows: ScoredRows) -> Int {
    tasks.reduce(0) { $0 + $1.source.repeatedCount(of: rows.part($1.rows)) }
  }
}

extension ScoredRows {
  /// Some of the rows.
  func part(_ range: Range<Int>) -> ScoredRows {
    ScoredRows(
      split: split, examples: Array(examples[range]), rendered: Array(rendered[range]), sha256: sha256, classes: nil)
  }
}
