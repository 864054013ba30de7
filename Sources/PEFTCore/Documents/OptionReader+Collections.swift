extension OptionReader {
  // MARK: - Lists

  /// The list of strings under `key`; a single string stands for a list of one.
  public mutating func strings(_ key: String, default defaultValue: [String], about: String? = nil)
    throws(DocumentError) -> [String]
  {
    let value = try ask(key, .strings, default: JSONValue(defaultValue).compactText, about: about)
    let result = try strings(key, value) ?? defaultValue
    note(key, JSONValue(result))
    return result
  }

  /// The list of strings under `key`, or nil without it; a single string stands for a list of one.
  public mutating func optionalStrings(_ key: String, about: String? = nil) throws(DocumentError) -> [String]? {
    let value = try ask(key, .strings, default: nil, about: about)
    let result = try strings(key, value)
    note(key, result.map { JSONValue($0) })
    return result
  }

  /// The paths under `key`, none of them empty, or nil without it; a single string stands for a list of one.
  public mutating func optionalFilePaths(_ key: String, about: String? = nil) throws(DocumentError) -> [String]? {
    let paths = try optionalStrings(key, about: about)
    if paths?.contains("") == true { throw error(key, "expected a path, found an empty string") }
    return paths
  }

  private func strings(_ key: String, _ value: DocumentValue?) throws(DocumentError) -> [String]? {
    guard let value else { return nil }
    if let one = value.string { return [one] }
    return try elements(key, value, expected: "a string or a list of strings") {
      (element, place) throws(DocumentError) in try string(element, at: place)
    }
  }

  /// The list of integers under `key`; a single integer stands for a list of one.
  public mutating func integers<R: RangeExpression<Int>>(
    _ key: String, default defaultValue: [Int], in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> [Int] {
    let result = try optionalIntegers(key, default: "\(defaultValue)", in: range, about: about) ?? defaultValue
    note(key, JSONValue(result))
    return result
  }

  /// The list of integers under `key`, which must be given; a single integer stands for a list of one.
  public mutating func integers<R: RangeExpression<Int>>(
    _ key: String, in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> [Int] {
    let result = try optionalIntegers(key, default: nil, isRequired: true, in: range, about: about)
    return result ?? [range.contains(0) ? 0 : 1]
  }

  /// The list of integers under `key`, or nil without it; a single integer stands for a list of one.
  public mutating func optionalIntegers<R: RangeExpression<Int>>(
    _ key: String, in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> [Int]? {
    try optionalIntegers(key, default: nil, in: range, about: about)
  }

  private mutating func optionalIntegers<R: RangeExpression<Int>>(
    _ key: String, default defaultValue: String?, isRequired: Bool = false, in range: R, about: String?
  ) throws(DocumentError) -> [Int]? {
    guard
      let value = try ask(
        key, .integers, default: defaultValue, isRequired: isRequired, range: RangeText.describe(range), about: about)
    else { return nil }
    let result: [Int]
    if meaning(of: value).number != nil {
      result = [try integer(value, in: range, at: path(of: key))]
    } else {
      result = try elements(key, value, expected: "a list of integers") { (element, place) throws(DocumentError) in
        try integer(element, in: range, at: place)
      }
    }
    note(key, JSONValue(result))
    return result
  }

  /// The list of numbers under `key`, which has `count` elements if that is given.
  public mutating func numbers<R: RangeExpression<Double>>(
    _ key: String, default defaultValue: [Double], count: Int? = nil,
    in range: R = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, about: String? = nil
  ) throws(DocumentError) -> [Double] {
    let spelled = "[" + defaultValue.map(RangeText.short).joined(separator: ", ") + "]"
    guard
      let value = try ask(key, .numbers, default: spelled, range: RangeText.describe(range), about: about)
    else {
      note(key, .array(defaultValue.map(JSONValue.plainNumber)))
      return defaultValue
    }
    let expected = count.map { "a list of \($0) numbers" } ?? "a list of numbers"
    let result = try elements(key, value, expected: expected) { (element, place) throws(DocumentError) in
      try number(element, in: range, at: place)
    }
    if let count, result.count != count { throw error(key, "expected \(expected), found \(result.count)") }
    note(key, .array(result.map(JSONValue.plainNumber)))
    return result
  }

  /// The elements of the list under `key`, unread; empty without it.
  ///
  /// The place of element `i` is `path(of: key) + "[i]"`.
  public mutating func list(_ key: String, about: String? = nil) throws(DocumentError) -> [DocumentValue] {
    guard let value = try ask(key, .list, default: "[]", about: about) else { return [] }
    guard let values = value.array else { throw mismatch(value, at: path(of: key), expected: "a list") }
    note(key, JSONValue(value))
    return values
  }

  /// Readers of the objects in the list under `key`, which must be given.
  ///
  /// A string in the list stands for an object that has it under `name` and nothing else. The caller ends each reader
  /// with its own `finish()`, and says by `understood(_:as:)` what the list means.
  public mutating func objects(_ key: String, named name: String, about: String? = nil)
    throws(DocumentError) -> [OptionReader]
  {
    guard let value = try ask(key, .list, default: nil, isRequired: true, about: about) else { return [] }
    guard let values = value.array else { throw mismatch(value, at: path(of: key), expected: "a list") }
    var readers: [OptionReader] = []
    for (index, value) in values.enumerated() {
      var object = value
      if value.string != nil {
        object = DocumentValue(
          .object(DocumentObject([.init(key: name, keyOffset: value.offset, value: value)])), offset: value.offset)
      }
      let path = "\(path(of: key))[\(index)]"
      readers.append(try OptionReader(value: object, text: text, what: "an element of \"\(key)\"", path: path))
    }
    return readers
  }

  private func elements<Element>(
    _ key: String, _ value: DocumentValue, expected: String,
    _ read: (DocumentValue, String) throws(DocumentError) -> Element
  ) throws(DocumentError) -> [Element] {
    guard let values = value.array else { throw mismatch(value, at: path(of: key), expected: expected) }
    var result: [Element] = []
    for (index, element) in values.enumerated() { result.append(try read(element, "\(path(of: key))[\(index)]")) }
    return result
  }

  // MARK: - Objects

  /// A reader of the object under `key`; without it, of an object without members.
  ///
  /// The caller ends it with its own `finish()`.
  public mutating func object(_ key: String, what: String? = nil, about: String? = nil) throws(DocumentError)
    -> OptionReader
  {
    let value = try ask(key, .object, default: "{}", about: about)
    note(key, value.map { JSONValue($0) })
    return try child(key, value, what: what ?? key)
  }

  /// A reader of the object under `key`, or nil without it.
  public mutating func optionalObject(_ key: String, what: String? = nil, about: String? = nil)
    throws(DocumentError) -> OptionReader?
  {
    guard let value = try ask(key, .object, default: nil, about: about) else { return nil }
    note(key, JSONValue(value))
    return try child(key, value, what: what ?? key)
  }

  /// What is named under `key`, or nil without it: an object with its name under `name` and options of its own; a name
  /// alone does too.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - usual: What it is without the key, for descriptions.
  ///   - about: What the option is about.
  /// - Throws: `DocumentError` that locates an unknown name, an unknown key or a wrong value.
  public mutating func optionalNamed<Value: NamedOption>(
    _ key: String, default usual: Value, about: String? = nil
  ) throws(DocumentError) -> Value? {
    let (choices, defaultName) = (Value.all.map(\.name), usual.name)
    let value = try ask(
      key, .named, default: JSONValue(defaultName).compactText, choices: choices, about: about)
    guard var value else { return nil }
    if value.string != nil {
      value = DocumentValue(
        .object(DocumentObject([.init(key: "name", keyOffset: value.offset, value: value)])), offset: value.offset)
    }
    guard value.object != nil else {
      throw mismatch(value, at: path(of: key), expected: "a name or an object with one")
    }
    var reader = try child(key, value, what: key)
    guard reader.has("name") else {
      throw reader.missing("name", "missing; expected one of \(choices.joined(separator: ", "))")
    }
    let name = try reader.choice("name", of: choices, default: defaultName)
    reader = reader.called("\(key) \(name)")
    guard let kind = Value.all.first(where: { $0.name == name }) else { return nil }
    let result = try kind.reading(&reader)
    try reader.finish()
    note(key, result.json)
    return result
  }

  /// The members of the object under `key`, integers under names of the user's own, in their order; none without it.
  public mutating func integerMembers<R: RangeExpression<Int>>(
    _ key: String, in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> [(key: String, value: Int)] {
    let value = try ask(key, .object, default: nil, range: RangeText.describe(range), about: about)
    let result = try members(key, value) { (member, place) throws(DocumentError) in
      try integer(member, in: range, at: place)
    }
    note(key, value == nil ? nil : .members(result.map { ($0.key, .integer($0.value)) }))
    return result
  }

  /// The members of the object under `key`, numbers under names of the user's own, in their order; none without it.
  public mutating func numberMembers<R: RangeExpression<Double>>(
    _ key: String, in range: R = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
    about: String? = nil
  ) throws(DocumentError) -> [(key: String, value: Double)] {
    let value = try ask(key, .object, default: nil, range: RangeText.describe(range), about: about)
    let result = try members(key, value) { (member, place) throws(DocumentError) in
      try number(member, in: range, at: place)
    }
    note(key, value == nil ? nil : .members(result.map { ($0.key, .plainNumber($0.value)) }))
    return result
  }

  /// The members of the object under `key`, texts under names of the user's own, in their order; none without it.
  public mutating func stringMembers(
    _ key: String, about: String? = nil
  ) throws(DocumentError) -> [(key: String, value: String)] {
    let value = try ask(key, .object, default: nil, about: about)
    let result = try members(key, value) { (member, place) throws(DocumentError) in try string(member, at: place) }
    note(key, value == nil ? nil : .members(result.map { ($0.key, .string($0.value)) }))
    return result
  }

  private func members<Element>(
    _ key: String, _ value: DocumentValue?, _ read: (DocumentValue, String) throws(DocumentError) -> Element
  ) throws(DocumentError) -> [(key: String, value: Element)] {
    guard let value else { return [] }
    guard let object = value.object else { throw mismatch(value, at: path(of: key), expected: "an object") }
    var result: [(key: String, value: Element)] = []
    for member in object.members {
      result.append((member.key, try read(member.value, "\(path(of: key)).\(member.key)")))
    }
    return result
  }

  /// The value under `key` as it stands, or nil without it.
  public mutating func value(_ key: String, about: String? = nil) throws(DocumentError) -> DocumentValue? {
    let value = try ask(key, .any, default: nil, about: about)
    note(key, value.map { JSONValue($0) })
    return value
  }
}

extension JSONValue {
  /// An object of members that were read, whose keys are unique.
  fileprivate static func members(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(JSONObject(distinct: members))
  }
}
