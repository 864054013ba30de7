/// Parses Python 3 (and Python 2's print and exec statements) into the tree that tree-sitter's grammar gives.
///
/// Recursive descent with precedence climbing. A statement that is not Python becomes an `ERROR` node that holds the
/// words of its line, and parsing continues with the next line, so that a mistake costs what it touches.
/// Nesting is bounded; an expression taller than `maximumHeight` is an error as well.
///
/// - Source: tree-sitter-python 0.21.0; trees equal its trees on valid Python (tested by fixtures), not on invalid.
final class PythonParser {
  /// Deepest nesting of brackets, prefix operators and blocks that is read.
  static let maximumNesting = 80
  /// Tallest expression that is built; chains such as a + b + c + … grow one level a link.
  static let maximumHeight = 300

  /// What does not fit the grammar.
  struct Failure: Error {}

  /// A parsed text.
  struct Result {
    /// The whole tree, a `module`.
    let root: SyntaxNode
    /// Whether some of the text is not Python.
    let hasErrors: Bool
  }

  let lexer: PythonLexer
  var token: PythonLexer.Token
  var brackets = 0
  var nesting = 0
  var hasErrors = false
  /// Where a keyword counts as a name, because no keyword fits there.
  var nameInSpite: Int?

  /// Parses `text`.
  static func parse(_ text: [UInt8]) -> Result {
    let parser = PythonParser(text)
    var statements: [SyntaxNode] = []
    // A line that is indented at the outermost level is a mistake, but its statement is read anyway.
    while let indent = parser.beginLine(from: parser.token.start) {
      if indent > 0, !statements.isEmpty { parser.hasErrors = true }
      statements += parser.line()
    }
    let root =
      statements.isEmpty ? SyntaxNode(.module, 0, 0) : SyntaxNode(.module, statements)
    return Result(root: root, hasErrors: parser.hasErrors)
  }

  private init(_ text: [UInt8]) {
    lexer = PythonLexer(bytes: text)
    token = PythonLexer.Token(kind: .newline, start: 0, end: 0)
  }

  // MARK: Tokens

  /// Moves to the next token.
  func next() { token = lexer.token(from: token.end, betweenBrackets: brackets > 0) }

  /// The token after the current one.
  func following() -> PythonLexer.Token { lexer.token(from: token.end, betweenBrackets: brackets > 0) }

  /// Whether `candidate` is the word or sign `text`.
  func matches(_ candidate: PythonLexer.Token, _ text: StaticString) -> Bool {
    guard candidate.kind == .name || candidate.kind == .operatorSign,
      candidate.end - candidate.start == text.utf8CodeUnitCount
    else { return false }
    return text.withUTF8Buffer { wanted in
      lexer.bytes[candidate.start..<candidate.end].elementsEqual(wanted)
    }
  }

  func at(_ text: StaticString) -> Bool { matches(token, text) }

  /// Takes the current token, whatever it is, as a node of `kind`.
  func take(_ kind: SyntaxNode.Kind = .token) -> SyntaxNode {
    let node = SyntaxNode(kind, token.start, token.end)
    next()
    return node
  }

  /// Takes the word or sign `text`.
  func expect(_ text: StaticString) throws(Failure) -> SyntaxNode {
    guard at(text) else { throw Failure() }
    return take()
  }

  /// Takes an opening bracket.
  func open(_ text: StaticString) throws(Failure) -> SyntaxNode {
    guard at(text) else { throw Failure() }
    brackets += 1
    return take()
  }

  /// Takes a closing bracket.
  func close(_ text: StaticString) throws(Failure) -> SyntaxNode {
    guard at(text) else { throw Failure() }
    brackets -= 1
    return take()
  }

  /// Builds a node, unless an expression would grow too tall.
  ///
  /// Statements with blocks are bounded by their nesting, and must not fail once their blocks have been read.
  func node(_ kind: SyntaxNode.Kind, _ children: [SyntaxNode]) throws(Failure) -> SyntaxNode {
    let node = SyntaxNode(kind, children)
    guard node.height <= Self.maximumHeight || kind.holdsBlocks else { throw Failure() }
    return node
  }

  /// Runs `body` one level deeper.
  func nested<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Self.maximumNesting else { throw Failure() }
    return try body()
  }

  /// Tries `body`; where it fails, goes back to where it began.
  func attempt<T>(_ body: () throws(Failure) -> T) -> T? {
    let saved = (token, brackets, nesting, hasErrors)
    if let result = try? body() { return result }
    (token, brackets, nesting, hasErrors) = saved
    return nil
  }

  // MARK: Lines and blocks

  /// Moves to the first token of the next line that has one and returns its indentation; nil at the end of the text.
  func beginLine(from start: Int) -> Int? {
    var position = start
    var indent = 0
    var isFresh = start == 0 || lexer.byte(start - 1) == 0x0A
    while position < lexer.bytes.count {
      switch lexer.bytes[position] {
      case 0x0A:
        isFresh = true
        indent = 0
      case 0x20: indent += 1
      case 0x09: indent += 8
      case 0x0C, 0x0D: indent = 0
      case UInt8(ascii: "#"):
        while position < lexer.bytes.count, lexer.bytes[position] != 0x0A { position += 1 }
        continue
      default:
        token = lexer.token(from: position, betweenBrackets: false)
        if token.kind == .endOfText { return nil }
        if token.kind == .newline {
          // A continuation that leads to an empty line.
          position = token.start
          continue
        }
        return isFresh ? indent : 0
      }
      position += 1
    }
    token = PythonLexer.Token(kind: .endOfText, start: position, end: position)
    return nil
  }

  /// The statements of the line that starts at the current token, or error nodes for what does not fit.
  ///
  /// Some mistakes are mended as tree-sitter mends them, because comment removal makes them out of good code (a
  /// statement that starts with a string loses it, the tabs of all but the first line of a block become single
  /// spaces): a sign or an `elif` that cannot start a statement is skipped, and `in` and `else` there are names.
  private func line() -> [SyntaxNode] {
    if let statements = attempt({ () throws(Failure) in try statement() }) { return statements }
    hasErrors = true
    if at("elif") || (token.kind == .operatorSign && !at("*") && !at("**") && !at("(") && !at("[") && !at("{")) {
      let rest = attempt { () throws(Failure) in
        let stray = SyntaxNode(.error, [take(token.kind == .name ? .identifier : .token)])
        return [stray] + (try statement())
      }
      if let rest { return rest }
    } else if at("in") || at("else") || at("finally") {
      nameInSpite = token.start
      defer { nameInSpite = nil }
      if let statements = attempt({ () throws(Failure) in try simpleStatements() }) { return statements }
    }
    return [wordsOfLine()].filter { !$0.children.isEmpty }
  }

  /// Everything up to the end of the line as one error node.
  private func wordsOfLine() -> SyntaxNode {
    brackets = 0
    var words: [SyntaxNode] = []
    while token.kind != .newline, token.kind != .endOfText {
      switch token.kind {
      case .name: words.append(take(.identifier))
      case .integer: words.append(take(.integer))
      case .float: words.append(take(.float))
      case .stringStart: words.append(attempt({ () throws(Failure) in try string() }) ?? take())
      default: words.append(take())
      }
    }
    return SyntaxNode(.error, words)
  }

  /// A block after a colon: statements on the same line, or the indented lines that follow.
  ///
  /// A stray sign at the start of the block stands before the block, not in it.
  func block(_ field: SyntaxNode.Field? = nil) throws(Failure) -> [SyntaxNode] {
    try nested { () throws(Failure) in
      var statements: [SyntaxNode]
      let place = token.start
      if token.kind != .newline, token.kind != .endOfText {
        statements = try simpleStatements()
      } else {
        statements = indentedLines(deeperThan: blockIndents.last ?? 0)
      }
      var stray: [SyntaxNode] = []
      if let first = statements.first, first.kind == .error, statements.count > 1 {
        stray = [first]
        statements.removeFirst()
      }
      var block = statements.isEmpty ? SyntaxNode(.block, place, place) : try node(.block, statements)
      block.field = field
      return stray + [block]
    }
  }

  /// Indentations of the blocks around the current line, the innermost last.
  private var blockIndents: [Int] = [0]

  private func indentedLines(deeperThan minimum: Int) -> [SyntaxNode] {
    let before = token
    guard let indent = beginLine(from: before.start), indent > minimum else {
      token = before
      return []
    }
    blockIndents.append(indent)
    defer { blockIndents.removeLast() }
    var statements: [SyntaxNode] = []
    var lineIndent = indent
    while lineIndent >= indent {
      if lineIndent > indent { hasErrors = true }
      statements += line()
      let end = token
      guard let following = beginLine(from: end.start) else {
        token = end
        break
      }
      if following < indent { token = end }
      lineIndent = following
    }
    return statements
  }

  /// Looks whether the next line continues a compound statement with one of `words`, and if so moves to it.
  ///
  /// Any indentation between the current block's and its inner block's will do: comment removal turns the tabs of all
  /// but the first line of a block into single spaces.
  func continues(with words: [StaticString]) -> Bool {
    guard token.kind == .newline || token.kind == .endOfText else { return false }
    let end = token
    guard let indent = beginLine(from: end.start), indent >= (blockIndents.last ?? 0),
      words.contains(where: { at($0) })
    else {
      token = end
      return false
    }
    return true
  }

  /// The cases of a match statement: lines that start with `case`.
  func caseBlock() throws(Failure) -> SyntaxNode {
    let place = token.start
    let before = token
    let minimum = blockIndents.last ?? 0
    guard let indent = beginLine(from: place), indent > minimum else {
      token = before
      return SyntaxNode(.block, place, place)
    }
    blockIndents.append(indent)
    defer { blockIndents.removeLast() }
    var cases: [SyntaxNode] = []
    while true {
      // A first line that is not a case means that this is not a match statement; a later one only ends it.
      if cases.isEmpty {
        cases.append(try caseClause().as(.alternative))
      } else if let clause = attempt({ () throws(Failure) in try caseClause() }) {
        cases.append(clause.as(.alternative))
      } else {
        hasErrors = true
        return try node(.block, cases)
      }
      let end = token
      guard let following = beginLine(from: end.start), following >= indent else {
        token = end
        return try node(.block, cases)
      }
    }
  }
}

extension SyntaxNode.Kind {
  /// Whether a node of this kind stands around blocks of statements.
  fileprivate var holdsBlocks: Bool {
    switch self {
    case .block, .caseClause, .classDefinition, .decoratedDefinition, .elifClause, .elseClause, .exceptClause,
      .exceptGroupClause, .finallyClause, .forStatement, .functionDefinition, .ifStatement, .matchStatement,
      .tryStatement, .whileStatement, .withStatement:
      true
    default: false
    }
  }
}
