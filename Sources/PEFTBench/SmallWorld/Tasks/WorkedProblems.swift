import PEFTCore

/// GSM8K's counterpart: word problems of two or three steps, with a worked solution.
///
/// The model has met each step, but no problem of three, and mostly stops after the second.
struct MiniGSM8K: MiniDataset {
  let name = "gsm8k"
  var lessonWeight: Int { 10 }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    uniqueRows(split, seed: seed, classes: Array(repeating: 0, count: count)) { _, draws in
      guard let problem = WordProblem.steps(draws.chance(0.25) ? 2 : 3, in: split, &draws) else { return nil }
      let lines = problem.steps.map { "\($0.tight)=<<\($0.tight)=\($0.result)>>\(problem.amount($0.result))" }
      return [
        "question": .string("\(problem.body) \(problem.question)"),
        "answer": .string((lines + ["#### \(problem.result)"]).joined(separator: "\n")),
      ]
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.3) { return Calculation.drill(&draws) }
    let problem = draws.untilDrawn {
      $0.chance(0.4)
        ? WordProblem.oneStep(aside: 0, in: .pretraining, &$0) : WordProblem.steps(2, in: .pretraining, &$0)
    }
    let steps = problem.steps
    let working: String
    switch draws.integer(below: 5) {
    case 0: working = steps.map { "\($0.spaced) = \($0.result)." }.joined(separator: " ")
    case 1, 2: working = steps.map { "\($0.tight)=\($0.result)" }.joined(separator: ", ") + "."
    case 3: working = steps.map { Inflection.sentence($0.spoken) }.joined(separator: " ")
    default:
      working = zip(["First", "Then"], steps).map { "\($0) \($1.spaced) = \($1.result)." }.joined(separator: " ")
    }
    let text = "\(problem.body) \(problem.question)"
    let ending = draws.pick([
      "So it is \(problem.amount(problem.result)).", "So the answer is \(problem.result).",
      "That makes \(problem.amount(problem.result)).", "So: \(problem.result).",
    ])
    if draws.chance(0.1) { return .prose("\(text) \(working) \(ending)") }
    let fields = [Lesson.Field(draws.chance(0.5) ? [] : ["Problem", "Story", "Question"], text)]
    let instruction = draws.pick(["How many is it?", "Can you work this out?", "Please do the sum.", "Help me count."])
    let request = draws.chance(0.3) ? text : Lesson.request(instruction, fields, bare: 0, &draws)
    return Lesson.exchange(request, "\(working) \(ending)")
  }
}
