import PEFTCore

/// A value that stands in a record as one JSON value.
package protocol RecordValue: Sendable {
  /// What a record must have in its place, in words.
  static var expectation: RecordError.Expectation { get }
  /// Reads it; nil for a value of another kind.
  init?(record json: JSONValue)
  /// The value as a record has it.
  var recordJSON: JSONValue { get }
}

/// A part of a record that is one JSON object, some members of which must be there.
package protocol RecordObject: RecordValue {
  /// Reads the part.
  ///
  /// - Parameters:
  ///   - json: The object, nil where the record has none.
  ///   - path: The dotted path of the object, empty for the whole record.
  /// - Throws: `RecordError` for the first member that is missing.
  init(reading json: JSONValue?, at path: String) throws(RecordError)
}

/// An object with fixed keys: a type that lists its members once, by which it is written and read.
package protocol RecordPart: RecordObject {
  /// The part before anything was read.
  init()
  /// The members in the order of the file.
  static var members: [RecordMember<Self>] { get }
}

/// What is wrong with a record.
package enum RecordError: Error, Equatable {
  /// The kind of a value.
  package enum Expectation: String, Sendable { case text, number, object, list }

  /// A member without which a record has no result is missing, or of another kind.
  case missing(Expectation, path: String)
  /// The headline score cannot be one.
  case score(Double, path: String)
  /// A count is below 0.
  case negative(Double, path: String)
  /// The headline score is another one than the score of its name.
  case contradiction(Double, path: String, other: Double, otherPath: String)
}

/// One member of a part: its key, how it is written, and how it is read.
package struct RecordMember<Part>: Sendable {
  /// The key.
  package let key: String
  /// The value to write; nil leaves the member out.
  let write: @Sendable (Part) -> JSONValue?
  /// Takes over what a record has under the key, nil where it has nothing there.
  let read: @Sendable (inout Part, JSONValue?, _ path: String) throws(RecordError) -> Void
}

extension RecordMember {
  /// A key path of a part, which threads may share.
  package typealias Path<Value> = any WritableKeyPath<Part, Value> & Sendable

  /// A member without which a record has no result.
  static func required<Value: RecordValue>(_ key: String, _ path: Path<Value>) -> RecordMember {
    RecordMember(
      key: key, write: { $0[keyPath: path].recordJSON },
      read: { (part: inout Part, json: JSONValue?, place: String) throws(RecordError) in
        guard let json, let value = Value(record: json) else {
          throw .missing(Value.expectation, path: place)
        }
        part[keyPath: path] = value
      })
  }

  /// An object that holds such members.
  static func required<Value: RecordObject>(_ key: String, _ path: Path<Value>) -> RecordMember {
    RecordMember(
      key: key, write: { $0[keyPath: path].recordJSON },
      read: { (part: inout Part, json: JSONValue?, place: String) throws(RecordError) in
        part[keyPath: path] = try Value(reading: json, at: place)
      })
  }

  /// A member that is null where there is no value.
  static func nullable<Value: RecordValue>(_ key: String, _ path: Path<Value?>) -> RecordMember {
    RecordMember(
      key: key, write: { $0[keyPath: path]?.recordJSON ?? .null },
      read: { part, json, _ in part[keyPath: path] = json.flatMap { Value(record: $0) } })
  }

  /// A count without which a record has no result, 0 or more and written as a whole number; it is kept as a floating-point
  /// number, since a record of unknown origin may say more than any integer holds.
  static func requiredCount(_ key: String, _ path: Path<Double>) -> RecordMember {
    let plain = required(key, path)
    return RecordMember(
      key: key, write: { .count($0[keyPath: path]) },
      read: { (part: inout Part, json: JSONValue?, place: String) throws(RecordError) in
        try plain.read(&part, json, place)
        guard part[keyPath: path] >= 0 else { throw .negative(part[keyPath: path], path: place) }
      })
  }

  /// Such a count, null where there is no value.
  static func nullableCount(_ key: String, _ path: Path<Double?>) -> RecordMember {
    RecordMember(key: key, write: { .count($0[keyPath: path]) }, read: nullable(key, path).read)
  }

  /// Such a count, left out where there is no value.
  static func optionalCount(_ key: String, _ path: Path<Double?>) -> RecordMember {
    RecordMember(
      key: key, write: { $0[keyPath: path].map { .count($0) } }, read: nullable(key, path).read)
  }

  /// A member that is left out where there is no value.
  static func optional<Value: RecordValue>(_ key: String, _ path: Path<Value?>) -> RecordMember {
    RecordMember(
      key: key, write: { $0[keyPath: path]?.recordJSON },
      read: { part, json, _ in part[keyPath: path] = json.flatMap { Value(record: $0) } })
  }
}

extension RecordObject {
  package static var expectation: RecordError.Expectation { .object }

  /// Reads the part; nil where a member is missing without which it says nothing.
  package init?(record json: JSONValue) { try? self.init(reading: json, at: "") }
}

extension RecordPart {
  package init(reading json: JSONValue?, at path: String) throws(RecordError) {
    self.init()
    for member in Self.members {
      try member.read(&self, json?[member.key], path.isEmpty ? member.key : "\(path).\(member.key)")
    }
  }

  package var recordJSON: JSONValue {
    .object(JSONObject(distinct: Self.members.compactMap { member in member.write(self).map { (member.key, $0) } }))
  }
}

// MARK: - Kinds of values

extension String: RecordValue {
  package static var expectation: RecordError.Expectation { .text }
  package init?(record json: JSONValue) {
    guard let text = json.text, !text.isEmpty else { return nil }
    self = text
  }
  package var recordJSON: JSONValue { .string(self) }
}

extension Double: RecordValue {
  package static var expectation: RecordError.Expectation { .number }
  package init?(record json: JSONValue) {
    guard let number = json.number else { return nil }
    self = number
  }
  package var recordJSON: JSONValue { .number(self) }
}

extension Int: RecordValue {
  package static var expectation: RecordError.Expectation { .number }
  package init?(record json: JSONValue) {
    guard let value = json.number.flatMap(Int.init(exactly:)) else { return nil }
    self = value
  }
  package var recordJSON: JSONValue { .integer(self) }
}

extension Array: RecordValue where Element: RecordValue {
  package static var expectation: RecordError.Expectation { .list }
  /// The elements of the right kind.
  package init?(record json: JSONValue) {
    guard let elements = json.elements else { return nil }
    self = elements.compactMap { Element(record: $0) }
  }
  package var recordJSON: JSONValue { .array(map(\.recordJSON)) }
}

/// A member of a form of its own, such as settings, which each version reads as it can; null is not a value.
extension JSONValue: RecordValue {
  package static var expectation: RecordError.Expectation { .object }
  package init?(record json: JSONValue) {
    guard json != .null else { return nil }
    self = json
  }
  package var recordJSON: JSONValue { self }
}

extension JSONValue {
  /// A count that may be kept as a floating-point number, written as the integer that it is.
  package static func count(_ value: Double?) -> JSONValue {
    guard let value else { return .null }
    return Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}
