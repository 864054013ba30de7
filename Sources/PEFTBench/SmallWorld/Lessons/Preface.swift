/// What somebody says before a request that does not change it.
///
/// A request is recognised by its parts. With words in front of it that have nothing to do with it, the skill is
/// learned for whatever instruction a task may have.
enum Preface {
  /// A sentence or two.
  static func text(_ draws: inout Draws) -> String {
    (0..<draws.pick([1, 1, 2])).map { _ in sentence(&draws) }.joined(separator: " ")
  }

  private static func sentence(_ draws: inout Draws) -> String {
    let words = draws.sample(3, of: words)
    switch draws.integer(below: 8) {
    case 0: return "\(draws.pick(deeds)) the \(words[0]) and the \(words[1])."
    case 1: return "\(draws.pick(deeds)) the \(words[0]) if there is \(draws.pick(["a", "one"])) \(words[1])."
    case 2: return "\(draws.pick(askers)) the \(words[0]) \(draws.pick(relations)) the \(words[1])?"
    case 3: return "This is about \(words[0]), \(words[1]) or \(words[2])."
    case 4: return "Here the \(words[0]) may be \(words[1]) or \(words[2])."
    case 5:
      return
        "\(draws.pick(deeds)) the \(words[0]), the \(words[1]) or the \(words[2]), going by the \(draws.pick(self.words))."
    case 6: return "\(draws.pick(askers)) this \(words[0]) \(draws.pick(relations)) one of these \(words[1])s?"
    default: return "\(draws.pick(deeds)) what is best."
    }
  }

  private static let deeds = [
    "Look at", "Think of", "Mind", "Read", "Compare", "Choose", "Name", "Reply with", "Answer with", "Solve", "Keep",
    "Write", "Give",
  ]
  private static let askers = ["Does", "Is", "Which of", "How does", "What of", "Can", "Do"]
  private static let relations = [
    "follow from", "mean the same as", "stand for", "belong to", "come before", "answer", "ask for", "fill", "reach",
    "continue", "relate to", "contain",
  ]
  private static let words = [
    "text", "sentence", "question", "answer", "word", "premise", "hypothesis", "review", "passage", "paragraph", "goal",
    "option", "choice", "solution", "ending", "situation", "problem", "number", "pronoun", "blank", "entity", "meaning",
    "tone", "name", "decimal", "reply", "positive", "negative", "neutral", "entailment", "contradiction", "acceptable",
    "duplicate", "equivalent", "True", "False", "English", "plausible", "right", "film", "line", "code", "function",
  ]
}
