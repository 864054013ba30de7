import PEFTCore

/// Whom a pronoun stands for, said before it is judged.
extension MiniWSC {
  var practiceWeight: Int { 26 }

  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 10) {
    case 0..<3: Self.names(&draws)
    case 3..<6: Self.resolution(&draws)
    default: Self.marks(&draws)
    }
  }

  private static func item(_ draws: inout Draws) -> Item { draws.untilDrawn { draw(in: .pretraining, &$0) } }

  /// Who is meant in one text after another.
  private static func names(_ draws: inout Draws) -> PretrainingDocument {
    let instructions = ["Who is meant?", "Who is it?", "Whom does the pronoun stand for?"]
    return Lesson.conversation(draws.integer(in: 2...4), asking: instructions, bare: 0.1, &draws) { draws in
      let item = item(&draws)
      let name = item.people[item.referent].name
      // Asked with the words of the reason, now and then.
      let reason = item.text.split(separator: " ").dropFirst(item.pronounWord + 1).joined(separator: " ").dropLast()
      if draws.chance(0.4) { return ([Lesson.Field([], item.text), Lesson.Field([], "Who \(reason)?")], "\(name).") }
      return ([Lesson.Field([], item.text)], "\(name) is meant.")
    }
  }

  /// A text, whom its pronoun stands for, and whether that is this one or the other.
  private static func resolution(_ draws: inout Draws) -> PretrainingDocument {
    let name = draws.pick(["Text", "Sentence"])
    var lines: [Lesson.Line] = []
    for _ in 0..<draws.integer(in: 1...3) {
      let item = item(&draws)
      let candidate = draws.integer(below: 2)
      lines += [
        .given("\(name): \(draws.chance(0.5) ? marked(item, candidate) : item.text)"),
        .thought(Inflection.sentence("\(item.pronoun) is \(item.people[item.referent].name)")),
        .given("\(Inflection.capitalized(item.pronoun)) is \(item.people[candidate].name)?"),
        .given(candidate == item.referent ? "yes" : "no"),
      ]
    }
    return Lesson.thinkingAloud(lines, &draws)
  }

  /// Whether two words that are marked are one person.
  private static func marks(_ draws: inout Draws) -> PretrainingDocument {
    let instructions = [
      "Are the marked words one person?", "Two words are marked. Is it the same person?",
      "Do the marks show the same person?",
    ]
    return Lesson.conversation(draws.pick([1, 1, 2, 3]), asking: instructions, &draws) { draws in
      let item = item(&draws)
      let candidate = draws.integer(below: 2)
      let reason = Inflection.sentence("\(item.pronoun) is \(item.people[item.referent].name)")
      let fields = [Lesson.Field(draws.chance(0.5) ? [] : ["Text", "Line", "Sentence"], marked(item, candidate))]
      return (fields, Lesson.verdict(candidate == item.referent ? "Yes." : "No.", reason, &draws))
    }
  }

  /// The text with one of the two between `*` signs and the pronoun between `#` signs.
  private static func marked(_ item: Item, _ candidate: Int) -> String {
    var words = item.text.split(separator: " ").map(String.init)
    func marked(_ text: String, _ sign: String) -> String {
      let core = String(text.trimmingSuffix(while: { !$0.isLetter }))
      return sign + core + sign + text.dropFirst(core.count)
    }
    words[item.words[candidate]] = marked(words[item.words[candidate]], "*")
    words[item.pronounWord] = marked(words[item.pronounWord], "#")
    return words.joined(separator: " ")
  }
}
