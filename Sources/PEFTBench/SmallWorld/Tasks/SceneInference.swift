import PEFTCore

/// RTE's counterpart: whether a sentence follows from a text that tells of two people.
struct MiniRTE: MiniDataset {
  let name = "rte"
  var lessonWeight: Int { 16 }

  /// A text, a sentence about it, whether it follows, and why.
  struct Pair {
    let text: String
    let sentence: String
    let follows: Bool
    let reason: String
  }

  /// - Parameter count: How many events the text tells of.
  static func draw(_ follows: Bool, count: Int = 2, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let wish = Event.Wish(actions: Action.onThings + Action.onPeople, people: Person.named, quality: 0.1)
    let scene = Scene.draw(count, wish, hasTimes: draws.chance(0.3), in: split, &draws)
    let text = scene.text(&draws)
    let truth: Event
    var said: Event
    if follows {
      truth = draws.pick(scene.events)
      said = truth
    } else {
      guard let mixture = scene.mixture(&draws) else { return nil }
      (said, truth) = (mixture.event, mixture.truth)
    }
    // Where the agent was tells as much as what was done there.
    if let place = said.place, place != truth.place || follows, draws.chance(0.3),
      Event.split(of: truth.agent, at: place) == split,
      truth.place.map({ Event.split(of: truth.agent, at: $0) }) == split
    {
      let agent = truth.agent
      return Pair(
        text: text, sentence: "\(agent.name) was \(place.phrase).", follows: follows,
        reason: "\(truth.agent.name) was \(truth.place?.phrase ?? "").")
    }
    var phrasing = Event.Phrasing.draw(for: said, &draws)
    if said.agent != truth.agent || follows, draws.chance(0.5) { (said.place, said.time) = (nil, nil) }
    if let thing = said.thing, draws.chance(0.3) { phrasing.thing = thing.kind }
    return Pair(text: text, sentence: said.sentence(phrasing), follows: follows, reason: truth.sentence())
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 50), (false, 50)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { follows, draws in
        guard let pair = Self.draw(follows, in: split, &draws) else { return nil }
        return [
          "sentence1": .string(pair.text), "sentence2": .string(pair.sentence), "label": .integer(follows ? 0 : 1),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let instruction = draws.pick([
      "Does the text tell us the second?", "Can we learn the second from the first?",
      "Is the sentence right, going by the text?", "Read the text. Is it so?", "Does the text say so?",
    ])
    var found: Pair?
    while found == nil {
      found = Self.draw(draws.chance(0.5), count: draws.integer(in: 1...3), in: .pretraining, &draws)
    }
    guard let pair = found else { return .prose("") }
    let answer = pair.follows ? draws.pick(["Yes.", "Yes, it does."]) : draws.pick(["No.", "No, it does not."])
    return Lesson.exchange(
      Lesson.request(instruction, Lesson.pair(pair.text, pair.sentence), &draws), "\(answer) \(pair.reason)")
  }
}

/// BoolQ's counterpart: a question for yes or no about a passage.
struct MiniBoolQ: MiniDataset {
  let name = "boolq"
  var lessonWeight: Int { 16 }

  /// A passage, a question, and what it answers.
  struct Item {
    let passage: String
    let question: String
    let isTrue: Bool
    let reason: String
  }

  static func draw(_ isTrue: Bool, count: Int, in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let wish = Event.Wish(actions: Action.onThings + Action.onPeople, people: Person.named, quality: 0.1)
    let scene = Scene.draw(count, wish, hasTimes: draws.chance(0.3), in: split, &draws)
    let passage = scene.text(&draws)
    let truth: Event
    var said: Event
    if isTrue {
      truth = draws.pick(scene.events)
      said = truth
    } else {
      guard let mixture = scene.mixture(&draws) else { return nil }
      (said, truth) = (mixture.event, mixture.truth)
    }
    let changesAgent = said.agent != truth.agent
    if let place = said.place, !changesAgent, draws.chance(0.25), Event.split(of: said.agent, at: place) == split,
      truth.place.map({ Event.split(of: truth.agent, at: $0) }) == split
    {
      return Item(
        passage: passage, question: "Was \(said.agent.name) \(place.phrase)?", isTrue: isTrue,
        reason: "\(truth.agent.name) was \(truth.place?.phrase ?? "").")
    }
    var phrasing = Event.Phrasing.draw(for: said, &draws)
    if changesAgent || isTrue, draws.chance(0.5) { (said.place, said.time) = (nil, nil) }
    if let thing = said.thing, draws.chance(0.3) { phrasing.thing = thing.kind }
    return Item(passage: passage, question: said.yesNoQuestion(phrasing), isTrue: isTrue, reason: truth.sentence())
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 55), (false, 45)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { isTrue, draws in
        guard let item = Self.draw(isTrue, count: 2, in: split, &draws) else { return nil }
        // The questions of BoolQ are queries without capitals and question marks.
        return [
          "question": .string(String(item.question.lowercased().dropLast())), "passage": .string(item.passage),
          "label": .integer(isTrue ? 1 : 0),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    var found: Item?
    while found == nil {
      found = Self.draw(draws.chance(0.5), count: draws.integer(in: 1...3), in: .pretraining, &draws)
    }
    guard let item = found else { return .prose("") }
    let instruction = draws.pick([
      "Here is a question about a text.", "Read the passage and say whether it is so.", "Tell me, going by the story:",
      "What does the passage say?",
    ])
    let question = draws.chance(0.4) ? String(item.question.lowercased().dropLast()) : item.question
    let answer = item.isTrue ? draws.pick(["Yes.", "Yes, so it was."]) : draws.pick(["No.", "No, it was not so."])
    return Lesson.exchange(
      Lesson.request(instruction, Lesson.reading(item.passage, question), &draws), "\(answer) \(item.reason)")
  }
}

/// MultiRC's counterpart: which of several answers to a question about a paragraph are right.
struct MiniMultiRC: MiniDataset {
  let name = "multirc"
  var lessonWeight: Int { 14 }

  /// A paragraph, a question, and answers with whether they are right.
  struct Item {
    let paragraph: String
    let question: String
    let answers: [(text: String, isRight: Bool)]
    let right: String
  }

  static func draw(count: Int, in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let wish = Event.Wish(actions: Action.onThings + Action.onPeople, people: Person.named, quality: 0.2)
    let scene = Scene.draw(count, wish, hasTimes: draws.chance(0.3), in: split, &draws)
    let event = draws.pick(scene.events)
    var asked = event
    asked.dropSetting(butOne: false, &draws)
    guard !event.answered.isEmpty else { return nil }
    let question = draws.pick(event.answered)
    guard let right = event.answer(to: question) else { return nil }
    let others = scene.events.filter { $0 != event }.compactMap { $0.answer(to: question) }
    guard !others.isEmpty else { return nil }
    var answers = [(text: right, isRight: true)] + others.map { (text: $0, isRight: false) }
    // A right answer in other words: the kind of the thing.
    if question == .what, let thing = event.thing, draws.chance(0.5) { answers.append((thing.kind, true)) }
    if question == .place, draws.chance(0.3),
      let other = draws.pick(Place.all, except: { place in answers.contains { $0.text == place.phrase } })
    {
      answers.append((other.phrase, false))
    }
    var phrasing = Event.Phrasing()
    phrasing.verb = draws.integer(below: event.action.verbs.count)
    return Item(
      paragraph: scene.text(&draws), question: event.text(of: question, phrasing),
      answers: draws.shuffled(answers).map { (Inflection.capitalized($0.text), $0.isRight) }, right: right)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    var rows: [JSONValue] = []
    var seen: Set<String> = []
    let stream = SeedStream(seed).child("small-world").child(name).child(split.rawValue)
    var paragraph = 0
    var attempt = 0
    while rows.count < count {
      var draws = Draws(stream.child(attempt))
      attempt += 1
      guard let item = Self.draw(count: draws.integer(in: 2...3), in: split, &draws),
        seen.insert(item.paragraph).inserted
      else { continue }
      for (index, answer) in item.answers.enumerated() where rows.count < count {
        rows.append([
          "paragraph": .string(item.paragraph), "question": .string(item.question), "answer": .string(answer.text),
          "idx": ["paragraph": .integer(paragraph), "question": .integer(paragraph), "answer": .integer(index)],
          "label": .integer(answer.isRight ? 1 : 0),
        ])
      }
      paragraph += 1
    }
    return rows
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    var found: Item?
    while found == nil { found = Self.draw(count: draws.integer(in: 2...3), in: .pretraining, &draws) }
    guard let item = found else { return .prose("") }
    if draws.chance(0.4) {
      let instruction = draws.pick(["Answer from the text.", "What is the answer?", "Read this and answer."])
      return Lesson.exchange(
        Lesson.request(instruction, Lesson.reading(item.paragraph, item.question), &draws),
        Inflection.sentence(item.right))
    }
    let instruction = draws.pick([
      "Somebody gave this answer. Did they read well?", "Check the answer.", "Was that the answer in the text?",
      "Look at the answer and at the text.",
    ])
    let answer = draws.pick(item.answers)
    let verdict =
      answer.isRight
      ? draws.pick(["Yes, well read.", "Yes."])
      : draws.pick(["No.", "No, look again."]) + " " + Inflection.sentence(item.right)
    let fields =
      Lesson.reading(item.paragraph, item.question) + [
        Lesson.Field(["Answer", "Answer", "Answer", "Reply"], answer.text)
      ]
    return Lesson.exchange(Lesson.request(instruction, fields, &draws), verdict)
  }
}
