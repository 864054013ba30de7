import PEFTCore

/// COPA's counterpart: which of two events is the cause, or the effect, of a third.
struct MiniCOPA: MiniDataset {
  let name = "copa"
  var lessonWeight: Int { 14 }

  /// A premise, two choices, what is asked, and which choice is right.
  struct Item {
    let premise: String
    let choices: [String]
    let asksForCause: Bool
    let right: Int
  }

  /// - Parameter right: Which choice shall be the right one.
  static func draw(right: Int, in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let index = draws.integer(below: CausalChain.all.count)
    let chain = CausalChain.all[index]
    let person = draws.pick(Person.all)
    guard WorldSplit.of("chain|\(index)|\(person.name)") == split else { return nil }
    let asksForCause = draws.chance(0.5)
    let place: Int
    let wrong: String
    if draws.chance(0.4) {
      // The wrong choice is the effect where the cause is asked for, and the other way round.
      place = 1
      wrong = chain.links[asksForCause ? 2 : 0]
    } else {
      place = asksForCause ? draws.integer(in: 1...2) : draws.integer(in: 0...1)
      let other = draws.integer(below: CausalChain.all.count)
      guard other != index, WorldSplit.of("chain|\(other)|\(person.name)") == split else { return nil }
      wrong = CausalChain.all[other].links[asksForCause ? place - 1 : place + 1]
    }
    let answer = chain.links[asksForCause ? place - 1 : place + 1]
    let isNamed = draws.chance(0.4)
    let told = [answer, wrong].map { CausalChain.text($0, of: person, isNamed: isNamed) }
    return Item(
      premise: CausalChain.text(chain.links[place], of: person), choices: right == 0 ? told : told.reversed(),
      asksForCause: asksForCause, right: right)
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(0, 50), (1, 50)], count: count, seed: seed, split)
    let rows = uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = Self.draw(right: right, in: split, &draws) else { return nil }
      return [
        "premise": .string(item.premise), "choice1": .string(item.choices[0]), "choice2": .string(item.choices[1]),
        "question": .string(item.asksForCause ? "cause" : "effect"), "idx": .null, "label": .integer(right),
      ]
    }
    return numbered(rows)
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.25) { return Self.story(&draws) }
    let item = Self.item(&draws)
    let question = Self.question(of: item, &draws)
    let answer = item.choices[item.right]
    if draws.chance(0.2) { return Lesson.exchange("\(item.premise) \(question)", answer) }
    return Lesson.choice(
      Lesson.Choice(
        [Lesson.Field(["Premise"], item.premise), Lesson.Field(["Question"], question)], item.choices,
        right: item.right),
      asking: ["Which fits better?", "Which of the two do you think?", "One of these is right."], &draws)
  }

  static func item(_ draws: inout Draws) -> Item {
    draws.untilDrawn { draw(right: $0.integer(below: 2), in: .pretraining, &$0) }
  }

  static func question(of item: Item, _ draws: inout Draws) -> String {
    item.asksForCause
      ? draws.pick(["Why was that?", "How did that come about?", "What came before?", "What was the cause?"])
      : draws.pick(["What came of it?", "What happened then?", "What came after?", "What was the effect?"])
  }

  /// A chain as a story or as a remark on what led to what.
  private static func story(_ draws: inout Draws) -> PretrainingDocument {
    var index = 0
    var person = Person.all[0]
    repeat {
      index = draws.integer(below: CausalChain.all.count)
      person = draws.pick(Person.all)
    } while WorldSplit.of("chain|\(index)|\(person.name)") != .pretraining
    let chain = CausalChain.all[index]
    let named = chain.links.map { CausalChain.text($0, of: person) }
    let plain = chain.links.map { CausalChain.text($0, of: person, isNamed: false) }
    switch draws.integer(below: 4) {
    case 0: return .prose("\(named[0]) So \(lowered(plain[1])) Then \(lowered(plain[2]))")
    case 1: return .prose("\(named[1]) That was because \(lowered(plain[0]))")
    case 2: return .prose("\(named[2]) That was because \(lowered(plain[1]))")
    default: return .prose("\(named[1]) After that, \(lowered(plain[2]))")
    }
  }

  /// A sentence as a clause: its first letter small, unless it is a name's.
  private static func lowered(_ sentence: String) -> String {
    let first = sentence.prefix { $0 != " " && $0 != "'" }
    guard !Person.named.contains(where: { $0.name == first }) else { return sentence }
    return sentence.prefix(1).lowercased() + sentence.dropFirst()
  }
}
