import PEFTCore

/// Lists of two names and of numbers, whose entries are meant by what a gap stands for or by what a sum makes.
extension ListTalk {
  /// Two names, asked for by a gap: with verdicts, or a conversation about them.
  static func gaps(_ draws: inout Draws) -> PretrainingDocument { practice(fillers, &draws) }

  /// Numbers, asked for by a sum: with verdicts, or a conversation about them.
  static func sums(_ draws: inout Draws) -> PretrainingDocument { practice(numbers, &draws) }

  private static func practice(_ subject: (inout Draws) -> Subject, _ draws: inout Draws) -> PretrainingDocument {
    draws.chance(0.5) ? judged(subject, &draws) : conversation(subject(&draws), &draws)
  }

  /// The two of a sentence, asked for by name or, most times, by the gap that one of them fills.
  private static func fillers(_ draws: inout Draws) -> Subject {
    let item = draws.untilDrawn { Contrast.item(in: .pretraining, &$0) }
    let entries = draws.shuffled(item.names)
    let right = entries.firstIndex(of: item.names[item.right]) ?? 0
    return Subject(
      entries: entries,
      clues: entries.enumerated().map { Clue(question: $1, entry: $0) }
        + Array(repeating: Clue(question: item.sentence, entry: right), count: 4))
  }

  /// Numbers, asked for by themselves or, most times, by what makes them.
  private static func numbers(_ draws: inout Draws) -> Subject {
    let step = Calculation.draw(draws.pick(Calculation.Operation.allCases), numbers: .oneDigit, &draws)
    let wrong = Calculation.wrongResults(of: step, size(&draws) - 1, numbers: .oneDigit, &draws)
    let place = draws.integer(below: wrong.count + 1)
    let entries = Lesson.arranged(step.result, wrong, at: place).map(String.init)
    let form = draws.pick(["Which one is {t}?", "Which number is {t}?", "Find {t}.", "{t}"])
    return Subject(
      entries: entries,
      clues: entries.enumerated().map { Clue(question: form.replacing("{t}", with: $1), entry: $0) }
        + Array(repeating: Clue(question: form.replacing("{t}", with: step.spaced), entry: place), count: 4))
  }
}
