/// A step of arithmetic with whole numbers.
package struct Calculation: Sendable, Hashable {
  /// The four operations.
  package enum Operation: String, Sendable, CaseIterable {
    case plus = "+"
    case minus = "-"
    case times = "*"
    case over = "/"
  }

  /// What stands left of the sign.
  package let left: Int
  /// The operation.
  package let operation: Operation
  /// What stands right of the sign.
  package let right: Int

  /// Creates a step.
  package init(_ left: Int, _ operation: Operation, _ right: Int) {
    self.left = left
    self.operation = operation
    self.right = right
  }

  /// What comes out.
  package var result: Int {
    switch operation {
    case .plus: left + right
    case .minus: left - right
    case .times: left * right
    case .over: left / right
    }
  }

  /// With spaces and without the result: `3 + 4`.
  package var spaced: String { "\(left) \(operation.rawValue) \(right)" }
  /// Without spaces and without the result: `3+4`.
  package var tight: String { "\(left)\(operation.rawValue)\(right)" }

  /// In words, with the result: `3 plus 4 is 7`.
  package var spoken: String {
    switch operation {
    case .plus: "\(left) plus \(right) is \(result)"
    case .minus: "\(left) minus \(right) is \(result)"
    case .times: "\(left) times \(right) is \(result)"
    case .over: "\(left) divided by \(right) is \(result)"
    }
  }

  /// How large numbers are.
  package enum Numbers: Sendable {
    /// Small enough to know by heart: sums to 24, tables to 6 times 9.
    case byHeart
    /// Of one digit each, and none of them 1 in products and quotients.
    case oneDigit
  }

  /// A step with numbers of a size.
  package static func draw(_ operation: Operation, numbers: Numbers = .byHeart, _ draws: inout Draws) -> Calculation {
    switch numbers {
    case .byHeart: drawByHeart(operation, &draws)
    case .oneDigit: drawOneDigit(operation, &draws)
    }
  }

  private static func drawOneDigit(_ operation: Operation, _ draws: inout Draws) -> Calculation {
    switch operation {
    case .plus:
      let sum = draws.integer(in: 2...9)
      let left = draws.integer(in: 1...(sum - 1))
      return Calculation(left, .plus, sum - left)
    case .minus:
      let left = draws.integer(in: 2...9)
      return Calculation(left, .minus, draws.integer(in: 1...(left - 1)))
    case .times:
      let pair = draws.pick(tableOfOneDigit)
      return Calculation(pair.0, .times, pair.1)
    case .over:
      let pair = draws.pick(tableOfOneDigit)
      return Calculation(pair.0 * pair.1, .over, pair.1)
    }
  }

  private static let tableOfOneDigit = [(2, 2), (2, 3), (3, 2), (2, 4), (4, 2), (3, 3)]

  private static func drawByHeart(_ operation: Operation, _ draws: inout Draws) -> Calculation {
    switch operation {
    case .plus: return Calculation(draws.integer(in: 1...12), .plus, draws.integer(in: 1...12))
    case .minus:
      let right = draws.integer(in: 1...12)
      return Calculation(right + draws.integer(in: 1...12), .minus, right)
    case .times:
      let pair = draws.shuffled([draws.integer(in: 2...6), draws.integer(in: 2...9)])
      return Calculation(pair[0], .times, pair[1])
    case .over:
      let right = draws.integer(in: 2...6)
      return Calculation(right * draws.integer(in: 2...9), .over, right)
    }
  }

  /// The same numbers the other way round where that changes nothing.
  package var swapped: Calculation {
    operation == .plus || operation == .times ? Calculation(right, operation, left) : self
  }

  /// Practice in mental arithmetic.
  package static func drill(numbers: Numbers = .byHeart, _ draws: inout Draws) -> PretrainingDocument {
    var steps: [Calculation] = []
    for _ in 0..<draws.integer(in: 3...6) {
      let operation = draws.pick(weighted: [(Operation.plus, 3), (.minus, 3), (.times, 3), (.over, 2)])
      steps.append(draw(operation, numbers: numbers, &draws))
    }
    switch draws.integer(below: 8) {
    case 0: return .prose(steps.map { "\($0.spaced) = \($0.result)" }.joined(separator: "\n"))
    case 1: return .prose(steps.map { "\($0.tight)=\($0.result)" }.joined(separator: ", "))
    case 2: return .prose(steps.map { Inflection.sentence($0.spoken) }.joined(separator: " "))
    case 3:
      return .prose(
        steps.map { "\($0.left).0 \($0.operation.rawValue) \($0.right).0 = \($0.result).0" }.joined(separator: "\n"))
    case 4:
      // A whole family: 3 + 4, 4 + 3, 7 - 3, 7 - 4.
      let step = draw(draws.chance(0.5) ? .plus : .times, numbers: numbers, &draws)
      let back: Operation = step.operation == .plus ? .minus : .over
      let family = [
        step, step.swapped, Calculation(step.result, back, step.left), Calculation(step.result, back, step.right),
      ]
      var seen: Set<Calculation> = []
      let different = family.filter { seen.insert($0).inserted }
      return .prose(different.map { "\($0.spaced) = \($0.result)" }.joined(separator: ", "))
    case 5:
      let step = steps[0]
      let options = wrongResults(of: step, 3, numbers: numbers, &draws)
      let right = draws.integer(below: 4)
      return Lesson.choice(
        Lesson.Choice(
          [Lesson.Field(["Question", "Problem", "Sum"], "What is \(step.spaced)?")],
          Lesson.arranged(String(step.result), options.map(String.init), at: right), right: right,
          reason: Inflection.sentence(step.spoken)),
        asking: ["Which number is it?", "Pick the right number.", "Work it out."], &draws)
    default:
      return Lesson.exchanges(
        steps.prefix(3).map { step in
          let question = draws.pick([
            "What is \(step.spaced)?", "\(step.spaced)", "How much is \(step.spaced)?",
            Inflection.capitalized("what does \(step.spaced) make?"),
          ])
          return (question, draws.pick(["It is \(step.result).", Inflection.sentence(step.spoken), "\(step.result)."]))
        })
    }
  }

  /// Results that somebody could get who takes the wrong sign or miscounts.
  ///
  /// Of one digit where the step's numbers are: at most two of them those of other operations, and then any.
  package static func wrongResults(
    of step: Calculation, _ count: Int, numbers: Numbers = .byHeart, _ draws: inout Draws
  ) -> [Int] {
    guard numbers == .oneDigit else {
      return wrongResults(step.result, numbers: [step.left, step.right], count, &draws)
    }
    let (a, b) = (step.left, step.right)
    let likely = draws.shuffled([a + b, abs(a - b), a * b, max(a, b)]).prefix(2)
    var seen: Set<Int> = [step.result]
    return Array((likely + draws.shuffled(1...9)).filter { 1...9 ~= $0 && seen.insert($0).inserted }.prefix(count))
  }

  /// Numbers that somebody could get by mistake in place of `result`, who was given `numbers`.
  package static func wrongResults(_ result: Int, numbers: [Int], _ count: Int, _ draws: inout Draws) -> [Int] {
    var candidates: [Int] = []
    if numbers.count > 1 {
      let (a, b) = (numbers[0], numbers[1])
      candidates += draws.shuffled([a + b, abs(a - b), a * b < 60 ? a * b : a + b + 1, max(a, b)])
    }
    candidates = Array(candidates.prefix(2))
    candidates += draws.shuffled([result + 1, result - 1, result + 2, result - 2, result + 10, result + 5, result + 3])
    var seen: Set<Int> = [result]
    return Array(candidates.filter { $0 > 0 && seen.insert($0).inserted }.prefix(count))
  }
}
