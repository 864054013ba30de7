import PEFTCore

/// MNLI's counterpart: whether a statement follows from an event, cannot be, or is open.
struct MiniMNLI: MiniDataset {
  let name = "mnli"
  var lessonWeight: Int { 20 }

  /// What is known and what is said of it.
  struct Pair {
    let premise: String
    let claim: Claim
  }

  static func draw(_ relation: Relation, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    if draws.chance(0.3) { return implied(relation, in: split, &draws) }
    var event = Event.draw(
      Event.Wish(actions: Action.onThings + Action.ofGiving, place: 0, time: 0), in: split, &draws)
    let settings = draws.integer(below: 5)
    if settings != 0 { event.place = draws.pick(Place.places(for: event.action)) }
    if settings == 0 || settings > 3 { event.time = draws.pick(Time.all) }
    if settings == 1 || settings == 2, draws.chance(0.5) {
      (event.place, event.time) = (nil, draws.pick(Time.all))
    }
    let premise = event.sentence(&draws)
    guard let claim = Claim.draw(about: event, relation, &draws), claim.text != premise else { return nil }
    return Pair(premise: premise, claim: claim)
  }

  /// Pairs whose verb tells whether something was done: managed to, forgot to, wanted to.
  private static func implied(_ relation: Relation, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let event = Event.draw(Event.Wish(place: 0.3, time: 0.2), in: split, &draws)
    let wasDone = draws.chance(0.5)
    let verb: String
    if relation == .open {
      verb = draws.pick(["wanted to", "planned to", "hoped to", "promised to", "was asked to"])
    } else if wasDone {
      verb = draws.pick(["managed to", "remembered to", "was able to", "did not forget to"])
    } else {
      verb = draws.pick(["forgot to", "failed to", "refused to", "was not able to", "did not manage to"])
    }
    let premise = Inflection.sentence("\(event.agent.name) \(verb) \(event.infinitive())")
    var phrasing = Event.Phrasing()
    phrasing.verb = draws.integer(below: event.action.verbs.count)
    phrasing.isPassive = event.canBePassive && draws.chance(0.2)
    phrasing.isDenied = relation == .open ? draws.chance(0.5) : wasDone != (relation == .entailed)
    let claim = event.sentence(phrasing)
    let subject = Inflection.capitalized(event.agent.subject)
    let reason: String
    switch relation {
    case .open: reason = "We do not know if \(event.agent.subject) did it."
    default: reason = wasDone ? "\(subject) did it." : "\(subject) did not do it."
    }
    return Pair(premise: premise, claim: Claim(text: claim, relation: relation, reason: reason))
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(Relation.entailed, 34), (.open, 33), (.contradicted, 33)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { relation, draws in
        guard let pair = Self.draw(relation, in: split, &draws) else { return nil }
        return [
          "premise": .string(pair.premise), "hypothesis": .string(pair.claim.text),
          "label": .integer(relation == .entailed ? 0 : relation == .open ? 1 : 2),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let instruction = draws.pick(Self.instructions)
    let pair = draws.untilDrawn { Self.draw($0.pick(Relation.allCases), in: .pretraining, &$0) }
    let request = Lesson.request(instruction, Lesson.pair(pair.premise, pair.claim.text, .premise), &draws)
    return Lesson.exchange(request, Self.verdict(pair.claim, &draws))
  }

  static let instructions = [
    "Does the second one have to be so if the first one is?", "The first is true. What about the second?",
    "Can we be sure of the second sentence, knowing the first?", "If the first is so, is the second so too?",
    "What does the first tell us about the second?", "Read both. Is the second right, wrong, or can nobody tell?",
  ]

  static func verdict(_ claim: Claim, _ draws: inout Draws) -> String {
    let word: String
    switch claim.relation {
    case .entailed: word = "Yes."
    case .open: word = "Perhaps."
    case .contradicted: word = "No."
    }
    return Lesson.verdict(word, claim.reason, &draws)
  }
}
