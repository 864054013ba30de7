// Values for files that this package writes are built from literals: `["rank": 8, "target": ["k", "v"]]`.

extension DocumentValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self.init(.string(value)) }
  /// An integer.
  public init(integerLiteral value: Int) { self.init(.integer(value)) }
  /// A number.
  public init(floatLiteral value: Double) { self.init(.number(value)) }
  /// True or false.
  public init(booleanLiteral value: Bool) { self.init(.bool(value)) }
  /// Null.
  public init(nilLiteral: ()) { self.init(.null) }
  /// A list.
  public init(arrayLiteral elements: DocumentValue...) { self.init(.array(elements)) }
  /// An object with its members in the order of the literal.
  public init(dictionaryLiteral elements: (String, DocumentValue)...) { self.init(members: elements) }

  /// An object with its members in the given order.
  public init(members: [(String, DocumentValue)]) {
    self.init(.object(DocumentObject(members.map { .init(key: $0.0, keyOffset: 0, value: $0.1) })))
  }

  /// A string, or null.
  public init(_ value: String?) { self.init(value.map { .string($0) } ?? .null) }
  /// An integer, or null.
  public init(_ value: Int?) { self.init(value.map { .integer($0) } ?? .null) }
  /// A number, or null.
  public init(_ value: Double?) { self.init(value.map { .number($0) } ?? .null) }
  /// True or false, or null.
  public init(_ value: Bool?) { self.init(value.map { .bool($0) } ?? .null) }
  /// A list of strings.
  public init(_ values: [String]) { self.init(.array(values.map { DocumentValue(.string($0)) })) }
  /// A list of values.
  public init(_ values: [DocumentValue]) { self.init(.array(values)) }
}
