import PEFTCore

/// WinoGrande's counterpart: which of two fills a blank, where one word decides.
struct MiniWinoGrande: MiniDataset {
  let name = "winogrande"
  var lessonWeight: Int { 10 }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(0, 1), (1, 1)], count: count, seed: seed, split)
    return uniqueRows(split, seed: seed, classes: wanted) { place, draws in
      guard let item = Contrast.item(in: split, &draws) else { return nil }
      let options = Lesson.arranged(item.names[item.right], [item.names[1 - item.right]], at: place)
      return [
        "sentence": .string(item.sentence), "option1": .string(options[0]), "option2": .string(options[1]),
        "answer": .string(String(place + 1)),
      ]
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = Self.item(&draws)
    let name = item.names[item.right]
    let full = item.sentence.replacing("_", with: name)
    switch draws.integer(below: 10) {
    case 0: return .prose(full)
    case 1:
      return Lesson.exchange(
        Lesson.request(draws.pick(Self.questions), [Lesson.Field([], item.sentence)], bare: 0, &draws),
        draws.chance(0.5) ? "\(name)." : full)
    default: return Self.choice(item, &draws)
    }
  }

  static let questions = ["What belongs into the gap?", "Fill the gap.", "What is missing?"]

  static func item(_ draws: inout Draws) -> Contrast.Item {
    draws.untilDrawn { Contrast.item(in: .pretraining, &$0) }
  }

  /// Which of two fills the gap.
  static func choice(_ item: Contrast.Item, _ draws: inout Draws) -> PretrainingDocument {
    let name = item.names[item.right]
    let place = draws.integer(below: 2)
    return Lesson.choice(
      Lesson.Choice(
        [Lesson.Field(["Sentence", "Text", "Gap", "Line"], item.sentence)],
        Lesson.arranged(name, [item.names[1 - item.right]], at: place), right: place,
        reason: item.sentence.replacing("_", with: name)),
      asking: ["What belongs into the gap?", "Which one is missing?", "Fill the gap.", "Who or what is meant?"], &draws)
  }
}
