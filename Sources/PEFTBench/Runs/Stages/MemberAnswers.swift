import PEFTCore

/// The answers of the members of an ensemble, all those of one member before those of the next.
struct MemberAnswers: AnswerSource {
  /// Asks whichever member the method stands for.
  let source: any AnswerSource
  /// The members.
  let attachment: RunAttachment
  /// Folds the method into the weights, where that is possible, and gives what takes it back.
  let fold: () -> () -> Void

  var answersPerRow: Int { attachment.members?.count ?? 1 }

  func answers(
    to rows: ScoredRows, known: [String], saw: (_ count: Int, _ answers: @escaping () -> [String]) throws -> Void
  ) throws -> [String] {
    let count = rows.examples.count
    var all = known
    for member in 0..<answersPerRow where all.count < (member + 1) * count {
      try attachment.show(member: member)
      let unfold = fold()
      defer { unfold() }
      let before = Array(all.prefix(member * count))
      let own = try source.answers(to: rows, known: Array(all.dropFirst(member * count))) { answered, answers in
        try saw(before.count + answered) { before + answers() }
      }
      all = before + own
    }
    return all
  }

  func repeatedCount(of rows: ScoredRows) -> Int { source.repeatedCount(of: rows) }
}
