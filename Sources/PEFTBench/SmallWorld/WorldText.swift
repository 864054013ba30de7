import PEFTCore

/// Text about the small world that belongs to no task: what happened, what things are, how people feel.
package enum WorldText {
  /// A document of a drawn sort.
  package static func document(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 20) {
    case 0..<3: .prose(day(&draws))
    case 3..<5: .prose(wordBook(&draws))
    case 5..<9: .prose(kinds(&draws))
    case 9..<11: talkOfKinds(&draws)
    case 11..<14: talkOfEvents(&draws)
    case 14: .prose(town(&draws))
    case 15: .prose(feeling(&draws))
    case 16: .prose(conclusion(&draws))
    case 17: .prose(sameAndOpposite(&draws))
    case 18: draws.chance(0.5) ? .prose(calendar(&draws)) : .prose(wordBook(&draws))
    default: .prose(wordBook(&draws))
    }
  }

  /// What somebody did one after another, and sometimes how it felt.
  static func day(_ draws: inout Draws) -> String {
    let first = Event.draw(in: .pretraining, &draws)
    // Only the subject of the first sentence can be meant by the pronouns after it.
    var opening = Event.Phrasing.draw(for: first, &draws)
    opening.isPassive = false
    var sentences = [first.sentence(opening)]
    var done = [first.action]
    for link in draws.sample(draws.integer(in: 1...3), of: ["then", "after that,", "later", "soon", "next,", ""]) {
      let actions = Event.actions(
        of: first.agent, in: .pretraining, from: Action.onThings + Action.ofGiving + Action.onPeople + Action.alone)
      guard let action = draws.pick(actions, except: done.contains) else { break }
      done.append(action)
      var event = Event(agent: first.agent, action: action)
      event.redrawTargets(quality: 0.2, &draws)
      if draws.chance(0.4) { event.place = draws.pick(Place.places(for: event.action)) }
      var phrasing = Event.Phrasing()
      phrasing.verb = draws.integer(below: event.action.verbs.count)
      phrasing.agent = first.agent.subject
      sentences.append(Inflection.sentence((link.isEmpty ? "" : link + " ") + event.clause(phrasing)))
    }
    if draws.chance(0.2) {
      sentences.append(
        Inflection.sentence(
          "in the end, \(first.agent.subject) was \(draws.pick(["tired", "glad", "happy", "hungry"]))"))
    }
    return sentences.joined(separator: " ")
  }

  /// What things are, and what they are not.
  static func kinds(_ draws: inout Draws) -> String {
    let noun = draws.pick(Noun.all)
    let one = noun.isMass ? noun.singular : Inflection.withArticle(noun.singular)
    let kind = noun.kind
    switch draws.integer(below: 4) {
    case 0:
      guard !noun.isMass else { return Inflection.sentence("\(one) is \(kind.one)") }
      return Inflection.sentence("\(one) is \(kind.one)") + " " + Inflection.sentence("\(noun.plural) are \(kind.many)")
    case 1:
      guard let parent = kind.parent.map(Kind.named), parent.one != kind.one else {
        return Inflection.sentence("\(one) is \(kind.one)")
      }
      return Inflection.sentence("\(one) is \(kind.one), and \(kind.one) is \(parent.one)")
    case 2:
      let others = draws.sample(3, of: Noun.of(kind: kind.id).filter { !$0.isMass })
      guard others.count == 3 else { return Inflection.sentence("\(one) is \(kind.one)") }
      return Inflection.sentence(
        "\(others[0].plural), \(others[1].plural) and \(others[2].plural) are \(kind.many)")
    default:
      guard
        let other = draws.pick(Kind.all, except: { $0.one == kind.one || $0.id == kind.parent || $0.parent == kind.id })
      else { return Inflection.sentence("\(one) is \(kind.one)") }
      return Inflection.sentence("\(one) is not \(other.one); it is \(kind.one)")
    }
  }

  /// Questions about what things are.
  static func talkOfKinds(_ draws: inout Draws) -> PretrainingDocument {
    let noun = draws.pick(Noun.all)
    let one = noun.isMass ? noun.singular : Inflection.withArticle(noun.singular)
    switch draws.integer(below: 4) {
    case 0: return Lesson.exchange("What is \(one)?", Inflection.sentence("\(one) is \(noun.kind.one)"))
    case 1:
      return Lesson.exchange("Is \(one) \(noun.kind.one)?", "Yes. " + Inflection.sentence("\(one) is \(noun.kind.one)"))
    case 2:
      guard
        let other = draws.pick(
          Kind.all, except: { $0.widest == noun.kind.widest || $0.one == noun.kind.one })
      else { return .prose(kinds(&draws)) }
      return Lesson.exchange("Is \(one) \(other.one)?", "No. " + Inflection.sentence("\(one) is \(noun.kind.one)"))
    default:
      let same = draws.chance(0.5)
      guard
        let other = draws.pick(
          Noun.all, except: { ($0.kind == noun.kind) != same || $0 == noun || $0.isMass || noun.isMass })
      else { return .prose(kinds(&draws)) }
      return Lesson.exchange(
        "What do \(noun.plural) and \(other.plural) have in common?",
        same
          ? "Both are \(noun.kind.many)."
          : "Not much. "
            + Inflection.sentence("\(noun.plural) are \(noun.kind.many), \(other.plural) are \(other.kind.many)"))
    }
  }

  /// Questions about one or two events, one after another.
  static func talkOfEvents(_ draws: inout Draws) -> PretrainingDocument {
    let wish = Event.Wish(actions: Action.all, people: Person.named)
    let scene = Scene.draw(draws.integer(in: 1...2), wish, hasTimes: draws.chance(0.3), in: .pretraining, &draws)
    var turns: [(user: String, assistant: String)] = []
    for _ in 0..<draws.integer(in: 1...3) {
      let event = draws.pick(scene.events)
      guard !event.answered.isEmpty else { continue }
      let question = draws.pick(event.answered)
      guard let answer = event.answer(to: question) else { continue }
      var phrasing = Event.Phrasing()
      phrasing.verb = draws.integer(below: event.action.verbs.count)
      let asked = event.text(of: question, phrasing)
      guard !turns.contains(where: { $0.user.hasSuffix(asked) }) else { continue }
      let text = turns.isEmpty ? scene.text(&draws) + (draws.chance(0.5) ? "\n" : " ") : ""
      turns.append((text + asked, draws.chance(0.6) ? Inflection.sentence(answer) : event.sentence()))
    }
    return turns.isEmpty ? .prose(scene.text(&draws)) : Lesson.exchanges(turns)
  }

  /// Where a town lies and what it is known for.
  static func town(_ draws: inout Draws) -> String {
    let town = draws.pick(Town.all)
    switch draws.integer(below: 3) {
    case 0: return "\(town.name) is a town \(town.site). It is known for \(town.fame)."
    case 1: return "The town of \(town.name) lies \(town.site)."
    default:
      let traveller = draws.pick(Person.named)
      return
        "\(traveller.name) has been to \(town.name), the town \(town.site). \(Inflection.capitalized(traveller.subject)) "
        + "liked \(town.fame.replacing("its ", with: "the "))."
    }
  }

  /// What makes people feel what.
  static func feeling(_ draws: inout Draws) -> String {
    let person = draws.pick(Person.all)
    let (signs, words) = draws.pick(Quality.feelings)
    let sign = Inflection.sentence("\(person.name) \(draws.pick(signs))")
    let word = Inflection.sentence("\(person.subject) was \(draws.pick(words))")
    return "\(sign) \(word)"
  }

  /// What follows when something is so.
  static func conclusion(_ draws: inout Draws) -> String {
    let event = Event.draw(Event.Wish(place: 0.6, time: 0.2), in: .pretraining, &draws)
    var phrasing = Event.Phrasing()
    var weaker = event
    switch draws.integer(below: 3) {
    case 0: phrasing.thing = event.thing?.kind
    case 1: (weaker.place, weaker.time) = (nil, nil)
    default:
      phrasing.verb = draws.integer(below: event.action.verbs.count)
      phrasing.isPassive = event.canBePassive
    }
    return "If \(event.clause()), then \(weaker.clause(phrasing))."
  }

  /// Words that mean the same, and words that mean the opposite.
  static func sameAndOpposite(_ draws: inout Draws) -> String {
    switch draws.integer(below: 3) {
    case 0:
      let pair = draws.pick(Quality.synonyms)
      return Inflection.sentence(
        draws.pick([
          "\(pair.0) and \(pair.1) mean the same", "who is \(pair.0) is \(pair.1)", "\(pair.0) means \(pair.1)",
        ]))
    case 1:
      let pair = draws.pick(Quality.opposites)
      return Inflection.sentence(
        draws.pick(["\(pair.0) is the opposite of \(pair.1)", "what is \(pair.0) is not \(pair.1)"]))
    default:
      let action = draws.pick(Action.all.filter { $0.verbs.count > 1 })
      let verbs = draws.sample(2, of: action.verbs)
      return Inflection.sentence("to \(verbs[0].base) is to \(verbs[1].base)")
    }
  }

  /// Which day or season follows which.
  static func calendar(_ draws: inout Draws) -> String {
    let row = draws.chance(0.7) ? Time.days : Time.seasons
    let names = row.map { String($0.phrase.dropFirst(3)) }
    let place = draws.integer(below: names.count)
    let next = names[(place + 1) % names.count]
    switch draws.integer(below: 3) {
    case 0: return Inflection.sentence("after \(names[place]) comes \(next)")
    case 1: return Inflection.sentence("\(names[place]) comes before \(next)")
    default: return Inflection.sentence("first comes \(names[place]), then \(next)")
    }
  }

  /// An entry of a word book.
  ///
  /// The book knows the words that the tasks' labels are made of, but no task.
  static func wordBook(_ draws: inout Draws) -> String {
    let entries = draws.sample(draws.integer(in: 2...4), of: words)
    if draws.chance(0.4) { return entries.map { "The word \($0.0) means \($0.1)." }.joined(separator: " ") }
    return entries.map { "\($0.0): \($0.1)." }.joined(separator: "\n")
  }

  private static let words: [(String, String)] = [
    ("entailment", "a thing that follows from another one"),
    ("not_entailment", "a thing that does not follow from another one"),
    ("contradiction", "a thing that cannot be so if another one is so"),
    ("neutral", "on no side"), ("duplicate", "the same thing a second time"),
    ("not_duplicate", "a thing that is there only once"), ("positive", "good, or saying yes"),
    ("negative", "bad, or saying no"), ("equivalent", "of the same worth"),
    ("not_equivalent", "not of the same worth"), ("acceptable", "good enough to be taken"),
    ("unacceptable", "not good enough to be taken"), ("True", "so in the world"), ("False", "not so in the world"),
    ("choice", "one of the things that somebody can take"), ("choice1", "the first thing to take"),
    ("choice2", "the second thing to take"), ("hypothesis", "a thing that somebody says to find out if it is so"),
    ("premise", "a thing that is taken as so"), ("review", "what somebody writes about a film"),
    ("passage", "a part of a text"), ("paragraph", "a few sentences in a row"),
    ("placeholder", "a word in place of another word"), ("entity", "a person, a place or a thing with a name"),
    ("plausible", "easy to believe"), ("pronoun", "a word like he or she"),
    ("reply", "an answer"), ("decimal", "a part of a number behind the point"),
  ]
}
