import PEFTCore

/// Talk about a short list: which of its entries is meant, and what one of them says.
///
/// All tasks with options share this skill, whatever they are about: to find an entry by what is asked, and to say how it is
/// called. Here it is asked several times of one list, by the words of an entry or by its kind or its use.
enum ListTalk {
  /// Something asked of a list, and the entry that it means.
  struct Clue {
    let question: String
    let entry: Int
  }

  /// The entries of a list, and what can be asked of it.
  struct Subject {
    let entries: [String]
    let clues: [Clue]
  }

  /// A list with verdicts, or a conversation about one.
  static func document(_ draws: inout Draws) -> PretrainingDocument {
    draws.chance(0.5) ? judged(&draws) : conversation(subject(&draws), &draws)
  }

  /// A drawn list with a verdict after its entries.
  static func judged(_ draws: inout Draws) -> PretrainingDocument { judged(subject, &draws) }

  /// A list of some sort with a verdict after its entries.
  static func judged(_ subject: (inout Draws) -> Subject, _ draws: inout Draws) -> PretrainingDocument {
    let subject = subject(&draws)
    let clue = draws.pick(subject.clues)
    return Lesson.judged(
      [Lesson.Field(["Question", "Goal", "Asked"], clue.question)], subject.entries, right: clue.entry, &draws)
  }

  private static func subject(_ draws: inout Draws) -> Subject {
    switch draws.integer(below: 8) {
    case 0..<3: things(&draws)
    case 3..<5: tools(&draws)
    case 5: properties(&draws)
    default: deeds(&draws)
    }
  }

  static func size(_ draws: inout Draws) -> Int { draws.pick([2, 2, 2, 3, 3, 4, 5]) }

  static func conversation(_ subject: Subject, _ draws: inout Draws) -> PretrainingDocument {
    let names = Lesson.names(of: subject.entries, &draws)
    let list = zip(names, subject.entries).map { "\($0): \($1)" }
    let field = draws.pick(["Question", "Goal", "Asked", ""])
    var turns: [(user: String, assistant: String)] = []
    for clue in draws.sample(draws.integer(in: 2...5), of: subject.clues) {
      var lines: [String]
      var answer = "\(names[clue.entry]), \(subject.entries[clue.entry])."
      if draws.chance(0.15) {
        let place = draws.integer(below: names.count)
        lines = [draws.pick(["What is \(names[place])?", "What does \(names[place]) say?"])]
        answer = Inflection.sentence(subject.entries[place])
      } else {
        lines = [field.isEmpty ? clue.question : "\(field): \(clue.question)"]
      }
      // The list stands once, mostly after what is asked, as in the tasks.
      if turns.isEmpty {
        lines = draws.chance(0.75) ? lines + list : list + lines
        if draws.chance(0.4) { lines.insert(Preface.text(&draws), at: 0) }
      }
      turns.append((lines.joined(separator: "\n"), answer))
    }
    return Lesson.exchanges(turns)
  }

  /// Things of different kinds, asked for by name or by kind.
  static func things(_ draws: inout Draws) -> Subject {
    let nouns = ofDifferentKinds(size(&draws), &draws)
    let entries = nouns.map { Thing($0).indefinite }
    let form = draws.pick(["Which one is {t}?", "Which of these is {t}?", "Find {t}.", "{t}"])
    return Subject(
      entries: entries,
      clues: nouns.enumerated().flatMap { place, noun in
        [entries[place], noun.kind.one, noun.kind.widest.one].map {
          Clue(question: form.replacing("{t}", with: $0), entry: place)
        }
      })
  }

  /// So many nouns, no two of one widest kind.
  static func ofDifferentKinds(_ count: Int, _ draws: inout Draws) -> [Noun] {
    var nouns: [Noun] = []
    for noun in draws.shuffled(Noun.all)
    where nouns.count < count && !nouns.contains(where: { $0.kind.widest == noun.kind.widest }) {
      nouns.append(noun)
    }
    return nouns
  }

  /// Tools, asked for by name or by what they are good for.
  private static func tools(_ draws: inout Draws) -> Subject {
    let count = size(&draws)
    let tools = draws.sample(count, of: Affordance.all)
    let form = draws.pick(["Which one helps to {g}?", "To {g},", "{g}", "What do I need to {g}?"])
    var clues: [Clue] = []
    for (place, tool) in tools.enumerated() {
      clues.append(Clue(question: draws.pick(["Where is \(tool.tool)?", "Take \(tool.tool)."]), entry: place))
      for goal in tool.goals
      where tools.allSatisfy({ $0.tool == tool.tool || Affordance.split(of: goal, with: $0.tool) == .pretraining }) {
        clues.append(Clue(question: form.replacing("{g}", with: goal), entry: place))
      }
    }
    return Subject(entries: tools.map(\.tool), clues: clues)
  }

  /// Things of which one has a property.
  private static func properties(_ draws: inout Draws) -> Subject {
    let count = size(&draws)
    let lore = draws.pick(Lore.all)
    let right = draws.pick(lore.has)
    let place = draws.integer(below: count)
    let wrong = draws.sample(count - 1, of: lore.lacks)
    let entries = Lesson.arranged(right, wrong, at: place)
    let item = Lore.Item(subject: "", question: lore.asks + "?", right: right, wrong: wrong, fact: "")
    var clues = entries.enumerated().map { Clue(question: "Which one is \($1)?", entry: $0) }
    if item.split == .pretraining { clues += Array(repeating: Clue(question: item.question, entry: place), count: 2) }
    return Subject(entries: entries, clues: clues)
  }

  /// What several people did, asked for by who or by what.
  private static func deeds(_ draws: inout Draws) -> Subject {
    // The times that a scene may have are few.
    let count = min(size(&draws), 3)
    let wish = Event.Wish(actions: Action.onThings, people: Person.named)
    let scene = Scene.draw(count, wish, hasTimes: draws.chance(0.3), in: .pretraining, &draws)
    let form = draws.pick(["Which one tells of {t}?", "Where do we read of {t}?", "{t}"])
    return Subject(
      entries: scene.events.map { String($0.sentence().dropLast()) },
      clues: scene.events.enumerated().flatMap { place, event in
        [event.agent.name, event.thing?.noun.singular].compactMap(\.self).map {
          Clue(question: form.replacing("{t}", with: $0), entry: place)
        }
      })
  }
}
