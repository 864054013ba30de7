/// A few events by different people at different places, told one after another.
package struct Scene: Sendable {
  /// The events in the order in which they are told.
  package let events: [Event]

  /// A scene of a split.
  ///
  /// - Parameters:
  ///   - count: How many events.
  ///   - wish: What an event may be; its place and time are set by the scene.
  ///   - hasTimes: Whether the events have times in place of places.
  package static func draw(
    _ count: Int, _ wish: Event.Wish = Event.Wish(people: Person.named), hasTimes: Bool = false,
    in split: WorldSplit, _ draws: inout Draws
  ) -> Scene {
    var events: [Event] = []
    while events.count < count {
      var event = Event.draw(wish, in: split, &draws)
      let others = events.flatMap { [$0.agent, $0.person].compactMap(\.self) }
      guard !others.contains(event.agent), event.person.map({ !others.contains($0) }) ?? true,
        !events.contains(where: { $0.action == event.action || $0.thing?.noun == event.thing?.noun && $0.thing != nil })
      else { continue }
      if hasTimes {
        let sort = events.first?.time?.sort
        guard
          let time = draws.pick(
            Time.all, except: { time in (sort.map { $0 != time.sort } ?? false) || events.contains { $0.time == time } }
          )
        else { continue }
        (event.place, event.time) = (nil, time)
      } else {
        guard
          let place = draws.pick(
            Place.places(for: event.action), except: { place in events.contains { $0.place == place } })
        else { continue }
        (event.place, event.time) = (place, nil)
      }
      events.append(event)
    }
    return Scene(events: events)
  }

  /// The scene as a text.
  package func text(_ draws: inout Draws) -> String {
    var sentences: [String] = []
    for event in events { sentences.append(event.sentence(&draws)) }
    return sentences.joined(separator: " ")
  }

  /// Something to say of the scene, true or not, and the event that tells how it was; nil where the draw led nowhere.
  package func statement(_ isTrue: Bool, _ draws: inout Draws) -> (said: Event, truth: Event)? {
    guard isTrue else { return mixture(&draws) }
    let event = draws.pick(events)
    return (event, event)
  }

  /// A mixture of two of the events: the first one with the agent or the setting of the other.
  ///
  /// Nothing in the scene makes it true, although all its words are there. A scene of one event is mixed with another
  /// that is not told.
  private func mixture(_ draws: inout Draws) -> (said: Event, truth: Event)? {
    var pair = draws.sample(2, of: events)
    if pair.count == 1 {
      let hasTimes = pair[0].time != nil
      let wish = Event.Wish(
        actions: [pair[0].action], people: Person.named, place: hasTimes ? 0 : 1, time: hasTimes ? 1 : 0)
      let other = Event.draw(wish, in: pair[0].split, &draws)
      guard other.agent != pair[0].agent, other.place != pair[0].place || hasTimes,
        other.time?.sort == pair[0].time?.sort, other.time != pair[0].time || !hasTimes
      else { return nil }
      pair.append(other)
    }
    var event = pair[0]
    if draws.chance(0.5) {
      event.agent = pair[1].agent
      guard event.split == pair[0].split else { return nil }
    } else {
      (event.place, event.time) = (pair[1].place, pair[1].time)
    }
    return (event, pair[0])
  }
}
