import PEFTCore

/// OpenBookQA's counterpart: what things can do and what they turn into.
struct MiniOpenBookQA: MiniDataset {
  let name = "openbookqa"
  var lessonWeight: Int { 22 }

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Lore.Item? {
    let drawn = draws.chance(0.65) ? Lore.item(&draws) : CauseLore.item(&draws)
    guard let item = drawn, item.split == split, item.wrong.count == 3 else { return nil }
    return item
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let letters = ["A", "B", "C", "D"]
    let wanted = classes(letters.indices.map { ($0, 1) }, count: count, seed: seed, split)
    let rows = uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = Self.draw(in: split, &draws) else { return nil }
      let options = Lesson.arranged(item.right, item.wrong, at: right)
      return [
        "id": .string(""), "question_stem": .string(item.question),
        "choices": ["text": .array(options.map { .string($0) }), "label": .array(letters.map { .string($0) })],
        "answerKey": .string(letters[right]),
      ]
    }
    return rows.enumerated().map { index, row in
      var row = row
      row["id"] = .string("mini-\(split.rawValue)-\(index + 1)")
      return row
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.15) {
      if draws.chance(0.6) { return .prose(Lore.prose(&draws)) }
      let facts = draws.sample(3, of: CauseLore.all).map { Inflection.sentence("\($0.beginning) \($0.end)") }
      return .prose(facts.joined(separator: " "))
    }
    let item = draws.untilDrawn { Self.draw(in: .pretraining, &$0) }
    return Self.lesson(item, &draws)
  }

  /// A question that is answered freely, or from a list.
  static func lesson(_ item: Lore.Item, _ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.15) {
      let list = draws.shuffled([item.right] + item.wrong)
      return Lesson.exchange(
        "\(item.question) \(list.dropLast().joined(separator: ", ")) or \(list[list.count - 1])",
        Inflection.sentence(item.right) + (draws.chance(0.5) ? " " + item.fact : ""))
    }
    // Shorter lists are easier to begin with.
    let count = draws.pick([1, 2, 3, 3, 3])
    let right = draws.integer(below: count + 1)
    return Lesson.choice(
      Lesson.Choice(
        [Lesson.Field(["Question", "Asked", "Quiz", "Q"], item.question)],
        Lesson.arranged(item.right, Array(item.wrong.prefix(count)), at: right), right: right, reason: item.fact),
      asking: ["Which one is it?", "What is right here?", "Which of them fits?", "Do you know this?"], &draws)
  }
}
