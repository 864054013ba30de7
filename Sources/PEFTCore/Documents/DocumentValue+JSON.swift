extension DocumentValue {
  /// A value that is in no text, for what is described in other terms than JSON (a GGUF header).
  init(_ value: JSONValue) { self.init(json: value, at: 0) }

  /// A value that was not written where a text is read, but belongs there: an option that is taken over.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - offset: Where an error about it should point to.
  public init(json value: JSONValue, at offset: Int) {
    let content: Content
    switch value {
    case .null: content = .null
    case .bool(let value): content = .bool(value)
    case .integer(let value): content = .integer(value)
    case .number(let value): content = .number(value)
    case .string(let value): content = .string(value)
    case .array(let values): content = .array(values.map { DocumentValue(json: $0, at: offset) })
    case .object(let object):
      let members = object.members.map { member in
        DocumentObject.Member(key: member.key, keyOffset: offset, value: DocumentValue(json: member.value, at: offset))
      }
      content = .object(DocumentObject(members))
    }
    self.init(content, offset: offset)
  }
}
