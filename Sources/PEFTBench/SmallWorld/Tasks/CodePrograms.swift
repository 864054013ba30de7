import PEFTCore

/// APPS's counterpart: tiny programs from a statement, with tests.
struct MiniAPPS: MiniDataset {
  let name = "apps"
  var lessonWeight: Int { 4 }

  /// A program with names and a number of its own.
  struct Item {
    let recipe: ProgramRecipe
    let names: [String]
    let own: Int

    private static let places: [ProgramRecipe.Input: [String]] = [
      .number: ["{n}"], .pair: ["{a}", "{b}"], .word: ["{s}"], .list: ["{l}"],
    ]

    static func draw(_ draws: inout Draws) -> Item {
      let recipe = draws.pick(ProgramRecipe.all)
      let choices: [String]
      switch recipe.input {
      case .number: choices = ["n", "x", "k", "m", "a", "num", "y"]
      case .pair: choices = ["a", "b", "x", "y", "n", "m", "p", "q"]
      case .word: choices = ["s", "t", "word", "w", "text", "name"]
      case .list: choices = ["xs", "l", "nums", "data", "v", "items"]
      }
      // Two names in the order of the alphabet, as statements have them.
      let names = draws.sample(recipe.input == .pair ? 2 : 1, of: choices).sorted()
      return Item(recipe: recipe, names: names, own: draws.integer(in: 2...9))
    }

    private func filled(_ text: String) -> String {
      zip(Self.places[recipe.input] ?? [], names).reduce(text) { $0.replacing($1.0, with: $1.1) }
        .replacing("{i}", with: String(own))
    }

    var task: String { filled(recipe.task) }
    /// What the input is: `a number n`.
    var given: String {
      switch recipe.input {
      case .number: "a number \(names[0])"
      case .pair: "two numbers \(names[0]) and \(names[1])"
      case .word: "a word \(names[0])"
      case .list: "a list of numbers \(names[0])"
      }
    }
    private var reading: String {
      switch recipe.input {
      case .number: "\(names[0]) = int(input())"
      case .pair: "\(names[0]), \(names[1]) = map(int, input().split())"
      case .word: "\(names[0]) = input()"
      case .list: "\(names[0]) = list(map(int, input().split()))"
      }
    }
    var code: String { "\(reading)\nprint(\(filled(recipe.output)))" }

    /// An input and what the program prints for it.
    func test(_ draws: inout Draws) -> (input: String, output: String) {
      var values = ProgramRecipe.Values()
      values.own = own
      let input: String
      switch recipe.input {
      case .number: values.numbers = [draws.integer(in: 1...30)]
      case .pair: values.numbers = [draws.integer(in: 1...30), draws.integer(in: 1...30)]
      case .list: values.numbers = (0..<4).map { _ in draws.integer(in: 1...9) }
      case .word: values.word = draws.pick(["hen", "level", "tree", "noon", "lamp", "eye", "bread", "river"])
      }
      input = recipe.input == .word ? values.word : values.numbers.map(String.init).joined(separator: " ")
      return (input + "\n", recipe.evaluate(values) + "\n")
    }
  }

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Item {
    while true {
      let item = Item.draw(&draws)
      if WorldSplit.of("program|\(item.code)") == split { return item }
    }
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    // Two tests may differ where the problem is the same.
    let rows = uniqueRows(
      split, seed: seed, classes: Array(repeating: 0, count: count), key: { $0["question"]?.compactText ?? "" }
    ) { _, draws in
      let item = Self.draw(in: split, &draws)
      let tests = (0..<2).map { _ in item.test(&draws) }
      let input: JSONValue = [
        "inputs": .array(tests.map { .string($0.input) }), "outputs": .array(tests.map { .string($0.output) }),
      ]
      let kind = draws.pick(["You are given \(item.given).", "Read \(item.given).", "There is \(item.given)."])
      let text = "\(kind) \(item.task)"
      return [
        "problem_id": .null, "question": .string(text.replacing("There is two", with: "There are two")),
        "solutions": .string((JSONValue.array([.string(item.code)])).compactText),
        "input_output": .string(input.compactText), "difficulty": .string("introductory"), "url": .string(""),
        "starter_code": .string(""),
      ]
    }
    return rows.enumerated().map { index, row in
      var row = row
      row["problem_id"] = .integer((split == .train ? 0 : 1_000) + index)
      return row
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = Self.draw(in: .pretraining, &draws)
    let task = item.task.prefix(1).lowercased() + item.task.dropFirst().dropLast()
    switch draws.integer(below: 8) {
    case 0: return .prose("# \(item.given): \(task)\n\(item.code)")
    case 1:
      return Lesson.exchange(
        "What does this program do?\n\(item.code)",
        Inflection.sentence("it reads \(item.given) and is there to \(task)"))
    case 2:
      var draws = draws
      let test = item.test(&draws)
      return Lesson.exchange(
        "\(item.code)\nI type \(test.input.dropLast()). What is printed?", "It prints \(test.output.dropLast()).")
    default:
      let question = draws.pick([
        "My program reads \(item.given). It should \(task).", "The input is \(item.given). How do I \(task)?",
        "Input: \(item.given)\nOutput: \(task)", "I type in \(item.given). Then Python should \(task).",
      ])
      let answer = draws.pick(["This will do:\n", "Here is the program:\n", "So:\n", "Two lines are enough:\n"])
      return Lesson.exchange(question, answer + item.code)
    }
  }
}
