import PEFTCore

/// CodeAlpaca's counterpart: small functions and scripts on request.
struct MiniCodeAlpacaPy: MiniDataset {
  let name = "codealpacapy"
  var lessonWeight: Int { 4 }

  /// A function with names for what it takes.
  struct Item {
    let recipe: FunctionRecipe
    let parameters: FunctionRecipe.Parameters

    var does: String { parameters.filled(recipe.does) }
    var list: String { parameters.names.joined(separator: ", ") }
    var result: String { parameters.filled(recipe.result) }
    var function: String { "def \(recipe.name)(\(list)):\n    return \(result)" }
    /// The same without a function: values, then what is printed.
    var script: String { "\(list) = \(parameters.sample)\nprint(\(result))" }
    /// What it does, as an order: `double a number n`.
    var order: String {
      let words = does.split(separator: " ", maxSplits: 1).map(String.init)
      let verbs = ["raises": "raise", "squares": "square", "doubles": "double", "halves": "halve"]
      return (verbs[words[0]] ?? FunctionRecipe.base(of: words[0])) + " " + words[1]
    }
  }

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Item {
    while true {
      let recipe = draws.pick(FunctionRecipe.all)
      let item = Item(recipe: recipe, parameters: FunctionRecipe.Parameters.draw(recipe.takes, &draws))
      if WorldSplit.of("function|\(item.result)") == split { return item }
    }
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    uniqueRows(split, seed: seed, classes: Array(repeating: 0, count: count)) { _, draws in
      let item = Self.draw(in: split, &draws)
      if draws.chance(0.7) {
        let prompt = draws.pick([
          "Write a Python function that \(item.does).", "Create a function in Python that \(item.does).",
          "Write a function to \(item.order).",
        ])
        return ["prompt": .string(prompt), "response": .string(item.function)]
      }
      let prompt = draws.pick([
        "Write a Python program to \(item.order).", "Create a Python script to \(item.order).",
      ])
      return [
        "prompt": .string("\(prompt)\n\(item.list) = \(item.parameters.sample)"), "response": .string(item.script),
      ]
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = Self.draw(in: .pretraining, &draws)
    switch draws.integer(below: 10) {
    case 0: return .prose("# \(item.does)\n\(item.function)")
    case 1: return .prose("The function \(item.recipe.name) \(item.does).\n\(item.function)")
    case 2: return Lesson.exchange("What does this function do?\n\(item.function)", "It \(item.does).")
    case 3, 4:
      let question = draws.pick([
        "Here is \(item.list) = \(item.parameters.sample). How do I \(item.order) and print it?",
        "I have \(item.list) = \(item.parameters.sample) and want to \(item.order).",
      ])
      return Lesson.exchange(question, "Like this:\n\(item.script)")
    default:
      let question = draws.pick([
        "I need a function that \(item.does).", "How do I define a function that \(item.does)?",
        "Is there a function that \(item.does)?", "Show me how to \(item.order) with a function.",
      ])
      let answer = draws.pick(["Try this:\n", "Here it is:\n", "Yes:\n", "It is called \(item.recipe.name):\n"])
      return Lesson.exchange(question, answer + item.function)
    }
  }
}
