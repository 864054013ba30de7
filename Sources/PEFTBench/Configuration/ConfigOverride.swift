import PEFTCore

/// One `--set KEY=VALUE`: replaces or adds a member of the config.
///
/// KEY is dotted. An element of a list is named by its index, or by its `label` or `name`
/// (`methods.lora.rank=8`); a name that several elements carry means all of them. An element that is only a
/// name (`- ia3`) becomes an object first. VALUE is a YAML scalar, or a flow list or map (`[4, 8]`).
struct ConfigOverride {
  private let name: String
  private let keys: [String]
  private let value: DocumentValue
  private let start: Int

  /// Reads `argument` and appends it to `text`, so that its value can be located.
  init(_ argument: String, text: inout DocumentText) throws(DocumentError) {
    name = "--set \(argument)"
    let own = DocumentText(name: name, bytes: Array(argument.utf8), isArgument: true)
    guard let equals = own.bytes.firstIndex(of: UInt8(ascii: "=")) else {
      throw DocumentError("expected KEY=VALUE, such as training.epochs=3", at: 0, of: own)
    }
    let path = String(decoding: own.bytes[..<equals], as: UTF8.self)
    keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard keys.allSatisfy({ !$0.isEmpty }), keys.count <= 16 else {
      throw DocumentError("expected KEY=VALUE with a dotted key, such as training.epochs=3", at: 0, of: own)
    }
    let value = try YAMLParser.argument(own, from: equals + 1)
    start = text.append(own)
    self.value = value.shifted(by: start)
  }

  func apply(to value: DocumentValue, text: DocumentText) throws(DocumentError) -> DocumentValue {
    try apply(to: value, keys: keys[...], parent: "", text: text)
  }

  private func apply(to old: DocumentValue, keys: ArraySlice<String>, parent: String, text: DocumentText)
    throws(DocumentError) -> DocumentValue
  {
    guard let key = keys.first else { return value }
    let rest = keys.dropFirst()
    let place = self.keys[..<keys.startIndex].joined(separator: ".")
    switch old.content {
    case .object(let object):
      var members = object.members
      if let index = members.firstIndex(where: { $0.key == key }) {
        let changed = try apply(to: members[index].value, keys: rest, parent: key, text: text)
        members[index] = .init(key: key, keyOffset: start, value: changed)
      } else {
        let added = try apply(to: DocumentValue(.null, offset: start), keys: rest, parent: key, text: text)
        members.append(.init(key: key, keyOffset: start, value: added))
      }
      return DocumentValue(.object(DocumentObject(members)), offset: old.offset)
    case .array(var values):
      for index in try elements(key, of: values, place: place, text: text) {
        let element = rest.isEmpty ? values[index] : asObject(values[index], parent: parent)
        values[index] = try apply(to: element, keys: rest, parent: key, text: text)
      }
      return DocumentValue(.array(values), offset: old.offset)
    case .null:
      return try apply(
        to: DocumentValue(.object(DocumentObject([])), offset: start), keys: keys, parent: parent, text: text)
    case .string where parent == "model":
      return try apply(to: asObject(old, parent: parent), keys: keys, parent: parent, text: text)
    default:
      throw DocumentError("\(place) is \(old.shown) and has no member \"\(key)\"", at: start, of: text)
    }
  }

  /// The elements that `key` means: one by index, or all with that label or else that name.
  private func elements(_ key: String, of values: [DocumentValue], place: String, text: DocumentText)
    throws(DocumentError) -> [Int]
  {
    if let index = Int(key) {
      guard values.indices.contains(index) else {
        throw DocumentError("\(place) has \(values.count) elements, so no element \(index)", at: start, of: text)
      }
      return [index]
    }
    for member in ["label", "name", "path"] {
      let found = values.indices.filter { values[$0][member]?.string == key || values[$0].string == key }
      if !found.isEmpty { return found }
    }
    let names = values.compactMap { $0["label"]?.string ?? $0["name"]?.string ?? $0["path"]?.string ?? $0.string }
    var message = "\(place) has no element \"\(key)\""
    if let nearest = NearestName.of(key, among: names) {
      message += "; did you mean \"\(nearest)\"?"
    } else if !names.isEmpty {
      message += "."
    }
    if !names.isEmpty { message += " It has: \(names.joined(separator: ", "))" }
    throw DocumentError(message, at: start, of: text)
  }

  /// The object that an element written as a bare string stands for.
  private func asObject(_ value: DocumentValue, parent: String) -> DocumentValue {
    guard case .string = value.content else { return value }
    let key = parent == "models" || parent == "model" ? "path" : "name"
    let member = DocumentObject.Member(key: key, keyOffset: value.offset, value: value)
    return DocumentValue(.object(DocumentObject([member])), offset: value.offset)
  }
}
