import PEFTCore

/// MMLU's counterpart: questions from the subjects of a small school.
struct MiniMMLU: MiniDataset {
  let name = "mmlu"
  var lessonWeight: Int { 12 }

  /// A question of one of the subjects.
  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Lore.Item? {
    let drawn: Lore.Item?
    switch draws.integer(below: 10) {
    case 0: drawn = geography(&draws)
    case 1: drawn = calendar(&draws)
    case 2: drawn = opposites(&draws)
    case 3: drawn = grammar(&draws)
    case 4: drawn = mathematics(&draws)
    case 5, 6: drawn = kinds(&draws)
    case 7: drawn = household(&draws)
    default: drawn = nature(&draws)
    }
    guard let item = drawn, item.split == split, Set(item.wrong + [item.right]).count == 4 else { return nil }
    return item
  }

  private static func nature(_ draws: inout Draws) -> Lore.Item? {
    guard let item = Lore.item(&draws) else { return nil }
    // The exam's wording: a name for the thing asked for in place of "Which of these".
    let question = item.question.replacing("Which of these", with: "Which of the following")
      .replacing("What is true of", with: "Which statement is true of")
    return Lore.Item(
      subject: item.subject, question: question, right: item.right, wrong: item.wrong, fact: item.fact)
  }

  private static func geography(_ draws: inout Draws) -> Lore.Item? {
    let towns = draws.sample(4, of: Town.all)
    let town = towns[0]
    switch draws.integer(below: 3) {
    case 0:
      var sites: [String] = []
      for other in Town.all where other.site != town.site && !sites.contains(other.site) { sites.append(other.site) }
      return Lore.Item(
        subject: "geography", question: "Where does \(town.name) lie?", right: town.site,
        wrong: draws.sample(3, of: sites), fact: "\(town.name) lies \(town.site).")
    case 1:
      return Lore.Item(
        subject: "geography", question: "What is \(town.name) known for?", right: town.fame,
        wrong: towns.dropFirst().map(\.fame), fact: "\(town.name) is known for \(town.fame).")
    default:
      return Lore.Item(
        subject: "geography", question: "Which town is known for \(town.fame)?", right: town.name,
        wrong: towns.dropFirst().map(\.name), fact: "\(town.name) is known for \(town.fame).")
    }
  }

  private static func calendar(_ draws: inout Draws) -> Lore.Item? {
    let rounds: [(String, [String])] = [
      ("day", ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
      ("season", ["spring", "summer", "autumn", "winter"]),
      (
        "month",
        [
          "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December",
        ]
      ),
    ]
    let (unit, names) = draws.pick(rounds)
    let place = draws.integer(below: names.count)
    let isAfter = draws.chance(0.6)
    let right = names[(place + (isAfter ? 1 : names.count - 1)) % names.count]
    let word = isAfter ? "after" : "before"
    return Lore.Item(
      subject: "calendar", question: "Which \(unit) comes right \(word) \(names[place])?", right: right,
      wrong: draws.sample(3, of: names.filter { $0 != right }),
      fact: "\(Inflection.capitalized(right)) comes right \(word) \(names[place]).")
  }

  private static func opposites(_ draws: inout Draws) -> Lore.Item? {
    let isOpposite = draws.chance(0.6)
    let pairs = isOpposite ? Quality.opposites : Quality.synonyms
    let pair = draws.pick(pairs)
    let (asked, right) = draws.chance(0.5) ? pair : (pair.1, pair.0)
    let words = (Quality.opposites + Quality.synonyms).flatMap { [$0.0, $0.1] }
    var seen: Set<String> = [asked, right]
    // No second right answer: neither what means the same as the answer nor as what is asked.
    for (a, b) in Quality.synonyms + Quality.opposites where [asked, right].contains(a) || [asked, right].contains(b) {
      seen.formUnion([a, b])
    }
    let wrong = draws.shuffled(words).filter { seen.insert($0).inserted }
    return Lore.Item(
      subject: "vocabulary",
      question: isOpposite ? "What is the opposite of \(asked)?" : "Which word means the same as \(asked)?",
      right: right, wrong: Array(wrong.prefix(3)),
      fact: isOpposite ? "The opposite of \(asked) is \(right)." : "\(Inflection.capitalized(asked)) means \(right).")
  }

  private static let irregular = [
    "go", "buy", "sell", "find", "eat", "drink", "draw", "throw", "catch", "write", "meet", "teach", "give", "send",
    "bring", "tell", "sleep", "sing", "run", "swim", "sit", "stand", "break", "fall", "take", "see", "hear", "know",
    "think", "feel", "make", "build", "keep", "leave", "ride", "drive", "come", "win", "grow", "fly", "bite", "hold",
  ]

  private static func grammar(_ draws: inout Draws) -> Lore.Item? {
    let verbs = draws.sample(3, of: irregular).map { Verb($0) }
    let verb = verbs[0]
    return Lore.Item(
      subject: "grammar", question: "What is the past of \(verb.base)?", right: verb.past,
      wrong: draws.shuffled([verbs[1].past, verbs[2].past, verb.progressive]),
      fact: "Today we \(verb.base), yesterday we \(verb.past).")
  }

  private static func mathematics(_ draws: inout Draws) -> Lore.Item? {
    let step = Calculation.draw(draws.pick([.plus, .minus, .times]), &draws)
    let wrong = Calculation.wrongResults(of: step, 3, &draws)
    return Lore.Item(
      subject: "elementary_mathematics", question: "What is \(step.spaced)?", right: String(step.result),
      wrong: wrong.map(String.init), fact: Inflection.sentence(step.spoken))
  }

  private static func kinds(_ draws: inout Draws) -> Lore.Item? {
    let noun = draws.pick(Noun.all)
    let others = Noun.all.filter { $0.kind.widest != noun.kind.widest || isApart($0.kind, noun.kind) }
    if draws.chance(0.5) {
      return Lore.Item(
        subject: "kinds", question: "Which of the following is \(noun.kind.one)?", right: Thing(noun).indefinite,
        wrong: draws.sample(3, of: others).map { Thing($0).indefinite },
        fact: Inflection.sentence("\(Thing(noun).indefinite) is \(noun.kind.one)"))
    }
    var wrong: [String] = []
    for other in draws.shuffled(others) where other.kind.one != noun.kind.one && !wrong.contains(other.kind.one) {
      wrong.append(other.kind.one)
    }
    return Lore.Item(
      subject: "kinds", question: "What sort of thing is \(Thing(noun).indefinite)?", right: noun.kind.one,
      wrong: Array(wrong.filter { $0 != noun.kind.widest.one }.prefix(3)),
      fact: Inflection.sentence("\(Thing(noun).indefinite) is \(noun.kind.one)"))
  }

  /// Whether nothing is of both kinds and neither holds the other.
  private static func isApart(_ a: Kind, _ b: Kind) -> Bool {
    // Beasts and meals are called by the name of their wider kind.
    a != b && a.one != b.one && a.one != b.widest.one && b.one != a.widest.one
  }

  private static func household(_ draws: inout Draws) -> Lore.Item? {
    let tools = draws.sample(4, of: Affordance.all)
    let goal = draws.pick(tools[0].goals)
    return Lore.Item(
      subject: "household", question: "What does one need to \(goal)?", right: tools[0].tool,
      wrong: tools.dropFirst().map(\.tool), fact: "With \(tools[0].tool) you can \(goal).")
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes((0..<4).map { ($0, 1) }, count: count, seed: seed, split)
    return uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = Self.draw(in: split, &draws) else { return nil }
      return [
        "question": .string(item.question), "subject": .string(item.subject),
        "choices": .array(Lesson.arranged(item.right, item.wrong, at: right).map { .string($0) }),
        "answer": .integer(right),
      ]
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    var items: [Lore.Item] = []
    while items.count < 3 { if let item = Self.draw(in: .pretraining, &draws) { items.append(item) } }
    switch draws.integer(below: 10) {
    case 0, 1: return .prose(items.map(\.fact).joined(separator: " "))
    case 2:
      return Lesson.exchanges(items.prefix(2).map { ($0.question, Inflection.sentence($0.right)) })
    default: return MiniOpenBookQA.lesson(items[0], &draws)
    }
  }
}
