import PEFTCore

/// What comes before or after, said before one of two is chosen.
extension MiniCOPA {
  func practice(_ draws: inout Draws) -> PretrainingDocument {
    guard draws.chance(0.3) else { return lesson(&draws) }
    let item = Self.item(&draws)
    let question = Self.question(of: item, &draws)
    let names = Lesson.names(of: item.choices, &draws)
    let answer = item.choices[item.right]
    return Lesson.thinkingAloud(
      [.given("Premise: \(item.premise)"), .given("Question: \(question)"), .thought(answer)]
        + Lesson.judgements(item.choices, called: names, right: item.right)
        + [.given(Lesson.conclusion(names[item.right], answer))], &draws)
  }
}
