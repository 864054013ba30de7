extension PythonParser {
  /// What comes before `=` or `in`, read as an expression, as the pattern that it is.
  func pattern(_ expression: SyntaxNode) throws(Failure) -> SyntaxNode {
    switch expression.kind {
    case .identifier, .attribute, .subscript, .listSplatPattern, .tuplePattern, .listPattern, .patternList:
      return expression
    case .listSplat:
      guard let starred = expression.children.last,
        starred.kind == .identifier || starred.kind == .attribute || starred.kind == .subscript
      else { throw Failure() }
      return SyntaxNode(.listSplatPattern, expression.children)
    case .tuple, .parenthesizedExpression: return try patternsInside(expression, .tuplePattern)
    case .list: return try patternsInside(expression, .listPattern)
    case .expressionList: return try patternsInside(expression, .patternList)
    default: throw Failure()
    }
  }

  private func patternsInside(_ expression: SyntaxNode, _ kind: SyntaxNode.Kind) throws(Failure) -> SyntaxNode {
    var parts: [SyntaxNode] = []
    for child in expression.children { parts.append(child.kind == .token ? child : try pattern(child)) }
    return SyntaxNode(kind, parts)
  }

  /// The targets of a `for`.
  func targets() throws(Failure) -> SyntaxNode {
    var parts = [try operation(atLeast: 14)]
    while at(",") {
      parts.append(take())
      if at("in") { break }
      parts.append(try operation(atLeast: 14))
    }
    return try pattern(parts.count == 1 ? parts[0] : node(.expressionList, parts))
  }

  // MARK: Parameters and types

  /// The parameters of a function or a lambda, up to `end`; those of a lambda have no types.
  func parameterList(typed: Bool, until end: StaticString) throws(Failure) -> [SyntaxNode] {
    var parts = [try parameter(typed: typed)]
    while at(",") {
      parts.append(take())
      if at(end) { break }
      parts.append(try parameter(typed: typed))
    }
    return parts
  }

  private func parameter(typed: Bool) throws(Failure) -> SyntaxNode {
    if at("/") { return try node(.positionalSeparator, [take()]) }
    let name: SyntaxNode
    if at("*") {
      let star = take()
      if token.kind != .name { return try node(.keywordSeparator, [star]) }
      name = try node(.listSplatPattern, [star, postfixed(identifier(), calls: false)])
    } else if at("**") {
      name = try node(.dictionarySplatPattern, [take(), postfixed(identifier(), calls: false)])
    } else if at("(") {
      name = try pattern(operation(atLeast: 22))
      if at("=") { return try node(.defaultParameter, [name.as(.name), take(), expression().as(.value)]) }
      return name
    } else {
      name = try identifier()
    }
    if typed, at(":") {
      let colon = take()
      let type = try type().as(.type)
      if name.kind == .identifier, at("=") {
        return try node(
          .typedDefaultParameter, [name.as(.name), colon, type, take(), expression().as(.value)])
      }
      return try node(.typedParameter, [name, colon, type])
    }
    if name.kind == .identifier, at("=") {
      return try node(.defaultParameter, [name.as(.name), take(), expression().as(.value)])
    }
    return name
  }

  /// A type annotation.
  ///
  /// A name with brackets is a generic type only where an annotation starts with it; inside a longer expression it is
  /// an ordinary subscript.
  func type(constraints: Bool = false) throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      var type = try typeOperand()
      while true {
        if type.isOpenType, at("|") {
          type = try node(.type, [node(.unionType, [type, take(), typeOperand()])])
        } else if type.isOpenType, at(".") {
          type = try node(.type, [node(.memberType, [type, take(), identifier()])])
        } else if constraints, at(":") {
          type = try node(.type, [node(.constrainedType, [type, take(), self.type()])])
        } else {
          return type
        }
      }
    }
  }

  private func typeOperand() throws(Failure) -> SyntaxNode {
    if at("*") || at("**") {
      let splat = attempt { () throws(Failure) in try node(.type, [node(.splatType, [take(), identifier()])]) }
      if let splat { return splat }
    }
    if token.kind == .name, matches(following(), "[") {
      let generic = attempt { () throws(Failure) in
        try node(.type, [node(.genericType, [identifier(), typeParameters()])])
      }
      // `name[…](…)` and the like are expressions after all.
      if let generic, !at("("), !at("[") { return generic }
      if let generic { return try node(.type, [restOfExpression(generic)]) }
    }
    return try node(.type, [expression()])
  }

  private func restOfExpression(_ generic: SyntaxNode) throws(Failure) -> SyntaxNode {
    token = lexer.token(from: generic.start, betweenBrackets: brackets > 0)
    return try expression()
  }

  /// Types in brackets.
  func typeParameters() throws(Failure) -> SyntaxNode {
    var parts = [try open("["), try type(constraints: true)]
    while at(",") {
      parts.append(take())
      if at("]") { break }
      parts.append(try type(constraints: true))
    }
    return try node(.typeParameter, parts + [close("]")])
  }

  // MARK: Cases of a match statement

  /// A `case` with its block.
  func caseClause() throws(Failure) -> SyntaxNode {
    var parts = [try expect("case"), try casePattern()]
    while at(",") {
      parts.append(take())
      if at(":") || at("if") { break }
      parts.append(try casePattern())
    }
    if at("if") { parts.append(try node(.ifClause, [take(), expression()]).as(.guardClause)) }
    parts.append(try expect(":"))
    parts += try block(.consequence)
    return try node(.caseClause, parts)
  }

  private func casePattern() throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      if token.kind == .name, matches(following(), "=") {
        let keyword = try [identifier(), take()]
        return try node(.casePattern, [node(.keywordPattern, keyword + unionOfPatterns())])
      }
      var pattern = try node(.casePattern, unionOfPatterns())
      while at("as") { pattern = try node(.casePattern, [node(.asPattern, [pattern, take(), identifier()])]) }
      return pattern
    }
  }

  /// A simple pattern as the nodes that it puts into its parent: a sign stands beside its number.
  private func unionOfPatterns() throws(Failure) -> [SyntaxNode] {
    var parts = try simplePattern()
    guard at("|") else { return parts }
    while at("|") {
      parts.append(take())
      parts += try simplePattern()
    }
    return [try node(.unionPattern, parts)]
  }

  private func simplePattern() throws(Failure) -> [SyntaxNode] {
    switch token.kind {
    case .integer, .float: return try numberPattern([])
    case .stringStart: return [try strings()]
    case .name:
      if at("_"), !matches(following(), "."), !matches(following(), "(") { return [take()] }
      if at("True") { return [take(.true)] }
      if at("False") { return [take(.false)] }
      if at("None") { return [take(.none)] }
      let name = try dottedName()
      guard at("(") else { return [name] }
      return [try node(.classPattern, [name] + bracketedPatterns("(", ")"))]
    case .operatorSign:
      if at("-") { return try numberPattern([take()]) }
      if at("(") { return [try node(.tuplePattern, bracketedPatterns("(", ")"))] }
      if at("[") { return [try node(.listPattern, bracketedPatterns("[", "]"))] }
      if at("{") { return [try dictionaryPattern()] }
      if at("*") || at("**") { return [try splatPattern()] }
      throw Failure()
    default: throw Failure()
    }
  }

  private func splatPattern() throws(Failure) -> SyntaxNode {
    let star = take()
    return try node(.splatPattern, [star, at("_") ? take() : identifier()])
  }

  private func number() throws(Failure) -> SyntaxNode {
    switch token.kind {
    case .integer: return take(.integer)
    case .float: return take(.float)
    default: throw Failure()
    }
  }

  private func numberPattern(_ sign: [SyntaxNode]) throws(Failure) -> [SyntaxNode] {
    let first = try number()
    guard at("+") || at("-") else { return sign + [first] }
    return [try node(.complexPattern, sign + [first, take(), number()])]
  }

  private func bracketedPatterns(_ start: StaticString, _ end: StaticString) throws(Failure) -> [SyntaxNode] {
    var parts = [try open(start)]
    while !at(end) {
      parts.append(try casePattern())
      guard at(",") else { break }
      parts.append(take())
    }
    return parts + [try close(end)]
  }

  private func dictionaryPattern() throws(Failure) -> SyntaxNode {
    var parts = [try open("{")]
    while !at("}") {
      if at("*") || at("**") {
        parts.append(try splatPattern())
      } else {
        parts += try simplePattern().map { $0.as(.key) }
        parts.append(try expect(":"))
        parts.append(try casePattern().as(.value))
      }
      guard at(",") else { break }
      parts.append(take())
    }
    return try node(.dictPattern, parts + [close("}")])
  }

  /// Names joined by points.
  func dottedName() throws(Failure) -> SyntaxNode {
    var parts = [try identifier()]
    while at(".") {
      parts.append(take())
      parts.append(try identifier())
    }
    return try node(.dottedName, parts)
  }
}

extension SyntaxNode {
  /// Whether a type annotation may go on after it with `|` or a point as a type.
  fileprivate var isOpenType: Bool {
    switch children.first?.kind {
    case .genericType, .unionType, .memberType, .splatType: true
    default: false
    }
  }
}
