extension Event {
  /// The ways to say one event.
  package struct Phrasing: Sendable {
    /// Which of the action's verbs.
    package var verb = 0
    /// `The hen was fed by Tom` in place of `Tom fed the hen`.
    package var isPassive = false
    /// `In the garden, Tom fed the hen`.
    package var placeFirst = false
    /// `On Monday, Tom fed the hen`; counts only if the place is not first.
    package var timeFirst = false
    /// `Tom gave the book to Anna` in place of `Tom gave Anna the book`.
    package var recipientLast = false
    /// `did not feed` in place of `fed`.
    package var isDenied = false
    /// What stands for the agent: the name unless given.
    package var agent: String?
    /// What stands for the thing: the definite noun unless given.
    package var thing: String?
    /// What stands for the person acted on: the name unless given.
    package var person: String?

    /// The plain way.
    package init() {}

    /// A way that means the same, drawn.
    package static func draw(for event: Event, _ draws: inout Draws) -> Phrasing {
      var phrasing = Phrasing()
      // Mostly the plain word.
      phrasing.verb = draws.chance(0.7) ? 0 : draws.integer(below: event.action.verbs.count)
      phrasing.isPassive = event.canBePassive && draws.chance(0.1)
      switch draws.integer(below: 10) {
      case 0: phrasing.placeFirst = event.place != nil
      case 1: phrasing.timeFirst = event.time != nil
      default: break
      }
      phrasing.recipientLast = draws.chance(0.5)
      return phrasing
    }
  }

  /// Whether there is something that can be the subject of a passive.
  package var canBePassive: Bool { (thing != nil || person != nil) && !action.id.contains(" ") }

  /// The event as a sentence in the past, with its full stop.
  package func sentence(_ phrasing: Phrasing = Phrasing()) -> String {
    Inflection.sentence(clause(phrasing))
  }

  /// The event as a sentence said in a drawn way.
  package func sentence(_ draws: inout Draws) -> String { sentence(Phrasing.draw(for: self, &draws)) }

  /// The event as a clause in the past, without capital and full stop.
  package func clause(_ phrasing: Phrasing = Phrasing()) -> String {
    var front = ""
    var tail: [String] = []
    if let place {
      if phrasing.placeFirst { front = place.phrase + ", " } else { tail.append(place.phrase) }
    }
    if let time {
      if phrasing.timeFirst, front.isEmpty { front = time.phrase + ", " } else { tail.append(time.phrase) }
    }
    return front + ([core(phrasing)] + tail).joined(separator: " ")
  }

  /// Who did what to what, without where and when.
  package func core(_ phrasing: Phrasing = Phrasing()) -> String {
    let verb = action.verbs[phrasing.verb % action.verbs.count]
    let agentText = phrasing.agent ?? agent.name
    if phrasing.isPassive, let subject = passiveSubject(phrasing) {
      let be = phrasing.isDenied ? "was not" : "was"
      return ([subject, be, verb.participle] + passiveRest(phrasing) + ["by", agentText]).joined(separator: " ")
    }
    let predicate = phrasing.isDenied ? "did not " + verb.base : verb.past
    return ([agentText, predicate] + targets(phrasing)).joined(separator: " ")
  }

  /// What follows the verb: `the hen`, `Anna the book`.
  package func targets(_ phrasing: Phrasing = Phrasing()) -> [String] {
    let thingText = phrasing.thing ?? thing?.definite
    let personText = phrasing.person ?? person?.name
    switch (thingText, personText) {
    case (let thing?, let person?): return phrasing.recipientLast ? [thing, "to", person] : [person, thing]
    case (let thing?, nil): return [thing]
    case (nil, let person?): return [person]
    case (nil, nil): return []
    }
  }

  func passiveSubject(_ phrasing: Phrasing) -> String? {
    phrasing.thing ?? thing?.definite ?? phrasing.person ?? person?.name
  }

  func passiveRest(_ phrasing: Phrasing) -> [String] {
    guard thing != nil, let person = phrasing.person ?? person?.name else { return [] }
    return ["to", person]
  }

  /// What is done, without who: `feed the hen in the garden`.
  package func infinitive(_ phrasing: Phrasing = Phrasing(), withSetting: Bool = true) -> String {
    let verb = action.verbs[phrasing.verb % action.verbs.count].base
    let setting = withSetting ? [place?.phrase, time?.phrase].compactMap(\.self) : []
    return ([verb] + targets(phrasing) + setting).joined(separator: " ")
  }

  /// What is being done, without who: `feeding the hen`.
  package func progressive(_ phrasing: Phrasing = Phrasing(), withSetting: Bool = true) -> String {
    let verb = action.verbs[phrasing.verb % action.verbs.count].progressive
    let setting = withSetting ? [place?.phrase, time?.phrase].compactMap(\.self) : []
    return ([verb] + targets(phrasing) + setting).joined(separator: " ")
  }
}
