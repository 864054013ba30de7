import PEFTCore

/// Whom a pronoun stands for, said before it is judged.
extension MiniWSC {
  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 10) {
    case 0..<3: Self.names(&draws)
    case 3..<6: Self.resolution(&draws)
    default: Self.marks(&draws)
    }
  }

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
        .given("\(name): \(draws.chance(0.5) ? item.marked(candidate) : item.text)"),
        .thought(item.claim(item.referent)), .given("\(item.claim(candidate).dropLast())?"),
        .given(candidate == item.referent ? "yes" : "no"),
      ]
    }
    return Lesson.thinkingAloud(lines, &draws)
  }

  /// Whether two words that are marked are one person.
  private static func marks(_ draws: inout Draws) -> PretrainingDocument {
    Lesson.conversation(draws.pick([1, 1, 2, 3]), asking: instructions, &draws) { draws in
      let item = item(&draws)
      let candidate = draws.integer(below: 2)
      let names = draws.chance(0.5) ? [] : ["Text", "Line", "Sentence"]
      return ([Lesson.Field(names, item.marked(candidate))], verdict(item, candidate, &draws))
    }
  }
}
