import PEFTCore

/// PIQA's counterpart: which of two solutions reaches a physical goal.
struct MiniPIQA: MiniDataset {
  let name = "piqa"
  var lessonWeight: Int { 20 }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(0, 1), (1, 1)], count: count, seed: seed, split)
    return uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = Affordance.item(in: split, &draws) else { return nil }
      let way = draws.pick(Affordance.ways)
      let solutions = Lesson.arranged(item.right, [item.wrong], at: right).map {
        Inflection.capitalized(way.replacing("{t}", with: $0))
      }
      return [
        "goal": .string(Self.stated(item.goal, &draws)), "sol1": .string(solutions[0]), "sol2": .string(solutions[1]),
        "label": .integer(right),
      ]
    }
  }

  private static func stated(_ goal: String, _ draws: inout Draws) -> String {
    Inflection.capitalized(draws.pick(Affordance.statements).replacing("{g}", with: goal))
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = draws.untilDrawn { Affordance.item(in: .pretraining, &$0) }
    switch draws.integer(below: 10) {
    case 0:
      let person = draws.pick(Person.all)
      return .prose(
        Inflection.sentence("\(person.name) wanted to \(item.goal)") + " "
          + draws.pick([
            "\(Inflection.capitalized(person.subject)) took \(item.right).",
            "So \(person.subject) looked for \(item.right).",
            "\(Inflection.capitalized(item.wrong)) was no use. With \(item.right) it was easy.",
          ]))
    case 1:
      return .prose(
        draws.pick([
          "With \(item.right) you can \(item.goal).", "\(Inflection.capitalized(item.right)) helps to \(item.goal).",
          "To \(item.goal), people use \(item.right), not \(item.wrong).",
        ]))
    case 2:
      return Lesson.exchange("What do I need to \(item.goal)?", "You need \(item.right).")
    case 3:
      let pair = draws.shuffled([item.right, item.wrong])
      return Lesson.exchange(
        "I want to \(item.goal). Shall I take \(pair[0]) or \(pair[1])?",
        Inflection.sentence("take \(item.right)"))
    default:
      let right = draws.integer(below: 2)
      let way = draws.chance(0.15) ? "{t}" : Inflection.capitalized(draws.pick(Affordance.ways))
      let options = Lesson.arranged(item.right, [item.wrong], at: right).map {
        String(way.replacing("{t}", with: $0).trimmingSuffix(while: { $0 == "." }))
      }
      let goal = draws.chance(0.8) ? Self.stated(item.goal, &draws) : "I want to \(item.goal)."
      return Lesson.choice(
        Lesson.Choice(
          [Lesson.Field(["Goal", "Task", "Aim", "Plan"], goal)], options, right: right,
          reason: "With \(item.right) you can \(item.goal)."),
        asking: ["Which of these works?", "What shall I do?", "Which is the better way?", "Which one helps?"], &draws)
    }
  }
}
