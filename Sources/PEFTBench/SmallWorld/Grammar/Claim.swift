/// What can be said of a statement when an event is known.
package enum Relation: Sendable, CaseIterable {
  /// It follows.
  case entailed
  /// Nothing tells.
  case open
  /// It cannot be true.
  case contradicted
}

/// A statement about an event, how it stands to it, and why.
package struct Claim: Sendable {
  /// The statement, a sentence.
  package let text: String
  /// How it stands to the event.
  package let relation: Relation
  /// Why, as a sentence that repeats what decides it.
  package let reason: String

  /// A claim about an event that has a place or a time.
  ///
  /// All three relations get the same rewording (another verb, passive, the kind in place of the thing, a setting left
  /// out), so that the words of the claim alone do not tell its relation.
  ///
  /// - Returns: The claim, or nil where the event leaves no room for the relation.
  package static func draw(about event: Event, _ relation: Relation, _ draws: inout Draws) -> Claim? {
    var said = event
    var phrasing = Event.Phrasing.draw(for: event, &draws)
    var reason = ""
    switch relation {
    case .entailed:
      reason = event.sentence()
      said.dropSetting(butOne: draws.chance(0.7), &draws)
    case .contradicted:
      switch (event.place, event.time) {
      case _ where draws.chance(0.2):
        phrasing.isDenied = true
        said.dropSetting(butOne: draws.chance(0.5), &draws)
        reason = event.sentence()
      case (let place?, let time) where time == nil || draws.chance(0.5):
        guard let other = draws.pick(Place.places(for: event.action), except: { $0 == place }) else { return nil }
        said.place = other
        if draws.chance(0.7) { said.time = nil }
        reason = "It was \(place.phrase), not \(other.phrase)."
      case (_, let time?):
        guard let other = draws.pick(Time.all, except: { $0 == time || $0.sort != time.sort }) else { return nil }
        said.time = other
        if draws.chance(0.7) { said.place = nil }
        reason = "It was \(time.phrase), not \(other.phrase)."
      default: return nil
      }
    case .open:
      said.dropSetting(butOne: draws.chance(0.2), &draws)
      if event.place == nil, event.time == nil || draws.chance(0.5) {
        said.place = draws.pick(Place.places(for: event.action))
        reason = "We are not told where it was."
      } else if event.time == nil {
        said.time = draws.pick(Time.all)
        reason = "We are not told when it was."
      } else {
        guard let thing = event.thing, thing.quality == nil else { return nil }
        let quality = draws.pick(thing.noun.kind.qualities)
        said.thing = Thing(thing.noun, quality)
        reason = "We are not told what the \(thing.noun.singular) was like."
        return finish(said, phrasing, relation, reason)
      }
    }
    if let thing = event.thing {
      if draws.chance(0.2) {
        phrasing.thing = thing.kind
        if relation == .entailed { reason = "\(Inflection.capitalized(thing.indefinite)) is \(thing.kind)." }
      } else if thing.quality != nil, draws.chance(0.5) {
        said.thing = Thing(thing.noun)
      }
    }
    return finish(said, phrasing, relation, reason)
  }

  private static func finish(
    _ event: Event, _ phrasing: Event.Phrasing, _ relation: Relation, _ reason: String
  ) -> Claim {
    Claim(text: event.sentence(phrasing), relation: relation, reason: reason)
  }
}

extension Event {
  /// Leaves out where and when, or all but one of them.
  mutating func dropSetting(butOne: Bool, _ draws: inout Draws) {
    let keepsPlace = draws.chance(0.5)
    let (place, time) = (place, time)
    (self.place, self.time) = (nil, nil)
    guard butOne else { return }
    if let place, keepsPlace || time == nil { self.place = place } else { self.time = time }
  }
}
