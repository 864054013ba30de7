import PEFTCore

/// Builds the conversations that teach a skill: requests in many wordings and layouts, answers in free words.
package enum Lesson {
  /// A named part of a request, such as `Premise`, with the names that it may have.
  package struct Field: Sendable {
    /// What it may be called.
    package let names: [String]
    /// Its text.
    package let text: String

    /// Creates a part.
    package init(_ names: [String], _ text: String) {
      self.names = names
      self.text = text
    }

    /// The part as a line, under one of its names; what has no name stands alone.
    func line(naming number: Int) -> String { names.isEmpty ? text : "\(names[number % names.count]): \(text)" }
  }

  /// One exchange as a conversation.
  package static func exchange(_ user: String, _ assistant: String) -> PretrainingDocument {
    .conversation([ChatMessage(role: "user", content: user), ChatMessage(role: "assistant", content: assistant)])
  }

  /// Several exchanges as a conversation.
  package static func exchanges(_ turns: [(user: String, assistant: String)]) -> PretrainingDocument {
    .conversation(
      turns.flatMap {
        [ChatMessage(role: "user", content: $0.user), ChatMessage(role: "assistant", content: $0.assistant)]
      })
  }

  /// A request: an instruction, and its parts a line each.
  ///
  /// Fields whose lists of names have the same length are called alike; the first name is the usual one. Where the parts
  /// tell by themselves what is wanted, the instruction is left out now and then: so the skill does not hang on its words.
  package static func request(
    _ instruction: String, _ fields: [Field], bare: Double = 0.3, _ draws: inout Draws
  ) -> String {
    let isBare = draws.chance(bare)
    let number = isBare || draws.chance(0.6) ? 0 : draws.integer(below: 1 << 16)
    let lines = fields.map { $0.line(naming: number) }
    let beginning = draws.chance(0.35) ? [Preface.text(&draws)] : []
    if isBare { return (beginning + lines).joined(separator: "\n") }
    return (beginning + (beginning.isEmpty || draws.chance(0.5) ? [instruction] : []) + lines).joined(separator: "\n")
  }

  /// A short verdict, and its reason now and then.
  package static func verdict(_ word: String, _ reason: String, _ draws: inout Draws) -> String {
    draws.chance(0.4) ? "\(word) \(reason)" : word
  }

  /// What two statements are usually called.
  package enum PairNames: Sendable {
    /// `Premise` and `Hypothesis`.
    case premise
    /// `Sentence 1` and `Sentence 2`.
    case sentences
    /// `Text` and `Sentence`.
    case text
  }

  /// Two statements under pairs of names, the usual ones first.
  package static func pair(_ first: String, _ second: String, _ usual: PairNames) -> [Field] {
    let own: (String, String)
    switch usual {
    case .premise: own = ("Premise", "Hypothesis")
    case .sentences: own = ("Sentence 1", "Sentence 2")
    case .text: own = ("Text", "Sentence")
    }
    let names = [own, ("First", "Second"), ("Given", "Said")]
    return [Field(names.map(\.0), first), Field(names.map(\.1), second)]
  }

  /// A text and a question about it.
  package static func reading(_ text: String, _ question: String, called name: String = "Passage") -> [Field] {
    [Field([name, "Text", "Story"], text), Field(["Question", "Question", "Asked"], question)]
  }
}
