/// A JSON value to be written: a record, a report, a line of history.
///
/// Objects keep the order in which their members were added, so that the same values always give the same
/// bytes.
///
///     var record: JSONValue = ["schema": "peft-bench.run/1", "seed": 42]
///     record["scores"] = ["accuracy": JSONValue(score)]
///     let line = record.line
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  /// Written with the fewest digits that read back to the same number; NaN and infinities are written as null.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// Members of a JSON object in the order in which they were added, with unique keys.
public struct JSONObject: Sendable, Equatable {
  /// The keys and values in order.
  public private(set) var members: [(key: String, value: JSONValue)] = []

  /// Creates an object without members.
  public init() {}

  /// Creates an object from many members at once; the caller ensures that no key occurs twice.
  public init(distinct members: [(key: String, value: JSONValue)]) { self.members = members }

  /// The value of `key`: a new key goes to the end, an old one keeps its place, nil removes it.
  public subscript(key: String) -> JSONValue? {
    get { members.first { $0.key == key }?.value }
    set {
      let index = members.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (nil, let value?): members.append((key, value))
      case (let index?, nil): members.remove(at: index)
      case (nil, nil): break
      }
    }
  }

  /// Whether both have the same members in the same order.
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.members.count == b.members.count
      && zip(a.members, b.members).allSatisfy { $0.key == $1.key && $0.value == $1.value }
  }
}

extension JSONValue {
  /// The value as JSON knows it.
  public init(_ value: Bool?) { self = value.map(JSONValue.bool) ?? .null }
  /// The value, or null.
  public init(_ value: Int?) { self = value.map(JSONValue.integer) ?? .null }
  /// The value, or null.
  public init(_ value: Double?) { self = value.map(JSONValue.number) ?? .null }
  /// The decimal number that a reader of `Float` gets this value back from, or null.
  public init(_ value: Float?) { self = value.flatMap { Double("\($0)") }.map(JSONValue.number) ?? .null }
  /// The value, or null.
  public init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }
  /// The strings as a list.
  public init(_ values: [String]) { self = .array(values.map(JSONValue.string)) }
  /// The integers as a list.
  public init(_ values: [Int]) { self = .array(values.map(JSONValue.integer)) }
  /// The numbers as a list.
  public init(_ values: [Double]) { self = .array(values.map(JSONValue.number)) }

  /// A value that was read, without its places.
  public init(_ value: DocumentValue) {
    switch value.content {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .array(let values): self = .array(values.map { JSONValue($0) })
    case .object(let object):
      self = .object(JSONObject(distinct: object.members.map { ($0.key, JSONValue($0.value)) }))
    }
  }

  /// A member of an object; nil, and without effect when set, for anything else (null becomes an object).
  public subscript(key: String) -> JSONValue? {
    get {
      guard case .object(let object) = self else { return nil }
      return object[key]
    }
    set {
      switch self {
      case .object(var object):
        self = .null
        object[key] = newValue
        self = .object(object)
      case .null:
        var object = JSONObject()
        object[key] = newValue
        self = .object(object)
      default: break
      }
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Null.
  public init(nilLiteral: ()) { self = .null }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A list.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object with the members in the order of the literal; of equal keys the last counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
}
