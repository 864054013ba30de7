import PEFTCore

/// What comes out of a problem, said before one of the numbers is chosen.
extension MiniMathQA {
  var practiceWeight: Int { 40 }

  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 20) {
    case 0..<4: Calculation.drill(&draws)
    case 4..<8: Self.results(&draws)
    case 8..<13: Self.workedOut(&draws)
    default: Self.choice(&draws)
    }
  }

  private static func item(_ draws: inout Draws) -> Item {
    draws.untilDrawn { draw(right: $0.integer(below: 5), in: .pretraining, &$0) }
  }

  /// The results of one problem after another.
  private static func results(_ draws: inout Draws) -> PretrainingDocument {
    Lesson.conversation(draws.integer(in: 2...4), asking: ["Work it out.", "What comes out?"], &draws) { draws in
      let item = item(&draws)
      let answer = draws.pick([
        "\(item.step.result).", "\(item.step.result).", Inflection.sentence(item.step.spoken),
        "\(item.step.result), as \(item.step.spaced) = \(item.step.result).",
      ])
      return ([Lesson.Field(["Problem", "Question", "Sum"], item.text)], answer)
    }
  }

  /// A problem, its calculation, and options with verdicts.
  private static func workedOut(_ draws: inout Draws) -> PretrainingDocument {
    let item = item(&draws)
    var lines: [Lesson.Line] = [
      .given("\(draws.pick(["Problem", "Question", "Sum"])): \(item.text)"),
      .thought("\(item.step.spaced) = \(item.step.result)"),
    ]
    let (options, right) = some(of: item, &draws)
    let names = Lesson.letters(options.count, from: UInt8(ascii: "a"))
    if draws.chance(0.6) {
      // In one line, each with its verdict: `a ) 12 no , b ) 7 yes`.
      let share = draws.pick([1, 0.5, 0])
      let line = zip(names, options).enumerated().map { place, entry in
        let verdict = draws.chance(share) ? (place == right ? " yes" : " no") : ""
        return "\(entry.0) ) \(entry.1)\(verdict)"
      }
      lines += [
        .given("Options: " + line.joined(separator: " , ")), .given("It is \(names[right]) ) \(options[right])"),
      ]
    } else {
      for (place, option) in options.enumerated() {
        lines += [.given("\(names[place]): \(option)"), .thought(place == right ? "yes" : "no")]
      }
      lines.append(.given("It is \(names[right]), \(options[right])."))
    }
    return Lesson.thinkingAloud(lines, &draws)
  }

  /// Some lists leave out a few of the wrong numbers.
  private static func some(of item: Item, _ draws: inout Draws) -> (options: [String], right: Int) {
    var options = item.options.map(String.init)
    var right = item.right
    while options.count > 2, draws.chance(0.3) {
      let place = draws.integer(below: options.count)
      guard place != right else { continue }
      options.remove(at: place)
      if place < right { right -= 1 }
    }
    return (options, right)
  }

  /// Which number is right.
  private static func choice(_ draws: inout Draws) -> PretrainingDocument {
    let instructions = ["Which number is right?", "Work it out and pick one.", "Which of these is it?"]
    guard draws.chance(0.8) else {
      let item = item(&draws)
      let (options, right) = some(of: item, &draws)
      return Lesson.choice(
        Lesson.Choice(
          [Lesson.Field(["Problem", "Sum", "Question"], item.text)], options, right: right,
          reason: Inflection.sentence(item.step.spoken)),
        asking: instructions, &draws)
    }
    // Names before brackets in one line.
    return Lesson.conversation(draws.pick([1, 1, 2]), asking: instructions, &draws) { draws in
      let item = item(&draws)
      let (options, right) = some(of: item, &draws)
      let names = Lesson.letters(options.count, from: UInt8(ascii: "a"))
      let line = zip(names, options).map { "\($0) ) \($1)" }.joined(separator: " , ")
      return (
        [Lesson.Field(["Problem"], item.text), Lesson.Field(["Options"], line)], "\(names[right]) ) \(options[right])"
      )
    }
  }
}
