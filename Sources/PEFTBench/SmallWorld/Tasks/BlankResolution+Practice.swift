import PEFTCore

/// What a blank stands for, said before it is chosen.
extension MiniWinoGrande {
  var practiceWeight: Int { 36 }

  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 10) {
    case 0..<3: Self.gaps(&draws)
    case 3..<6: Self.filling(&draws)
    default: Self.choice(&draws)
    }
  }

  private static func item(_ draws: inout Draws) -> Contrast.Item {
    draws.untilDrawn { Contrast.item(in: .pretraining, &$0) }
  }

  /// What is missing in one sentence after another.
  private static func gaps(_ draws: inout Draws) -> PretrainingDocument {
    let instructions = ["What belongs into the gap?", "Fill the gap.", "What is missing?"]
    return Lesson.conversation(draws.integer(in: 2...4), asking: instructions, bare: 0.1, &draws) { draws in
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
      lines += [.given("\(name): \(item.sentence)"), .thought("_ is \(item.names[item.right])")]
      let options = Lesson.arranged(item.names[item.right], [item.names[1 - item.right]], at: draws.integer(below: 2))
      for (title, option) in zip(Lesson.names(of: options, &draws), options) {
        lines += [.given("\(title): \(option)"), .thought(option == item.names[item.right] ? "yes" : "no")]
      }
    }
    return Lesson.thinkingAloud(lines, &draws)
  }

  /// Which of two fills the gap.
  private static func choice(_ draws: inout Draws) -> PretrainingDocument {
    let item = item(&draws)
    let name = item.names[item.right]
    let place = draws.integer(below: 2)
    return Lesson.choice(
      Lesson.Choice(
        [Lesson.Field(["Sentence", "Text", "Gap", "Line"], item.sentence)],
        Lesson.arranged(name, [item.names[1 - item.right]], at: place), right: place,
        reason: item.sentence.replacing("_", with: name)),
      asking: ["What belongs into the gap?", "Which one is missing?", "Fill the gap.", "Who or what is meant?"], &draws)
  }
}
