extension PythonParser {
  /// The statement, or the statements joined by semicolons, at the current token, up to the end of their line.
  func statement() throws(Failure) -> [SyntaxNode] {
    if token.kind == .operatorSign, at("@") { return [try decorated()] }
    guard token.kind == .name else { return try simpleStatements() }
    if at("if") { return [try ifStatement()] }
    if at("for") { return [try forStatement([])] }
    if at("while") { return [try whileStatement()] }
    if at("try") { return [try tryStatement()] }
    if at("with") { return [try withStatement([])] }
    if at("def") { return [try functionDefinition([])] }
    if at("class") { return [try classDefinition()] }
    if at("async") {
      let after = following()
      if matches(after, "def") { return [try functionDefinition([take()])] }
      if matches(after, "for") { return [try forStatement([take()])] }
      if matches(after, "with") { return [try withStatement([take()])] }
    }
    if at("match"), let match = attempt({ () throws(Failure) in try matchStatement() }) { return [match] }
    return try simpleStatements()
  }

  /// Statements joined by semicolons, with the semicolons.
  func simpleStatements() throws(Failure) -> [SyntaxNode] {
    var parts = [try simpleStatement()]
    while at(";") {
      parts.append(take())
      if token.kind == .newline || token.kind == .endOfText { break }
      parts.append(try simpleStatement())
    }
    try expectLineEnd()
    return parts
  }

  private func expectLineEnd() throws(Failure) {
    guard token.kind == .newline || token.kind == .endOfText else { throw Failure() }
  }

  private var isAtStatementEnd: Bool { token.kind == .newline || token.kind == .endOfText || at(";") }

  private func simpleStatement() throws(Failure) -> SyntaxNode {
    guard token.kind == .name else { return try expressionStatement() }
    if at("import") { return try node(.importStatement, [take()] + importList(until: nil)) }
    if at("from") { return try importFrom() }
    if at("return") { return try withOptionalExpressions(.returnStatement) }
    if at("pass") { return try node(.passStatement, [take()]) }
    if at("break") { return try node(.breakStatement, [take()]) }
    if at("continue") { return try node(.continueStatement, [take()]) }
    if at("del") { return try node(.deleteStatement, [take(), expressions()]) }
    if at("raise") { return try raiseStatement() }
    if at("assert") { return try node(.assertStatement, [take()] + commaSeparated()) }
    if at("global") { return try names(.globalStatement) }
    if at("nonlocal") { return try names(.nonlocalStatement) }
    // Words that are statements only where they are not plain names.
    if at("print"), matches(following(), ">>"), let print = attempt({ () throws(Failure) in try printStatement() }) {
      return print
    }
    if at("type"), following().kind == .name,
      let alias = attempt({ () throws(Failure) in try typeAlias() })
    {
      return alias
    }
    let isPrint = at("print")
    let isExec = at("exec")
    let asExpression = attempt { () throws(Failure) in
      let statement = try expressionStatement()
      guard isAtStatementEnd else { throw Failure() }
      return statement
    }
    if let asExpression { return asExpression }
    if isPrint { return try printStatement() }
    if isExec { return try execStatement() }
    return try expressionStatement()
  }

  private func commaSeparated(_ field: SyntaxNode.Field? = nil) throws(Failure) -> [SyntaxNode] {
    var parts: [SyntaxNode] = []
    while true {
      var item = try expression()
      item.field = field
      parts.append(item)
      guard at(",") else { return parts }
      parts.append(take())
      if isAtStatementEnd, field != nil { return parts }
    }
  }

  private func names(_ kind: SyntaxNode.Kind) throws(Failure) -> SyntaxNode {
    var parts = [take(), try identifier()]
    while at(",") {
      parts.append(take())
      parts.append(try identifier())
    }
    return try node(kind, parts)
  }

  private func withOptionalExpressions(_ kind: SyntaxNode.Kind) throws(Failure) -> SyntaxNode {
    var parts = [take()]
    if !isAtStatementEnd { parts.append(try expressions()) }
    return try node(kind, parts)
  }

  private func raiseStatement() throws(Failure) -> SyntaxNode {
    var parts = [take()]
    if !isAtStatementEnd, !at("from") { parts.append(try expressions()) }
    if at("from") {
      parts.append(take())
      parts.append(try expression().as(.cause))
    }
    return try node(.raiseStatement, parts)
  }

  private func printStatement() throws(Failure) -> SyntaxNode {
    var parts = [take()]
    if at(">>") {
      parts.append(try node(.chevron, [take(), expression()]))
      while at(",") {
        parts.append(take())
        if isAtStatementEnd { break }
        parts.append(try expression().as(.argument))
      }
    } else {
      parts += try commaSeparated(.argument)
    }
    return try node(.printStatement, parts)
  }

  private func execStatement() throws(Failure) -> SyntaxNode {
    var parts = [take(), try (token.kind == .stringStart ? string() : identifier()).as(.code)]
    if at("in") {
      parts.append(take())
      parts += try commaSeparated()
    }
    return try node(.execStatement, parts)
  }

  private func typeAlias() throws(Failure) -> SyntaxNode {
    try node(.typeAliasStatement, [take(), type(), expect("="), type()])
  }

  // MARK: Imports

  private func importList(until end: StaticString?) throws(Failure) -> [SyntaxNode] {
    var parts: [SyntaxNode] = []
    while true {
      let name = try dottedName()
      if at("as") {
        parts.append(try node(.aliasedImport, [name.as(.name), take(), identifier().as(.alias)]).as(.name))
      } else {
        parts.append(name.as(.name))
      }
      guard at(",") else { return parts }
      parts.append(take())
      if let end, at(end) { return parts }
      if end == nil, isAtStatementEnd { return parts }
    }
  }

  private func importFrom() throws(Failure) -> SyntaxNode {
    var parts = [take()]
    let isFuture = at("__future__")
    if isFuture {
      parts.append(take())
    } else if at(".") || at("...") {
      var points: [SyntaxNode] = []
      while at(".") || at("...") {
        // Three points are one sign elsewhere, but three prefixes here.
        for point in token.start..<token.end { points.append(SyntaxNode(.token, point, point + 1)) }
        next()
      }
      var relative = [try node(.importPrefix, points)]
      if !at("import") { relative.append(try dottedName()) }
      parts.append(try node(.relativeImport, relative).as(.moduleName))
    } else {
      parts.append(try dottedName().as(.moduleName))
    }
    parts.append(try expect("import"))
    if at("*"), !isFuture {
      parts.append(try node(.wildcardImport, [take()]))
    } else if at("(") {
      parts.append(try open("("))
      parts += try importList(until: ")")
      parts.append(try close(")"))
    } else {
      parts += try importList(until: nil)
    }
    return try node(isFuture ? .futureImportStatement : .importFromStatement, parts)
  }

  // MARK: Expressions and assignments as statements

  private func expressionStatement() throws(Failure) -> SyntaxNode {
    if at("yield") { return try node(.expressionStatement, [yield()]) }
    var parts = [try expression()]
    while at(",") {
      parts.append(take())
      if isAtStatementEnd || at("=") { break }
      parts.append(try expression())
    }
    let left = parts.count == 1 ? parts[0] : try node(.expressionList, parts)
    if let assignment = try assignment(to: left) { return try node(.expressionStatement, [assignment]) }
    return try node(.expressionStatement, parts)
  }

  /// An assignment whose left side has been read, or nil if no assignment follows.
  private func assignment(to left: SyntaxNode) throws(Failure) -> SyntaxNode? {
    guard token.kind == .operatorSign else { return nil }
    if at("=") {
      return try node(.assignment, [pattern(left).as(.left), take(), rightHandSide().as(.right)])
    }
    if at(":") {
      var parts = [try pattern(left).as(.left), take()]
      if token.kind == .newline {
        // The grammar has no line end here, so the annotation may stand on a later line.
        hasErrors = true
        token = lexer.token(from: token.end, betweenBrackets: true)
      }
      parts.append(try type().as(.type))
      if at("=") {
        parts.append(take())
        parts.append(try rightHandSide().as(.right))
      }
      return try node(.assignment, parts)
    }
    let length = token.end - token.start
    guard length >= 2, lexer.byte(token.end - 1) == UInt8(ascii: "="),
      !at("=="), !at("!="), !at("<="), !at(">="), !at(":=")
    else { return nil }
    return try node(.augmentedAssignment, [pattern(left).as(.left), take(), rightHandSide().as(.right)])
  }

  private func rightHandSide() throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      if at("yield") { return try yield() }
      let value = try expressions()
      if let assignment = try assignment(to: value) { return assignment }
      return value
    }
  }

  // MARK: Compound statements

  private func ifStatement() throws(Failure) -> SyntaxNode {
    var parts = [take(), try expression().as(.condition), try expect(":")]
    parts += try block(.consequence)
    while let clause = elifClause() { parts.append(clause.as(.alternative)) }
    if let otherwise = elseClause() { parts.append(otherwise.as(.alternative)) }
    return try node(.ifStatement, parts)
  }

  /// A further clause of a compound statement, or nil if none follows or it is broken.
  ///
  /// A broken clause ends the statement instead of undoing it: going back over blocks that have been read would take
  /// time exponential in their nesting.
  private func clause(_ word: StaticString, _ body: () throws(Failure) -> SyntaxNode) -> SyntaxNode? {
    let before = token
    guard continues(with: [word]) else { return nil }
    if let clause = attempt(body) { return clause }
    hasErrors = true
    token = before
    return nil
  }

  private func elifClause() -> SyntaxNode? {
    clause("elif") { () throws(Failure) in
      try node(.elifClause, [take(), expression().as(.condition), expect(":")] + block(.consequence))
    }
  }

  private func elseClause() -> SyntaxNode? {
    clause("else") { () throws(Failure) in try node(.elseClause, [take(), expect(":")] + block(.body)) }
  }

  private func forStatement(_ prefix: [SyntaxNode]) throws(Failure) -> SyntaxNode {
    var parts = prefix + [try expect("for"), try targets().as(.left), try expect("in")]
    parts.append(try expressions().as(.right))
    parts.append(try expect(":"))
    parts += try block(.body)
    if let otherwise = elseClause() { parts.append(otherwise.as(.alternative)) }
    return try node(.forStatement, parts)
  }

  private func whileStatement() throws(Failure) -> SyntaxNode {
    var parts = [take(), try expression().as(.condition), try expect(":")]
    parts += try block(.body)
    if let otherwise = elseClause() { parts.append(otherwise.as(.alternative)) }
    return try node(.whileStatement, parts)
  }

  private func tryStatement() throws(Failure) -> SyntaxNode {
    var parts = try [take(), expect(":")] + block(.body)
    let bodyEnd = parts.count
    while let except = clause("except", { () throws(Failure) in try exceptClause() }) { parts.append(except) }
    if let otherwise = elseClause() { parts.append(otherwise) }
    let finally = clause("finally") { () throws(Failure) in
      try node(.finallyClause, [take(), expect(":")] + block())
    }
    if let finally { parts.append(finally) }
    if parts.count == bodyEnd { hasErrors = true }
    return try node(.tryStatement, parts)
  }

  private func exceptClause() throws(Failure) -> SyntaxNode {
    let isGroup = lexer.byte(token.end) == UInt8(ascii: "*")
    var parts: [SyntaxNode]
    if isGroup {
      parts = [SyntaxNode(.token, token.start, token.end + 1)]
      token = lexer.token(from: token.end + 1, betweenBrackets: false)
    } else {
      parts = [take()]
    }
    if !at(":") {
      let caught = try expression()
      if at("as") {
        parts.append(try asPattern(caught))
      } else {
        parts.append(caught)
        if at(",") {
          parts.append(take())
          parts.append(try expression())
        }
      }
    }
    parts.append(try expect(":"))
    parts += try block()
    return try node(isGroup ? .exceptGroupClause : .exceptClause, parts)
  }

  private func asPattern(_ value: SyntaxNode) throws(Failure) -> SyntaxNode {
    try node(.asPattern, [value, expect("as"), node(.asPatternTarget, [expression()]).as(.alias)])
  }

  private func withStatement(_ prefix: [SyntaxNode]) throws(Failure) -> SyntaxNode {
    var parts = prefix + [try expect("with")]
    parts.append(try withClause())
    parts.append(try expect(":"))
    parts += try block(.body)
    return try node(.withStatement, parts)
  }

  private func withClause() throws(Failure) -> SyntaxNode {
    // Brackets belong to the clause if they hold several items or a name, else to the one expression inside.
    let bracketed = attempt { () throws(Failure) in
      guard at("(") else { throw Failure() }
      let parts = try [open("(")] + withItems(until: ")") + [close(")")]
      let names = parts.contains { $0.children.first?.kind == .asPattern }
      guard at(":"), names || parts.count > 3 else { throw Failure() }
      return try node(.withClause, parts)
    }
    if let bracketed { return bracketed }
    return try node(.withClause, withItems(until: ":"))
  }

  private func withItems(until end: StaticString) throws(Failure) -> [SyntaxNode] {
    var parts: [SyntaxNode] = []
    while true {
      let value = try expression()
      parts.append(try node(.withItem, [(at("as") ? asPattern(value) : value).as(.value)]))
      guard at(",") else { return parts }
      parts.append(take())
      if at(end) { return parts }
    }
  }

  private func functionDefinition(_ prefix: [SyntaxNode]) throws(Failure) -> SyntaxNode {
    var parts = prefix + [try expect("def"), try identifier().as(.name)]
    if at("[") { parts.append(try typeParameters().as(.typeParameters)) }
    var parameters = [try open("(")]
    if !at(")") { parameters += try parameterList(typed: true, until: ")") }
    parts.append(try node(.parameters, parameters + [close(")")]).as(.parameters))
    if at("->") {
      parts.append(take())
      parts.append(try type().as(.returnType))
    }
    parts.append(try expect(":"))
    parts += try block(.body)
    return try node(.functionDefinition, parts)
  }

  private func classDefinition() throws(Failure) -> SyntaxNode {
    var parts = [take(), try identifier().as(.name)]
    if at("[") { parts.append(try typeParameters().as(.typeParameters)) }
    if at("(") { parts.append(try arguments().as(.superclasses)) }
    parts.append(try expect(":"))
    parts += try block(.body)
    return try node(.classDefinition, parts)
  }

  private func decorated() throws(Failure) -> SyntaxNode {
    var parts: [SyntaxNode] = []
    while at("@") {
      parts.append(try node(.decorator, [take(), expression()]))
      guard continues(with: ["@", "def", "class", "async"]) else { throw Failure() }
    }
    let definition: SyntaxNode
    if at("class") {
      definition = try classDefinition()
    } else {
      definition = try functionDefinition(at("async") ? [take()] : [])
    }
    return try node(.decoratedDefinition, parts + [definition.as(.definition)])
  }

  private func matchStatement() throws(Failure) -> SyntaxNode {
    var parts = [take()]
    while true {
      parts.append(try expression().as(.subject))
      guard at(",") else { break }
      parts.append(take())
      if at(":") { break }
    }
    parts.append(try expect(":"))
    guard token.kind == .newline || token.kind == .endOfText else { throw Failure() }
    parts.append(try caseBlock().as(.body))
    return try node(.matchStatement, parts)
  }
}
