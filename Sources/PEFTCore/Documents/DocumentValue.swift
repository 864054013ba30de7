/// A value read from a JSON or YAML text, which remembers where it stood.
///
/// Objects keep the order of their keys. Everything that this package reads in such a form (configs, model
/// and tokenizer descriptions, safetensors headers, data rows) becomes this type, so that any complaint
/// about it can name the place.
public struct DocumentValue: Sendable {
  /// What kind of value it is, with its content.
  public enum Content: Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits an `Int`.
    case integer(Int)
    case number(Double)
    case string(String)
    case array([DocumentValue])
    case object(DocumentObject)
  }

  /// The value itself.
  public let content: Content
  /// Offset of the value's first byte in its text, from 0.
  public let offset: Int

  /// Creates a value that starts at `offset` of its text.
  public init(_ content: Content, offset: Int = 0) {
    self.content = content
    self.offset = offset
  }
}

/// The members of an object in the order of the text, with unique keys.
public struct DocumentObject: Sendable {
  /// One key with its value; `keyOffset` is where the key starts.
  public struct Member: Sendable {
    /// The key.
    public let key: String
    /// Offset of the key's first byte in the text.
    public let keyOffset: Int
    /// The value.
    public let value: DocumentValue

    /// Creates a member.
    public init(key: String, keyOffset: Int, value: DocumentValue) {
      self.key = key
      self.keyOffset = keyOffset
      self.value = value
    }
  }

  /// The members in the order of the text.
  public let members: [Member]
  private let index: [String: Int]

  /// Creates an object; a key that occurs twice keeps its last member (parsers refuse such texts before).
  public init(_ members: [Member]) {
    self.members = members
    index = Dictionary(members.indices.map { (members[$0].key, $0) }, uniquingKeysWith: { $1 })
  }

  /// The value under `key`, or nil.
  public subscript(key: String) -> DocumentValue? { index[key].map { members[$0].value } }

  /// The keys in the order of the text.
  public var keys: [String] { members.map(\.key) }
}

extension DocumentValue {
  /// The member `key` of an object; nil for a missing key, an explicit null, or what is not an object.
  public subscript(key: String) -> DocumentValue? {
    guard case .object(let object) = content, let value = object[key] else { return nil }
    if case .null = value.content { return nil }
    return value
  }

  /// The text of a string value.
  public var string: String? {
    if case .string(let text) = content { text } else { nil }
  }

  /// The value of a boolean.
  public var bool: Bool? {
    if case .bool(let value) = content { value } else { nil }
  }

  /// The value of an integer, or of a number that is a whole one.
  public var integer: Int? {
    switch content {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value of any number.
  public var number: Double? {
    switch content {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements of an array.
  public var array: [DocumentValue]? {
    if case .array(let values) = content { values } else { nil }
  }

  /// The members of an object.
  public var object: DocumentObject? {
    if case .object(let object) = content { object } else { nil }
  }

  /// Whether it is an explicit null.
  public var isNull: Bool {
    if case .null = content { true } else { false }
  }

  /// The same value with all offsets moved by `distance`, for a text that was appended to another.
  public func shifted(by distance: Int) -> DocumentValue {
    let moved: Content
    switch content {
    case .array(let values): moved = .array(values.map { $0.shifted(by: distance) })
    case .object(let object):
      moved = .object(
        DocumentObject(
          object.members.map {
            .init(key: $0.key, keyOffset: $0.keyOffset + distance, value: $0.value.shifted(by: distance))
          }))
    default: moved = content
    }
    return DocumentValue(moved, offset: offset + distance)
  }

  /// What it is, in words for an error message, such as "a string" or "an object".
  public var kindName: String {
    switch content {
    case .null: "null"
    case .bool: "true or false"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
