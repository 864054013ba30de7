extension TemplateRenderer {
  /// What a loop over a value goes through.
  func elements(of value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
    switch value {
    case .undefined: return []
    case .list(let values): return values
    case .object(let object): return object.keys.map { .string($0) }
    case .string(let text):
      guard text.utf8.count <= Self.maximumElements else { throw error("this text is too long to be looped over") }
      return text.unicodeScalars.map { .string(String(Character($0))) }
    default: throw error("\(value.kindName) cannot be looped over")
    }
  }

  // MARK: - Members

  private static let stringMethods = [
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "replace", "upper", "lower",
    "title", "capitalize", "find", "count", "join", "removeprefix", "removesuffix", "isdigit", "isspace",
  ]
  private static let objectMethods = ["get", "items", "keys", "values"]

  /// `value.name`: a method, or else the member of that name.
  func attribute(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch value {
    case .undefined: throw error("cannot take '\(name)' of \(value.kindName)")
    case .namespace(let index): return members(ofNamespace: index)[name] ?? .undefined("'\(name)'")
    case .object(let object):
      if Self.objectMethods.contains(name) { return .method(value, name) }
      return object[name] ?? .undefined("'\(name)'")
    case .string:
      if Self.stringMethods.contains(name) { return .method(value, name) }
      let hint = NearestName.of(name, among: Self.stringMethods).map { "; did you mean '\($0)'?" } ?? ""
      if name.hasPrefix("_") || name == "format" || name == "encode" {
        throw error("the string method '\(name)' is not supported\(hint)")
      }
      return .undefined("'\(name)'")
    default: return .undefined("'\(name)'")
    }
  }

  /// `value[index]`; what is not there is undefined.
  func item(_ index: TemplateValue, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch (value, index) {
    case (.undefined, _): throw error("cannot take an item of \(value.kindName)")
    case (.object(let object), .string(let key)):
      if let member = object[key] { return member }
      return try attribute(key, of: value)
    case (.namespace, .string(let key)): return try attribute(key, of: value)
    case (.list, _), (.string, _):
      guard let position = index.asInteger else {
        if case .string(let name) = index { return try attribute(name, of: value) }
        return .undefined("an item")
      }
      if case .string(let text) = value {
        let letters = Array(text.unicodeScalars)
        let offset = position < 0 ? position + letters.count : position
        return letters.indices.contains(offset)
          ? .string(String(Character(letters[offset]))) : .undefined("item \(position)")
      }
      let values = try elements(of: value)
      let offset = position < 0 ? position + values.count : position
      return values.indices.contains(offset) ? values[offset] : .undefined("item \(position)")
    default: return .undefined("an item")
    }
  }

  /// `value[start:stop:step]` by Python's rules.
  func slice(_ value: TemplateValue, _ start: Int?, _ stop: Int?, _ step: Int) throws(TemplateError) -> TemplateValue {
    guard step != 0 else { throw error("the step of a slice is zero") }
    var values: [TemplateValue] = []
    var letters: [Unicode.Scalar] = []
    switch value {
    case .list(let elements): values = elements
    case .string(let text): letters = Array(text.unicodeScalars)
    default: throw error("\(value.kindName) cannot be sliced")
    }
    let count = max(values.count, letters.count)
    func limited(_ bound: Int?, _ standard: Int, _ lowest: Int, _ highest: Int) -> Int {
      guard let bound else { return standard }
      return min(max(bound < 0 ? bound + count : bound, lowest), highest)
    }
    var picked: [Int] = []
    let stride = max(min(step, count + 1), -count - 1)
    if stride > 0 {
      var index = limited(start, 0, 0, count)
      let end = limited(stop, count, 0, count)
      while index < end {
        picked.append(index)
        index += stride
      }
    } else {
      var index = limited(start, count - 1, -1, count - 1)
      let end = limited(stop, -1, -1, count - 1)
      while index > end {
        picked.append(index)
        index += stride
      }
    }
    guard case .string = value else { return .list(picked.map { values[$0] }) }
    var text = String.UnicodeScalarView()
    for index in picked { text.append(letters[index]) }
    return .string(String(text))
  }

  // MARK: - Operators

  func arithmetic(_ left: TemplateValue, _ sign: String, _ right: TemplateValue) throws(TemplateError) -> TemplateValue
  {
    if sign == "~" { return .string(try checked(left.text + right.text)) }
    switch (left, sign, right) {
    case (.string(let a), "+", .string(let b)): return .string(try checked(a + b))
    case (.list(let a), "+", .list(let b)):
      guard a.count + b.count <= Self.maximumElements else { throw error("this list becomes too long") }
      return .list(a + b)
    case (.string(let text), "*", _):
      guard let count = right.asInteger else { break }
      let (bytes, overflows) = text.utf8.count.multipliedReportingOverflow(by: max(count, 0))
      guard !overflows, bytes <= Self.maximumBytes else { throw error("this text becomes too long") }
      return .string(String(repeating: text, count: bytes == 0 ? 0 : max(count, 0)))
    default: break
    }
    if let a = left.asInteger, let b = right.asInteger, let result = try integers(a, sign, b) {
      return .integer(result)
    }
    guard let a = left.asNumber, let b = right.asNumber else {
      throw error("'\(sign)' does not work between \(left.kindName) and \(right.kindName)")
    }
    switch sign {
    case "+": return .number(a + b)
    case "-": return .number(a - b)
    case "*": return .number(a * b)
    default:
      guard b != 0 else { throw error("division by zero") }
      if sign == "/" { return .number(a / b) }
      let quotient = (a / b).rounded(.down)
      return .number(sign == "//" ? quotient : a - quotient * b)
    }
  }

  /// Integer arithmetic that rounds down, or nil for a division that gives a fraction.
  private func integers(_ a: Int, _ sign: String, _ b: Int) throws(TemplateError) -> Int? {
    let result: (partialValue: Int, overflow: Bool)
    switch sign {
    case "+": result = a.addingReportingOverflow(b)
    case "-": result = a.subtractingReportingOverflow(b)
    case "*": result = a.multipliedReportingOverflow(by: b)
    case "//", "%":
      guard b != 0 else { throw error("division by zero") }
      let quotient = a.dividedReportingOverflow(by: b)
      let remainder = quotient.overflow ? 0 : a % b
      let roundsDown = remainder != 0 && (remainder < 0) != (b < 0)
      if sign == "//" {
        result = (quotient.partialValue - (roundsDown ? 1 : 0), quotient.overflow)
      } else {
        result = (roundsDown ? remainder + b : remainder, false)
      }
    default: return nil
    }
    guard !result.overflow else { throw error("an integer becomes too large") }
    return result.partialValue
  }

  func compare(_ left: TemplateValue, _ operation: String, _ right: TemplateValue) throws(TemplateError) -> Bool {
    switch operation {
    case "==": return TemplateValue.equal(left, right)
    case "!=": return !TemplateValue.equal(left, right)
    case "in": return try contains(right, left)
    case "not in": return try !contains(right, left)
    default: break
    }
    let isLess: Bool
    let isEqual = TemplateValue.equal(left, right)
    if let a = left.asNumber, let b = right.asNumber {
      isLess = a < b
    } else if case .string(let a) = left, case .string(let b) = right {
      isLess = TemplateText.precedes(a, b)
    } else {
      throw error("'\(operation)' does not work between \(left.kindName) and \(right.kindName)")
    }
    return switch operation {
    case "<": isLess
    case "<=": isLess || isEqual
    case ">": !isLess && !isEqual
    default: !isLess
    }
  }

  private func contains(_ container: TemplateValue, _ value: TemplateValue) throws(TemplateError) -> Bool {
    switch (container, value) {
    case (.undefined, _): return false
    case (.string(let text), .string(let part)): return TemplateText.contains(text, part)
    case (.list(let values), _): return values.contains { TemplateValue.equal($0, value) }
    case (.object(let object), .string(let key)): return object[key] != nil
    case (.object, _): return false
    default: throw error("'in' does not work for \(value.kindName) in \(container.kindName)")
    }
  }
}
