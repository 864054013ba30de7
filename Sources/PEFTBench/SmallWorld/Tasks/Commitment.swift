import PEFTCore

/// CommitmentBank's counterpart: whether a speaker holds an embedded clause to be true.
struct MiniCB: MiniDataset {
  let name = "cb"
  var lessonWeight: Int { 14 }

  /// What a verb of knowing or saying tells of the clause after it.
  enum Force: CaseIterable { case true_, false_, open }

  /// Words before a clause; `{A}` is somebody.
  private static func openings(_ force: Force) -> [String] {
    switch force {
    case .true_:
      [
        "{A} knows that", "{A} does not know that", "{A} was glad that", "{A} is sorry that", "{A} found out that",
        "{A} forgot that", "It is true that", "{A} was right to say that", "{A} saw that",
      ]
    case .false_:
      [
        "It is not true that", "{A} was wrong to think that", "{A} only dreamed that", "It is a lie that",
        "{A} pretended that", "Nobody should think that", "{A} made a mistake when {he} said that",
      ]
    case .open:
      [
        "{A} thinks that", "{A} hopes that", "{A} asked if", "{A} believes that", "Perhaps", "I wonder if",
        "{A} does not think that", "{A} fears that", "Did {A} say that",
      ]
    }
  }

  /// A premise, a hypothesis, how they stand, and why.
  struct Pair {
    let premise: String
    let hypothesis: String
    let relation: Relation
    let reason: String
  }

  static func draw(_ relation: Relation, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let event = Event.draw(
      Event.Wish(
        actions: Action.onThings + Action.onPeople, people: Person.named, place: 0.25, time: 0.2, quality: 0.15),
      in: split, &draws)
    guard let speaker = draws.pick(Person.all, except: { $0 == event.agent || $0 == event.person }) else { return nil }
    let force: Force = relation == .open ? .open : draws.chance(0.5) ? .true_ : .false_
    let opening = draws.pick(openings(force))
    let innerDenied = draws.chance(0.35)
    // Whether the event happened, where that is told.
    let happened = (force == .true_) != innerDenied
    var inner = Event.Phrasing()
    inner.isDenied = innerDenied
    let isQuestion = opening.hasPrefix("Did ")
    let premise = Inflection.capitalized(
      opening.replacing("{A}", with: speaker.name).replacing("{he}", with: speaker.subject) + " " + event.clause(inner)
        + (isQuestion ? "?" : "."))
    var outer = Event.Phrasing()
    switch relation {
    case .entailed: outer.isDenied = !happened
    case .contradicted: outer.isDenied = happened
    case .open: outer.isDenied = draws.chance(0.4)
    }
    let reason: String
    switch relation {
    case .open: reason = "Nobody says if it was so."
    default: reason = "\(event.agent.name) \(happened ? "did it" : "did not do it")."
    }
    return Pair(premise: premise, hypothesis: event.sentence(outer), relation: relation, reason: reason)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(Relation.entailed, 42), (.contradicted, 42), (.open, 16)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { relation, draws in
        guard let pair = Self.draw(relation, in: split, &draws) else { return nil }
        return [
          "premise": .string(pair.premise), "hypothesis": .string(pair.hypothesis), "idx": .null,
          "label": .integer(relation == .entailed ? 0 : relation == .contradicted ? 1 : 2),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let pair = draws.untilDrawn {
      Self.draw($0.pick([.entailed, .entailed, .contradicted, .contradicted, .open]), in: .pretraining, &$0)
    }
    let instruction = draws.pick([
      "Going by the first, is the second so?", "Somebody says the first. May I say the second?",
      "Should we take the second as a fact?", "Was it so?",
    ])
    let word: String
    switch pair.relation {
    case .entailed: word = "Yes."
    case .contradicted: word = "No."
    case .open: word = "Perhaps."
    }
    let request = Lesson.request(instruction, Lesson.pair(pair.premise, pair.hypothesis, .premise), &draws)
    return Lesson.exchange(request, Lesson.verdict(word, pair.reason, &draws))
  }
}
