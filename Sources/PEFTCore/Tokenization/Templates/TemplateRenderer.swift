/// Runs a template's statements.
///
/// What a template can do is bounded: the number of steps and the work that they do, the size of any text, the length of
/// any list, the nesting of values and of macro calls. It reads only the values that it is given.
struct TemplateRenderer {
  /// Most steps (statements and expressions) of one rendering.
  static let maximumSteps = 500_000
  /// Most bytes of any text that is made.
  static let maximumBytes = 4 << 20
  /// Most elements of any list that is made.
  static let maximumElements = 100_000
  private static let maximumMacroDepth = 20

  let name: String
  let date: TemplateDate
  private var output = ""
  private var scopes: [[String: TemplateValue]]
  private var namespaces: [TemplateObject] = []
  private var steps = 0
  /// Work done so far; see `charge`.
  var work = 0
  private var macroDepth = 0
  /// Line of the expression that is being evaluated, for messages.
  var line = 1

  private enum Flow {
    case goesOn, leavesLoop, nextRound
  }

  /// Renders `statements` with the given variables.
  static func render(
    _ statements: [TemplateStatement], name: String, variables: [String: TemplateValue], date: TemplateDate
  ) throws(TemplateError) -> String {
    var renderer = TemplateRenderer(name: name, date: date, scopes: [variables])
    _ = try renderer.run(statements)
    return renderer.output
  }

  private init(name: String, date: TemplateDate, scopes: [[String: TemplateValue]]) {
    self.name = name
    self.date = date
    self.scopes = scopes
  }

  func error(_ message: String) -> TemplateError { TemplateError(template: name, line: line, message: message) }

  private mutating func step(_ line: Int) throws(TemplateError) {
    self.line = line
    steps += 1
    guard steps <= Self.maximumSteps else { throw error("rendering takes too many steps") }
  }

  /// Refuses a text that is too long.
  func checked(_ text: String) throws(TemplateError) -> String {
    guard text.utf8.count <= Self.maximumBytes else { throw error("this text becomes too long") }
    return text
  }

  // MARK: - Names

  private func lookUp(_ name: String) -> TemplateValue {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    return Self.functionNames.contains(name) ? .function(name) : .undefined("'\(name)'")
  }

  private mutating func assign(_ value: TemplateValue, to name: String) { scopes[scopes.count - 1][name] = value }

  private mutating func assign(_ value: TemplateValue, to targets: [String]) throws(TemplateError) {
    if targets.count == 1 { return assign(value, to: targets[0]) }
    let values = try elements(of: value)
    guard values.count == targets.count else {
      throw error("\(values.count) values cannot be given to \(targets.count) names")
    }
    for (name, value) in zip(targets, values) { assign(value, to: name) }
  }

  // MARK: - Statements

  private mutating func emit(_ text: String) throws(TemplateError) {
    try charge(text.utf8.count / 8)
    output += text
    guard output.utf8.count <= Self.maximumBytes else { throw error("the rendered text becomes too long") }
  }

  private mutating func run(_ statements: [TemplateStatement]) throws(TemplateError) -> Flow {
    for statement in statements {
      try step(statement.line)
      switch statement.kind {
      case .text(let text): try emit(text)
      case .output(let expression):
        let value = try evaluate(expression)
        try weigh(value)
        try emit(value.text)
      case .conditional(let branches, let otherwise):
        var body = otherwise
        for branch in branches where try evaluate(branch.condition).isTrue {
          body = branch.body
          break
        }
        let flow = try run(body)
        if flow != .goesOn { return flow }
      case .loop(let targets, let sequence, let condition, let body, let otherwise):
        try loop(targets, over: sequence, where: condition, body, otherwise)
      case .set(let targets, let value): try assign(try evaluate(value), to: targets)
      case .setAttribute(let name, let attribute, let value):
        let value = try evaluate(value)
        guard case .namespace(let index) = lookUp(name) else {
          line = statement.line
          throw error("only attributes of a namespace can be set, and '\(name)' is \(lookUp(name).kindName)")
        }
        try charge(namespaces[index].keys.count / 8)
        namespaces[index][attribute] = value
      case .setBlock(let name, let body):
        assign(.string(try capture(body)), to: name)
      case .macro(let macro): assign(.macro(macro), to: macro.name)
      case .group(let body):
        let flow = try run(body)
        if flow != .goesOn { return flow }
      case .leave: return .leavesLoop
      case .next: return .nextRound
      }
    }
    return .goesOn
  }

  /// Renders statements in a scope of their own and returns the text instead of emitting it.
  private mutating func capture(_ body: [TemplateStatement]) throws(TemplateError) -> String {
    let saved = output
    output = ""
    scopes.append([:])
    _ = try run(body)
    scopes.removeLast()
    let text = output
    output = saved
    return text
  }

  private mutating func loop(
    _ targets: [String], over sequence: TemplateExpression, where condition: TemplateExpression?,
    _ body: [TemplateStatement], _ otherwise: [TemplateStatement]
  ) throws(TemplateError) {
    let looped = try evaluate(sequence)
    if case .object(let object) = looped { try charge(object.keys.count) }
    var values = try elements(of: looped)
    if let condition {
      var kept: [TemplateValue] = []
      for value in values {
        try step(line)
        scopes.append([:])
        try assign(value, to: targets)
        if try evaluate(condition).isTrue { kept.append(value) }
        scopes.removeLast()
      }
      values = kept
    }
    if values.isEmpty {
      scopes.append([:])
      _ = try run(otherwise)
      scopes.removeLast()
    }
    for (index, value) in values.enumerated() {
      try step(line)
      scopes.append(["loop": loopState(index, of: values)])
      try assign(value, to: targets)
      let flow = try run(body)
      scopes.removeLast()
      if flow == .leavesLoop { break }
    }
  }

  private func loopState(_ index: Int, of values: [TemplateValue]) -> TemplateValue {
    var state = TemplateObject()
    state["index"] = .integer(index + 1)
    state["index0"] = .integer(index)
    state["revindex"] = .integer(values.count - index)
    state["revindex0"] = .integer(values.count - index - 1)
    state["first"] = .boolean(index == 0)
    state["last"] = .boolean(index == values.count - 1)
    state["length"] = .integer(values.count)
    state["previtem"] = index > 0 ? values[index - 1] : .undefined("there is no previous item")
    state["nextitem"] = index + 1 < values.count ? values[index + 1] : .undefined("there is no next item")
    return .object(state)
  }

  // MARK: - Expressions

  /// The value of an expression.
  mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    try step(expression.line)
    switch expression.kind {
    case .literal(let value): return value
    case .name(let name): return lookUp(name)
    case .list(let parts):
      var values: [TemplateValue] = []
      for part in parts { values.append(try evaluate(part)) }
      try weigh(.list(values))
      return .list(values)
    case .object(let members):
      var object = TemplateObject()
      for member in members {
        guard case .string(let key) = try evaluate(member.key) else { throw error("a key is not a string") }
        try charge(object.keys.count / 8)
        object[key] = try evaluate(member.value)
      }
      try weigh(.object(object))
      return .object(object)
    case .attribute(let base, let name):
      let value = try evaluate(base)
      line = expression.line
      return try attribute(name, of: value)
    case .item(let base, let index):
      let value = try evaluate(base)
      let index = try evaluate(index)
      line = expression.line
      if case .string(let text) = value { try charge(text.utf8.count / 8) }
      return try item(index, of: value)
    case .slice(let base, let start, let stop, let step):
      let value = try evaluate(base)
      let start = try bound(start)
      let stop = try bound(stop)
      let step = try bound(step)
      line = expression.line
      try weigh(value)
      return try slice(value, start, stop, step ?? 1)
    case .call(let function, let arguments):
      let function = try evaluate(function)
      let arguments = try evaluate(arguments)
      line = expression.line
      let result = try call(function, arguments)
      try weigh(result)
      return result
    case .filter(let value, let name, let arguments):
      let value = try evaluate(value)
      let arguments = try evaluate(arguments)
      line = expression.line
      try checkCost(name, of: value, arguments)
      let result = try filter(value, name, arguments)
      try weigh(result)
      return result
    case .test(let value, let name, let arguments, let negated):
      let value = try evaluate(value)
      let arguments = try evaluate(arguments)
      line = expression.line
      if let operand = arguments.positional.first {
        try weigh(value)
        try weigh(operand)
      }
      return .boolean(try test(value, name, arguments) != negated)
    case .not(let value): return .boolean(try !evaluate(value).isTrue)
    case .negative(let value):
      let value = try evaluate(value)
      if let integer = value.asInteger, integer != .min { return .integer(-integer) }
      guard let number = value.asNumber else { throw error("\(value.kindName) has no negative") }
      return .number(-number)
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    case .arithmetic(let left, let sign, let right):
      let left = try evaluate(left)
      let right = try evaluate(right)
      line = expression.line
      try weigh(left)
      try weigh(right)
      let result = try arithmetic(left, sign, right)
      try weigh(result)
      return result
    case .comparison(let first, let rest):
      var left = try evaluate(first)
      for (operation, operand) in rest {
        let right = try evaluate(operand)
        line = expression.line
        try weigh(left)
        try weigh(right)
        guard try compare(left, operation, right) else { return .boolean(false) }
        left = right
      }
      return .boolean(true)
    case .conditional(let condition, let then, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(then) }
      guard let otherwise else { return .undefined("an inline 'if' without 'else'") }
      return try evaluate(otherwise)
    }
  }

  private mutating func evaluate(_ arguments: [TemplateArgument]) throws(TemplateError) -> TemplateCall {
    var call = TemplateCall()
    for argument in arguments {
      let value = try evaluate(argument.value)
      if let name = argument.name { call.named[name] = value } else { call.positional.append(value) }
    }
    return call
  }

  private mutating func bound(_ expression: TemplateExpression?) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let bound = value.asInteger else { throw error("a slice needs integers, not \(value.kindName)") }
    return bound
  }

  // MARK: - Calls

  private mutating func call(_ function: TemplateValue, _ arguments: TemplateCall) throws(TemplateError)
    -> TemplateValue
  {
    switch function {
    case .macro(let macro): return .string(try expand(macro, arguments))
    case .method(let receiver, let name):
      try checkCost(name == "split" && arguments.positional.isEmpty ? "words" : name, of: receiver, arguments)
      return try method(name, of: receiver, arguments)
    case .function("namespace"), .function("dict"):
      var object = TemplateObject()
      if let base = arguments.positional.first {
        guard case .object(let members) = base else { throw error("expected an object, found \(base.kindName)") }
        object = members
      }
      for key in arguments.named.keys { object[key] = arguments.named[key] }
      try weigh(.object(object))
      guard case .function("namespace") = function else { return .object(object) }
      guard namespaces.count < Self.maximumElements else { throw error("there are too many namespaces") }
      namespaces.append(object)
      return .namespace(namespaces.count - 1)
    case .function(let name): return try self.function(name, arguments)
    default: throw error("\(function.kindName) cannot be called")
    }
  }

  private mutating func expand(_ macro: TemplateMacro, _ arguments: TemplateCall) throws(TemplateError) -> String {
    guard macroDepth < Self.maximumMacroDepth else { throw error("macros call each other too deeply") }
    guard arguments.positional.count <= macro.parameters.count else {
      throw error("the macro '\(macro.name)' takes \(macro.parameters.count) arguments")
    }
    if let unknown = arguments.named.keys.first(where: { key in !macro.parameters.contains { $0.name == key } }) {
      throw error("the macro '\(macro.name)' has no parameter '\(unknown)'")
    }
    macroDepth += 1
    defer { macroDepth -= 1 }
    // A macro sees the template's top level and its own parameters.
    let saved = scopes
    scopes = [saved[0], [:]]
    for (index, parameter) in macro.parameters.enumerated() {
      var value = arguments.named[parameter.name] ?? .undefined("'\(parameter.name)'")
      if index < arguments.positional.count {
        value = arguments.positional[index]
      } else if arguments.named[parameter.name] == nil, let standard = parameter.standard {
        value = try evaluate(standard)
      }
      assign(value, to: parameter.name)
    }
    let text = try capture(macro.body)
    scopes = saved
    return text
  }

  /// The members of a namespace.
  func members(ofNamespace index: Int) -> TemplateObject { namespaces[index] }
}

/// The arguments of a call.
struct TemplateCall {
  var positional: [TemplateValue] = []
  var named = TemplateObject()

  /// The argument at a position or under a name, if it was given.
  func value(_ position: Int, _ name: String) -> TemplateValue? {
    position < positional.count ? positional[position] : named[name]
  }
}
