/// Where the values of a Python program's variables come from, as the `codebleu` package extracts it.
///
/// Every word of the tree that is not a keyword or sign is a variable, literals included. An edge says that a word
/// comes from earlier occurrences of itself, or is computed from the words on the right of an assignment or the
/// iterable of a loop. Loop bodies are followed twice, so that a value may come from the round before; branches are
/// followed apart and joined.
///
/// - Source: Guo et al. 2021 (GraphCodeBERT); the details, quirks included, are those of `codebleu` 0.7.0: a loop with
///   an `else` loses its body, and only a for loop whose two sides have equally many parts is taken pairwise.
struct DataFlow {
  /// An edge, with variables numbered in the order in which they appear.
  struct Edge: Hashable {
    let variable: Int
    let isComputed: Bool
    let sources: [Int]
  }

  /// Steps after which a program (loops nested a dozen deep, each of which doubles them) counts as having no data flow.
  static let maximumSteps = 300_000

  /// The edges of a program in the order of its words.
  static func edges(_ root: SyntaxNode, text: [UInt8]) -> [Edge] {
    var flow = DataFlow(root, WordTexts(text))
    var states: [String: [Int]] = [:]
    guard let links = try? flow.follow(root, &states) else { return [] }
    return normalised(merged(withoutLoneWords(sortedByWord(links))))
  }

  /// Edges of `reference` that occur in `prediction`, each of the prediction's used once, and how many there are.
  static func counts(reference: [Edge], prediction: [Edge]) -> (matches: Int, total: Int) {
    var left: [Edge: Int] = [:]
    for edge in prediction { left[edge, default: 0] += 1 }
    var matches = 0
    for edge in reference {
      guard let count = left[edge], count > 0 else { continue }
      left[edge] = count - 1
      matches += 1
    }
    return (matches, reference.count)
  }

  private struct Link {
    let name: String
    let word: Int
    let isComputed: Bool
    var sources: [String]
    var sourceWords: [Int]
  }

  /// Why a program has no data flow: it takes too many steps, or a part of a string came up as a word of its own.
  ///
  /// The latter happens where an assignment is taken pairwise and its right side is a string of as many parts as the
  /// left side has, as in `self.name = 'x'`: the package fails there, and drops all edges of the program.
  private struct NoFlow: Error {}

  private struct Place: Hashable {
    let start: Int
    let end: Int
  }

  private var words: [Place: (number: Int, text: String, isAsWritten: Bool)] = [:]
  private var steps = 0
  private let texts: WordTexts

  private init(_ root: SyntaxNode, _ texts: WordTexts) {
    self.texts = texts
    var number = 0
    func visit(_ node: SyntaxNode) {
      guard node.isWord else { return node.children.forEach(visit) }
      let text = texts.text(node.start, node.end)
      words[Place(start: node.start, end: node.end)] = (number, text, texts.isAsWritten(text, node.start, node.end))
      number += 1
    }
    visit(root)
  }

  /// The number and text of a word, and whether the text is its own type, as for keywords and signs.
  private func word(_ node: SyntaxNode) throws(NoFlow) -> (number: Int, text: String, isSign: Bool) {
    guard let word = words[Place(start: node.start, end: node.end)] else { throw NoFlow() }
    switch node.kind {
    case .token: return (word.number, word.text, word.isAsWritten)
    case .comparisonWord: return (word.number, word.text, false)
    default: return (word.number, word.text, node.kind.name == word.text)
    }
  }

  private func variables(_ node: SyntaxNode) throws(NoFlow) -> [(number: Int, text: String)] {
    if node.isWord {
      let word = try word(node)
      return word.isSign ? [] : [(word.number, word.text)]
    }
    var found: [(number: Int, text: String)] = []
    for child in node.children { found += try variables(child) }
    return found
  }

  private mutating func follow(_ node: SyntaxNode, _ states: inout [String: [Int]]) throws(NoFlow) -> [Link] {
    steps += 1
    guard steps <= Self.maximumSteps else { throw NoFlow() }
    if node.isWord { return try followWord(node, &states) }
    switch node.kind {
    case .defaultParameter: return try followDefault(node, &states)
    case .assignment, .augmentedAssignment, .forInClause: return try followAssignment(node, &states)
    case .ifStatement: return try followBranches(node, &states)
    case .forStatement: return try followLoop(node, &states)
    case .whileStatement:
      var links: [Link] = []
      for _ in 0..<2 {
        for child in node.children { links += try follow(child, &states) }
      }
      return joined(links)
    default:
      var links: [Link] = []
      for child in node.children where child.kind == .forInClause { links += try follow(child, &states) }
      for child in node.children where child.kind != .forInClause { links += try follow(child, &states) }
      return links
    }
  }

  private func followWord(_ node: SyntaxNode, _ states: inout [String: [Int]]) throws(NoFlow) -> [Link] {
    let word = try word(node)
    if word.isSign { return [] }
    if let earlier = states[word.text] {
      return [
        Link(name: word.text, word: word.number, isComputed: false, sources: [word.text], sourceWords: earlier)
      ]
    }
    if node.kind == .identifier { states[word.text] = [word.number] }
    return [Link(name: word.text, word: word.number, isComputed: false, sources: [], sourceWords: [])]
  }

  private mutating func followDefault(
    _ node: SyntaxNode, _ states: inout [String: [Int]]
  ) throws(NoFlow) -> [Link] {
    guard let name = node.child(.name), let value = node.child(.value) else { return [] }
    var links = try follow(value, &states)
    let values = try variables(value)
    for variable in try variables(name) {
      for source in values {
        links.append(
          Link(
            name: variable.text, word: variable.number, isComputed: false, sources: [source.text],
            sourceWords: [source.number]))
      }
      states[variable.text] = [variable.number]
    }
    return links
  }

  private mutating func followAssignment(
    _ node: SyntaxNode, _ states: inout [String: [Int]]
  ) throws(NoFlow) -> [Link] {
    guard let left = node.child(.left) else { return [] }
    var pairs: (left: [SyntaxNode], right: [SyntaxNode])
    if node.kind == .forInClause {
      guard let right = node.children.last else { return [] }
      pairs = ([left], [right])
    } else {
      guard let right = node.child(.right) else { return [] }
      pairs = sides(left, right)
    }
    var links: [Link] = []
    for right in pairs.right { links += try follow(right, &states) }
    return try links + computed(pairs, &states)
  }

  /// The parts of both sides if they are equally many, else each side whole.
  private func sides(_ left: SyntaxNode, _ right: SyntaxNode) -> (left: [SyntaxNode], right: [SyntaxNode]) {
    func parts(_ node: SyntaxNode) -> [SyntaxNode] {
      node.children.filter { !($0.kind == .token && texts.isComma($0)) }
    }
    let leftParts = parts(left)
    let rightParts = parts(right)
    guard leftParts.count == rightParts.count, !leftParts.isEmpty else { return ([left], [right]) }
    return (leftParts, rightParts)
  }

  private func computed(
    _ pairs: (left: [SyntaxNode], right: [SyntaxNode]), _ states: inout [String: [Int]]
  ) throws(NoFlow) -> [Link] {
    var links: [Link] = []
    for (left, right) in zip(pairs.left, pairs.right) {
      let sources = try variables(right)
      for variable in try variables(left) {
        links.append(
          Link(
            name: variable.text, word: variable.number, isComputed: true, sources: sources.map(\.text),
            sourceWords: sources.map(\.number)))
        states[variable.text] = [variable.number]
      }
    }
    return links
  }

  private mutating func followBranches(
    _ node: SyntaxNode, _ states: inout [String: [Int]]
  ) throws(NoFlow) -> [Link] {
    var links: [Link] = []
    var current = states
    var ends: [[String: [Int]]] = []
    var hasElse = false
    for child in node.children {
      if child.kind == .elseClause { hasElse = true }
      if child.kind == .elifClause || child.kind == .elseClause {
        var other = states
        links += try follow(child, &other)
        ends.append(other)
      } else {
        links += try follow(child, &current)
      }
    }
    ends.append(current)
    if !hasElse { ends.append(states) }
    var joint: [String: Set<Int>] = [:]
    for end in ends {
      for (name, words) in end { joint[name, default: []].formUnion(words) }
    }
    states = joint.mapValues { $0.sorted() }
    return links
  }

  private mutating func followLoop(
    _ node: SyntaxNode, _ states: inout [String: [Int]]
  ) throws(NoFlow) -> [Link] {
    guard let left = node.child(.left), let right = node.child(.right) else { return [] }
    let pairs = sides(left, right)
    var links: [Link] = []
    for _ in 0..<2 {
      for right in pairs.right { links += try follow(right, &states) }
      links += try computed(pairs, &states)
      if let body = node.children.last, body.kind == .block { links += try follow(body, &states) }
    }
    return joined(links)
  }

  private struct LinkKey: Hashable {
    let name: String
    let word: Int
    let isComputed: Bool
  }

  /// Links of the two rounds of a loop put together, by word.
  private func joined(_ links: [Link]) -> [Link] {
    var positions: [LinkKey: Int] = [:]
    var joined: [Link] = []
    for link in links {
      let key = LinkKey(name: link.name, word: link.word, isComputed: link.isComputed)
      if let position = positions[key] {
        joined[position].sources = CPythonSet.listed(joined[position].sources + link.sources)
        joined[position].sourceWords = Array(Set(joined[position].sourceWords + link.sourceWords)).sorted()
      } else {
        positions[key] = joined.count
        joined.append(link)
      }
    }
    return Self.sortedByWord(joined)
  }

  /// By word; links of one word keep their order.
  private static func sortedByWord(_ links: [Link]) -> [Link] {
    links.enumerated().sorted { ($0.element.word, $0.offset) < ($1.element.word, $1.offset) }.map(\.element)
  }

  private static func withoutLoneWords(_ links: [Link]) -> [Link] {
    var used: Set<Int> = []
    for link in links {
      if !link.sources.isEmpty { used.insert(link.word) }
      used.formUnion(link.sourceWords)
    }
    return links.filter { used.contains($0.word) }
  }

  /// One link a word: the last one's relation, all sources.
  private static func merged(_ links: [Link]) -> [Link] {
    var positions: [Int: Int] = [:]
    var merged: [Link] = []
    for link in links {
      if let position = positions[link.word] {
        merged[position] = Link(
          name: link.name, word: link.word, isComputed: link.isComputed,
          sources: CPythonSet.listed(merged[position].sources + link.sources), sourceWords: [])
      } else {
        positions[link.word] = merged.count
        merged.append(link)
      }
    }
    return merged
  }

  private static func normalised(_ links: [Link]) -> [Edge] {
    var numbers: [String: Int] = [:]
    func number(_ name: String) -> Int {
      if let number = numbers[name] { return number }
      numbers[name] = numbers.count
      return numbers.count - 1
    }
    return links.map { link in
      let sources = link.sources.map(number)
      return Edge(variable: number(link.name), isComputed: link.isComputed, sources: sources)
    }
  }
}

extension SyntaxNode {
  /// Whether data flow takes the node as one word: a leaf, or a string with all that is in it.
  fileprivate var isWord: Bool { children.isEmpty || kind == .string }
}

/// The texts of words by their places.
///
/// Line ends inside a word are left out. Places count bytes, but are applied to characters, as the `codebleu` package
/// does, so after a character that is not ASCII the texts of a line are shifted.
private struct WordTexts {
  private let bytes: [UInt8]
  private let isASCII: Bool
  private let lineStarts: [Int]
  private let lines: [[Unicode.Scalar]]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    isASCII = bytes.allSatisfy { $0 < 0x80 }
    guard !isASCII else {
      lineStarts = []
      lines = []
      return
    }
    lineStarts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      Array(String(decoding: line, as: UTF8.self).unicodeScalars)
    }
  }

  func text(_ start: Int, _ end: Int) -> String {
    guard !isASCII else { return String(decoding: bytes[start..<end].filter { $0 != 0x0A }, as: UTF8.self) }
    let first = line(of: start)
    let last = line(of: end)
    var text = String.UnicodeScalarView()
    for line in first...last {
      let from = line == first ? min(start - lineStarts[line], lines[line].count) : 0
      let to = line == last ? min(end - lineStarts[line], lines[line].count) : lines[line].count
      if from < to { text.append(contentsOf: lines[line][from..<to]) }
    }
    return String(text)
  }

  /// Whether `text` is what stands at its place, and not shifted.
  func isAsWritten(_ text: String, _ start: Int, _ end: Int) -> Bool {
    isASCII || bytes[start..<end].elementsEqual(text.utf8)
  }

  /// Whether a sign is a comma.
  func isComma(_ node: SyntaxNode) -> Bool { node.end - node.start == 1 && bytes[node.start] == UInt8(ascii: ",") }

  private func line(of offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }
}
