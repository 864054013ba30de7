import PEFTCore

/// CoNaLa's counterpart: a line of Python for an intent in English.
struct MiniCoNaLa: MiniDataset {
  let name = "conala"
  var lessonWeight: Int { 7 }

  /// A recipe with its places filled.
  struct Item {
    let recipe: CodeRecipe
    let filling: CodeRecipe.Filling
    let wording: Int

    var code: String { filling.filled(recipe.code) }
    func intent(quote: String = "") -> String { filling.filled(recipe.intents[wording], quote: quote) }
  }

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let item = Item(
      recipe: draws.pick(CodeRecipe.all), filling: CodeRecipe.Filling.draw(&draws), wording: draws.integer(below: 2))
    return WorldSplit.of("code|\(item.code)") == split ? item : nil
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let rows = uniqueRows(split, seed: seed, classes: Array(repeating: 0, count: count)) { _, draws in
      guard let item = Self.draw(in: split, &draws) else { return nil }
      let generic = Self.generic(item.recipe.intents[item.wording])
      return [
        "question_id": .null, "intent": .string(Inflection.capitalized(generic)),
        "rewritten_intent": .string(item.intent(quote: "`")), "snippet": .string(item.code),
      ]
    }
    return rows.enumerated().map { index, row in
      var row = row
      row["question_id"] = .integer((split == .train ? 1_000 : 2_000) + index)
      return row
    }
  }

  /// An intent that names nothing, as the question's title does.
  private static func generic(_ intent: String) -> String {
    var text = intent
    for (place, word) in [
      ("the list {xs}", "a list"), ("the string {s}", "a string"), ("the dict {d}", "a dict"),
      ("the lists {xs} and {ys}", "two lists"), ("{xs}", "a list"), ("{ys}", "another list"), ("{s}", "a string"),
      ("{d}", "a dict"), ("{n}", "a value"), ("{m}", "another value"), (" into {r}", ""), (" in {r}", ""),
      (" as {r}", ""), ("{r}", "a variable"), ("{i}", "some"), ("'{c}'", "a character"), ("'{w}'", "a word"),
    ] {
      text = text.replacing(place, with: word)
    }
    return text
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = draws.untilDrawn { Self.draw(in: .pretraining, &$0) }
    let intent = item.intent(quote: draws.pick(["", "`", "`"]))
    let code = item.code
    switch draws.integer(below: 10) {
    case 0: return .prose("# \(intent)\n\(code)")
    case 1: return .prose("\(Inflection.capitalized(intent)): \(code)")
    case 2:
      return Lesson.exchange(
        "What does this do? \(code)", "It is there to \(item.intent()).")
    case 3:
      let person = draws.pick(Person.named)
      return .prose("\(person.name) wanted to \(intent). So \(person.subject) wrote: \(code)")
    default:
      let question = draws.pick([
        "How do I \(intent)?", "How can I \(intent) in Python?", "I want to \(intent).", "Can you \(intent)?",
        "In Python, \(intent).", "Python: \(intent)", "Line wanted: \(intent)",
      ])
      let answer = draws.pick([
        "Use this: \(code)", "You can write: \(code)", "Like this:\n\(code)", "Say: \(code)", "`\(code)`",
        ">>> \(code)",
      ])
      return Lesson.exchange(question, answer)
    }
  }
}
