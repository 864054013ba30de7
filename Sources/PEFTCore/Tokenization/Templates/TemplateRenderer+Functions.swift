extension TemplateRenderer {
  /// The functions that every template sees.
  static let functionNames = ["namespace", "dict", "range", "raise_exception", "strftime_now"]

  func function(_ name: String, _ arguments: TemplateCall) throws(TemplateError) -> TemplateValue {
    switch name {
    case "raise_exception":
      throw error("the template refuses this conversation: \(arguments.positional.first?.text ?? "no reason given")")
    case "strftime_now":
      guard case .string(let format)? = arguments.positional.first else { throw error("strftime_now needs a format") }
      guard let text = date.formatted(format) else {
        throw error("strftime_now does not support the format '\(format)'")
      }
      return .string(text)
    case "range":
      let bounds = arguments.positional.compactMap(\.asInteger)
      guard bounds.count == arguments.positional.count, 1...3 ~= bounds.count else {
        throw error("range needs one to three integers")
      }
      let start = bounds.count > 1 ? bounds[0] : 0
      let stop = bounds.count > 1 ? bounds[1] : bounds[0]
      let step = bounds.count > 2 ? bounds[2] : 1
      guard step != 0 else { throw error("the step of range is zero") }
      let numbers = stride(from: start, to: stop, by: step)
      guard (Double(stop) - Double(start)) / Double(step) <= Double(Self.maximumElements) else {
        throw error("this range has more than \(Self.maximumElements) numbers")
      }
      return .list(numbers.map { .integer($0) })
    default: throw error("the function '\(name)' is not supported")
    }
  }

  // MARK: - Methods

  func method(_ name: String, of receiver: TemplateValue, _ arguments: TemplateCall) throws(TemplateError)
    -> TemplateValue
  {
    switch receiver {
    case .string(let text): return try stringMethod(name, of: text, arguments)
    case .object(let object):
      switch name {
      case "get":
        guard case .string(let key)? = arguments.positional.first else { return arguments.value(1, "default") ?? .none }
        return object[key] ?? arguments.value(1, "default") ?? .none
      case "items": return .list(object.keys.map { .list([.string($0), object[$0] ?? .none]) })
      case "keys": return .list(object.keys.map { .string($0) })
      default: return .list(object.keys.map { object[$0] ?? .none })
      }
    default: throw error("\(receiver.kindName) has no method '\(name)'")
    }
  }

  private func stringMethod(_ name: String, of text: String, _ arguments: TemplateCall) throws(TemplateError)
    -> TemplateValue
  {
    func string(_ position: Int, _ keyword: String) throws(TemplateError) -> String? {
      switch arguments.value(position, keyword) {
      case nil, .some(.none): return nil
      case .string(let text): return text
      case .some(let value): throw error("'\(name)' needs a string, not \(value.kindName)")
      }
    }
    func needed(_ position: Int, _ keyword: String) throws(TemplateError) -> String {
      guard let text = try string(position, keyword) else { throw error("'\(name)' needs a string") }
      return text
    }
    func limit(_ position: Int, _ keyword: String) -> Int {
      let limit = arguments.value(position, keyword)?.asInteger ?? -1
      return limit < 0 ? .max : limit
    }
    switch name {
    case "strip", "lstrip", "rstrip":
      return .string(
        TemplateText.strip(text, of: try string(0, "chars"), left: name != "rstrip", right: name != "lstrip"))
    case "split", "rsplit":
      let limit = limit(1, "maxsplit")
      guard let separator = try string(0, "sep") else {
        guard limit == .max else { throw error("'\(name)' with a limit needs a separator") }
        return .list(TemplateText.words(text).map { .string($0) })
      }
      guard !separator.utf8.isEmpty else { throw error("'\(name)' needs a separator that is not empty") }
      var parts = TemplateText.split(text, by: separator, limit: name == "split" ? limit : .max)
      if name == "rsplit", limit < parts.count - 1 {
        let joined = parts[..<(parts.count - limit)].joined(separator: separator)
        parts = [joined] + parts.suffix(limit)
      }
      return .list(parts.map { .string($0) })
    case "splitlines":
      var lines = TemplateText.split(
        TemplateText.replace("\r\n", in: text, by: "\n", limit: .max), by: "\n", limit: .max)
      if lines.last?.utf8.isEmpty == true { lines.removeLast() }
      return .list(lines.map { .string($0) })
    case "startswith", "endswith":
      let isStart = name == "startswith"
      let parts: [TemplateValue] =
        if case .list(let values)? = arguments.positional.first { values } else { [.string(try needed(0, "prefix"))] }
      return .boolean(
        parts.contains { part in
          isStart
            ? text.utf8.starts(with: part.text.utf8) : text.utf8.reversed().starts(with: part.text.utf8.reversed())
        })
    case "removeprefix":
      let part = try needed(0, "prefix")
      return .string(
        text.utf8.starts(with: part.utf8)
          ? String(decoding: Array(text.utf8).dropFirst(part.utf8.count), as: UTF8.self) : text)
    case "removesuffix":
      let part = try needed(0, "suffix")
      let ends = text.utf8.reversed().starts(with: part.utf8.reversed())
      return .string(ends ? String(decoding: Array(text.utf8).dropLast(part.utf8.count), as: UTF8.self) : text)
    case "replace":
      return .string(try replace(text, try needed(0, "old"), try needed(1, "new"), limit: limit(2, "count")))
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
    case "title": return .string(TemplateText.titled(text))
    case "capitalize": return .string(TemplateText.capitalized(text))
    case "find": return .integer(TemplateText.find(try needed(0, "sub"), in: text))
    case "count": return .integer(TemplateText.count(try needed(0, "sub"), in: text))
    case "join":
      guard let values = arguments.positional.first else { throw error("'join' needs a list") }
      return .string(try checked(try elements(of: values).map(\.text).joined(separator: text)))
    case "isdigit":
      return .boolean(
        !text.isEmpty
          && text.unicodeScalars.allSatisfy {
            $0.properties.numericType == .decimal || $0.properties.numericType == .digit
          })
    case "isspace": return .boolean(!text.isEmpty && TemplateText.strip(text, left: true, right: false).isEmpty)
    default: throw error("the string method '\(name)' is not supported")
    }
  }

  func replace(_ text: String, _ part: String, _ replacement: String, limit: Int) throws(TemplateError) -> String {
    guard !part.utf8.isEmpty else { throw error("replacing the empty text is not supported") }
    let count = min(TemplateText.count(part, in: text), limit)
    let (growth, overflows) = count.multipliedReportingOverflow(by: replacement.utf8.count)
    guard !overflows, growth <= Self.maximumBytes else { throw error("this text becomes too long") }
    return TemplateText.replace(part, in: text, by: replacement, limit: limit)
  }

  // MARK: - Tests

  /// The tests that `is` knows.
  static let testNames = [
    "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "integer", "float",
    "boolean",
    "true", "false", "equalto", "eq", "ne", "lt", "le", "gt", "ge", "in", "odd", "even", "divisibleby", "callable",
  ]

  func test(_ value: TemplateValue, _ name: String, _ arguments: TemplateCall) throws(TemplateError) -> Bool {
    func operand() throws(TemplateError) -> TemplateValue {
      guard let operand = arguments.positional.first else { throw error("the test '\(name)' needs an argument") }
      return operand
    }
    func remainder(by divisor: Int) throws(TemplateError) -> Bool {
      guard let number = value.asInteger, divisor != 0 else { throw error("the test '\(name)' needs integers") }
      return number.quotientAndRemainder(dividingBy: divisor == -1 ? 1 : divisor).remainder == 0
    }
    switch (name, value) {
    case ("defined", .undefined): return false
    case ("defined", _): return true
    case ("undefined", .undefined): return true
    case ("none", .none): return true
    case ("string", .string): return true
    case ("mapping", .object): return true
    case ("iterable", .list), ("iterable", .object), ("iterable", .string), ("iterable", .undefined): return true
    case ("sequence", .list), ("sequence", .object), ("sequence", .string), ("sequence", .undefined): return true
    case ("number", .integer), ("number", .number), ("number", .boolean): return true
    case ("integer", .integer), ("float", .number), ("boolean", .boolean): return true
    case ("true", .boolean(true)), ("false", .boolean(false)): return true
    case ("callable", .macro), ("callable", .function), ("callable", .method): return true
    case ("equalto", _), ("eq", _): return TemplateValue.equal(value, try operand())
    case ("ne", _): return !TemplateValue.equal(value, try operand())
    case ("lt", _): return try compare(value, "<", try operand())
    case ("le", _): return try compare(value, "<=", try operand())
    case ("gt", _): return try compare(value, ">", try operand())
    case ("ge", _): return try compare(value, ">=", try operand())
    case ("in", _): return try compare(value, "in", try operand())
    case ("odd", _): return try !remainder(by: 2)
    case ("even", _): return try remainder(by: 2)
    case ("divisibleby", _): return try remainder(by: try operand().asInteger ?? 0)
    default: return false
    }
  }
}
