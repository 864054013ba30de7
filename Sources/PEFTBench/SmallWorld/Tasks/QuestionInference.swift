import PEFTCore

/// QNLI's counterpart: whether a sentence answers a question.
struct MiniQNLI: MiniDataset {
  let name = "qnli"
  var lessonWeight: Int { 18 }

  /// A question, a sentence, whether it answers, and the answer or what is missing.
  struct Item {
    let question: String
    let sentence: String
    let answers: Bool
    let reply: String
  }

  static func draw(_ answers: Bool, in split: WorldSplit, _ draws: inout Draws) -> Item? {
    var event = Event.draw(
      Event.Wish(actions: Action.onThings, people: Person.named, place: 0, time: 0, quality: 0.15), in: split, &draws)
    let asked: Event.Question = draws.pick(
      event.splitWithoutAgent == split ? [.who, .who, .place, .time] : [.place, .time])
    // Both classes have sentences with and without a second setting, so that only the one asked for tells.
    let place = draws.pick(Place.places(for: event.action))
    let time = draws.pick(Time.all)
    var phrasing = Event.Phrasing.draw(for: event, &draws)
    phrasing.placeFirst = draws.chance(0.2)
    phrasing.timeFirst = !phrasing.placeFirst && draws.chance(0.2)
    var questionPhrasing = Event.Phrasing()
    questionPhrasing.verb = draws.integer(below: event.action.verbs.count)
    let question = event.text(of: asked, questionPhrasing)
    let missesSlot = draws.chance(0.6)
    var sentence: String
    if answers || !missesSlot {
      if asked == .place || draws.chance(0.5) { event.place = place }
      if asked == .time || draws.chance(asked == .place ? 0.3 : 0.5) { event.time = time }
      if asked == .place, event.time != nil, draws.chance(0.5) { event.time = nil }
      if !answers {
        // The sentence tells it of something else or of somebody else.
        var other = event
        if asked == .who || draws.chance(0.5) {
          guard case .thing(let kinds) = event.action.target else { return nil }
          other.thing = Event.thing(of: kinds, quality: 0.15, &draws)
          guard other.thing?.noun != event.thing?.noun else { return nil }
        } else {
          guard
            let agent = draws.pick(
              Event.agents(of: event.action, in: split, from: Person.named), except: { $0 == event.agent })
          else { return nil }
          other.agent = agent
        }
        let thing = other.thing?.definite ?? ""
        let reply = "It tells of \(asked == .who || other.agent == event.agent ? thing : other.agent.name)."
        return Item(question: question, sentence: other.sentence(phrasing), answers: false, reply: reply)
      }
      guard let reply = event.answer(to: asked) else { return nil }
      return Item(
        question: question, sentence: event.sentence(phrasing), answers: true, reply: Inflection.sentence(reply))
    }
    if asked != .place && draws.chance(0.7) { event.place = place }
    if asked != .time && (event.place == nil || draws.chance(0.3)) { event.time = time }
    let missing: String
    switch asked {
    case .who:
      guard let thing = event.thing, event.canBePassive else { return nil }
      let verb = event.action.verbs[phrasing.verb % event.action.verbs.count]
      let setting = [event.place?.phrase, event.time?.phrase].compactMap(\.self)
      sentence = Inflection.sentence((["\(thing.definite) was \(verb.participle)"] + setting).joined(separator: " "))
      missing = "It does not say who."
    case .place:
      sentence = event.sentence(phrasing)
      missing = "It does not say where."
    default:
      sentence = event.sentence(phrasing)
      missing = "It does not say when."
    }
    return Item(question: question, sentence: sentence, answers: false, reply: missing)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 50), (false, 50)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { answers, draws in
        guard let item = Self.draw(answers, in: split, &draws) else { return nil }
        return [
          "question": .string(item.question), "sentence": .string(item.sentence), "label": .integer(answers ? 0 : 1),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = draws.untilDrawn { Self.draw($0.chance(0.5), in: .pretraining, &$0) }
    let fields = [
      Lesson.Field(["Question", "Question", "Asked", "Q"], item.question),
      Lesson.Field(["Sentence", "Text", "Said", "S"], item.sentence),
    ]
    if draws.chance(0.2) {
      let instruction = draws.pick(["Can you find the answer?", "Answer if you can.", "What is the answer here?"])
      return Lesson.exchange(
        Lesson.request(instruction, fields, bare: 0, &draws), item.answers ? item.reply : "I cannot tell. \(item.reply)"
      )
    }
    let instruction = draws.pick([
      "Do we learn from the sentence what was asked?", "Is the answer in the sentence?",
      "Can the question be answered now?",
      "Does this help with the question?",
    ])
    let verdict = Lesson.verdict(item.answers ? "Yes." : "No.", item.reply, &draws)
    return Lesson.exchange(Lesson.request(instruction, fields, &draws), verdict)
  }
}
