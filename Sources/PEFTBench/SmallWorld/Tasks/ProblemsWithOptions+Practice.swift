import PEFTCore

/// What comes out of a problem, said before one of the numbers is chosen.
///
/// Numbers have one digit, so that an option is judged by one token.
extension MiniMathQA {
  func practice(_ draws: inout Draws) -> PretrainingDocument {
    switch draws.integer(below: 20) {
    case 0..<4: Calculation.drill(numbers: .oneDigit, &draws)
    case 4..<8: Self.results(&draws)
    case 8..<12: Self.workedOut(&draws)
    case 12..<15: ListTalk.sums(&draws)
    default: Self.choice(&draws)
    }
  }

  /// The results of one problem after another.
  private static func results(_ draws: inout Draws) -> PretrainingDocument {
    Lesson.conversation(draws.integer(in: 2...4), asking: ["Work it out.", "What comes out?"], &draws) { draws in
      let item = item(.oneDigit, &draws)
      let answer = draws.pick([
        "\(item.step.result).", "\(item.step.result).", Inflection.sentence(item.step.spoken), item.reckoned,
      ])
      return ([Lesson.Field(["Problem", "Question", "Sum"], item.text)], answer)
    }
  }

  /// A problem, its calculation, and options with verdicts.
  private static func workedOut(_ draws: inout Draws) -> PretrainingDocument {
    let item = item(.oneDigit, &draws)
    var lines: [Lesson.Line] = [
      .given("\(draws.pick(["Problem", "Question", "Sum"])): \(item.text)"),
      .thought("\(item.step.spaced) = \(item.step.result)"),
    ]
    let choice = some(of: item, &draws)
    let (names, options, right) = (choice.names, choice.options, choice.right)
    if draws.chance(0.6) {
      // In one line, each with its verdict: `a ) 12 no , b ) 7 yes`.
      let share = draws.pick([1, 0.5, 0])
      let judged = options.enumerated().map { place, option in
        draws.chance(share) ? "\(option) \(place == right ? "yes" : "no")" : option
      }
      lines += [.given("Options: " + line(names, judged)), .given("It is \(choice.answer)")]
    } else {
      lines += Lesson.judgements(options, called: names, right: right)
      lines.append(.given(Lesson.conclusion(names[right], options[right])))
    }
    return Lesson.thinkingAloud(lines, &draws)
  }

  /// Which number is right.
  private static func choice(_ draws: inout Draws) -> PretrainingDocument {
    guard draws.chance(0.8) else { return listed(some(of: item(.oneDigit, &draws), &draws), &draws) }
    return Lesson.conversation(draws.pick([1, 1, 2]), asking: instructions, &draws) { draws in
      let choice = some(of: item(.oneDigit, &draws), &draws)
      return (choice.fields, choice.answer)
    }
  }
}
