extension DocumentValue {
  /// A value that stands in no text, for what is described in other terms than JSON (a GGUF header).
  init(_ value: JSONValue) {
    let content: Content =
      switch value {
      case .null: .null
      case .bool(let value): .bool(value)
      case .integer(let value): .integer(value)
      case .number(let value): .number(value)
      case .string(let value): .string(value)
      case .array(let values): .array(values.map { DocumentValue($0) })
      case .object(let object):
        .object(DocumentObject(object.members.map { .init(key: $0.key, keyOffset: 0, value: DocumentValue($0.value)) }))
      }
    // With the offset spelled out, since the enumerations' cases have the same names and this would call itself.
    self.init(content, offset: 0)
  }
}
