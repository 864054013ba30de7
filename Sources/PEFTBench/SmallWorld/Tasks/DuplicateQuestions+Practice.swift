import PEFTCore

/// What a question asks for, said before it is compared.
extension MiniQQP {
  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 10) {
    case 0..<2: Self.aims(&draws)
    case 2..<5: Self.comparisons(&draws)
    default:
      Lesson.conversation(draws.pick([1, 1, 2, 3]), asking: Self.instructions, &draws) { draws in
        Self.comparison(draws.untilDrawn { Self.draw($0.chance(0.5), in: .pretraining, &$0) }, &draws)
      }
    }
  }

  /// What one question after another asks for, and of what.
  private static func aims(_ draws: inout Draws) -> PretrainingDocument {
    let instructions = ["What do they want to know?", "What is asked for?", "Put it in other words."]
    return Lesson.conversation(draws.integer(in: 2...4), asking: instructions, &draws) { draws in
      let topic = topic(in: .pretraining, &draws)
      let aim = draws.pick(Aim.allCases)
      return (
        [Lesson.Field(["Question", "Asked", "Somebody asks"], topic.question(draws.pick(aim.templates), &draws))],
        gist(aim, topic)
      )
    }
  }

  /// A question in the words that say its aim and topic most plainly.
  private static func gist(_ aim: Aim, _ topic: Topic) -> String {
    Inflection.sentence("\(aim.word): to \(topic.phrase(verb: 0))")
  }

  /// A question, and others of the same or of another aim or topic: what each asks for, and whether it asks the same.
  private static func comparisons(_ draws: inout Draws) -> PretrainingDocument {
    let topic = topic(in: .pretraining, &draws)
    let aim = draws.pick(Aim.allCases)
    let given = topic.question(draws.pick(aim.templates), &draws)
    var lines: [Lesson.Line] = [
      .given("\(draws.pick(firstNames)): \(given)"), .thought(gist(aim, topic)),
    ]
    for _ in 0..<draws.integer(in: 1...4) {
      let (asked, meant) = variation(aim, topic, &draws)
      let text = draws.untilDrawn { draws in
        let text = meant.question(draws.pick(asked.templates), &draws)
        return text == given ? nil : text
      }
      lines += [
        .given(text), .thought(gist(asked, meant)),
        .given(asked == aim && meant.isAlike(topic) ? "yes" : "no"),
      ]
    }
    return Lesson.thinkingAloud(lines, &draws)
  }

  /// The same aim and topic in half of all draws, and else one that differs in one of them.
  private static func variation(_ aim: Aim, _ topic: Topic, _ draws: inout Draws) -> (Aim, Topic) {
    switch draws.integer(below: 8) {
    case 0..<4: return (aim, topic)
    case 4..<6: return (draws.pick(Aim.allCases) { $0 == aim } ?? aim, topic)
    default:
      let keepsAction = draws.chance(0.5)
      let other = draws.untilDrawn { draws in
        let other = self.topic(in: .pretraining, &draws)
        return keepsAction == (other.action.id == topic.action.id) && !other.isAlike(topic) ? other : nil
      }
      return (aim, other)
    }
  }
}
