import PEFTCore

/// The entries that an entry of `methods` stands for whose combination of adapters has numbers with several values.
///
///     init_from: {combine: origin + l*a + (1-l)*b, adapters: {…}, values: {l: [0, 0.5, 1]}}
///     init_from: {…, values: {l: {from: 0, to: 1, step: 0.05}}}
///
/// Each is a method of its own, whose label says its values.
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
    guard let values = entry["init_from"]?["values"], let members = values.object?.members else { return [entry] }
    var axes: [GridAxis] = []
    for member in members where member.value.array != nil || member.value.object != nil {
      axes.append(try axis(member, at: "\(place).init_from.values.\(member.key)", of: text))
    }
    guard !axes.isEmpty else { return [entry] }
    guard axes.reduce(1.0, { $0 * Double($1.values.count) }) <= Double(OptionGrid.maximumCount) else {
      throw DocumentError(
        "\(place).init_from.values: make more than \(OptionGrid.maximumCount) combinations", at: values.offset, of: text
      )
    }
    let label = entry["label"]?.string ?? entry["name"]?.string
    return GridAxis.combinations(of: axes).map { chosen in
      let numbers = members.map { member in
        DocumentObject.Member(
          key: member.key, keyOffset: member.keyOffset,
          value: chosen.first { $0.name == member.key }.map {
            DocumentValue(json: JSONValue($0.value), at: member.value.offset)
          } ?? member.value)
      }
      var result = entry.setting(
        ["init_from", "values"], to: DocumentValue(.object(DocumentObject(numbers)), offset: values.offset))
      if let label {
        let shown = chosen.map { "\($0.name)=\($0.text)" }.joined(separator: ", ")
        result = result.setting(["label"], to: DocumentValue(.string("\(label) (\(shown))"), offset: entry.offset))
      }
      return result
    }
  }

  private static func axis(
    _ member: DocumentObject.Member, at place: String, of text: DocumentText
  ) throws(DocumentError) -> GridAxis {
    func error(_ message: String) -> DocumentError {
      DocumentError("\(place): \(message)", at: member.value.offset, of: text)
    }
    if let list = member.value.array {
      let numbers = list.compactMap(\.number)
      guard numbers.count == list.count, !numbers.isEmpty, Set(numbers).count == numbers.count else {
        throw error("expected a number, or several different ones")
      }
      return GridAxis(member.key, values: numbers)
    }
    var reader = try OptionReader(value: member.value, text: text, what: "a range of numbers", path: place)
    let from = try reader.number("from", default: 0, about: "the first value")
    let to = try reader.number("to", default: 1, about: "the last value")
    let step = try reader.number("step", default: 0.05, about: "from one to the next")
    try reader.finish()
    guard let steps = GridAxis.steps(from: from, to: to, by: step) else {
      throw error("no steps of \(step) lead from \(from) to \(to)")
    }
    return GridAxis(member.key, values: steps)
  }
}

extension DocumentValue {
  /// The object with the value at a path of keys in place of what is there, or added.
  fileprivate func setting(_ keys: [String], to value: DocumentValue) -> DocumentValue {
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
