/// What a word means, said before it is compared.
extension MiniWiC {
  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 10) {
    case 0..<2: Self.meanings(&draws)
    case 2..<5: Self.comparisons(&draws)
    default: Self.talk(&draws)
    }
  }

  /// What words mean in sentences.
  private static func meanings(_ draws: inout Draws) -> PretrainingDocument {
    Lesson.conversation(draws.integer(in: 2...4), asking: ["What does the word mean here?", "What is meant?"], &draws) {
      draws in
      let given = use(&draws)
      return (
        [Lesson.Field(wordNames, given.word.word), Lesson.Field(["Sentence"], given.text)],
        Inflection.sentence(given.meaning)
      )
    }
  }

  /// Whether a word means the same in a second sentence, and in a third.
  private static func talk(_ draws: inout Draws) -> PretrainingDocument {
    let given = use(&draws)
    let instruction = draws.pick(instructions)
    var turns: [(user: String, assistant: String)] = []
    for number in 0..<draws.pick([1, 1, 2, 3, 4]) {
      let other = given.another(&draws)
      let answer = answer(other.sense == given.sense, (given.meaning, other.meaning), &draws)
      let pair = Lesson.pair(given.text, other.text, .sentences)
      let isFirst = number == 0
      let fields = isFirst ? [Lesson.Field(wordNames, given.word.word)] + pair : [pair[1]]
      turns.append((Lesson.request(instruction, fields, bare: isFirst ? 0.3 : 1, &draws), answer))
    }
    return Lesson.exchanges(turns)
  }

  /// Sentences with a word, each with its meaning and whether the first sentence has it too.
  private static func comparisons(_ draws: inout Draws) -> PretrainingDocument {
    let given = use(&draws)
    var lines: [Lesson.Line] = [
      .given("\(draws.pick(wordNames)): \(given.word.word)"),
      .given("\(draws.pick(givenNames)): \(given.text)"), .thought(given.meaning),
    ]
    for _ in 0..<draws.integer(in: 1...4) {
      let other = given.another(&draws)
      lines += [.given(other.text), .thought(other.meaning), .given(other.sense == given.sense ? "yes" : "no")]
    }
    return Lesson.thinkingAloud(lines, &draws)
  }
}
