extension Lesson {
  /// A line of a text that thinks aloud.
  enum Line {
    /// What is given; it always stands there.
    case given(String)
    /// What follows from the lines before it; it is left out at random.
    case thought(String)
  }

  /// A text that says what follows after each of its lines, as prose.
  ///
  /// Where an answer takes several steps, one word at the end teaches hardly any of them. Here each step is told where it
  /// has to be made. It is left out at random, so that it has to be made whether it is told or not.
  static func thinkingAloud(_ lines: [Line], _ draws: inout Draws) -> PretrainingDocument {
    let share = draws.pick([1, 0.5, 0.5, 0])
    let told = lines.compactMap { line -> String? in
      switch line {
      case .given(let text): text
      case .thought(let text): draws.chance(share) ? text : nil
      }
    }
    return .prose(told.joined(separator: "\n"))
  }

  /// Options under their names, each with the thought whether it is right.
  static func judgements(_ options: [String], called names: [String], right: Int) -> [Line] {
    options.indices.flatMap { place -> [Line] in
      [.given("\(names[place]): \(options[place])"), .thought(place == right ? "yes" : "no")]
    }
  }

  /// A conversation of several requests of one kind, each with fields of its own.
  ///
  /// The instruction stands in the first one, if anywhere. `turn` gives a request's fields and its answer.
  static func conversation(
    _ count: Int, asking instructions: [String], bare: Double = 0.3, _ draws: inout Draws,
    turn: (inout Draws) -> (fields: [Field], answer: String)
  ) -> PretrainingDocument {
    var turns: [(user: String, assistant: String)] = []
    for number in 0..<count {
      let (fields, answer) = turn(&draws)
      let user = request(draws.pick(instructions), fields, bare: number == 0 ? bare : 1, &draws)
      turns.append((user, answer))
    }
    return exchanges(turns)
  }
}
