import PEFTCore

/// Lists of people and numbers, whose entries are meant by what a gap stands for or by what a sum makes.
extension ListTalk {
  /// A list with verdicts, or a conversation about one.
  static func practice(_ draws: inout Draws) -> PretrainingDocument {
    let subject = draws.pick([people, numbers, numbers])
    return draws.chance(0.5) ? judged(subject, &draws) : conversation(subject(&draws), &draws)
  }

  /// Names, asked for by name or by what a gap or a pronoun stands for.
  private static func people(_ draws: inout Draws) -> Subject {
    if draws.chance(0.5) {
      let item = draws.untilDrawn { Contrast.item(in: .pretraining, &$0) }
      let entries = draws.shuffled(item.names)
      let right = entries.firstIndex(of: item.names[item.right]) ?? 0
      return Subject(
        entries: entries,
        clues: entries.enumerated().map { Clue(question: $1, entry: $0) } + [
          Clue(question: item.sentence, entry: right), Clue(question: item.sentence, entry: right),
        ])
    }
    let entries = draws.sample(size(&draws), of: Person.named).map(\.name)
    let form = draws.pick(["Which one is {t}?", "Who of these is {t}?", "Find {t}.", "{t}"])
    return Subject(
      entries: entries,
      clues: entries.enumerated().map { Clue(question: form.replacing("{t}", with: $1), entry: $0) })
  }

  /// Numbers, asked for by themselves or by what makes them.
  private static func numbers(_ draws: inout Draws) -> Subject {
    let step = Calculation.draw(draws.pick(Calculation.Operation.allCases), &draws)
    let wrong = Calculation.wrongResults(of: step, size(&draws) - 1, &draws)
    let place = draws.integer(below: wrong.count + 1)
    let entries = Lesson.arranged(step.result, wrong, at: place).map(String.init)
    let form = draws.pick(["Which one is {t}?", "Which number is {t}?", "Find {t}.", "{t}"])
    return Subject(
      entries: entries,
      clues: entries.enumerated().map { Clue(question: form.replacing("{t}", with: $1), entry: $0) }
        + Array(repeating: Clue(question: form.replacing("{t}", with: step.spaced), entry: place), count: 4))
  }
}
