import PEFTCore

/// Requests that name the words to answer with, as the tasks do, about other things than the tasks.
///
/// They make the tasks' label words living words: what is said of kinds, numbers, feelings and prices is an entailment,
/// acceptable, positive. Fine-tuning then has to bind a skill to a word, not to invent the word; and a model that was not
/// fine-tuned replies with one of the words that it is asked to reply with.
enum NamedAnswers {
  /// A question, the words to choose from, when each of them is right, and which one is.
  struct Item {
    let question: String
    let fields: [Lesson.Field]
    let words: [String]
    /// Conditions, such as `if it follows`; empty where the words speak for themselves.
    var conditions: [String] = []
    let right: Int
  }

  /// A conversation, or a text that says how something is called.
  static func document(_ draws: inout Draws) -> PretrainingDocument {
    let sort = draws.pick(Sort.allCases)
    if draws.chance(0.2) {
      let lines = (0..<draws.integer(in: 1...3)).map { _ in
        let item = item(sort, &draws)
        return (item.fields.map(\.text) + [item.words[item.right]]).joined(separator: "\n")
      }
      return .prose(lines.joined(separator: "\n"))
    }
    var turns: [(user: String, assistant: String)] = []
    let first = item(sort, &draws)
    for number in 0..<draws.pick([1, 2, 3, 4]) {
      // The words are named once, and kept to.
      let next = number == 0 ? first : item(sort, words: first.words, &draws)
      turns.append((request(next, isFirst: number == 0, &draws), next.words[next.right]))
    }
    return Lesson.exchanges(turns)
  }

  /// What is asked about.
  enum Sort: CaseIterable { case following, sameness, tone, prices, truth, options }

  private static func request(_ item: Item, isFirst: Bool, _ draws: inout Draws) -> String {
    let fields = item.fields.map { $0.line(naming: 0) }
    guard isFirst else { return fields.joined(separator: "\n") }
    let order = draws.shuffled(item.words.indices)
    let isConditional = !item.conditions.isEmpty && draws.chance(0.5)
    let names = order.map { isConditional ? "\(item.words[$0]) \(item.conditions[$0])" : item.words[$0] }
    let list = names.dropLast().joined(separator: ", ") + (isConditional ? ", or " : " or ") + (names.last ?? "")
    let instruction = "\(item.question) \(draws.pick(["Reply with", "Reply with", "Answer with", "Say"])) \(list)."
    return (draws.chance(0.85) ? [instruction] + fields : fields + [instruction]).joined(separator: "\n")
  }

  /// An item of a sort; with other words where they are given, in the order of the sort's own.
  private static func item(_ sort: Sort, words: [String]? = nil, _ draws: inout Draws) -> Item {
    switch sort {
    case .following: following(words, &draws)
    case .sameness: sameness(words, &draws)
    case .tone: tone(words, &draws)
    case .prices: prices(words, &draws)
    case .truth: truth(words, &draws)
    case .options: options(words, &draws)
    }
  }

  private static func it(_ what: String) -> String { "It is \(what)." }

  /// What follows from what a thing is.
  private static func following(_ words: [String]?, _ draws: inout Draws) -> Item {
    let words =
      words
      ?? draws.pick([
        ["entailment", "contradiction", "neutral"], ["entailment", "not_entailment"], ["yes", "no", "perhaps"],
      ])
    let noun = draws.untilDrawn { draws in
      let noun = draws.pick(Noun.all)
      return noun.isMass ? nil : noun
    }
    let one = Thing(noun).indefinite
    let right = draws.integer(below: words.count)
    let pair: (String, String)
    switch (right, words.count) {
    case (0, _): pair = (one, draws.chance(0.7) ? noun.kind.one : noun.kind.widest.one)
    case (1, 3): pair = (one, (draws.pick(Kind.all) { $0.widest == noun.kind.widest } ?? noun.kind).one)
    default: pair = (noun.kind.one, one)
    }
    return Item(
      question: draws.pick(["What about the second sentence?", "Does the second one follow?", "How do these stand?"]),
      fields: Lesson.pair(it(pair.0), it(pair.1), draws.pick([.premise, .sentences, .text])), words: words,
      conditions: words.count == 3
        ? ["if it follows", "if it cannot be", "if it is open"] : ["if it follows", "if it does not"],
      right: right)
  }

  /// Whether two words or numbers are the same, or mean the same.
  private static func sameness(_ words: [String]?, _ draws: inout Draws) -> Item {
    let words =
      words
      ?? draws.pick([
        ["equivalent", "not_equivalent"], ["duplicate", "not_duplicate"], ["same", "different"], ["True", "False"],
      ])
    let right = draws.integer(below: 2)
    let pair: (String, String)
    switch draws.integer(below: 3) {
    case 0:
      let synonyms = draws.pick(Quality.synonyms)
      let other = draws.pick(Quality.synonyms) { $0 == synonyms } ?? synonyms
      pair = (synonyms.0, right == 0 ? synonyms.1 : other.1)
    case 1:
      let number = draws.integer(in: 2...24)
      let left = draws.integer(below: number)
      let sum = Calculation(left, .plus, number - left)
      pair = (sum.spaced, String(right == 0 ? number : number + draws.pick([1, 2, 3])))
    default:
      let noun = draws.pick(Noun.all)
      let other = draws.pick(Noun.all) { $0 == noun } ?? noun
      pair = (noun.singular, right == 0 ? noun.singular : other.singular)
    }
    return Item(
      question: draws.pick(["Are these two the same?", "Is it one thing?", "Compare these two."]),
      fields: Lesson.pair(pair.0, pair.1, draws.pick([.sentences, .text])), words: words,
      conditions: ["if they are the same", "if not"], right: right)
  }

  /// Whether a feeling, or what shows it, is a good one.
  private static func tone(_ words: [String]?, _ draws: inout Draws) -> Item {
    let words = words ?? draws.pick([["positive", "negative"], ["positive", "negative"], ["good", "bad"]])
    let right = draws.integer(below: 2)
    let group = right == 0 ? Quality.feelings[0] : draws.pick(Quality.feelings[1...4])
    let text = draws.chance(0.5) ? draws.pick(group.1) : draws.pick(group.0)
    return Item(
      question: draws.pick(["What sort of feeling is that?", "How does somebody feel here?"]),
      fields: [Lesson.Field(draws.chance(0.5) ? [] : ["Feeling"], text)], words: words, right: right)
  }

  /// Whether a price is within what somebody wants to pay.
  private static func prices(_ words: [String]?, _ draws: inout Draws) -> Item {
    let words =
      words ?? draws.pick([["acceptable", "unacceptable"], ["acceptable", "unacceptable"], ["cheap", "dear"]])
    let right = draws.integer(below: 2)
    let limit = draws.integer(in: 5...20)
    let price = right == 0 ? draws.integer(in: 1...limit) : draws.integer(in: (limit + 1)...(limit + 12))
    return Item(
      question: draws.pick(["Is this price right?", "What about this price?", "Can we pay that?"]),
      fields: [Lesson.Field(["Most"], "\(limit) coins"), Lesson.Field(["Price"], "\(price) coins")], words: words,
      right: right)
  }

  /// Whether what is said of a kind is so.
  private static func truth(_ words: [String]?, _ draws: inout Draws) -> Item {
    let words = words ?? draws.pick([["True", "False"], ["True", "False"], ["yes", "no"], ["right", "wrong"]])
    let right = draws.integer(below: 2)
    let noun = draws.pick(Noun.all)
    let one = noun.isMass ? noun.singular : Thing(noun).indefinite
    let kind = right == 0 ? noun.kind : draws.pick(Kind.all) { $0.widest == noun.kind.widest } ?? noun.kind
    return Item(
      question: draws.pick(["Is that so?", "What do you say to this?", "Is it right?"]),
      fields: [Lesson.Field(draws.chance(0.5) ? [] : ["Sentence"], Inflection.sentence("\(one) is \(kind.one)"))],
      words: words, conditions: ["if it is so", "if not"], right: right)
  }

  private static let optionNames: [[String]] = [
    ["A", "B", "C", "D"], ["A", "B", "C"], ["choice1", "choice2"], ["option1", "option2"], ["solution1", "solution2"],
    ["ending1", "ending2", "ending3", "ending4"], ["a", "b", "c", "d", "e"],
  ]

  /// Which of several things is of a kind.
  private static func options(_ words: [String]?, _ draws: inout Draws) -> Item {
    let words = words ?? draws.pick(optionNames)
    let nouns = ListTalk.ofDifferentKinds(words.count, &draws)
    let right = draws.integer(below: words.count)
    let asked = "Which of these is \(draws.chance(0.5) ? nouns[right].kind.one : Thing(nouns[right]).indefinite)?"
    return Item(
      question: draws.pick(["Choose one.", "Which is it?", "Find the right one."]),
      fields: [Lesson.Field(["Question"], asked)] + zip(words, nouns).map { Lesson.Field([$0], Thing($1).indefinite) },
      words: words, right: right)
  }
}
