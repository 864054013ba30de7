import PEFTCore

/// MRPC's counterpart: whether two sentences of nearly the same words say the same.
struct MiniMRPC: MiniDataset {
  let name = "mrpc"
  var lessonWeight: Int { 10 }

  /// Two sentences, whether they say the same, and what differs.
  struct Pair {
    let first: String
    let second: String
    let isSame: Bool
    let reply: String
  }

  static func draw(_ isSame: Bool, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    switch draws.integer(below: 10) {
    case 0..<3: exchangedPeople(isSame, in: split, &draws)
    case 3..<5: exchangedThings(isSame, in: split, &draws)
    default: changedDetail(isSame, in: split, &draws)
    }
  }

  /// Two people who may have changed places: Tom showed Anna the map, or Anna showed Tom the map.
  private static func exchangedPeople(_ isSame: Bool, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let event = Event.draw(
      Event.Wish(actions: Action.onPeople + Action.ofGiving, people: Person.named, place: 0.4, time: 0.3, quality: 0.1),
      in: split, &draws)
    guard let person = event.person else { return nil }
    var other = event
    var reply = "In both, it was \(event.agent.name)."
    if !isSame {
      (other.agent, other.person) = (person, event.agent)
      guard other.split == split else { return nil }
      reply = "First it was \(event.agent.name), then \(person.name)."
    }
    return finish(event, other, isSame, reply, &draws)
  }

  /// Two things that may have changed places: Tom fed the hen and Anna the cow, or the other way round.
  private static func exchangedThings(_ isSame: Bool, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let wish = Event.Wish(actions: Action.onThings, people: Person.named, place: 0, time: 0, quality: 0)
    let first = Event.draw(wish, in: split, &draws)
    guard case .thing(let kinds) = first.action.target,
      let agent = draws.pick(
        Event.agents(of: first.action, in: split, from: Person.named), except: { $0 == first.agent })
    else { return nil }
    var second = Event(agent: agent, action: first.action)
    second.thing = Event.thing(of: kinds, quality: 0, &draws)
    guard second.thing?.noun != first.thing?.noun else { return nil }
    let text = "\(first.clause()) and \(second.clause())"
    if !isSame {
      let exchanged = (first.thing, second.thing)
      var firstAgain = first
      (firstAgain.thing, second.thing) = (exchanged.1, exchanged.0)
      return Pair(
        first: Inflection.sentence(text), second: joined(firstAgain, second, &draws), isSame: false,
        reply: "The things are exchanged.")
    }
    return Pair(
      first: Inflection.sentence(text), second: joined(first, second, &draws), isSame: true,
      reply: "In both, \(first.clause()).")
  }

  private static func joined(_ first: Event, _ second: Event, _ draws: inout Draws) -> String {
    var phrasing = Event.Phrasing.draw(for: first, &draws)
    phrasing.verb = draws.integer(below: 3)
    return Inflection.sentence("\(second.clause(phrasing)) and \(first.clause(phrasing))")
  }

  /// The same event in other words, or one with another thing, place or time.
  private static func changedDetail(_ isSame: Bool, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let event = Event.draw(
      Event.Wish(actions: Action.onThings, people: Person.named, place: 0.7, time: 0.5, quality: 0.2), in: split, &draws
    )
    var other = event
    var reply = "In both, \(event.clause())."
    if !isSame {
      switch draws.integer(below: 3) {
      case 0:
        guard let place = event.place,
          let changed = draws.pick(Place.places(for: event.action), except: { $0 == place })
        else { return nil }
        other.place = changed
        reply = "First it was \(place.phrase), then \(changed.phrase)."
      case 1:
        guard let time = event.time,
          let changed = draws.pick(Time.all, except: { $0 == time || $0.sort != time.sort })
        else { return nil }
        other.time = changed
        reply = "First it was \(time.phrase), then \(changed.phrase)."
      default:
        guard let thing = event.thing,
          let noun = draws.pick(Noun.of(kind: thing.noun.kind.id), except: { $0 == thing.noun })
        else { return nil }
        other.thing = Thing(noun, thing.quality)
        reply = "First it was \(thing.definite), then \(Thing(noun, thing.quality).definite)."
      }
    }
    return finish(event, other, isSame, reply, &draws)
  }

  private static func finish(
    _ event: Event, _ other: Event, _ isSame: Bool, _ reply: String, _ draws: inout Draws
  ) -> Pair? {
    let first = event.sentence(&draws)
    let second = other.sentence(&draws)
    guard first != second else { return nil }
    return Pair(first: first, second: second, isSame: isSame, reply: reply)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 58), (false, 42)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { isSame, draws in
        guard let pair = Self.draw(isSame, in: split, &draws) else { return nil }
        return [
          "sentence1": .string(pair.first), "sentence2": .string(pair.second), "label": .integer(isSame ? 1 : 0),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let pair = draws.untilDrawn { Self.draw($0.chance(0.5), in: .pretraining, &$0) }
    let instruction = draws.pick([
      "Do both tell the same story?", "Is the second the same in other words?", "Do they agree?",
      "Did the meaning stay the same?", "Are these the same in meaning?",
    ])
    let request = Lesson.request(instruction, Lesson.pair(pair.first, pair.second, .sentences), bare: 0.2, &draws)
    return Lesson.exchange(request, Lesson.verdict(pair.isSame ? "Yes." : "No.", pair.reply, &draws))
  }
}

/// STS-B's counterpart: how many of five parts two sentences share.
///
/// A sentence tells who, what was done, to what, where and when; each part that both share is a point. A thing of the
/// same kind is half a point.
struct MiniSTSB: MiniDataset {
  let name = "stsb"
  var lessonWeight: Int { 7 }

  /// A part of an event that two sentences may share.
  enum Part: CaseIterable {
    case agent, action, thing, place, time

    var word: String {
      switch self {
      case .agent: "person"
      case .action: "deed"
      case .thing: "thing"
      case .place: "place"
      case .time: "time"
      }
    }
  }

  /// Two sentences, their score in points, and which parts they share.
  struct Pair {
    let first: String
    let second: String
    let score: Double
    let shared: [Part]
  }

  static func draw(sharing count: Int, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let wish = Event.Wish(actions: Action.onThings, people: Person.named, place: 1, time: 1, quality: 0)
    let first = Event.draw(wish, in: split, &draws)
    let shared = draws.sample(count, of: Part.allCases)
    var second = Event.draw(wish, in: split, &draws)
    if shared.contains(.agent) { second.agent = first.agent } else if second.agent == first.agent { return nil }
    if shared.contains(.action) {
      second.action = first.action
    } else {
      // A thing that both share must suit both actions.
      if shared.contains(.thing) {
        let fitting = Action.onThings.filter { action in
          guard case .thing(let kinds) = action.target, let thing = first.thing else { return false }
          return action != first.action
            && (kinds.contains(thing.noun.kind.id) || kinds.contains(thing.noun.kind.widest.id))
        }
        guard !fitting.isEmpty else { return nil }
        second.action = draws.pick(fitting)
      }
      guard second.action != first.action else { return nil }
    }
    guard second.split == split, case .thing(let kinds) = second.action.target else { return nil }
    var points = Double(count)
    if shared.contains(.thing) {
      second.thing = first.thing
    } else {
      second.thing = Event.thing(of: kinds, quality: 0, &draws)
      guard second.thing != first.thing else { return nil }
      if second.thing?.noun.kind == first.thing?.noun.kind { points += 0.5 }
    }
    if shared.contains(.place) {
      second.place = first.place
    } else {
      second.place = draws.pick(Place.places(for: second.action))
      guard second.place != first.place else { return nil }
    }
    second.time = shared.contains(.time) ? first.time : draws.pick(Time.all) { $0 == first.time }
    let texts = (first.sentence(&draws), second.sentence(&draws))
    guard texts.0 != texts.1 else { return nil }
    return Pair(
      first: texts.0, second: texts.1, score: points, shared: Part.allCases.filter { shared.contains($0) })
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes((0...5).map { ($0, 1) }, count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { shared, draws in
        guard let pair = Self.draw(sharing: shared, in: split, &draws) else { return nil }
        return [
          "sentence1": .string(pair.first), "sentence2": .string(pair.second), "label": .number(pair.score),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let pair = draws.untilDrawn { Self.draw(sharing: $0.integer(in: 0...5), in: .pretraining, &$0) }
    let instruction = draws.pick([
      "How much do these two have in common?", "What do both sentences share?", "Compare the two.",
      "How much is the same in both?",
    ])
    let words = pair.shared.map(\.word)
    let answer: String
    switch words.count {
    case 0: answer = "0 of 5."
    case 1: answer = "1 of 5: the \(words[0])."
    default: answer = "\(words.count) of 5: \(Self.list(words))."
    }
    let request = Lesson.request(
      instruction, Lesson.pair(pair.first, pair.second, .sentences), bare: 0, &draws)
    return Lesson.exchange(request, answer)
  }

  private static func list(_ words: [String]) -> String {
    words.dropLast().map { "the " + $0 }.joined(separator: ", ") + " and the " + (words.last ?? "")
  }
}
