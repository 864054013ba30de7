import PEFTCore

/// Conversations about a short text that tells of one or two people: several questions, each answered by yes or no.
///
/// RTE, BoolQ and MultiRC share them, for what they ask is the same skill in three forms: to find in the text what is
/// spoken of, and to compare.
enum SceneTalk {
  /// In which form a turn asks.
  enum Form: CaseIterable {
    /// Whether a sentence follows, as in RTE.
    case sentence
    /// A question for yes or no, as in BoolQ.
    case yesOrNo
    /// Whether an answer to a question is right, as in MultiRC.
    case answer
  }

  /// A scene of the sort that these tasks are about.
  static func scene(_ count: Int, in split: WorldSplit, _ draws: inout Draws) -> Scene {
    let wish = Event.Wish(actions: Action.onThings + Action.onPeople, people: Person.named, quality: 0.1)
    return Scene.draw(count, wish, hasTimes: draws.chance(0.3), in: split, &draws)
  }

  /// A conversation that begins in one form, and mostly stays there.
  static func document(_ form: Form, _ draws: inout Draws) -> PretrainingDocument {
    let scene = scene(draws.pick([1, 2, 2, 2]), in: .pretraining, &draws)
    var turns: [(user: String, assistant: String)] = []
    for _ in 0..<draws.pick([1, 3, 4]) {
      let own = turns.isEmpty || draws.chance(0.6) ? form : draws.pick(Form.allCases)
      guard let turn = turn(own, of: scene, isFirst: turns.isEmpty, &draws) else { continue }
      turns.append(turn)
    }
    return turns.isEmpty ? .prose(scene.text(&draws)) : Lesson.exchanges(turns)
  }

  /// A request, the first of which tells the text, and its answer; nil where the draw led nowhere.
  private static func turn(_ form: Form, of scene: Scene, isFirst: Bool, _ draws: inout Draws) -> (String, String)? {
    let fields: [Lesson.Field]
    let answer: String
    switch form {
    case .sentence:
      guard let pair = MiniRTE.draw(draws.chance(0.5), of: scene, in: .pretraining, &draws) else { return nil }
      fields = Lesson.pair(pair.text, pair.sentence, .text)
      answer = Lesson.verdict(pair.follows ? "Yes." : "No.", pair.reason, &draws)
    case .yesOrNo:
      guard let item = MiniBoolQ.draw(draws.chance(0.5), of: scene, in: .pretraining, &draws) else { return nil }
      let question = draws.chance(0.7) ? String(item.question.lowercased().dropLast()) : item.question
      fields = Lesson.reading(item.passage, question)
      answer = Lesson.verdict(item.isTrue ? "Yes." : "No.", item.reason, &draws)
    case .answer:
      guard let item = MiniMultiRC.draw(of: scene, &draws) else { return nil }
      let reading = Lesson.reading(item.paragraph, item.question, called: "Paragraph")
      if draws.chance(0.25) {
        (fields, answer) = (reading, Inflection.sentence(item.right))
      } else {
        let said = draws.pick(item.answers)
        fields = reading + [Lesson.Field(["Answer", "Reply"], said.text)]
        answer = Lesson.verdict(said.isRight ? "Yes." : "No.", Inflection.sentence(item.right), &draws)
      }
    }
    guard isFirst else { return (Lesson.request("", Array(fields.dropFirst()), bare: 1, &draws), answer) }
    return (Lesson.request(draws.pick(instructions), fields, &draws), answer)
  }

  private static let instructions = [
    "Does the text say so?", "Is it so, going by the text?", "Read this and tell me.", "What does the text tell us?",
    "Read the text. Is that right?", "Here is a text. Can you help me with it?",
  ]
}
