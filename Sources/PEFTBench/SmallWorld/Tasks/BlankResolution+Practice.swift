import PEFTCore

/// What a blank stands for, said before it is chosen.
extension MiniWinoGrande {
  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 10) {
    case 0..<2: Self.gaps(&draws)
    case 2..<5: Self.filling(&draws)
    case 5..<8: ListTalk.gaps(&draws)
    default: Self.choice(Self.item(&draws), &draws)
    }
  }

  /// What is missing in one sentence after another.
  private static func gaps(_ draws: inout Draws) -> PretrainingDocument {
    Lesson.conversation(draws.integer(in: 2...4), asking: questions, bare: 0.1, &draws) { draws in
      let item = item(&draws)
      return ([Lesson.Field([], item.sentence)], "\(item.names[item.right]).")
    }
  }

  /// Sentences, what their gaps stand for, and whether that is this one or the other.
  private static func filling(_ draws: inout Draws) -> PretrainingDocument {
    let name = draws.pick(["Sentence", "Text", "Gap", "Line"])
    var lines: [Lesson.Line] = []
    for _ in 0..<draws.integer(in: 1...3) {
      let item = item(&draws)
      let place = draws.integer(below: 2)
      let options = Lesson.arranged(item.names[item.right], [item.names[1 - item.right]], at: place)
      lines += [.given("\(name): \(item.sentence)"), .thought("_ is \(item.names[item.right])")]
      lines += Lesson.judgements(options, called: Lesson.names(of: options, &draws), right: place)
    }
    return Lesson.thinkingAloud(lines, &draws)
  }
}
