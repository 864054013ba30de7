import Foundation
import PEFTCore

/// MathQA's counterpart: short problems of arithmetic and geometry with five numbers to choose from.
struct MiniMathQA: MiniDataset {
  let name = "math_qa"
  var lessonWeight: Int { 12 }

  /// A problem, its calculation and what can be chosen.
  struct Item {
    let text: String
    let step: Calculation
    let category: String
    let options: [Int]
    let right: Int
    /// The places of the calculation's numbers in the text: `n0`.
    let names: [String]

    /// The result, and how it comes about.
    var reckoned: String { "\(step.result), as \(step.spaced) = \(step.result)." }
  }

  /// `{a}` and `{b}` are the numbers of the calculation, `{r}` its result.
  private static let frames: [(operation: Calculation.Operation, category: String, text: String)] = [
    (.times, "physics", "a train goes {a} km in one hour . how many km does it go in {b} hours ?"),
    (.over, "physics", "a car goes {a} km in {b} hours . how many km does it go in one hour ?"),
    (.times, "geometry", "a field is {a} m long and {b} m wide . what is its area in square m ?"),
    (.over, "geometry", "the area of a field is {a} square m and it is {b} m wide . how long is it ?"),
    (.minus, "general", "the sum of two numbers is {a} . one of them is {b} . what is the other ?"),
    (.plus, "gain", "a shirt costs {a} coins and a hat costs {b} coins . what do both cost ?"),
    (.times, "gain", "one book costs {a} coins . what do {b} books cost ?"),
    (.over, "gain", "{b} cups cost {a} coins . what does one cup cost ?"),
    (.minus, "gain", "a man buys a cart for {b} coins and sells it for {a} coins . what is his gain ?"),
    (.plus, "general", "x - {b} = {a} . what is x ?"), (.minus, "general", "x + {b} = {a} . what is x ?"),
    (.over, "general", "{b} x = {a} . what is x ?"),
    (.plus, "general", "ann is {a} years old . how old is she in {b} years ?"),
    (.minus, "general", "ben is {a} years old . how old was he {b} years ago ?"),
    (.times, "physics", "one man does a job in {a} days for each of {b} rooms . how many days is that in all ?"),
    (.minus, "physics", "a rope is {a} m long . {b} m are cut off . how long is the rest ?"),
    (.plus, "physics", "a boat goes {a} km down the river and {b} km up . how far does it go ?"),
  ]

  /// A problem of a split, with four wrong numbers beside the right one.
  static func draw(right: Int, _ numbers: Calculation.Numbers, in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let index = draws.integer(below: frames.count)
    let frame = frames[index]
    let step = Calculation.draw(frame.operation, numbers: numbers, &draws)
    guard WorldSplit.of("option-problem|\(index)|\(step.left)|\(step.right)") == split else { return nil }
    let wrong = Calculation.wrongResults(of: step, 4, numbers: numbers, &draws)
    guard wrong.count == 4 else { return nil }
    let sorted = draws.shuffled(wrong)
    var options = sorted
    options.insert(step.result, at: right)
    let isLeftFirst =
      (frame.text.range(of: "{a}")?.lowerBound ?? frame.text.startIndex)
      < (frame.text.range(of: "{b}")?.lowerBound ?? frame.text.endIndex)
    return Item(
      text: frame.text.replacing("{a}", with: String(step.left)).replacing("{b}", with: String(step.right))
        .replacing(" 1 coins", with: " 1 coin").replacing(" 1 years", with: " 1 year"),
      step: step, category: frame.category, options: options, right: right,
      names: isLeftFirst ? ["n0", "n1"] : ["n1", "n0"])
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes((0..<5).map { ($0, 1) }, count: count, seed: seed, split)
    return uniqueRows(split, seed: seed, classes: wanted) { right, draws in
      guard let item = Self.draw(right: right, .byHeart, in: split, &draws) else { return nil }
      let letters = Self.letters(item.options.count)
      let function: String
      switch item.step.operation {
      case .plus: function = "add"
      case .minus: function = "subtract"
      case .times: function = "multiply"
      case .over: function = "divide"
      }
      return [
        "Problem": .string(item.text),
        "Rationale": .string("\(item.step.spaced) = \(item.step.result) . answer : \(letters[right])"),
        "options": .string(Self.line(letters, item.options.map(String.init))),
        "correct": .string(letters[right]),
        "annotated_formula": .string("\(function)(\(item.step.left), \(item.step.right))"),
        "linear_formula": .string("\(function)(\(item.names[0]),\(item.names[1]))|"),
        "category": .string(item.category),
      ]
    }
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.3) { return Calculation.drill(&draws) }
    let item = Self.item(.byHeart, &draws)
    if draws.chance(0.25) {
      return Lesson.exchange(
        draws.chance(0.5) ? item.text : "Problem: \(item.text)",
        draws.pick([Inflection.sentence(item.step.spoken), item.reckoned]))
    }
    let choice = Self.some(of: item, &draws)
    guard draws.chance(0.7) else { return Self.listed(choice, &draws) }
    let instruction = draws.pick(Self.instructions)
    return Lesson.exchange(Lesson.request(instruction, choice.fields, &draws), choice.answer)
  }

  static let instructions = ["Which number is right?", "Work it out and pick one.", "Which of these is it?"]

  static func item(_ numbers: Calculation.Numbers, _ draws: inout Draws) -> Item {
    draws.untilDrawn { draw(right: $0.integer(below: 5), numbers, in: .pretraining, &$0) }
  }

  /// A problem with some of its options.
  struct Choice {
    let item: Item
    let options: [String]
    let right: Int

    var names: [String] { MiniMathQA.letters(options.count) }
    /// The parts of a request, the options in one line with names before brackets.
    var fields: [Lesson.Field] {
      [Lesson.Field(["Problem"], item.text), Lesson.Field(["Options"], MiniMathQA.line(names, options))]
    }
    /// The right option with its name before a bracket.
    var answer: String { "\(names[right]) ) \(options[right])" }
  }

  /// Some lists leave out a few of the wrong numbers.
  static func some(of item: Item, _ draws: inout Draws) -> Choice {
    var options = item.options.map(String.init)
    var right = item.right
    while options.count > 2, draws.chance(0.3) {
      let place = draws.integer(below: options.count)
      guard place != right else { continue }
      options.remove(at: place)
      if place < right { right -= 1 }
    }
    return Choice(item: item, options: options, right: right)
  }

  /// Which number is right, the options a line each.
  static func listed(_ choice: Choice, _ draws: inout Draws) -> PretrainingDocument {
    Lesson.choice(
      Lesson.Choice(
        [Lesson.Field(["Problem", "Sum", "Question"], choice.item.text)], choice.options, right: choice.right,
        reason: Inflection.sentence(choice.item.step.spoken)),
      asking: instructions, &draws)
  }

  private static func letters(_ count: Int) -> [String] { Lesson.letters(count, from: UInt8(ascii: "a")) }

  /// Options in one line: `a ) 12 , b ) 7`.
  static func line(_ names: [String], _ options: [String]) -> String {
    zip(names, options).map { "\($0) ) \($1)" }.joined(separator: " , ")
  }
}
