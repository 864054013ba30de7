/// A regular expression over the names of sites, matched in time that is bounded whatever the expression.
///
/// Expressions come with adapters from anywhere, and a backtracking matcher can be kept busy for years by a dozen
/// characters. This one follows all alternatives at once, letter by letter. It knows what Python's `re` and published
/// configs use: letters, `.`, classes, escapes, groups, `|`, repetitions (greedy or lazy is the same where only the
/// match counts), anchors, word boundaries, and lookahead; others (references back, lookbehind, flags) are refused.
///
/// Source: Thompson 1968; Cox, "Regular Expression Matching Can Be Simple And Fast", 2007.
struct SiteExpression: Sendable {
  /// Instructions that an expression may have, with counted repetitions written out.
  static let maximumSize = 4000

  private let program: [Instruction]

  fileprivate enum Instruction: Sendable {
    case letter(LetterSet)
    /// Goes on at both places.
    case fork(Int, Int)
    case jump(Int)
    case textStart, textEnd
    case wordBoundary(negated: Bool)
    /// Whether the part up to `end` matches from here on, wherever it ends; goes on at `end`.
    case look(end: Int, negated: Bool)
    case match
  }

  /// Reads an expression; nil for what is none, is not supported, or is too large.
  init?(_ pattern: String) {
    var parser = SiteExpressionParser(pattern)
    guard let tree = parser.whole() else { return nil }
    var program: [Instruction] = []
    guard Self.append(tree, to: &program) else { return nil }
    program.append(.match)
    self.program = program
  }

  /// Whether the expression matches the whole of `text`.
  func matches(_ text: String) -> Bool {
    let letters = Array(text.unicodeScalars)
    var known: [Int: Bool] = [:]
    return run(from: 0, letters, at: 0, toEnd: true, &known)
  }

  // MARK: - Matching

  /// Follows all ways from an instruction at once; `toEnd` asks that a match end with the text.
  private func run(
    from start: Int, _ letters: [Unicode.Scalar], at first: Int, toEnd: Bool, _ known: inout [Int: Bool]
  ) -> Bool {
    var current: [Int] = [start]
    for position in first...letters.count {
      var seen = [Bool](repeating: false, count: program.count)
      var stack = current
      var next: [Int] = []
      while let instruction = stack.popLast() {
        guard !seen[instruction] else { continue }
        seen[instruction] = true
        switch program[instruction] {
        case .letter(let set):
          if position < letters.count, set.contains(letters[position]) { next.append(instruction + 1) }
        case .fork(let one, let other): stack += [other, one]
        case .jump(let target): stack.append(target)
        case .textStart: if position == 0 { stack.append(instruction + 1) }
        case .textEnd: if position == letters.count { stack.append(instruction + 1) }
        case .wordBoundary(let negated):
          let before = position > 0 && LetterSet.isWord(letters[position - 1])
          let after = position < letters.count && LetterSet.isWord(letters[position])
          if (before != after) != negated { stack.append(instruction + 1) }
        case .look(let end, let negated):
          // It depends on the position alone, so it is asked once.
          let key = instruction * (letters.count + 1) + position
          let found: Bool
          if let answer = known[key] {
            found = answer
          } else {
            found = run(from: instruction + 1, letters, at: position, toEnd: false, &known)
            known[key] = found
          }
          if found != negated { stack.append(end) }
        case .match: if !toEnd || position == letters.count { return true }
        }
      }
      if next.isEmpty { return false }
      current = next
    }
    return false
  }

  // MARK: - Writing out

  private static func append(_ node: SiteExpressionParser.Node, to program: inout [Instruction]) -> Bool {
    guard program.count < maximumSize else { return false }
    switch node {
    case .empty: break
    case .letter(let set): program.append(.letter(set))
    case .textStart: program.append(.textStart)
    case .textEnd: program.append(.textEnd)
    case .wordBoundary(let negated): program.append(.wordBoundary(negated: negated))
    case .sequence(let parts): for part in parts where !append(part, to: &program) { return false }
    case .choice(let parts):
      var ends: [Int] = []
      for (index, part) in parts.enumerated() {
        let fork = program.count
        let isLast = index == parts.count - 1
        if !isLast { program.append(.fork(fork + 1, 0)) }
        guard append(part, to: &program) else { return false }
        guard !isLast else { break }
        ends.append(program.count)
        program.append(.jump(0))
        program[fork] = .fork(fork + 1, program.count)
      }
      for end in ends { program[end] = .jump(program.count) }
    case .repetition(let part, let least, let most):
      for _ in 0..<least where !append(part, to: &program) { return false }
      guard let most else {
        let fork = program.count
        program.append(.fork(fork + 1, 0))
        guard append(part, to: &program) else { return false }
        program.append(.jump(fork))
        program[fork] = .fork(fork + 1, program.count)
        break
      }
      var forks: [Int] = []
      for _ in least..<max(least, most) {
        forks.append(program.count)
        program.append(.fork(program.count + 1, 0))
        guard append(part, to: &program) else { return false }
      }
      for fork in forks { program[fork] = .fork(fork + 1, program.count) }
    case .look(let part, let negated):
      let look = program.count
      program.append(.look(end: 0, negated: negated))
      guard append(part, to: &program) else { return false }
      program.append(.match)
      program[look] = .look(end: program.count, negated: negated)
    }
    return program.count < maximumSize
  }
}
