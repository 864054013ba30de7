import PEFTCore

/// ReCoRD's counterpart: which person or town of a passage a gap stands for.
struct MiniReCoRD: MiniDataset {
  let name = "record"
  var lessonWeight: Int { 7 }

  /// A passage, a sentence with a gap, the entities of the passage, and the one that was left out.
  struct Item {
    let passage: String
    let query: String
    let entities: [String]
    let answer: String
  }

  static let gap = "@placeholder"

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let wish = Event.Wish(
      actions: Action.onThings + Action.onPeople + Action.ofGiving, people: Person.named, quality: 0.1)
    let scene = Scene.draw(2, wish, in: split, &draws)
    var events = scene.events
    let towns = draws.sample(2, of: Town.all)
    let hasTowns = draws.chance(0.4)
    if hasTowns {
      for index in events.indices { events[index].place = Place("in " + towns[index].name, .town) }
    }
    let passage = Scene(events: events).text(&draws)
    let entities =
      events.flatMap { event in
        [event.agent.name, event.person?.name].compactMap(\.self)
      } + (hasTowns ? towns.map(\.name) : [])
    let place = draws.integer(below: events.count)
    var event = events[place]
    var phrasing = Event.Phrasing.draw(for: event, &draws)
    let answer: String
    if hasTowns, draws.chance(0.4) {
      answer = towns[place].name
      event.place = Place("in " + gap, .town)
    } else if let person = event.person, draws.chance(0.4) {
      answer = person.name
      phrasing.person = gap
      if draws.chance(0.5) { event.place = nil }
    } else {
      guard event.splitWithoutAgent == split else { return nil }
      answer = event.agent.name
      phrasing.agent = gap
      if draws.chance(0.5) { event.place = nil }
    }
    if let thing = event.thing, draws.chance(0.25) { phrasing.thing = thing.kind }
    return Item(
      passage: passage, query: event.sentence(phrasing), entities: draws.shuffled(entities), answer: answer)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let rows = uniqueRows(split, seed: seed, classes: Array(0..<count)) { _, draws in
      guard let item = Self.draw(in: split, &draws) else { return nil }
      return [
        "passage": .string(item.passage), "query": .string(item.query), "entities": JSONValue(item.entities),
        "answers": JSONValue([item.answer]),
      ]
    }
    return rows.enumerated().map { index, row in
      var row = row
      row["idx"] = ["passage": .integer(index), "query": .integer(index)]
      return row
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = draws.untilDrawn { Self.draw(in: .pretraining, &$0) }
    let gap = draws.pick([Self.gap, Self.gap, Self.gap, "___"])
    let query = item.query.replacing(Self.gap, with: gap)
    var fields = [
      Lesson.Field(["Passage", "Text", "Story", "Read"], item.passage),
      Lesson.Field(["Query", "Gap", "Sentence", "Query"], query),
    ]
    if draws.chance(0.75) {
      fields.insert(
        Lesson.Field(["Entities", "Names", "Names", "Names"], item.entities.joined(separator: "; ")), at: 1)
    }
    let instruction = draws.pick([
      "Who or what is missing?", "Which name belongs in the gap?", "A name is missing from the sentence.",
      "Fill the gap.",
    ])
    let answer = draws.pick([
      "It is \(item.answer).", "\(item.answer) is missing.", item.query.replacing(Self.gap, with: item.answer),
    ])
    return Lesson.exchange(Lesson.request(instruction, fields, &draws), answer)
  }
}
