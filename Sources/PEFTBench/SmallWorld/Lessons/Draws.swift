import PEFTCore

/// A sequence of draws from a place in the tree of random streams.
///
/// What is drawn depends only on the stream and on the draws before it, so a document or a row that has a stream of its
/// own is the same whatever else is generated.
package struct Draws {
  private let stream: SeedStream
  private var count = 0

  /// Begins the sequence of `stream`.
  package init(_ stream: SeedStream) { self.stream = stream }

  /// An integer in `0..<bound`.
  package mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "nothing to draw from")
    defer { count += 1 }
    return stream.integer(below: bound, at: count)
  }

  /// An integer within `range`.
  package mutating func integer(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + integer(below: range.count)
  }

  /// True with the probability `share`.
  package mutating func chance(_ share: Double) -> Bool {
    Double(integer(below: 1 << 20)) < share * Double(1 << 20)
  }

  /// One of `choices`.
  package mutating func pick<Choices: RandomAccessCollection>(_ choices: Choices) -> Choices.Element {
    choices[choices.index(choices.startIndex, offsetBy: integer(below: choices.count))]
  }

  /// One of `choices` other than those for which `isExcluded` holds, or nil where none is left.
  package mutating func pick<Choices: RandomAccessCollection>(
    _ choices: Choices, except isExcluded: (Choices.Element) -> Bool
  ) -> Choices.Element? {
    let left = choices.filter { !isExcluded($0) }
    return left.isEmpty ? nil : pick(left)
  }

  /// One of the keys, each as often as its weight says.
  package mutating func pick<Choice>(weighted choices: [(Choice, Int)]) -> Choice {
    var place = integer(below: choices.reduce(0) { $0 + $1.1 })
    for (choice, weight) in choices {
      if place < weight { return choice }
      place -= weight
    }
    return choices[0].0
  }

  /// What `attempt` gives at its first success; it must succeed sooner or later.
  package mutating func untilDrawn<Drawn>(_ attempt: (inout Draws) -> Drawn?) -> Drawn {
    while true {
      if let drawn = attempt(&self) { return drawn }
    }
  }

  /// The elements in random order (Fisher–Yates).
  package mutating func shuffled<Choices: Collection>(_ choices: Choices) -> [Choices.Element] {
    var result = Array(choices)
    for i in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(i, integer(below: i + 1)) }
    return result
  }

  /// `count` different elements in random order; all of them where there are fewer.
  package mutating func sample<Choices: Collection>(_ count: Int, of choices: Choices) -> [Choices.Element] {
    Array(shuffled(choices).prefix(count))
  }
}
