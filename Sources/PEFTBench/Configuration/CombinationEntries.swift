import PEFTCore
import PEFTMethods

/// The entries that an entry of `methods` stands for whose combination of adapters has numbers with several values.
///
///     init_from: {combine: origin + l*a + (1-l)*b, adapters: {…}, values: {l: [0, 0.5, 1]}}
///     init_from: {…, values: {l: {from: 0, to: 1, step: 0.05}}}
///
/// Each is a method of its own, whose label says its values. With `choose` it is one method, whose runs choose among the
/// values (`AdapterChoice`).
enum CombinationEntries {
  /// One entry for each combination of the values; the entry itself where every number has one.
  ///
  /// - Parameters:
  ///   - entry: The entry as it stands.
  ///   - place: Its dotted path.
  ///   - text: The config's text.
  /// - Throws: `DocumentError` for a range that is not understood.
  static func expanded(
    _ entry: DocumentValue, at place: String, of text: DocumentText
  ) throws(DocumentError) -> [DocumentValue] {
    guard let start = entry["init_from"], let values = start["values"], !AdapterChoice.isGiven(in: start) else {
      return [entry]
    }
    let axes = try GridAxis.axes(of: values, at: "\(place).init_from.values", of: text)
    guard !axes.isEmpty else { return [entry] }
    let label = entry["label"]?.string ?? entry["name"]?.string.map(MethodRegistry.canonicalName)
    return GridAxis.combinations(of: axes).map { chosen in
      var result = entry.setting(["init_from", "values"], to: values.setting(chosen))
      if let label {
        let shown = chosen.map { "\($0.name)=\($0.text)" }.joined(separator: ", ")
        result = result.setting(["label"], to: DocumentValue(.string("\(label) (\(shown))"), offset: entry.offset))
      }
      return result
    }
  }
}

extension DocumentValue {
  /// The object with the value at a path of keys in place of what is there, or added.
  func setting(_ keys: [String], to value: DocumentValue) -> DocumentValue {
    guard let key = keys.first, var members = object?.members else { return value }
    let rest = Array(keys.dropFirst())
    if let index = members.firstIndex(where: { $0.key == key }) {
      members[index] = .init(
        key: key, keyOffset: members[index].keyOffset, value: members[index].value.setting(rest, to: value))
    } else {
      members.append(.init(key: key, keyOffset: value.offset, value: value))
    }
    return DocumentValue(.object(DocumentObject(members)), offset: offset)
  }
}
