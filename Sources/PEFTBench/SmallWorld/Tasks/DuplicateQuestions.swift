import PEFTCore

/// QQP's counterpart: whether two questions ask the same.
struct MiniQQP: MiniDataset {
  let name = "qqp"
  var lessonWeight: Int { 10 }

  /// What a question wants to know.
  enum Aim: String, CaseIterable {
    case how, place, time, reason, cost, duration

    /// Ways to ask it; `{do}` is what is done to what, `{doing}` its form with -ing.
    var templates: [String] {
      switch self {
      case .how: ["How can I {do}?", "What is the best way to {do}?", "How do people {do}?", "How does one {do}?"]
      case .place:
        [
          "Where can I {do}?", "What is a good place to {do}?", "Which place is right to {do}?",
          "Where do people {do}?",
        ]
      case .time:
        [
          "When should I {do}?", "What is the right time to {do}?", "What time of year is good to {do}?",
          "When do people {do}?",
        ]
      case .reason:
        ["Why should I {do}?", "What is the reason to {do}?", "What is it good for to {do}?", "Why do people {do}?"]
      case .cost:
        [
          "How much does it cost to {do}?", "What must I pay to {do}?", "Is it dear to {do}?",
          "How much money do I need to {do}?",
        ]
      case .duration:
        [
          "How long does it take to {do}?", "Does it take long to {do}?", "How many hours do I need to {do}?",
          "How much time does it take to {do}?",
        ]
      }
    }

    /// What it asks for, in a reply.
    var word: String {
      switch self {
      case .how: "how to do it"
      case .place: "the place"
      case .time: "the right time"
      case .reason: "the reason"
      case .cost: "the cost"
      case .duration: "how long it takes"
      }
    }
  }

  /// What a question is about.
  struct Topic: Hashable {
    let action: Action
    let thing: Thing

    var split: WorldSplit { WorldSplit.of("ask|\(action.id)|\(thing.noun.singular)") }

    /// Whether one answer does for both, whatever the thing looks like.
    func isAlike(_ other: Topic) -> Bool { action.id == other.action.id && thing.noun == other.thing.noun }

    func phrase(verb: Int) -> String { "\(action.verbs[verb % action.verbs.count].base) \(thing.indefinite)" }

    /// The question of a template about it, with one of its verbs.
    func question(_ template: String, _ draws: inout Draws) -> String {
      template.replacing("{do}", with: phrase(verb: draws.integer(below: 3)))
    }
  }

  private static let actions = Action.onThings.filter { !["lose", "drop", "break", "find"].contains($0.id) }

  static func topic(in split: WorldSplit, _ draws: inout Draws) -> Topic {
    while true {
      let action = draws.pick(actions)
      guard case .thing(let kinds) = action.target else { continue }
      let topic = Topic(action: action, thing: Event.thing(of: kinds, quality: 0.4, &draws))
      if topic.split == split { return topic }
    }
  }

  /// Two questions, whether they ask the same, and what differs.
  struct Pair {
    let first: String
    let second: String
    let isSame: Bool
    let reply: String
  }

  static func draw(_ isSame: Bool, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let topic = topic(in: split, &draws)
    let aim = draws.pick(Aim.allCases)
    var otherTopic = topic
    var otherAim = aim
    var reply = "Both ask for \(aim.word)."
    if !isSame {
      switch draws.integer(below: 4) {
      case 0, 1:
        otherAim = draws.pick(Aim.allCases) { $0 == aim } ?? aim
        reply = "One asks for \(aim.word), the other for \(otherAim.word)."
      case 2:
        guard case .thing(let kinds) = topic.action.target else { return nil }
        otherTopic = Topic(action: topic.action, thing: Event.thing(of: kinds, quality: 0.4, &draws))
        guard otherTopic.thing.noun != topic.thing.noun, otherTopic.split == split else { return nil }
        reply = "One is about \(topic.thing.indefinite), the other about \(otherTopic.thing.indefinite)."
      default:
        let fitting = actions.filter { action in
          guard case .thing(let kinds) = action.target, action != topic.action else { return false }
          return kinds.contains(topic.thing.noun.kind.id)
            && Topic(action: action, thing: topic.thing).split == split
        }
        guard !fitting.isEmpty else { return nil }
        otherTopic = Topic(action: draws.pick(fitting), thing: topic.thing)
        reply =
          "One is about \(topic.action.verbs[0].progressive), the other about \(otherTopic.action.verbs[0].progressive)."
      }
    }
    let template = draws.integer(below: 4)
    let otherTemplate = otherAim == aim ? (template + 1 + draws.integer(below: 3)) % 4 : draws.integer(below: 4)
    return Pair(
      first: topic.question(aim.templates[template], &draws),
      second: otherTopic.question(otherAim.templates[otherTemplate], &draws), isSame: isSame, reply: reply)
  }

  /// A question, and others of the same or of another aim or topic, each with whether it asks the same.
  private static func verdicts(_ draws: inout Draws) -> PretrainingDocument {
    let topic = topic(in: .pretraining, &draws)
    let aim = draws.pick(Aim.allCases)
    let templates = draws.shuffled(aim.templates)
    let given = topic.question(templates[0], &draws)
    let others = (1...draws.integer(in: 2...4)).map { number in
      switch draws.integer(below: 6) {
      case 0..<3: return (text: topic.question(templates[1 + number % 3], &draws), isRight: true)
      case 3..<5:
        let asked = draws.pick(Aim.allCases) { $0 == aim } ?? aim
        return (text: topic.question(draws.pick(asked.templates), &draws), isRight: false)
      default:
        let meant = draws.untilDrawn { draws in
          let other = self.topic(in: .pretraining, &draws)
          return other.isAlike(topic) ? nil : other
        }
        return (text: meant.question(draws.pick(aim.templates), &draws), isRight: false)
      }
    }
    return Lesson.verdicts([Lesson.Field(firstNames, given)], others, &draws)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 45), (false, 55)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { isSame, draws in
        guard let pair = Self.draw(isSame, in: split, &draws) else { return nil }
        return [
          "question1": .string(pair.first), "question2": .string(pair.second), "label": .integer(isSame ? 1 : 0),
        ]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.4) { return Self.verdicts(&draws) }
    let pair = draws.untilDrawn { Self.draw($0.chance(0.5), in: .pretraining, &$0) }
    let instruction = draws.pick(Self.instructions)
    let (fields, verdict) = Self.comparison(pair, &draws)
    return Lesson.exchange(Lesson.request(instruction, fields, &draws), verdict)
  }

  static let instructions = [
    "Do both people want to know the same?", "Would one answer do for both?",
    "Two people asked me something. Is it the same?",
  ]
  static let firstNames = ["Question 1", "First", "A", "One"]

  /// A pair as the parts of a request, and whether both ask the same.
  static func comparison(_ pair: Pair, _ draws: inout Draws) -> (fields: [Lesson.Field], answer: String) {
    (
      [Lesson.Field(firstNames, pair.first), Lesson.Field(["Question 2", "Second", "B", "Other"], pair.second)],
      Lesson.verdict(pair.isSame ? "Yes." : "No.", pair.reply, &draws)
    )
  }
}
