import PEFTCore

/// RTE's counterpart: whether a sentence follows from a text that tells of two people.
struct MiniRTE: MiniDataset {
  let name = "rte"
  var lessonWeight: Int { 20 }

  /// A text, a sentence about it, whether it follows, and why.
  struct Pair {
    let text: String
    let sentence: String
    let follows: Bool
    let reason: String
  }

  /// A pair about a scene; nil where the draw led nowhere.
  static func draw(_ follows: Bool, of scene: Scene, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let text = scene.text(&draws)
    guard let (told, truth) = scene.statement(follows, &draws) else { return nil }
    var said = told
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
    let phrasing = said.loosened(needsSetting: said.agent == truth.agent && !follows, &draws)
    return Pair(text: text, sentence: said.sentence(phrasing), follows: follows, reason: truth.sentence())
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 50), (false, 50)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { follows, draws in
        let scene = SceneTalk.scene(2, in: split, &draws)
        guard let pair = Self.draw(follows, of: scene, in: split, &draws) else { return nil }
        return [
          "sentence1": .string(pair.text), "sentence2": .string(pair.sentence), "label": .integer(follows ? 0 : 1),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument { SceneTalk.document(.sentence, &draws) }
}

/// BoolQ's counterpart: a question for yes or no about a passage.
struct MiniBoolQ: MiniDataset {
  let name = "boolq"
  var lessonWeight: Int { 18 }

  /// A passage, a question, and what it answers.
  struct Item {
    let passage: String
    let question: String
    let isTrue: Bool
    let reason: String
  }

  /// A question about a scene; nil where the draw led nowhere.
  static func draw(_ isTrue: Bool, of scene: Scene, in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let passage = scene.text(&draws)
    guard let (told, truth) = scene.statement(isTrue, &draws) else { return nil }
    var said = told
    let changesAgent = said.agent != truth.agent
    if let place = said.place, !changesAgent, draws.chance(0.25), Event.split(of: said.agent, at: place) == split,
      truth.place.map({ Event.split(of: truth.agent, at: $0) }) == split
    {
      return Item(
        passage: passage, question: "Was \(said.agent.name) \(place.phrase)?", isTrue: isTrue,
        reason: "\(truth.agent.name) was \(truth.place?.phrase ?? "").")
    }
    let phrasing = said.loosened(needsSetting: !changesAgent && !isTrue, &draws)
    return Item(passage: passage, question: said.yesNoQuestion(phrasing), isTrue: isTrue, reason: truth.sentence())
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 55), (false, 45)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { isTrue, draws in
        let scene = SceneTalk.scene(2, in: split, &draws)
        guard let item = Self.draw(isTrue, of: scene, in: split, &draws) else { return nil }
        // The questions of BoolQ are queries without capitals and question marks.
        return [
          "question": .string(String(item.question.lowercased().dropLast())), "passage": .string(item.passage),
          "label": .integer(isTrue ? 1 : 0),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument { SceneTalk.document(.yesOrNo, &draws) }
}

/// MultiRC's counterpart: which of several answers to a question about a paragraph are right.
struct MiniMultiRC: MiniDataset {
  let name = "multirc"
  var lessonWeight: Int { 12 }

  /// A paragraph, a question, and answers with whether they are right.
  struct Item {
    let paragraph: String
    let question: String
    let answers: [(text: String, isRight: Bool)]
    let right: String
  }

  /// A question about a scene with answers; nil where the draw led nowhere.
  static func draw(of scene: Scene, _ draws: inout Draws) -> Item? {
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
      guard let item = Self.draw(of: SceneTalk.scene(2, in: split, &draws), &draws),
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
    guard draws.chance(0.4) else { return SceneTalk.document(.answer, &draws) }
    let item = draws.untilDrawn { Self.draw(of: SceneTalk.scene(2, in: .pretraining, &$0), &$0) }
    return Lesson.verdicts(
      Lesson.reading(item.paragraph, item.question, called: "Paragraph"), item.answers, &draws)
  }
}

extension Event {
  /// Makes of an event that was told something vaguer to say of it, with the phrasing: often without the setting, unless the
  /// setting is what matters, and now and then with the thing's kind in place of its name.
  fileprivate mutating func loosened(needsSetting: Bool, _ draws: inout Draws) -> Phrasing {
    var phrasing = Phrasing.draw(for: self, &draws)
    if !needsSetting, draws.chance(0.5) { (place, time) = (nil, nil) }
    if let thing, draws.chance(0.2) { phrasing.thing = thing.kind }
    return phrasing
  }
}
