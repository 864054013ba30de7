extension TemplateRenderer {
  /// The filters that `|` knows.
  static let filterNames = [
    "trim", "length", "count", "tojson", "join", "items", "first", "last", "upper", "lower", "title", "capitalize",
    "default", "d", "replace", "reject", "select", "rejectattr", "selectattr", "map", "list", "string", "safe", "int",
    "float", "abs", "unique", "reverse", "sort", "dictsort", "indent",
  ]

  /// Those whose results are about as large as what they are given, so that a list can be mapped by them unseen.
  private static let modestFilters = [
    "trim", "length", "count", "tojson", "items", "first", "last", "upper", "lower", "title", "capitalize", "default",
    "d", "list", "string", "safe", "int", "float", "abs",
  ]

  func filter(_ value: TemplateValue, _ name: String, _ arguments: TemplateCall) throws(TemplateError) -> TemplateValue
  {
    switch name {
    case "trim":
      var characters: String?
      if case .string(let given)? = arguments.value(0, "chars") { characters = given }
      return .string(TemplateText.strip(value.text, of: characters, left: true, right: true))
    case "length", "count":
      if case .undefined = value { return .integer(0) }
      if case .string(let text) = value { return .integer(text.unicodeScalars.count) }
      return .integer(try elements(of: value).count)
    case "tojson":
      let sortsKeys = arguments.named["sort_keys"]?.isTrue ?? false
      let indent = (arguments.value(1, "indent") ?? arguments.named["indent"])?.asInteger
      guard indent.map({ 0...64 ~= $0 }) ?? true, let json = value.json(indent: indent, sortsKeys: sortsKeys) else {
        throw error("\(value.kindName) cannot be written as JSON")
      }
      return .string(try checked(json))
    case "join":
      var parts = try elements(of: value)
      if case .string(let attribute)? = arguments.value(1, "attribute") {
        parts = try parts.map { part throws(TemplateError) in try item(.string(attribute), of: part) }
      }
      return .string(try checked(parts.map(\.text).joined(separator: arguments.value(0, "d")?.text ?? "")))
    case "items":
      guard case .object(let object) = value else {
        if case .undefined = value { return .list([]) }
        throw error("'items' needs an object, not \(value.kindName)")
      }
      return .list(object.keys.map { .list([.string($0), object[$0] ?? .none]) })
    case "first", "last":
      if case .string = value { return try item(.integer(name == "first" ? 0 : -1), of: value) }
      let values = try elements(of: value)
      return (name == "first" ? values.first : values.last) ?? .undefined("the \(name) item of nothing")
    case "upper": return .string(value.text.uppercased())
    case "lower": return .string(value.text.lowercased())
    case "title": return .string(TemplateText.titled(value.text))
    case "capitalize": return .string(TemplateText.capitalized(value.text))
    case "default", "d":
      let standard = arguments.value(0, "default_value") ?? .string("")
      if case .undefined = value { return standard }
      return arguments.value(1, "boolean")?.isTrue == true && !value.isTrue ? standard : value
    case "replace":
      guard case .string(let part)? = arguments.value(0, "old"), case .string(let text)? = arguments.value(1, "new")
      else { throw error("'replace' needs two strings") }
      return .string(try replace(value.text, part, text, limit: arguments.value(2, "count")?.asInteger ?? .max))
    case "string": return .string(value.text)
    case "safe": return value
    case "int":
      let standard = arguments.value(0, "default") ?? .integer(0)
      if let integer = value.asInteger { return .integer(integer) }
      if let number = value.asNumber {
        return Int(exactly: number.rounded(.towardZero)).map { .integer($0) } ?? standard
      }
      guard case .string(let text) = value else { return standard }
      return Int(TemplateText.strip(text, left: true, right: true)).map { .integer($0) } ?? standard
    case "float":
      let standard = arguments.value(0, "default") ?? .number(0)
      if let number = value.asNumber { return .number(number) }
      guard case .string(let text) = value else { return standard }
      return Double(TemplateText.strip(text, left: true, right: true)).map { .number($0) } ?? standard
    case "abs":
      if let integer = value.asInteger, integer != .min { return .integer(abs(integer)) }
      guard let number = value.asNumber else { throw error("'abs' needs a number, not \(value.kindName)") }
      return .number(abs(number))
    case "indent": return .string(try indent(value.text, arguments))
    default: return try listFilter(value, name, arguments)
    }
  }

  private func indent(_ text: String, _ arguments: TemplateCall) throws(TemplateError) -> String {
    let width = arguments.value(0, "width")?.asInteger ?? 4
    guard 0...1024 ~= width else { throw error("'indent' needs a width from 0 to 1024") }
    let first = arguments.value(1, "first")?.isTrue ?? false
    let blank = arguments.value(2, "blank")?.isTrue ?? false
    let margin = String(repeating: " ", count: width)
    let lines = TemplateText.split(text, by: "\n", limit: .max).enumerated().map { index, line in
      (index == 0 ? first : blank || !line.utf8.isEmpty) ? margin + line : line
    }
    return try checked(lines.joined(separator: "\n"))
  }

  private func listFilter(_ value: TemplateValue, _ name: String, _ arguments: TemplateCall) throws(TemplateError)
    -> TemplateValue
  {
    let values = try elements(of: value)
    switch name {
    case "list": return .list(values)
    case "reverse":
      guard case .string = value else { return .list(values.reversed()) }
      return .string(values.reversed().map(\.text).joined())
    case "unique":
      var kept: [TemplateValue] = []
      for value in values where !kept.contains(where: { TemplateValue.equal($0, value) }) { kept.append(value) }
      return .list(kept)
    case "map": return .list(try map(values, arguments))
    case "sort", "dictsort":
      guard arguments.positional.isEmpty, arguments.named.keys.isEmpty else {
        throw error("arguments of '\(name)' are not supported")
      }
      if name == "sort" { return .list(try sorted(values)) }
      guard case .object(let object) = value else { throw error("'dictsort' needs an object, not \(value.kindName)") }
      return .list(try sorted(values).map { .list([$0, object[$0.text] ?? .none]) })
    default: return .list(try select(values, name, arguments))
    }
  }

  /// Ascending and stable; strings without regard to case.
  private func sorted(_ values: [TemplateValue]) throws(TemplateError) -> [TemplateValue] {
    let keys = values.map { value -> TemplateValue in
      if case .string(let text) = value { .string(text.lowercased()) } else { value }
    }
    for key in keys.dropFirst() { _ = try compare(keys[0], "<", key) }
    let order = keys.indices.sorted { one, other in
      if (try? compare(keys[one], "<", keys[other])) == true { return true }
      return (try? compare(keys[other], "<", keys[one])) != true && one < other
    }
    return order.map { values[$0] }
  }

  private func map(_ values: [TemplateValue], _ arguments: TemplateCall) throws(TemplateError) -> [TemplateValue] {
    if case .string(let attribute)? = arguments.named["attribute"] {
      let standard = arguments.named["default"]
      return try values.map { value throws(TemplateError) in
        let member = try item(.string(attribute), of: value)
        if case .undefined = member, let standard { return standard }
        return member
      }
    }
    guard case .string(let name)? = arguments.positional.first, Self.filterNames.contains(name) else {
      throw error("'map' needs attribute=... or the name of a filter")
    }
    guard Self.modestFilters.contains(name), name != "tojson" || arguments.named.keys.isEmpty else {
      throw error("the filter '\(name)' is not supported in 'map'")
    }
    var rest = arguments
    rest.positional.removeFirst()
    return try values.map { value throws(TemplateError) in try filter(value, name, rest) }
  }

  /// `select`, `reject`, and the two that look at an attribute.
  private func select(_ values: [TemplateValue], _ name: String, _ arguments: TemplateCall) throws(TemplateError)
    -> [TemplateValue]
  {
    var rest = arguments
    var attribute: TemplateValue?
    if name.hasSuffix("attr") {
      guard let first = rest.positional.first else { throw error("'\(name)' needs an attribute") }
      attribute = first
      rest.positional.removeFirst()
    }
    var testName: String?
    if let first = rest.positional.first {
      guard case .string(let given) = first, Self.testNames.contains(given) else {
        throw error("'\(name)' needs the name of a test, not '\(first.text)'")
      }
      testName = given
      rest.positional.removeFirst()
    }
    let keeps = name.hasPrefix("select")
    var kept: [TemplateValue] = []
    for value in values {
      let subject = if let attribute { try item(attribute, of: value) } else { value }
      let passes = if let testName { try test(subject, testName, rest) } else { subject.isTrue }
      if passes == keeps { kept.append(value) }
    }
    return kept
  }
}
