/// Reads regular expressions as `SiteExpression` takes them.
struct SiteExpressionParser {
  indirect enum Node {
    case empty
    case letter(LetterSet)
    case sequence([Node])
    case choice([Node])
    case repetition(Node, least: Int, most: Int?)
    case textStart, textEnd
    case wordBoundary(negated: Bool)
    case look(Node, negated: Bool)
  }

  /// Deepest nesting of groups that is read.
  private static let maximumDepth = 50
  /// Largest count of a repetition.
  private static let maximumCount = 1000

  private let letters: [Unicode.Scalar]
  private var position = 0
  private var depth = 0

  init(_ pattern: String) { letters = Array(pattern.unicodeScalars) }

  /// The whole expression, or nil if it is none or is not supported.
  mutating func whole() -> Node? {
    guard let node = choice(), position == letters.count else { return nil }
    return node
  }

  private var current: Unicode.Scalar? { position < letters.count ? letters[position] : nil }

  private mutating func takes(_ text: String) -> Bool {
    guard letters[position...].starts(with: text.unicodeScalars) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  private mutating func choice() -> Node? {
    var parts: [Node] = []
    repeat {
      guard let part = sequence() else { return nil }
      parts.append(part)
    } while takes("|")
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() -> Node? {
    var parts: [Node] = []
    while let letter = current, letter != "|", letter != ")" {
      guard var part = atom() else { return nil }
      while let (least, most) = count() {
        guard least <= most ?? least, max(least, most ?? 0) <= Self.maximumCount else { return nil }
        part = .repetition(part, least: least, most: most)
        // Lazy is the same match; possessive is not, and two counts in a row are a mistake.
        _ = takes("?")
        if current == "+" || current == "*" { return nil }
      }
      parts.append(part)
    }
    return parts.isEmpty ? .empty : .sequence(parts)
  }

  /// The repetition that stands here, if one does.
  private mutating func count() -> (least: Int, most: Int?)? {
    if takes("*") { return (0, nil) }
    if takes("+") { return (1, nil) }
    if takes("?") { return (0, 1) }
    let start = position
    guard takes("{") else { return nil }
    let least = number()
    let hasMost = takes(",")
    let most = hasMost ? number() : least
    guard takes("}"), least != nil || most != nil else {
      // Anything else in braces is text.
      position = start
      return nil
    }
    return (least ?? 0, most)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let letter = current, ("0"..."9").contains(letter) {
      value = min((value ?? 0) * 10 + Int(letter.value - 48), 1_000_000)
      position += 1
    }
    return value
  }

  private mutating func atom() -> Node? {
    guard let letter = current else { return nil }
    position += 1
    switch letter {
    case "(": return group()
    case "[": return set().map { .letter($0) }
    case ".": return .letter(LetterSet(parts: [.range(0x0A...0x0A)], isNegated: true))
    case "^": return .textStart
    case "$": return .textEnd
    case "*", "+", "?": return nil
    case "\\":
      switch current {
      case "b", "B":
        position += 1
        return .wordBoundary(negated: letters[position - 1] == "B")
      case "A", "Z", "z":
        position += 1
        return letters[position - 1] == "A" ? .textStart : .textEnd
      default: return escape().map { .letter(LetterSet(parts: [$0])) }
      }
    default: return .letter(LetterSet(parts: [.range(letter.value...letter.value)]))
    }
  }

  private mutating func group() -> Node? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { return nil }
    var look: Bool?
    if takes("?") {
      if takes("=") {
        look = false
      } else if takes("!") {
        look = true
      } else if takes("P<") {
        while let letter = current, LetterSet.isWord(letter) { position += 1 }
        guard takes(">") else { return nil }
      } else if !takes(":") {
        return nil
      }
    }
    guard let inner = choice(), takes(")") else { return nil }
    return look.map { .look(inner, negated: $0) } ?? inner
  }

  private mutating func set() -> LetterSet? {
    var set = LetterSet(parts: [], isNegated: takes("^"))
    var isFirst = true
    while let letter = current, letter != "]" || isFirst {
      isFirst = false
      position += 1
      let part = letter == "\\" ? escape() : .range(letter.value...letter.value)
      guard let part else { return nil }
      if case .range(let low) = part, current == "-", position + 1 < letters.count, letters[position + 1] != "]" {
        position += 1
        let last = letters[position]
        position += 1
        guard case .range(let high)? = last == "\\" ? escape() : .range(last.value...last.value),
          low.lowerBound <= high.upperBound
        else { return nil }
        set.parts.append(.range(low.lowerBound...high.upperBound))
      } else {
        set.parts.append(part)
      }
    }
    return takes("]") ? set : nil
  }

  /// What follows a backslash.
  private mutating func escape() -> LetterSet.Part? {
    guard let letter = current else { return nil }
    position += 1
    switch letter {
    case "d", "D": return .digit(negated: letter == "D")
    case "w", "W": return .word(negated: letter == "W")
    case "s", "S": return .space(negated: letter == "S")
    case "t": return .range(9...9)
    case "n": return .range(10...10)
    case "r": return .range(13...13)
    case "0"..."9", "a"..."z", "A"..."Z": return nil
    default: return .range(letter.value...letter.value)
    }
  }
}
