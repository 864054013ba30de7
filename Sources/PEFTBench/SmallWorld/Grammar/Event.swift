/// Something that happened: who did what to what or whom, where and when.
package struct Event: Sendable, Hashable {
  /// Who did it.
  package var agent: Person
  /// What was done.
  package var action: Action
  /// What it was done to.
  package var thing: Thing?
  /// To whom it was done, or who got the thing.
  package var person: Person?
  /// Where.
  package var place: Place?
  /// When.
  package var time: Time?

  /// What decides the split: who and what.
  package var key: String { Self.key(agent, action) }
  static func key(_ agent: Person, _ action: Action) -> String { agent.name + "|" + action.id }

  /// The split of sentences that leave out who did it, such as the question who did.
  package var splitWithoutAgent: WorldSplit {
    WorldSplit.of("who|\(action.id)|\(thing?.noun.singular ?? "")|\(person?.name ?? "")")
  }

  /// The split of the sentence that somebody was at a place.
  package static func split(of person: Person, at place: Place) -> WorldSplit {
    WorldSplit.of("\(person.name)|be|\(place.phrase)")
  }

  /// The split that the event belongs to.
  package var split: WorldSplit { WorldSplit.of(key) }

  /// The actions of a list that a person does within a split.
  package static func actions(of agent: Person, in split: WorldSplit, from actions: [Action] = Action.all) -> [Action] {
    actions.filter { WorldSplit.of(key(agent, $0)) == split }
  }

  /// The people of a list who do an action within a split.
  package static func agents(
    of action: Action, in split: WorldSplit, from people: [Person] = Person.all
  ) -> [Person] {
    people.filter { WorldSplit.of(key($0, action)) == split }
  }

  /// What a drawn event must have.
  package struct Wish: Sendable {
    /// What can be done.
    package var actions: [Action]
    /// Who can do it.
    package var people: [Person]
    /// How often there is a place.
    package var place: Double
    /// How often there is a time.
    package var time: Double
    /// How often the thing has a quality.
    package var quality: Double

    /// Creates a wish.
    package init(
      actions: [Action] = Action.onThings, people: [Person] = Person.all, place: Double = 0.5, time: Double = 0.5,
      quality: Double = 0.3
    ) {
      self.actions = actions
      self.people = people
      self.place = place
      self.time = time
      self.quality = quality
    }
  }

  /// An event of a split.
  package static func draw(_ wish: Wish = Wish(), in split: WorldSplit, _ draws: inout Draws) -> Event {
    var agent = draws.pick(wish.people)
    var possible = actions(of: agent, in: split, from: wish.actions)
    while possible.isEmpty {
      agent = draws.pick(wish.people)
      possible = actions(of: agent, in: split, from: wish.actions)
    }
    var event = Event(agent: agent, action: draws.pick(possible))
    event.redrawTargets(quality: wish.quality, &draws)
    if draws.chance(wish.place) { event.place = draws.pick(Place.places(for: event.action)) }
    if draws.chance(wish.time) { event.time = draws.pick(Time.all) }
    return event
  }

  /// Draws what the action is done to, and to whom.
  mutating func redrawTargets(quality: Double, _ draws: inout Draws) {
    thing = nil
    person = nil
    switch action.target {
    case .nothing: break
    case .thing(let kinds): thing = Self.thing(of: kinds, quality: quality, &draws)
    case .person: person = other(&draws)
    case .thingToPerson(let kinds):
      thing = Self.thing(of: kinds, quality: quality, &draws)
      person = other(&draws)
    }
  }

  private func other(_ draws: inout Draws) -> Person {
    draws.pick(Person.named) { $0 == agent } ?? agent
  }

  /// A thing of one of the kinds.
  static func thing(of kinds: [String], quality: Double, _ draws: inout Draws) -> Thing {
    let noun = draws.pick(Noun.of(kind: draws.pick(kinds)))
    return Thing(noun, draws.chance(quality) ? draws.pick(noun.kind.qualities) : nil)
  }
}
