import PEFTCore

/// What comes before or after, said before one of two is chosen.
extension MiniCOPA {
  var practiceWeight: Int { 22 }

  func practice(_ draws: inout Draws) -> PretrainingDocument {
    guard draws.chance(0.3) else { return lesson(&draws) }
    let item = draws.untilDrawn { Self.draw(right: $0.integer(below: 2), in: .pretraining, &$0) }
    return Self.thinkingAloud(item, Self.question(of: item, &draws), &draws)
  }

  /// What comes before or after, said before the options are judged.
  private static func thinkingAloud(_ item: Item, _ question: String, _ draws: inout Draws) -> PretrainingDocument {
    let names = Lesson.names(of: item.choices, &draws)
    var lines: [Lesson.Line] = [
      .given("Premise: \(item.premise)"), .given("Question: \(question)"), .thought(item.choices[item.right]),
    ]
    for (place, choice) in item.choices.enumerated() {
      lines += [.given("\(names[place]): \(choice)"), .thought(place == item.right ? "yes" : "no")]
    }
    let answer = item.choices[item.right].trimmingSuffix(while: { $0 == "." })
    return Lesson.thinkingAloud(lines + [.given("It is \(names[item.right]), \(answer).")], &draws)
  }
}
