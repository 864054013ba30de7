extension DocumentValue {
  /// A value that stands in no text, for what is described in other terms than JSON (a GGUF header).
  init(_ value: JSONValue) {
    let content: Content
    switch value {
    case .null: content = .null
    case .bool(let value): content = .bool(value)
    case .integer(let value): content = .integer(value)
    case .number(let value): content = .number(value)
    case .string(let value): content = .string(value)
    case .array(let values): content = .array(values.map { DocumentValue($0) })
    case .object(let object):
      let members = object.members.map { member in
        DocumentObject.Member(key: member.key, keyOffset: 0, value: DocumentValue(member.value))
      }
      content = .object(DocumentObject(members))
    }
    self.init(content, offset: 0)
  }
}
