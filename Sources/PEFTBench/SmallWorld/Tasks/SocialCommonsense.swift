import PEFTCore

/// Social IQa's counterpart: what people feel, want and are like, after something that one did to another.
struct MiniSIQA: MiniDataset {
  let name = "siqa"
  var lessonWeight: Int { 16 }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(0, 1), (1, 1), (2, 1)], count: count, seed: seed, split)
    return uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = SocialFrame.item(in: split, &draws) else { return nil }
      let answers = Lesson.arranged(item.right, item.wrong, at: right)
      return [
        "context": .string(item.context), "question": .string(item.question), "answerA": .string(answers[0]),
        "answerB": .string(answers[1]), "answerC": .string(answers[2]), "label": .string(String(right + 1)),
      ]
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = draws.untilDrawn { SocialFrame.item(in: .pretraining, &$0) }
    let (first, second) = (item.people[0].name, item.people[1].name)
    let telling: String
    let asking: String
    switch item.aim {
    case .feels: (telling, asking) = ("Then \(first) felt \(item.right).", "How does \(first) feel now?")
    case .otherFeels: (telling, asking) = ("Then \(second) felt \(item.right).", "How does \(second) feel now?")
    case .trait: (telling, asking) = ("People say that \(first) is \(item.right).", "What is \(first) like?")
    case .reason: (telling, asking) = ("It was \(item.right).", "What was that for?")
    case .next: (telling, asking) = ("Now \(first) wants to \(item.right).", "What is \(first) going to do?")
    case .otherNext: (telling, asking) = ("Now \(second) wants to \(item.right).", "What is \(second) going to do?")
    }
    switch draws.integer(below: 10) {
    case 0: return .prose("\(item.context) \(telling)")
    case 1: return Lesson.exchange("\(item.context) \(asking)", telling)
    default:
      let right = draws.integer(below: 3)
      let question = draws.chance(0.75) ? item.question : asking
      return Lesson.choice(
        Lesson.Choice(
          [
            Lesson.Field(["Situation", "Context", "Story", "What happened"], item.context),
            Lesson.Field(["Question", "Question", "Asked"], question),
          ], Lesson.arranged(item.right, item.wrong, at: right), right: right, reason: telling),
        asking: ["What do you think?", "Which answer fits best?", "Which one is likely?"], &draws)
    }
  }
}
