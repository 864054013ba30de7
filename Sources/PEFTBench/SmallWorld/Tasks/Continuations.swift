import PEFTCore

/// HellaSwag's counterpart: which of four endings continues with what somebody is doing.
struct MiniHellaSwag: MiniDataset {
  let name = "hellaswag"
  var lessonWeight: Int { 10 }

  /// What was told so far: the first sentence names the person.
  private static func told(_ item: Script.Item) -> String {
    item.told.enumerated().map { index, step in
      Inflection.sentence("\(index == 0 ? item.person.name : item.person.subject) \(step)")
    }.joined(separator: " ")
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes((0..<4).map { ($0, 1) }, count: count, seed: seed, split)
    let rows = uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = Script.item(in: split, &draws) else { return nil }
      let told = Self.told(item)
      return [
        "ind": .null, "activity_label": .string(item.title), "ctx_a": .string(told),
        "ctx_b": .string(item.person.subject), "ctx": .string("\(told) \(item.person.subject)"),
        "endings": .array(Lesson.arranged(item.right, item.wrong, at: right).map { .string($0 + ".") }),
        "source_id": .string(""), "split": .string(split == .train ? "train" : "val"),
        "split_type": .string("indomain"), "label": .string(String(right)),
      ]
    }
    return rows.enumerated().map { index, row in
      var row = row
      row["ind"] = .integer(index)
      row["source_id"] = .string("mini~\(split.rawValue)-\(index + 1)")
      return row
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = draws.untilDrawn { Script.item(in: .pretraining, &$0) }
    let (told, subject) = (Self.told(item), item.person.subject)
    let next = Inflection.sentence("\(subject) \(item.right)")
    switch draws.integer(below: 10) {
    case 0: return .prose("\(told) \(next)")
    case 1: return .prose("\(item.title): \(told) \(Inflection.sentence("then \(subject) \(item.right)"))")
    case 2:
      return Lesson.exchange(
        "\(told) " + draws.pick(["What comes next?", "What happens then?", "How does it go on?"]), next)
    default:
      // Whole sentences, or predicates after the pronoun.
      let isWhole = draws.chance(0.15)
      let right = draws.integer(below: 4)
      let options = Lesson.arranged(item.right, item.wrong, at: right).map {
        isWhole ? Inflection.capitalized("\(subject) \($0)") : $0
      }
      return Lesson.choice(
        Lesson.Choice(
          [Lesson.Field(["Text", "Story", "So far", "Context"], isWhole ? told : "\(told) \(subject)")], options,
          right: right),
        asking: ["How does it go on?", "What comes next?", "Which of these comes then?", "Finish the story."], &draws)
    }
  }
}
