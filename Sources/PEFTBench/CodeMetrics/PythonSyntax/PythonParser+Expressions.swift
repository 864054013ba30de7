extension PythonParser {
  private static let reserved: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
    "raise", "return", "try", "while", "with", "yield",
  ]

  /// An identifier; words that are keywords only in places count.
  func identifier() throws(Failure) -> SyntaxNode {
    guard token.kind == .name,
      token.start == nameInSpite || !Self.reserved.contains(lexer.text(token.start, token.end))
    else { throw Failure() }
    return take(.identifier)
  }

  /// Any expression without a comma at its top level; `conditional` says whether `a if b else c` is taken.
  func expression(conditional: Bool = true) throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      var left: SyntaxNode
      if token.kind == .name, matches(following(), ":=") {
        let name = try identifier().as(.name)
        // An assignment expression binds tighter than a conditional one.
        left = try node(.namedExpression, [name, expect(":="), expression(conditional: false).as(.value)])
      } else {
        left = try operation(atLeast: 10)
      }
      if conditional, at("if") {
        left = try node(
          .conditionalExpression, [left, take(), expression(), expect("else"), expression()])
      }
      return left
    }
  }

  /// How tightly the operator at the current token binds, or nil if there is none.
  private func precedence() -> Int? {
    switch token.kind {
    case .name:
      if at("or") { return 10 }
      if at("and") { return 11 }
      if at("in") || at("is") || (at("not") && matches(following(), "in")) { return 13 }
      return nil
    case .operatorSign:
      let first = lexer.byte(token.start)
      let second = token.end - token.start > 1 ? lexer.byte(token.start + 1) : 0
      guard token.end - token.start <= 2 else { return nil }
      switch (first, second) {
      case (UInt8(ascii: "<"), 0), (UInt8(ascii: ">"), 0), (UInt8(ascii: "<"), UInt8(ascii: "=")),
        (UInt8(ascii: ">"), UInt8(ascii: "=")), (UInt8(ascii: "="), UInt8(ascii: "=")),
        (UInt8(ascii: "!"), UInt8(ascii: "=")), (UInt8(ascii: "<"), UInt8(ascii: ">")):
        return 13
      case (UInt8(ascii: "|"), 0): return 14
      case (UInt8(ascii: "&"), 0): return 15
      case (UInt8(ascii: "^"), 0): return 16
      case (UInt8(ascii: "<"), UInt8(ascii: "<")), (UInt8(ascii: ">"), UInt8(ascii: ">")): return 17
      case (UInt8(ascii: "+"), 0), (UInt8(ascii: "-"), 0): return 18
      case (UInt8(ascii: "*"), 0), (UInt8(ascii: "@"), 0), (UInt8(ascii: "/"), 0), (UInt8(ascii: "%"), 0),
        (UInt8(ascii: "/"), UInt8(ascii: "/")):
        return 19
      case (UInt8(ascii: "*"), UInt8(ascii: "*")): return 21
      default: return nil
      }
    default:
      return nil
    }
  }

  /// Operators that bind at least as tightly as `minimum`, and their operands.
  func operation(atLeast minimum: Int) throws(Failure) -> SyntaxNode {
    var left = try prefixed(atLeast: minimum)
    while let precedence = precedence(), precedence >= minimum {
      switch precedence {
      case 10, 11:
        left = try node(
          .booleanOperator, [left.as(.left), take(), operation(atLeast: precedence + 1).as(.right)])
      case 13:
        var parts = [left]
        while self.precedence() == 13 {
          parts += comparisonSign()
          parts.append(try operation(atLeast: 14))
        }
        left = try node(.comparisonOperator, parts)
      case 21:
        left = try node(.binaryOperator, [left.as(.left), take(), operation(atLeast: 21).as(.right)])
      default:
        left = try node(
          .binaryOperator, [left.as(.left), take(), operation(atLeast: precedence + 1).as(.right)])
      }
    }
    return left
  }

  private func comparisonSign() -> [SyntaxNode] {
    if at("not") { return [take(.comparisonWord), take(.comparisonWord)] }
    if at("is"), matches(following(), "not") { return [take(.comparisonWord), take(.comparisonWord)] }
    return [take()]
  }

  private func prefixed(atLeast minimum: Int) throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      if token.kind == .name {
        if at("not") {
          guard minimum <= 12 else { throw Failure() }
          return try node(.notOperator, [take(), operation(atLeast: 12).as(.argument)])
        }
        if at("lambda") {
          guard minimum <= 12 else { throw Failure() }
          return try lambda()
        }
        if at("await"), startsOperand(following()) {
          return try node(.await, [take(), operation(atLeast: 20)])
        }
      } else if at("-") || at("+") || at("~") {
        return try node(.unaryOperator, [take(), operation(atLeast: 20).as(.argument)])
      }
      return try postfixed(atom())
    }
  }

  private func startsOperand(_ token: PythonLexer.Token) -> Bool {
    switch token.kind {
    case .name: !Self.reserved.contains(lexer.text(token.start, token.end)) || matches(token, "None")
    case .integer, .float, .stringStart: true
    default: matches(token, "(") || matches(token, "[") || matches(token, "{")
    }
  }

  private func lambda() throws(Failure) -> SyntaxNode {
    var parts = [take()]
    if !at(":") { parts.append(try node(.lambdaParameters, parameterList(typed: false, until: ":")).as(.parameters)) }
    parts.append(try expect(":"))
    parts.append(try expression().as(.body))
    return try node(.lambda, parts)
  }

  /// Attributes, calls and subscripts after an operand.
  func postfixed(_ atom: SyntaxNode, calls: Bool = true) throws(Failure) -> SyntaxNode {
    var left = atom
    while token.kind == .operatorSign {
      if at(".") {
        left = try node(.attribute, [left.as(.object), take(), identifier().as(.attribute)])
      } else if calls, at("(") {
        left = try node(.call, [left.as(.function), arguments().as(.arguments)])
      } else if at("[") {
        left = try subscripted(left)
      } else {
        break
      }
    }
    return left
  }

  private func subscripted(_ value: SyntaxNode) throws(Failure) -> SyntaxNode {
    var parts = [value.as(.value), try open("[")]
    repeat {
      if at("]"), parts.count > 2 { break }
      parts.append(try sliceOrExpression().as(.subscript))
      guard at(",") else { break }
      parts.append(take())
    } while true
    parts.append(try close("]"))
    return try node(.subscript, parts)
  }

  private func sliceOrExpression() throws(Failure) -> SyntaxNode {
    var parts: [SyntaxNode] = []
    if !at(":") {
      parts.append(try expression())
      if !at(":"), let only = parts.first { return only }
    }
    parts.append(try expect(":"))
    if !at(":"), !at("]"), !at(",") { parts.append(try expression()) }
    if at(":") {
      parts.append(take())
      if !at("]"), !at(",") { parts.append(try expression()) }
    }
    return try node(.slice, parts)
  }

  /// The arguments of a call, or the generator expression that is its only one.
  func arguments() throws(Failure) -> SyntaxNode {
    var parts = [try open("(")]
    while !at(")") {
      if parts.count == 1, at(",") {
        // A lone comma is taken, as the grammar takes it.
      } else {
        let argument = try argument()
        if parts.count == 1, startsComprehension() {
          parts.append(argument.as(.body))
          parts += try comprehensionClauses()
          parts.append(try close(")"))
          return try node(.generatorExpression, parts)
        }
        parts.append(argument)
      }
      guard at(",") else { break }
      parts.append(take())
    }
    parts.append(try close(")"))
    return try node(.argumentList, parts)
  }

  private func argument() throws(Failure) -> SyntaxNode {
    if at("**") { return try node(.dictionarySplat, [take(), expression()]) }
    if at("*") { return try node(.listSplat, [take(), expression()]) }
    if token.kind == .name, matches(following(), "=") {
      return try node(.keywordArgument, [identifier().as(.name), take(), expression().as(.value)])
    }
    return try expression()
  }

  private func startsComprehension() -> Bool { at("for") || (at("async") && matches(following(), "for")) }

  private func comprehensionClauses() throws(Failure) -> [SyntaxNode] {
    var clauses: [SyntaxNode] = []
    while true {
      if at("if") {
        clauses.append(try node(.ifClause, [take(), expression(conditional: false)]))
      } else if startsComprehension() {
        var parts: [SyntaxNode] = []
        if at("async") { parts.append(take()) }
        parts.append(try expect("for"))
        parts.append(try targets().as(.left))
        parts.append(try expect("in"))
        parts.append(try expression(conditional: false).as(.right))
        while at(",") {
          parts.append(take())
          if at(")") || at("]") || at("}") { break }
          parts.append(try expression(conditional: false).as(.right))
        }
        clauses.append(try node(.forInClause, parts))
      } else {
        return clauses
      }
    }
  }

  /// `*expression` or `yield` between brackets, or an expression.
  private func elementOfCollection() throws(Failure) -> SyntaxNode {
    if at("*") { return try node(.listSplat, [take(), expression()]) }
    return at("yield") ? try yield() : try expression()
  }

  private func atom() throws(Failure) -> SyntaxNode {
    switch token.kind {
    case .name:
      if at("True") { return take(.true) }
      if at("False") { return take(.false) }
      if at("None") { return take(.none) }
      return try identifier()
    case .integer: return take(.integer)
    case .float: return take(.float)
    case .stringStart: return try strings()
    case .operatorSign:
      if at("...") { return take(.ellipsis) }
      if at("(") { return try parenthesized() }
      if at("[") { return try listDisplay() }
      if at("{") { return try braces() }
      if at("*") {
        // Outside of brackets the star takes a name with its attributes and subscripts; a call is applied to both.
        let star = take()
        return try node(.listSplat, [star, postfixed(identifier(), calls: false)])
      }
      throw Failure()
    default:
      throw Failure()
    }
  }

  private func parenthesized() throws(Failure) -> SyntaxNode {
    var parts = [try open("(")]
    if at(")") { return try node(.tuple, parts + [close(")")]) }
    let first = try elementOfCollection()
    if startsComprehension() {
      parts.append(first.as(.body))
      parts += try comprehensionClauses()
      return try node(.generatorExpression, parts + [close(")")])
    }
    parts.append(first)
    if at(")"), first.kind != .listSplat { return try node(.parenthesizedExpression, parts + [close(")")]) }
    parts += try furtherElements(until: ")")
    return try node(.tuple, parts + [close(")")])
  }

  private func furtherElements(until end: StaticString) throws(Failure) -> [SyntaxNode] {
    var parts: [SyntaxNode] = []
    while at(",") {
      parts.append(take())
      if at(end) { break }
      parts.append(try elementOfCollection())
    }
    return parts
  }

  private func listDisplay() throws(Failure) -> SyntaxNode {
    var parts = [try open("[")]
    if at("]") { return try node(.list, parts + [close("]")]) }
    if at(":") {
      // A slice without the string it was cut from; its leading colons are the mistake.
      hasErrors = true
      var colons = [take()]
      while at(":") { colons.append(take()) }
      return try node(.list, parts + [node(.error, colons), expression(), close("]")])
    }
    let first = try elementOfCollection()
    if startsComprehension() {
      parts.append(first.as(.body))
      parts += try comprehensionClauses()
      return try node(.listComprehension, parts + [close("]")])
    }
    parts.append(first)
    parts += try furtherElements(until: "]")
    return try node(.list, parts + [close("]")])
  }

  private func braces() throws(Failure) -> SyntaxNode {
    var parts = [try open("{")]
    if at("}") { return try node(.dictionary, parts + [close("}")]) }
    if at("**") { return try dictionary(parts, first: dictionaryItem()) }
    let first = try elementOfCollection()
    if at(":") {
      let pair = try node(.pair, [first.as(.key), take(), expression().as(.value)])
      if startsComprehension() {
        parts.append(pair.as(.body))
        parts += try comprehensionClauses()
        return try node(.dictionaryComprehension, parts + [close("}")])
      }
      return try dictionary(parts, first: pair)
    }
    if startsComprehension() {
      parts.append(first.as(.body))
      parts += try comprehensionClauses()
      return try node(.setComprehension, parts + [close("}")])
    }
    parts.append(first)
    parts += try furtherElements(until: "}")
    return try node(.set, parts + [close("}")])
  }

  private func dictionary(_ opening: [SyntaxNode], first: SyntaxNode) throws(Failure) -> SyntaxNode {
    var parts = opening + [first]
    while at(",") {
      parts.append(take())
      if at("}") { break }
      parts.append(try dictionaryItem())
    }
    return try node(.dictionary, parts + [close("}")])
  }

  private func dictionaryItem() throws(Failure) -> SyntaxNode {
    if at("**") { return try node(.dictionarySplat, [take(), expression()]) }
    return try node(.pair, [expression().as(.key), expect(":"), expression().as(.value)])
  }

  /// `yield`, with what it gives.
  func yield() throws(Failure) -> SyntaxNode {
    var parts = [try expect("yield")]
    if at("from") {
      parts.append(take())
      parts.append(try expression())
    } else if !endsExpressions() {
      parts.append(try expressions())
    }
    return try node(.yield, parts)
  }

  private func endsExpressions() -> Bool {
    switch token.kind {
    case .newline, .endOfText: true
    case .operatorSign: at(")") || at("]") || at("}") || at(";") || at("=") || at(",") || at(":")
    default: false
    }
  }

  /// One expression, or a list of several.
  func expressions() throws(Failure) -> SyntaxNode {
    var parts = [try expression()]
    while at(",") {
      parts.append(take())
      if endsExpressions() { break }
      parts.append(try expression())
    }
    return parts.count == 1 ? parts[0] : try node(.expressionList, parts)
  }
}
