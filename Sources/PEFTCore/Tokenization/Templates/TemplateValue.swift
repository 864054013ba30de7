/// A value while a template is rendered; its rules are Python's, as far as chat templates see them.
indirect enum TemplateValue: Sendable {
  /// A name that stands for nothing: empty when printed or looped over, an error when used otherwise.
  case undefined(String)
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([TemplateValue])
  case object(TemplateObject)
  /// A `namespace(...)`, by its place in the renderer's table: the one thing that can be written to.
  case namespace(Int)
  case macro(TemplateMacro)
  /// A function of the environment, by name.
  case function(String)
  /// A method that waits for its call.
  case method(TemplateValue, String)

  /// What it is called in messages.
  var kindName: String {
    switch self {
    case .undefined(let name): "\(name), which is undefined"
    case .none: "none"
    case .boolean: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .list: "a list"
    case .object: "an object"
    case .namespace: "a namespace"
    case .macro: "a macro"
    case .function, .method: "a function"
    }
  }

  /// Whether a condition takes it for true.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .boolean(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .string(let value): !value.utf8.isEmpty
    case .list(let values): !values.isEmpty
    case .object(let object): !object.keys.isEmpty
    case .namespace, .macro, .function, .method: true
    }
  }

  /// The number that it is, with booleans as 0 and 1.
  var asNumber: Double? {
    switch self {
    case .boolean(let value): value ? 1 : 0
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The integer that it is, with booleans as 0 and 1.
  var asInteger: Int? {
    switch self {
    case .boolean(let value): value ? 1 : 0
    case .integer(let value): value
    default: nil
    }
  }

  /// Whether two values are equal; strings are byte by byte, not by canonical equivalence.
  static func equal(_ one: TemplateValue, _ other: TemplateValue) -> Bool {
    if let a = one.asInteger, let b = other.asInteger { return a == b }
    if let a = one.asNumber, let b = other.asNumber { return a == b }
    switch (one, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
    case (.list(let a), .list(let b)): return a.count == b.count && zip(a, b).allSatisfy(equal)
    case (.object(let a), .object(let b)):
      return a.keys.count == b.keys.count
        && a.keys.allSatisfy { key in b[key].map { equal($0, a[key] ?? .none) } ?? false }
    case (.namespace(let a), .namespace(let b)): return a == b
    default: return false
    }
  }

  /// How it is printed, which is Python's `str`.
  var text: String {
    switch self {
    case .undefined: ""
    case .string(let value): value
    default: representation
    }
  }

  /// Python's `repr`.
  private var representation: String {
    switch self {
    case .undefined: return "Undefined"
    case .none: return "None"
    case .boolean(let value): return value ? "True" : "False"
    case .integer(let value): return String(value)
    case .number(let value): return value.description
    case .string(let value): return TemplateText.quoted(value)
    case .list(let values): return "[" + values.map(\.representation).joined(separator: ", ") + "]"
    case .object(let object):
      let members = object.keys.map { "\(TemplateText.quoted($0)): \((object[$0] ?? .none).representation)" }
      return "{" + members.joined(separator: ", ") + "}"
    case .namespace: return "<Namespace>"
    case .macro(let macro): return "<Macro \(macro.name)>"
    case .function(let name), .method(_, let name): return "<function \(name)>"
    }
  }

  /// JSON as Python's `json.dumps(ensure_ascii=False)` writes it, or nil for what JSON cannot hold.
  ///
  /// - Parameter indent: Spaces a level, or nil for one line.
  func json(indent: Int?, level: Int = 0, sortsKeys: Bool = false) -> String? {
    func joined(_ parts: [String], _ open: String, _ close: String) -> String {
      guard let indent, !parts.isEmpty else { return open + parts.joined(separator: ", ") + close }
      let inner = "\n" + String(repeating: " ", count: indent * (level + 1))
      let outer = "\n" + String(repeating: " ", count: indent * level)
      return open + inner + parts.joined(separator: "," + inner) + outer + close
    }
    switch self {
    case .none: return "null"
    case .boolean(let value): return value ? "true" : "false"
    case .integer, .number: return representation
    case .string(let value): return JSONWriter.quoted(value)
    case .list(let values):
      var parts: [String] = []
      for value in values {
        guard let part = value.json(indent: indent, level: level + 1, sortsKeys: sortsKeys) else { return nil }
        parts.append(part)
      }
      return joined(parts, "[", "]")
    case .object(let object):
      var parts: [String] = []
      for key in sortsKeys ? object.keys.sorted(by: TemplateText.precedes) : object.keys {
        guard let part = object[key]?.json(indent: indent, level: level + 1, sortsKeys: sortsKeys) else { return nil }
        parts.append("\(JSONWriter.quoted(key)): \(part)")
      }
      return joined(parts, "{", "}")
    default: return nil
    }
  }
}

/// An object whose keys keep their order.
struct TemplateObject: Sendable {
  private(set) var keys: [String] = []
  private var values: [TemplateValue] = []

  /// The values in the order of their keys.
  var members: [TemplateValue] { values }

  /// The value under a key; setting it replaces or appends, nil is ignored.
  subscript(key: String) -> TemplateValue? {
    get { keys.firstIndex { $0.utf8.elementsEqual(key.utf8) }.map { values[$0] } }
    set {
      guard let newValue else { return }
      if let index = keys.firstIndex(where: { $0.utf8.elementsEqual(key.utf8) }) {
        values[index] = newValue
      } else {
        keys.append(key)
        values.append(newValue)
      }
    }
  }
}

extension TemplateValue {
  /// The value of a JSON or YAML document.
  init(_ content: DocumentValue.Content) {
    switch content {
    case .null: self = .none
    case .bool(let value): self = .boolean(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .array(let values): self = .list(values.map { TemplateValue($0.content) })
    case .object(let object):
      var members = TemplateObject()
      for member in object.members { members[member.key] = TemplateValue(member.value.content) }
      self = .object(members)
    }
  }
}
