import PEFTCore

/// SST-2's counterpart: whether a part of a film review speaks well or badly of the film.
struct MiniSST2: MiniDataset {
  let name = "sst2"
  var lessonWeight: Int { 18 }

  static let good = [
    "funny", "warm", "clever", "lovely", "bright", "moving", "fresh", "gentle", "thrilling", "charming", "wonderful",
    "tender", "rich", "sweet", "honest", "lively",
  ]
  static let bad = [
    "dull", "slow", "silly", "cold", "boring", "weak", "loud", "ugly", "empty", "stale", "clumsy", "dreary", "tiresome",
    "flat", "awful", "messy",
  ]
  static let parts = [
    "film", "story", "ending", "music", "acting", "picture", "hero", "plot", "joke", "scene", "play", "song",
    "beginning",
    "cast", "dialogue", "tale",
  ]

  private static func words(_ isGood: Bool, for part: String, in split: WorldSplit) -> [String] {
    (isGood ? good : bad).filter { WorldSplit.of("film|\(part)|\($0)") == split }
  }

  /// A stretch of a review; nil where the split has no fitting words.
  static func draw(_ isGood: Bool, in split: WorldSplit, _ draws: inout Draws) -> String? {
    let part = draws.pick(parts)
    let own = words(isGood, for: part, in: split)
    let opposite = words(!isGood, for: part, in: split)
    guard let word = own.isEmpty ? nil : draws.pick(own), let against = opposite.isEmpty ? nil : draws.pick(opposite)
    else { return nil }
    let second = draws.pick(own)
    let a = Inflection.withArticle
    switch draws.integer(below: 14) {
    case 0: return "\(a(word)) \(part)"
    case 1: return "the \(part) is \(word)"
    case 2: return second == word ? nil : "\(a(word)) and \(second) \(part)"
    case 3: return "never \(against)" + (draws.chance(0.5) ? " , the \(part) is \(word)" : " for \(a(part))")
    case 4: return "the \(part) is not \(against) at all"
    case 5: return "the \(part) is anything but \(against)"
    case 6: return "far from \(against) , this \(part) is \(word)"
    case 7: return "it seems \(against) at first , but the \(part) is \(word) in the end"
    case 8: return "so \(word) \(a(part)) that \(isGood ? "i will see it again" : "i left early")"
    case 9: return "the \(part) could be \(against) , but it is not"
    case 10: return "people call the \(part) \(against) , but they are wrong"
    case 11: return "this \(part) is \(isGood ? "a joy" : "a waste of time") , not \(against)"
    case 12: return "hardly \(against) , and often \(word) \(part)"
    default: return "not one \(against) moment in this \(part)"
    }
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 52), (false, 48)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { isGood, draws in
        guard let text = Self.draw(isGood, in: split, &draws) else { return nil }
        // The Hub's sentences end in a space.
        return ["sentence": .string(text + " "), "label": .integer(isGood ? 1 : 0)]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let isGood = draws.chance(0.5)
    let text = draws.untilDrawn { Self.draw(isGood, in: .pretraining, &$0) }
    let person = draws.pick(Person.named)
    let subject = Inflection.capitalized(person.subject)
    if draws.chance(0.1) {
      let said = text.replacing(" ,", with: ",")
      let ending =
        isGood
        ? draws.pick([
          "\(subject) liked it.", "\(subject) was glad to have seen it.", "\(subject) went to see it again.",
        ])
        : draws.pick([
          "\(subject) did not like it.", "\(subject) was sorry to have seen it.", "\(subject) went home early.",
        ])
      return .prose("\(person.name) wrote: \"\(said)\". \(ending)")
    }
    let instruction = draws.pick([
      "Good or bad?", "Somebody wrote this of a film. Is it good?", "How does that sound?",
      "What did they think of the film?", "Is that good or bad news about the film?",
    ])
    let answer =
      isGood
      ? Lesson.verdict("Good.", "They liked it.", &draws)
      : Lesson.verdict("Bad.", "They did not like it.", &draws)
    return Lesson.exchange(
      Lesson.request(instruction, [Lesson.Field(draws.chance(0.7) ? [] : ["Review"], text)], bare: 0.1, &draws), answer)
  }
}
