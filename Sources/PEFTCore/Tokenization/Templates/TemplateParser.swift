/// Builds a template's statements from its words.
///
/// The grammar is the part of Jinja's that chat templates use; anything else is refused with its line.
struct TemplateParser {
  /// Deepest nesting of statements, and of expressions.
  static let maximumDepth = 120

  private let name: String
  private let tokens: [TemplateToken]
  private var index = 0
  private var statementDepth = 0
  private var expressionDepth = 0
  private var loopDepth = 0

  /// Parses a whole template.
  static func statements(of source: String, name: String) throws(TemplateError) -> [TemplateStatement] {
    var parser = TemplateParser(name: name, tokens: try TemplateLexer.tokens(of: source, name: name))
    let statements = try parser.statements(until: [])
    guard parser.current == .end else { throw parser.error("\(parser.shown()) has no beginning") }
    return statements
  }

  private init(name: String, tokens: [TemplateToken]) {
    self.name = name
    self.tokens = tokens
  }

  // MARK: - Words

  private var current: TemplateToken.Kind { tokens[index].kind }
  private var line: Int { tokens[index].line }

  private func error(_ message: String, line: Int? = nil) -> TemplateError {
    TemplateError(template: name, line: line ?? self.line, message: message)
  }

  private mutating func advance() { if index + 1 < tokens.count { index += 1 } }

  private func shown() -> String {
    switch current {
    case .text: "text"
    case .outputStart: "'{{'"
    case .outputEnd: "'}}'"
    case .blockStart: "'{%'"
    case .blockEnd: "'%}'"
    case .name(let name): "'\(name)'"
    case .string: "a string"
    case .integer, .number: "a number"
    case .sign(let sign): "'\(sign)'"
    case .end: "the end of the template"
    }
  }

  private func isSign(_ sign: String) -> Bool { current == .sign(sign) }
  private func isName(_ name: String) -> Bool { current == .name(name) }

  private mutating func takes(sign: String) -> Bool {
    guard isSign(sign) else { return false }
    advance()
    return true
  }

  private mutating func takes(name: String) -> Bool {
    guard isName(name) else { return false }
    advance()
    return true
  }

  private mutating func expect(sign: String) throws(TemplateError) {
    guard takes(sign: sign) else { throw error("expected '\(sign)', found \(shown())") }
  }

  private mutating func expectName() throws(TemplateError) -> String {
    guard case .name(let name) = current else { throw error("expected a name, found \(shown())") }
    advance()
    return name
  }

  private mutating func expectBlockEnd() throws(TemplateError) {
    guard current == .blockEnd else { throw error("expected '%}', found \(shown())") }
    advance()
  }

  // MARK: - Statements

  /// Statements up to a tag that starts with one of `ends`, of which the name is the current word then.
  private mutating func statements(until ends: [String]) throws(TemplateError) -> [TemplateStatement] {
    statementDepth += 1
    defer { statementDepth -= 1 }
    guard statementDepth <= Self.maximumDepth else { throw error("blocks are nested too deeply") }
    let start = tokens[max(index - 1, 0)].line
    var statements: [TemplateStatement] = []
    while true {
      let line = line
      switch current {
      case .text(let text):
        statements.append(TemplateStatement(kind: .text(text), line: line))
        advance()
      case .outputStart:
        advance()
        statements.append(TemplateStatement(kind: .output(try expression()), line: line))
        guard current == .outputEnd else { throw error("expected '}}', found \(shown())") }
        advance()
      case .blockStart:
        advance()
        guard case .name(let tag) = current else { throw error("expected a statement, found \(shown())") }
        if ends.contains(tag) { return statements }
        statements.append(try statement(tag, line: line))
      default:
        if !ends.isEmpty { throw error("expected '{% \(ends.joined(separator: " %}' or '{% ")) %}'", line: start) }
        return statements
      }
    }
  }

  private mutating func statement(_ tag: String, line: Int) throws(TemplateError) -> TemplateStatement {
    advance()
    let kind: TemplateStatement.Kind
    switch tag {
    case "if": kind = try conditional()
    case "for": kind = try loop()
    case "set": kind = try assignment()
    case "macro": kind = try macro()
    case "break", "continue":
      guard loopDepth > 0 else { throw error("'\(tag)' stands outside of a loop", line: line) }
      kind = tag == "break" ? .leave : .next
      try expectBlockEnd()
    case "generation":
      try expectBlockEnd()
      kind = .group(try body(until: "endgeneration"))
    case "elif", "else", "endif", "endfor", "endset", "endmacro", "endgeneration":
      throw error("'\(tag)' has no beginning", line: line)
    default: throw error("the statement '\(tag)' is not supported", line: line)
    }
    return TemplateStatement(kind: kind, line: line)
  }

  private mutating func body(until end: String) throws(TemplateError) -> [TemplateStatement] {
    let body = try statements(until: [end])
    advance()
    try expectBlockEnd()
    return body
  }

  private mutating func conditional() throws(TemplateError) -> TemplateStatement.Kind {
    var branches: [(condition: TemplateExpression, body: [TemplateStatement])] = []
    while true {
      let condition = try expression()
      try expectBlockEnd()
      branches.append((condition, try statements(until: ["elif", "else", "endif"])))
      if takes(name: "elif") { continue }
      var otherwise: [TemplateStatement] = []
      if takes(name: "else") {
        try expectBlockEnd()
        otherwise = try statements(until: ["endif"])
      }
      advance()
      try expectBlockEnd()
      return .conditional(branches: branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws(TemplateError) -> TemplateStatement.Kind {
    let targets = try targets()
    guard takes(name: "in") else { throw error("expected 'in', found \(shown())") }
    // Without the inline `if`, which here filters the loop.
    let sequence = try disjunction()
    let condition = takes(name: "if") ? try expression() : nil
    if isName("recursive") { throw error("recursive loops are not supported") }
    try expectBlockEnd()
    loopDepth += 1
    let body = try statements(until: ["else", "endfor"])
    loopDepth -= 1
    var otherwise: [TemplateStatement] = []
    if takes(name: "else") {
      try expectBlockEnd()
      otherwise = try statements(until: ["endfor"])
    }
    advance()
    try expectBlockEnd()
    return .loop(targets: targets, sequence: sequence, condition: condition, body: body, otherwise: otherwise)
  }

  private mutating func targets() throws(TemplateError) -> [String] {
    let isEnclosed = takes(sign: "(")
    var names = [try expectName()]
    while takes(sign: ",") { names.append(try expectName()) }
    if isEnclosed { try expect(sign: ")") }
    return names
  }

  private mutating func assignment() throws(TemplateError) -> TemplateStatement.Kind {
    let names = try targets()
    if names.count == 1, takes(sign: ".") {
      let attribute = try expectName()
      try expect(sign: "=")
      let value = try tuple()
      try expectBlockEnd()
      return .setAttribute(of: names[0], attribute, value)
    }
    if takes(sign: "=") {
      let value = try tuple()
      try expectBlockEnd()
      return .set(targets: names, value)
    }
    if isSign("|") { throw error("filters on a 'set' block are not supported") }
    guard names.count == 1, current == .blockEnd else { throw error("expected '=', found \(shown())") }
    advance()
    return .setBlock(names[0], try body(until: "endset"))
  }

  private mutating func macro() throws(TemplateError) -> TemplateStatement.Kind {
    let name = try expectName()
    try expect(sign: "(")
    var parameters: [(name: String, standard: TemplateExpression?)] = []
    while !isSign(")") {
      if !parameters.isEmpty { try expect(sign: ",") }
      if isSign(")") { break }
      let parameter = try expectName()
      parameters.append((parameter, takes(sign: "=") ? try expression() : nil))
    }
    advance()
    try expectBlockEnd()
    let enclosingLoops = loopDepth
    loopDepth = 0
    defer { loopDepth = enclosingLoops }
    return .macro(TemplateMacro(name: name, parameters: parameters, body: try body(until: "endmacro")))
  }

  // MARK: - Expressions, from the loosest binding to the tightest

  private func make(_ kind: TemplateExpression.Kind, line: Int, _ parts: [TemplateExpression] = [])
    throws(TemplateError) -> TemplateExpression
  {
    let depth = 1 + (parts.map(\.depth).max() ?? 0)
    guard depth <= Self.maximumDepth else { throw error("this expression is nested too deeply", line: line) }
    return TemplateExpression(kind: kind, line: line, depth: depth)
  }

  /// One expression, or several with commas between, which make a list.
  private mutating func tuple() throws(TemplateError) -> TemplateExpression {
    let line = line
    let first = try expression()
    guard isSign(",") else { return first }
    var values = [first]
    while takes(sign: ","), current != .blockEnd { values.append(try expression()) }
    return try make(.list(values), line: line, values)
  }

  private mutating func expression() throws(TemplateError) -> TemplateExpression {
    expressionDepth += 1
    defer { expressionDepth -= 1 }
    guard expressionDepth <= Self.maximumDepth / 2 else { throw error("this expression is nested too deeply") }
    var value = try disjunction()
    while isName("if") {
      let line = line
      advance()
      let condition = try disjunction()
      let otherwise = takes(name: "else") ? try expression() : nil
      value = try make(
        .conditional(condition: condition, then: value, otherwise: otherwise), line: line,
        [value, condition] + (otherwise.map { [$0] } ?? []))
    }
    return value
  }

  private mutating func disjunction() throws(TemplateError) -> TemplateExpression {
    var left = try conjunction()
    while isName("or") {
      let line = line
      advance()
      let right = try conjunction()
      left = try make(.or(left, right), line: line, [left, right])
    }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> TemplateExpression {
    var left = try negation()
    while isName("and") {
      let line = line
      advance()
      let right = try negation()
      left = try make(.and(left, right), line: line, [left, right])
    }
    return left
  }

  private mutating func negation() throws(TemplateError) -> TemplateExpression {
    var lines: [Int] = []
    while isName("not") {
      lines.append(line)
      advance()
    }
    var value = try comparison()
    for line in lines.reversed() { value = try make(.not(value), line: line, [value]) }
    return value
  }

  private mutating func comparison() throws(TemplateError) -> TemplateExpression {
    let line = line
    let first = try sum()
    var rest: [(operation: String, operand: TemplateExpression)] = []
    while true {
      if case .sign(let sign) = current, ["==", "!=", "<", "<=", ">", ">="].contains(sign) {
        advance()
        rest.append((sign, try sum()))
      } else if takes(name: "in") {
        rest.append(("in", try sum()))
      } else if isName("not"), index + 1 < tokens.count, tokens[index + 1].kind == .name("in") {
        advance()
        advance()
        rest.append(("not in", try sum()))
      } else {
        return rest.isEmpty ? first : try make(.comparison(first, rest), line: line, [first] + rest.map(\.operand))
      }
    }
  }

  private mutating func sum() throws(TemplateError) -> TemplateExpression {
    try chain(["+", "-"]) { parser throws(TemplateError) in
      try parser.chain(["~"]) { parser throws(TemplateError) in
        try parser.chain(["*", "/", "//", "%"]) { parser throws(TemplateError) in try parser.power() }
      }
    }
  }

  private mutating func chain(
    _ signs: [String], _ operand: (inout TemplateParser) throws(TemplateError) -> TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    var left = try operand(&self)
    while case .sign(let sign) = current, signs.contains(sign) {
      let line = line
      advance()
      let right = try operand(&self)
      left = try make(.arithmetic(left, sign, right), line: line, [left, right])
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> TemplateExpression {
    let value = try unary(takesFilters: true)
    if isSign("**") { throw error("the operator '**' is not supported") }
    return value
  }

  private mutating func unary(takesFilters: Bool) throws(TemplateError) -> TemplateExpression {
    let line = line
    var value: TemplateExpression
    if takes(sign: "-") {
      expressionDepth += 1
      defer { expressionDepth -= 1 }
      guard expressionDepth <= Self.maximumDepth / 2 else { throw error("this expression is nested too deeply") }
      let operand = try unary(takesFilters: false)
      value = try make(.negative(operand), line: line, [operand])
    } else {
      value = try postfix(try primary())
    }
    guard takesFilters else { return value }
    while true {
      if takes(sign: "|") {
        let name = try expectName()
        guard TemplateRenderer.filterNames.contains(name) else {
          throw error("the filter '\(name)' is not supported\(suggestion(name, TemplateRenderer.filterNames))")
        }
        let arguments = isSign("(") ? try arguments() : []
        value = try make(.filter(value, name, arguments), line: line, [value] + arguments.map(\.value))
      } else if takes(name: "is") {
        value = try test(value)
      } else if isSign("(") {
        let arguments = try arguments()
        value = try make(.call(value, arguments), line: line, [value] + arguments.map(\.value))
      } else {
        return value
      }
    }
  }

  private func suggestion(_ name: String, _ known: [String]) -> String {
    NearestName.of(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
  }

  private mutating func test(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    let line = line
    let negated = takes(name: "not")
    let name = try expectName()
    guard TemplateRenderer.testNames.contains(name) else {
      throw error("the test 'is \(name)' is not supported\(suggestion(name, TemplateRenderer.testNames))", line: line)
    }
    var arguments: [TemplateArgument] = []
    switch current {
    case .sign("("): arguments = try self.arguments()
    case .name(let word) where ["else", "or", "and", "is", "if", "not", "in"].contains(word): break
    case .name, .string, .integer, .number, .sign("["), .sign("{"):
      arguments = [TemplateArgument(name: nil, value: try postfix(try primary()))]
    default: break
    }
    return try make(
      .test(value, name, arguments, negated: negated), line: line, [value] + arguments.map(\.value))
  }

  private mutating func arguments() throws(TemplateError) -> [TemplateArgument] {
    try expect(sign: "(")
    var arguments: [TemplateArgument] = []
    while !isSign(")") {
      if !arguments.isEmpty { try expect(sign: ",") }
      if isSign(")") { break }
      if isSign("*") || isSign("**") { throw error("arguments with '*' are not supported") }
      var name: String?
      if case .name(let word) = current, index + 1 < tokens.count, tokens[index + 1].kind == .sign("=") {
        name = word
        advance()
        advance()
      }
      arguments.append(TemplateArgument(name: name, value: try expression()))
    }
    advance()
    return arguments
  }

  private mutating func postfix(_ start: TemplateExpression) throws(TemplateError) -> TemplateExpression {
    var value = start
    while true {
      let line = line
      if takes(sign: ".") {
        if case .integer(let number) = current {
          advance()
          let literal = try make(.literal(.integer(number)), line: line)
          value = try make(.item(value, literal), line: line, [value])
        } else {
          value = try make(.attribute(value, try expectName()), line: line, [value])
        }
      } else if takes(sign: "[") {
        value = try subscripted(value, line: line)
      } else if isSign("(") {
        let arguments = try arguments()
        value = try make(.call(value, arguments), line: line, [value] + arguments.map(\.value))
      } else {
        return value
      }
    }
  }

  private mutating func subscripted(_ value: TemplateExpression, line: Int) throws(TemplateError) -> TemplateExpression
  {
    var parts: [TemplateExpression?] = [nil]
    while !isSign("]") {
      if takes(sign: ":") {
        parts.append(nil)
      } else {
        guard parts[parts.count - 1] == nil else { throw error("expected ']', found \(shown())") }
        parts[parts.count - 1] = try expression()
      }
    }
    advance()
    if parts.count == 1 {
      guard let index = parts[0] else { throw error("an index is missing", line: line) }
      return try make(.item(value, index), line: line, [value, index])
    }
    guard parts.count <= 3 else { throw error("a slice has at most three parts", line: line) }
    return try make(
      .slice(value, start: parts[0], stop: parts[1], step: parts.count > 2 ? parts[2] : nil), line: line,
      [value] + parts.compactMap { $0 })
  }

  private mutating func primary() throws(TemplateError) -> TemplateExpression {
    let line = line
    switch current {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return try make(.literal(.boolean(true)), line: line)
      case "false", "False": return try make(.literal(.boolean(false)), line: line)
      case "none", "None": return try make(.literal(.none), line: line)
      case "not", "and", "or", "in", "is", "if", "else": throw error("expected a value, found '\(name)'", line: line)
      default: return try make(.name(name), line: line)
      }
    case .string(var text):
      advance()
      // Strings side by side are one, as in Python.
      while case .string(let more) = current {
        text += more
        advance()
      }
      return try make(.literal(.string(text)), line: line)
    case .integer(let value):
      advance()
      return try make(.literal(.integer(value)), line: line)
    case .number(let value):
      advance()
      return try make(.literal(.number(value)), line: line)
    case .sign("("): return try parenthesized()
    case .sign("["):
      advance()
      let values = try values(until: "]")
      return try make(.list(values), line: line, values)
    case .sign("{"):
      advance()
      var members: [(key: TemplateExpression, value: TemplateExpression)] = []
      while !isSign("}") {
        if !members.isEmpty { try expect(sign: ",") }
        if isSign("}") { break }
        let key = try expression()
        try expect(sign: ":")
        members.append((key, try expression()))
      }
      advance()
      return try make(.object(members), line: line, members.flatMap { [$0.key, $0.value] })
    default: throw error("expected a value, found \(shown())")
    }
  }

  private mutating func parenthesized() throws(TemplateError) -> TemplateExpression {
    let line = line
    advance()
    if takes(sign: ")") { return try make(.list([]), line: line) }
    let first = try expression()
    if takes(sign: ")") { return first }
    try expect(sign: ",")
    let values = [first] + (try values(until: ")"))
    return try make(.list(values), line: line, values)
  }

  private mutating func values(until end: String) throws(TemplateError) -> [TemplateExpression] {
    var values: [TemplateExpression] = []
    while !isSign(end) {
      if !values.isEmpty { try expect(sign: ",") }
      if isSign(end) { break }
      values.append(try expression())
    }
    advance()
    return values
  }
}
