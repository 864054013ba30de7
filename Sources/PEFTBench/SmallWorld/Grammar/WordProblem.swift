/// A short story that asks for a number.
package struct WordProblem: Sendable {
  /// The story, without the question.
  package var body: String
  /// What is asked.
  package var question: String
  /// How it is solved, step by step; each step after the first begins with the result before it.
  package var steps: [Calculation]
  /// What is counted, one of it and many: `apple`, `apples`.
  package var unit: (one: String, many: String)
  /// What decides the split: the kind of story and its numbers.
  package var key: String

  /// The result of the last step.
  package var result: Int { steps[steps.count - 1].result }
  /// A number of what is counted: `1 apple`.
  package func amount(_ number: Int) -> String { "\(number) \(number == 1 ? unit.one : unit.many)" }
  /// The split of the problem.
  package var split: WorldSplit { WorldSplit.of(key) }

  /// Stories of one step, by operation: the body and the question apart.
  ///
  /// `{a}` and `{b}` are the numbers, `{A}` and `{B}` people, `{he}` and `{him}` the first, `{x}` one thing, `{xs}`
  /// many, `{ys}` other things; `{n}` a number that does not matter.
  private static let frames: [Calculation.Operation: [(body: String, question: String)]] = [
    .plus: [
      ("{A} has {a} {xs}. {B} gives {him} {b} more {xs}.", "How many {xs} does {A} have now?"),
      ("{A} has {a} {xs} and {B} has {b} {xs}.", "How many {xs} do they have together?"),
      ("There are {a} {xs} in the box. {A} puts {b} more {xs} into it.", "How many {xs} are in the box now?"),
      ("{A} found {a} {xs} on Monday and {b} {xs} on Friday.", "How many {xs} did {A} find in all?"),
      ("{A} has {a} {xs}. {B} has {b} more {xs} than {A}.", "How many {xs} does {B} have?"),
    ],
    .minus: [
      ("{A} had {a} {xs}. {A} gave {b} {xs} to {B}.", "How many {xs} does {A} have left?"),
      ("There were {a} {xs} on the table. {A} took away {b} {xs}.", "How many {xs} are left on the table?"),
      ("{A} has {a} {xs} and {B} has {b} {xs}.", "How many more {xs} does {A} have than {B}?"),
      ("{A} had {a} {xs}. {he} lost {b} {xs} on the way.", "How many {xs} are left?"),
      ("{A} has {a} {xs}. {B} has {b} fewer {xs} than {A}.", "How many {xs} does {B} have?"),
    ],
    .times: [
      ("There are {a} boxes with {b} {xs} in each box.", "How many {xs} are there in all?"),
      ("Each {x} costs {b} coins. {A} buys {a} {xs}.", "How many coins does {A} pay?"),
      ("{A} sells {b} {xs} each day.", "How many {xs} does {A} sell in {a} days?"),
      ("{A} has {a} bags. Each bag holds {b} {xs}.", "How many {xs} does {A} have?"),
    ],
    .over: [
      ("{A} shares {a} {xs} among {b} friends.", "How many {xs} does each friend get?"),
      ("{A} has {a} {xs} and puts {b} {xs} into each bag.", "How many bags does {A} need?"),
      ("{A} put {a} {xs} into {b} boxes, the same number into each.", "How many {xs} are in each box?"),
    ],
  ]

  /// What can be told with a number that does not matter.
  private static let asides = [
    "{A} also has {n} {ys}.", "{B} has {n} {ys}.", "There are {n} {ys} too.", "It took {n} hours.",
  ]

  /// Things that are counted and belong to nobody's basket only.
  private static let counted = Noun.all.filter {
    !$0.isMass && ["fruit", "vegetable", "flower", "toy", "reading", "dish", "tool", "container"].contains($0.kind.id)
      && !["box", "bag", "chest", "top"].contains($0.singular)
  }

  /// A problem of one step.
  ///
  /// - Parameter aside: How often a number is told that does not matter.
  package static func oneStep(aside: Double, in split: WorldSplit, _ draws: inout Draws) -> WordProblem? {
    let operation = draws.pick(weighted: [(Calculation.Operation.plus, 3), (.minus, 3), (.times, 2), (.over, 1)])
    guard let frames = frames[operation] else { return nil }
    let index = draws.integer(below: frames.count)
    let step = Calculation.draw(operation, &draws)
    let key = "problem|\(operation.rawValue)|\(index)|\(step.left)|\(step.right)"
    guard WorldSplit.of(key) == split else { return nil }
    var words = Words(&draws)
    words.numbers = [step.left, step.right]
    var body = frames[index].body
    if draws.chance(aside) {
      let extra = draws.pick(asides)
      body = draws.chance(0.5) || body.contains("{he}") ? body + " " + extra : extra + " " + body
    }
    return WordProblem(
      body: words.filled(body), question: words.filled(frames[index].question), steps: [step],
      unit: units(frames[index].question, words), key: key)
  }

  /// What the question counts.
  private static func units(_ question: String, _ words: Words) -> (one: String, many: String) {
    switch question.split(separator: " ")[2] {
    case "coins": ("coin", "coins")
    case "bags": ("bag", "bags")
    default: (words.things.singular, words.things.plural)
    }
  }

  /// A problem of two or more steps.
  package static func steps(_ count: Int, in split: WorldSplit, _ draws: inout Draws) -> WordProblem? {
    let first = Calculation.draw(draws.pick(weighted: [(.plus, 3), (.minus, 2), (.times, 2)]), &draws)
    let starts = [
      Calculation.Operation.plus: [
        "{A} has {a} {xs} and finds {b} more.", "{A} buys {a} {xs} in the morning and {b} {xs} in the evening.",
        "{A} has {a} {xs}. {B} brings {him} {b} {xs}.",
      ],
      .minus: ["{A} had {a} {xs} and lost {b} of them.", "{A} had {a} {xs} and gave {b} to {B}."],
      .times: ["{A} has {a} bags of {b} {xs} each.", "{A} buys {b} {xs} a day for {a} days."],
    ]
    // Only the last step may share: what each friend has is not what the next step would begin with.
    let turns: [(operation: Calculation.Operation, text: String, question: String)] = [
      (.minus, "Then {he} sells {c} {xs}.", "How many {xs} are left?"),
      (.minus, "A dog takes {c} of them.", "How many {xs} does {A} have now?"),
      (.plus, "Then {he} gets {c} more.", "How many {xs} does {A} have now?"),
      (.plus, "Later {he} picks up {c} {xs}.", "How many {xs} does {A} have in the end?"),
      (.over, "{he} shares them among {c} friends.", "How many {xs} does each friend get?"),
    ]
    guard let texts = starts[first.operation] else { return nil }
    let start = draws.integer(below: texts.count)
    var chosen: [Int] = []
    var steps = [first]
    while steps.count < count {
      let isLast = steps.count == count - 1
      let turn = draws.integer(below: isLast ? turns.count : turns.count - 1)
      let amount = steps[steps.count - 1].result
      let other: Int
      switch turns[turn].operation {
      case .minus:
        guard amount > 2 else { return nil }
        other = draws.integer(in: 1...min(12, amount - 1))
      case .plus: other = draws.integer(in: 1...12)
      default:
        let parts = (2...6).filter { amount % $0 == 0 && amount / $0 <= 9 && amount > $0 }
        guard !parts.isEmpty else { return nil }
        other = draws.pick(parts)
      }
      // Sums beyond the numbers that are practised stay away.
      guard amount <= 24, !chosen.contains(turn) else { return nil }
      chosen.append(turn)
      steps.append(Calculation(amount, turns[turn].operation, other))
    }
    let others = steps.dropFirst().map(\.right)
    let numbers = chosen + [first.left, first.right] + others
    let key = "problem\(count)|\(start)|" + numbers.map(String.init).joined(separator: "|")
    guard let last = chosen.last, WorldSplit.of(key) == split else { return nil }
    var words = Words(&draws)
    words.numbers = [first.left, first.right]
    var body = words.filled(texts[start])
    for (turn, other) in zip(chosen, others) {
      words.numbers = [first.left, first.right, other]
      body += " " + Inflection.capitalized(words.filled(turns[turn].text))
    }
    return WordProblem(
      body: body, question: words.filled(turns[last].question), steps: steps,
      unit: (words.things.singular, words.things.plural), key: key)
  }

  /// What a story is told of.
  private struct Words {
    var numbers: [Int] = []
    let people: [Person]
    let things: Noun
    let others: Noun
    let aside: Int

    init(_ draws: inout Draws) {
      people = draws.sample(2, of: Person.named)
      let nouns = draws.sample(2, of: WordProblem.counted)
      (things, others) = (nouns[0], nouns[1])
      aside = draws.integer(in: 2...20)
    }

    func filled(_ text: String) -> String {
      var text = text.replacing("{A}", with: people[0].name).replacing("{B}", with: people[1].name)
        .replacing("{him}", with: people[0].object).replacing("{xs}", with: things.plural)
        .replacing("{x}", with: things.singular).replacing("{ys}", with: others.plural)
        .replacing(". {he}", with: ". " + Inflection.capitalized(people[0].subject))
        .replacing("{he}", with: people[0].subject)
      // One apple, not one apples; the numbers that do not matter begin at two.
      for (name, number) in zip(["{a}", "{b}", "{c}"], numbers) {
        if number == 1 {
          text = text.replacing("\(name) \(things.plural)", with: "1 \(things.singular)")
            .replacing("\(name) more \(things.plural)", with: "1 more \(things.singular)")
            .replacing("\(name) fewer \(things.plural)", with: "1 \(things.singular) fewer")
        }
        text = text.replacing(name, with: String(number))
      }
      return text.replacing("{n}", with: String(aside))
    }
  }
}
