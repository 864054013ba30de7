extension OptionReader {
  // MARK: - Truth values

  /// The truth value under `key`.
  public mutating func bool(_ key: String, default defaultValue: Bool, about: String? = nil) throws(DocumentError)
    -> Bool
  {
    let value = try ask(key, .bool, default: "\(defaultValue)", about: about)
    let result =
      try value.map { value throws(DocumentError) in try bool(value, at: path(of: key)) } ?? defaultValue
    note(key, .bool(result))
    return result
  }

  /// The truth value under `key`, or nil without it.
  public mutating func optionalBool(_ key: String, about: String? = nil) throws(DocumentError) -> Bool? {
    let value = try ask(key, .bool, default: nil, about: about)
    let result = try value.map { value throws(DocumentError) in try bool(value, at: path(of: key)) }
    note(key, result.map(JSONValue.bool))
    return result
  }

  /// The truth value under `key`, or what else may stand there.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - defaultValue: What it is without the key.
  ///   - others: What may be written beside true and false, in words.
  ///   - about: What the option is about.
  ///   - read: What a value means, true and false included; nil for one that is not taken.
  ///   - write: The value in its one form.
  /// - Throws: `DocumentError` that locates a value that is not taken.
  public mutating func bool<Value>(
    _ key: String, default defaultValue: Value, or others: String, about: String? = nil, read: (JSONValue) -> Value?,
    write: (Value) -> JSONValue
  ) throws(DocumentError) -> Value {
    let others = "(or \(others))"
    var result = defaultValue
    if let value = try ask(key, .bool, default: write(defaultValue).compactText, range: others, about: about) {
      guard let found = read(JSONValue(meaning(of: value))) else {
        throw mismatch(value, at: path(of: key), expected: "true or false \(others)")
      }
      result = found
    }
    note(key, write(result))
    return result
  }

  private func bool(_ value: DocumentValue, at place: String) throws(DocumentError) -> Bool {
    guard let result = meaning(of: value).bool else { throw mismatch(value, at: place, expected: "true or false") }
    return result
  }

  // MARK: - Numbers

  /// The integer under `key`.
  public mutating func integer<R: RangeExpression<Int>>(
    _ key: String, default defaultValue: Int, in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> Int {
    let value = try ask(
      key, .integer, default: "\(defaultValue)", range: RangeText.describe(range), about: about)
    let result =
      try value.map { value throws(DocumentError) in try integer(value, in: range, at: path(of: key)) }
      ?? defaultValue
    note(key, JSONValue.integer(result))
    return result
  }

  /// The integer under `key`, which must be given.
  public mutating func integer<R: RangeExpression<Int>>(
    _ key: String, in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> Int {
    let value = try ask(
      key, .integer, default: nil, isRequired: true, range: RangeText.describe(range), about: about)
    let result =
      try value.map { value throws(DocumentError) in try integer(value, in: range, at: path(of: key)) }
      ?? (range.contains(0) ? 0 : 1)
    note(key, JSONValue.integer(result))
    return result
  }

  /// The integer under `key`, or nil without it.
  public mutating func optionalInteger<R: RangeExpression<Int>>(
    _ key: String, in range: R = Int.min...Int.max, about: String? = nil
  ) throws(DocumentError) -> Int? {
    let value = try ask(key, .integer, default: nil, range: RangeText.describe(range), about: about)
    let result = try value.map { value throws(DocumentError) in try integer(value, in: range, at: path(of: key)) }
    note(key, result.map(JSONValue.integer))
    return result
  }

  /// The number under `key`; integers are numbers too.
  public mutating func number<R: RangeExpression<Double>>(
    _ key: String, default defaultValue: Double,
    in range: R = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, about: String? = nil
  ) throws(DocumentError) -> Double {
    let value = try ask(
      key, .number, default: RangeText.short(defaultValue), range: RangeText.describe(range), about: about)
    let result =
      try value.map { value throws(DocumentError) in try number(value, in: range, at: path(of: key)) }
      ?? defaultValue
    note(key, JSONValue.plainNumber(result))
    return result
  }

  /// The number under `key`, which must be given.
  public mutating func number<R: RangeExpression<Double>>(
    _ key: String, in range: R = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
    about: String? = nil
  ) throws(DocumentError) -> Double {
    let value = try ask(
      key, .number, default: nil, isRequired: true, range: RangeText.describe(range), about: about)
    let result =
      try value.map { value throws(DocumentError) in try number(value, in: range, at: path(of: key)) }
      ?? (range.contains(0) ? 0 : 1)
    note(key, JSONValue.plainNumber(result))
    return result
  }

  /// The number under `key`, or nil without it.
  public mutating func optionalNumber<R: RangeExpression<Double>>(
    _ key: String, in range: R = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
    about: String? = nil
  ) throws(DocumentError) -> Double? {
    let value = try ask(key, .number, default: nil, range: RangeText.describe(range), about: about)
    let result = try value.map { value throws(DocumentError) in try number(value, in: range, at: path(of: key)) }
    note(key, result.map(JSONValue.plainNumber))
    return result
  }

  func integer<R: RangeExpression<Int>>(_ value: DocumentValue, in range: R, at place: String)
    throws(DocumentError) -> Int
  {
    guard let result = meaning(of: value).integer, range.contains(result) else {
      throw mismatch(value, at: place, expected: ["an integer", RangeText.describe(range)].joined())
    }
    return result
  }

  func number<R: RangeExpression<Double>>(_ value: DocumentValue, in range: R, at place: String)
    throws(DocumentError) -> Double
  {
    guard let result = meaning(of: value).number, range.contains(result) else {
      throw mismatch(value, at: place, expected: ["a number", RangeText.describe(range)].joined())
    }
    return result
  }

  // MARK: - Words

  /// The string under `key`.
  public mutating func string(_ key: String, default defaultValue: String, about: String? = nil)
    throws(DocumentError) -> String
  {
    let value = try ask(key, .string, default: JSONValue(defaultValue).compactText, about: about)
    let result =
      try value.map { value throws(DocumentError) in try string(value, at: path(of: key)) } ?? defaultValue
    note(key, .string(result))
    return result
  }

  /// The string under `key`, which must be given and not be empty.
  public mutating func string(_ key: String, about: String? = nil) throws(DocumentError) -> String {
    guard let value = try ask(key, .string, default: nil, isRequired: true, about: about) else { return "" }
    let result = try string(value, at: path(of: key))
    guard !result.isEmpty else {
      throw mismatch(value, at: path(of: key), expected: "a string that is not empty")
    }
    note(key, .string(result))
    return result
  }

  /// The string under `key`, or nil without it.
  public mutating func optionalString(_ key: String, about: String? = nil) throws(DocumentError) -> String? {
    let value = try ask(key, .string, default: nil, about: about)
    let result = try value.map { value throws(DocumentError) in try string(value, at: path(of: key)) }
    note(key, result.map(JSONValue.string))
    return result
  }

  /// The path under `key`, or nil without it.
  ///
  /// An empty one is refused: it would be the root of the file system, or the current folder.
  public mutating func optionalFilePath(_ key: String, about: String? = nil) throws(DocumentError) -> String? {
    let path = try optionalString(key, about: about)
    if path?.isEmpty == true { throw error(key, "expected a path, found an empty string") }
    return path
  }

  func string(_ value: DocumentValue, at place: String) throws(DocumentError) -> String {
    guard let result = value.string else { throw mismatch(value, at: place, expected: "a string") }
    return result
  }

  /// The one of `choices` under `key`.
  public mutating func choice(
    _ key: String, of choices: [String], default defaultValue: String, about: String? = nil
  ) throws(DocumentError) -> String {
    let value = try ask(
      key, .choice, default: JSONValue(defaultValue).compactText, choices: choices, about: about)
    let result =
      try value.map { value throws(DocumentError) in try choice(value, of: choices, at: path(of: key)) }
      ?? defaultValue
    note(key, .string(result))
    return result
  }

  /// The case under `key`.
  public mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default defaultValue: Choice, about: String? = nil
  ) throws(DocumentError) -> Choice {
    let choices = Choice.allCases.map(\.rawValue)
    let word = try choice(key, of: choices, default: defaultValue.rawValue, about: about)
    return Choice(rawValue: word) ?? defaultValue
  }

  /// The case under `key`, or nil without it.
  public mutating func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, as type: Choice.Type = Choice.self, about: String? = nil
  ) throws(DocumentError) -> Choice? {
    let choices = Choice.allCases.map(\.rawValue)
    guard let value = try ask(key, .choice, default: nil, choices: choices, about: about) else { return nil }
    let word = try choice(value, of: choices, at: path(of: key))
    note(key, .string(word))
    return Choice(rawValue: word)
  }

  private func choice(_ value: DocumentValue, of choices: [String], at place: String) throws(DocumentError)
    -> String
  {
    if let word = value.string, choices.contains(word) { return word }
    var message = "\(place): expected one of \(choices.joined(separator: ", ")), found \(value.shown)"
    if let word = value.string, let nearest = NearestName.of(word, among: choices) {
      message += "; did you mean \"\(nearest)\"?"
    }
    throw DocumentError(message, at: value.offset, of: text)
  }
}

extension [String?] {
  /// The parts that exist, with a space between.
  fileprivate func joined() -> String { compactMap(\.self).joined(separator: " ") }
}

extension JSONValue {
  /// A number whose spelling does not depend on how it was written: whole numbers are integers.
  static func plainNumber(_ value: Double) -> JSONValue {
    Int(exactly: value).map(JSONValue.integer) ?? .number(value)
  }
}
