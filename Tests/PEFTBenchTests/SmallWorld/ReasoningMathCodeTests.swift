import Foundation
import PEFTCore
import Testing

@testable import CodeMetrics
@testable import PEFTBench
@testable import SmallWorld

@Suite("Mini tasks of reasoning, arithmetic and code") struct ReasoningMathCodeTests {
  static let generated = ["gsm8k", "svamp", "conala", "codealpacapy", "apps"]

  private func rows(_ name: String, _ split: WorldSplit) throws -> [JSONValue] {
    try #require(SmallWorld.dataset(name)).rows(
      split, count: MiniSuite.rowCount(of: split), seed: SmallWorld.defaultSeed)
  }

  private func examples(_ rows: [JSONValue], _ description: DatasetDescription) throws -> [Example] {
    try rows.flatMap { try description.examples(of: TaskRows.row($0.compactText)) }
  }

  private func text(_ row: JSONValue, _ column: String) throws -> String {
    guard case .string(let text)? = row[column] else {
      Issue.record("column \(column) is no text")
      return ""
    }
    return text
  }

  private func documents(_ count: Int) -> [String] {
    let corpus = SmallWorldCorpus()
    return (0..<count).flatMap { index in
      switch corpus.document(UInt64(index)) {
      case .prose(let text): [text]
      case .conversation(let messages): messages.map(\.content)
      }
    }
  }

  @Test("A right answer has the full score, another row's answer less", arguments: generated)
  func scores(_ name: String) throws {
    let metric = try #require(DatasetMetric.for(dataset: name))
    let description = try TaskRows.dataset(name)
    let answers = try examples(rows(name, .validation), description).map(\.answer)
    let right = try metric.score(answers.map { ScoredAnswer(predict: $0, label: $0) })
    let wrong = try metric.score(
      zip(answers, answers.dropFirst() + [answers[0]]).map { ScoredAnswer(predict: $0, label: $1) })
    // CodeBLEU has no data flow to match in the shortest programs, and scores even equal ones below 1 then.
    let isCode = description.group == .code
    #expect((isCode ? right.value > 0.7 : right.value == 1) && right.invalidRate == 0, "\(right.value)")
    #expect(wrong.value < (isCode ? right.value - 0.2 : 0.8), "\(wrong.value) beside \(right.value)")
  }

  @Test("Every snippet, function and program is Python", arguments: ["conala", "codealpacapy", "apps"])
  func parses(_ name: String) throws {
    let description = try TaskRows.dataset(name)
    for example in try examples(rows(name, .train) + rows(name, .validation), description) {
      #expect(!PythonParser.parse(Array(example.answer.utf8)).hasErrors, "\(example.answer)")
      #expect(!example.answer.contains("{") && !example.fields.contains { $0.text.contains("{") })
    }
  }

  @Test("Calculations are right, and what they leave is what the drills practise")
  func arithmetic() {
    var draws = Draws(SeedStream(3))
    for operation in Calculation.Operation.allCases {
      for _ in 0..<200 {
        let step = Calculation.draw(operation, &draws)
        #expect(step.result > 0 && step.result <= 54)
        if operation == .over { #expect(step.result * step.right == step.left) }
        let wrong = Calculation.wrongResults(of: step, 4, &draws)
        #expect(Set(wrong + [step.result]).count == 5, "\(step.spaced): \(wrong)")
        let small = Calculation.draw(operation, numbers: .oneDigit, &draws)
        #expect([small.left, small.right, small.result].allSatisfy { 1...9 ~= $0 }, "\(small.spaced)")
        if operation == .over { #expect(small.result * small.right == small.left) }
        let wrongDigits = Calculation.wrongResults(of: small, 4, numbers: .oneDigit, &draws)
        #expect(Set(wrongDigits + [small.result]).count == 5 && wrongDigits.allSatisfy { 1...9 ~= $0 })
      }
    }
  }

  @Test("Each step of a problem goes on with the result of the one before", arguments: [2, 3])
  func steps(count: Int) throws {
    var draws = Draws(SeedStream(4))
    var found = 0
    for _ in 0..<500 {
      guard let problem = WordProblem.steps(count, in: .train, &draws) else { continue }
      found += 1
      try #require(problem.steps.count == count)
      for (step, next) in zip(problem.steps, problem.steps.dropFirst()) { #expect(next.left == step.result) }
      #expect(problem.result > 0)
      for number in [problem.steps[0].left] + problem.steps.map(\.right) {
        #expect(problem.body.contains(String(number)), "\(problem.body)")
      }
      #expect(!problem.body.contains("{") && !problem.question.contains("{"), "\(problem.body)")
    }
    try #require(found > 20)
  }

  @Test("Nothing has a property that it lacks, and no goal is reached with two tools")
  func knowledge() {
    for lore in Lore.all {
      #expect(Set(lore.has).intersection(lore.lacks).isEmpty, "\(lore.says)")
      #expect(lore.has.count >= 3 && lore.lacks.count >= 3)
    }
    let goals = Affordance.all.flatMap(\.goals)
    #expect(Set(goals).count == goals.count)
    #expect(Set(CauseLore.all.map(\.beginning)).count == CauseLore.all.count)
  }

  @Test("What a property's question offers as wrong has not got it")
  func loreItems() {
    var draws = Draws(SeedStream(5))
    for _ in 0..<500 {
      guard let item = Lore.item(&draws) else { continue }
      #expect(Set(item.wrong + [item.right]).count == 4)
      guard let lore = Lore.all.first(where: { $0.asks + "?" == item.question }) else { continue }
      #expect(lore.has.contains(item.right) && item.wrong.allSatisfy { !lore.has.contains($0) })
    }
  }

  @Test("A blank is filled by either of the two equally often, wherever they stand among the options")
  func contrasts() throws {
    let rows = try rows("winogrande", .train)
    var firstNamed = 0
    for row in rows {
      let options = [try text(row, "option1"), try text(row, "option2")]
      let right = options[try text(row, "answer") == "1" ? 0 : 1]
      let wrong = options[try text(row, "answer") == "1" ? 1 : 0]
      let words = try text(row, "sentence").split(separator: " ").map { $0.filter(\.isLetter) }
      let places = (try #require(words.firstIndex(of: right)), try #require(words.firstIndex(of: wrong)))
      if places.0 < places.1 { firstNamed += 1 }
    }
    #expect((96...160).contains(firstNamed))
  }

  @Test("What rows tell is not told in the pretraining text, nor in the other split")
  func disjoint() throws {
    let pretraining = documents(20_000)
    let joined = pretraining.joined(separator: "\n\n")
    // String itself takes a minute to search megabytes this often.
    func isTold(_ text: String) -> Bool { joined.withCString { strstr($0, text) != nil } }
    let columns = [
      "gsm8k": "question", "svamp": "Body", "math_qa": "Problem", "siqa": "context", "hellaswag": "ctx_a",
      "winogrande": "sentence",
    ]
    for (name, column) in columns.sorted(by: { $0.key < $1.key }) {
      let training = Set(try rows(name, .train).map { try text($0, column) })
      let validation = Set(try rows(name, .validation).map { try text($0, column) })
      #expect(training.isDisjoint(with: validation), "\(name): \(training.intersection(validation).prefix(3))")
      for told in training.union(validation) { #expect(!isTold(told), "\(name): \(told)") }
    }
    for name in ["codealpacapy", "apps"] {
      let description = try TaskRows.dataset(name)
      for example in try examples(rows(name, .train) + rows(name, .validation), description) {
        #expect(!isTold(example.answer + "\n\n"), "\(example.answer)")
      }
    }
  }

  @Test("Options are named anew in every lesson, and the answer says one of the options")
  func optionLessons() {
    var draws = Draws(SeedStream(6))
    var firstLines: Set<String> = []
    for _ in 0..<200 {
      let right = draws.integer(below: 3)
      let options = Lesson.arranged("a hen", ["a cup", "a stone"], at: right)
      let choice = Lesson.Choice([Lesson.Field([], "Which is alive?")], options, right: right)
      guard case .conversation(let messages) = Lesson.choice(choice, asking: ["Which?"], &draws) else { continue }
      #expect(options[right] == "a hen")
      let lines = messages[0].content.split(separator: "\n")
      if let line = lines.first(where: { $0.contains(":") }) { firstLines.insert(String(line)) }
      let answer = messages[1].content
      #expect(!answer.contains("stone") && !answer.contains("cup"), "\(answer)")
    }
    #expect(firstLines.count > 12)
  }

  @Test("Tests of a program are what it prints")
  func programs() throws {
    func output(_ task: String, _ values: ProgramRecipe.Values) throws -> String {
      try #require(ProgramRecipe.all.first { $0.task == task }).evaluate(values)
    }
    #expect(try output("Print the square of {n} plus {i}.", .init(numbers: [4], own: 3)) == "19")
    #expect(try output("Print Yes if {n} is a multiple of {i}, else No.", .init(numbers: [9], own: 3)) == "Yes")
    #expect(try output("Print {a} minus {b}.", .init(numbers: [4, 6])) == "-2")
    #expect(try output("Print {s} {i} times in a row.", .init(word: "ab", own: 3)) == "ababab")
    #expect(try output("Print the range of {l}.", .init(numbers: [4, 9, 1])) == "8")
  }
}
