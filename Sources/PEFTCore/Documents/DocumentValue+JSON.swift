extension DocumentValue {
  /// A value that stands in no text, for what is described in other terms than JSON (a GGUF header).
  init(_ value: JSONValue) {
    switch value {
    case .null: self.init(.null)
    case .bool(let value): self.init(.bool(value))
    case .integer(let value): self.init(.integer(value))
    case .number(let value): self.init(.number(value))
    case .string(let value): self.init(.string(value))
    case .array(let values): self.init(.array(values.map { DocumentValue($0) }))
    case .object(let object):
      self.init(
        .object(DocumentObject(object.members.map { .init(key: $0.key, keyOffset: 0, value: DocumentValue($0.value)) }))
      )
    }
  }
}
