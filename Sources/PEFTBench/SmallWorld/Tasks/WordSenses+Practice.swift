/// What a word means, said before it is compared.
extension MiniWiC {
  var practiceWeight: Int { 26 }

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
      let word = draws.pick(AmbiguousWord.all)
      let sense = draws.integer(below: 2)
      let text = draws.untilDrawn { sentence(word, sense: sense, in: .pretraining, &$0) }.text
      return (
        [Lesson.Field(["Word", "Look at", "Term"], word.word), Lesson.Field(["Sentence"], text)],
        Inflection.sentence(word.senses[sense].meaning)
      )
    }
  }

  /// Whether a word means the same in a second sentence, and in a third.
  private static func talk(_ draws: inout Draws) -> PretrainingDocument {
    let word = draws.pick(AmbiguousWord.all)
    let meant = draws.integer(below: 2)
    let given = draws.untilDrawn { sentence(word, sense: meant, in: .pretraining, &$0) }
    let instruction = draws.pick([
      "Is it one meaning of the word?", "Look at the word in both sentences.", "Is the same kind of thing meant?",
    ])
    var turns: [(user: String, assistant: String)] = []
    for _ in 0..<draws.pick([1, 1, 2, 3, 4]) {
      let sense = draws.integer(below: 2)
      let except = sense == meant ? given.frame : nil
      let other = draws.untilDrawn { sentence(word, sense: sense, except: except, in: .pretraining, &$0) }
      let meanings = [meant, sense].map { word.senses[$0].meaning }
      let answer =
        sense == meant
        ? Lesson.verdict("Yes.", "Both mean \(meanings[0]).", &draws)
        : Lesson.verdict("No.", "First it means \(meanings[0]), then \(meanings[1]).", &draws)
      let fields = Lesson.pair(given.text, other.text, .sentences)
      turns.append(
        turns.isEmpty
          ? (
            Lesson.request(instruction, [Lesson.Field(["Word", "Look at", "Term"], word.word)] + fields, &draws), answer
          )
          : (Lesson.request("", [fields[1]], bare: 1, &draws), answer))
    }
    return Lesson.exchanges(turns)
  }

  /// Sentences with a word, each with its meaning and whether the first sentence has it too.
  private static func comparisons(_ draws: inout Draws) -> PretrainingDocument {
    let word = draws.pick(AmbiguousWord.all)
    let meant = draws.integer(below: 2)
    let given = draws.untilDrawn { sentence(word, sense: meant, in: .pretraining, &$0) }
    var lines: [Lesson.Line] = [
      .given("\(draws.pick(["Word", "Look at", "Term"])): \(word.word)"),
      .given("\(draws.pick(["Sentence 1", "First", "Given"])): \(given.text)"),
      .thought(word.senses[meant].meaning),
    ]
    for _ in 0..<draws.integer(in: 1...4) {
      let sense = draws.integer(below: 2)
      let except = sense == meant ? given.frame : nil
      let other = draws.untilDrawn { sentence(word, sense: sense, except: except, in: .pretraining, &$0) }
      lines += [.given(other.text), .thought(word.senses[sense].meaning), .given(sense == meant ? "yes" : "no")]
    }
    return Lesson.thinkingAloud(lines, &draws)
  }
}
