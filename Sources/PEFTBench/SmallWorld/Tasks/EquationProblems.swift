import PEFTCore

/// SVAMP's counterpart: word problems of one step, some with a number that does not matter.
struct MiniSVAMP: MiniDataset {
  let name = "svamp"
  var lessonWeight: Int { 9 }

  private static let aside = 0.35

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let rows = uniqueRows(split, seed: seed, classes: Array(repeating: 0, count: count)) { _, draws in
      guard let problem = WordProblem.oneStep(aside: Self.aside, in: split, &draws) else { return nil }
      let step = problem.steps[0]
      return [
        "ID": .string(""), "Body": .string(problem.body), "Question": .string(problem.question),
        "Equation": .string("( \(step.left).0 \(step.operation.rawValue) \(step.right).0 )"),
        "Answer": .string(String(problem.result)), "Type": .string(Self.type(step.operation)),
        "question_concat": .string("\(problem.body) \(problem.question)"),
      ]
    }
    return rows.enumerated().map { index, row in
      var row = row
      row["ID"] = .string("mini-\(split.rawValue)-\(index + 1)")
      return row
    }
  }

  private static func type(_ operation: Calculation.Operation) -> String {
    switch operation {
    case .plus: "Addition"
    case .minus: "Subtraction"
    case .times: "Multiplication"
    case .over: "Common-Division"
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.2) { return Calculation.drill(&draws) }
    let problem = draws.untilDrawn { WordProblem.oneStep(aside: Self.aside, in: .pretraining, &$0) }
    let step = problem.steps[0]
    let text = "\(problem.body) \(problem.question)"
    let verb: String
    switch step.operation {
    case .plus: verb = "add"
    case .minus: verb = "subtract"
    case .times: verb = "multiply"
    case .over: verb = "divide"
    }
    let sum = "\(step.spaced) = \(step.result)"
    switch draws.integer(below: 6) {
    case 0: return .prose("\(text) \(sum). So it is \(step.result).")
    case 1:
      let instruction = draws.pick(["What must we do here?", "Which sign is it?", "Do we add or subtract?"])
      return Lesson.exchange(
        Lesson.request(instruction, [Lesson.Field([], text)], bare: 0, &draws), "We \(verb): \(sum).")
    case 2: return Lesson.exchange(text, "\(problem.amount(step.result)), because \(step.spoken).")
    case 3:
      let instruction = draws.pick(["Which numbers do we need?", "Which two numbers matter?"])
      return Lesson.exchange(
        Lesson.request(instruction, [Lesson.Field([], text)], bare: 0, &draws),
        "We need \(step.left) and \(step.right), and we \(verb): \(sum).")
    default:
      let instruction = draws.pick(["Put it as a sum.", "Say it in numbers.", "What is the sum here?"])
      let answer = draws.pick([
        "\(sum).", "\(step.tight)=\(step.result).", "It is \(step.spaced), that is \(step.result).",
        Inflection.sentence(step.spoken),
      ])
      return Lesson.exchange(
        Lesson.request(instruction, [Lesson.Field(["Story", "Text"], text)], bare: 0, &draws), answer)
    }
  }
}
