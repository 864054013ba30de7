import PEFTCore

extension GridAxis {
  /// The numbers that have several values.
  ///
  /// - Parameters:
  ///   - values: What the entry says of them; a list or an object is a number with several.
  ///   - place: Its dotted path.
  ///   - text: The config's text.
  /// - Throws: `DocumentError` for a range that is not understood, or too many combinations.
  static func axes(
    of values: DocumentValue, at place: String, of text: DocumentText
  ) throws(DocumentError) -> [GridAxis] {
    var axes: [GridAxis] = []
    for member in values.object?.members ?? [] where member.value.array != nil || member.value.object != nil {
      axes.append(try axis(member, at: "\(place).\(member.key)", of: text))
    }
    guard axes.reduce(1.0, { $0 * Double($1.values.count) }) <= Double(OptionGrid.maximumCount) else {
      throw DocumentError(
        "\(place): make more than \(OptionGrid.maximumCount) combinations", at: values.offset, of: text)
    }
    return axes
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
      let way = (to - from) / step
      let isPassed = way.isFinite && way > 0 && way != way.rounded()
      throw error(
        "no steps of \(step) lead from \(from) to \(to)"
          + (isPassed
            ? ": to is not reached, and \(GridValue(name: "", value: from + way.rounded(.down) * step).text) "
              + "is the last value before it" : ""))
    }
    return GridAxis(member.key, values: steps)
  }
}

extension DocumentValue {
  /// The object of numbers with some of them at one value each.
  func setting(_ chosen: [GridValue]) -> DocumentValue {
    let members = (object?.members ?? []).map { member in
      DocumentObject.Member(
        key: member.key, keyOffset: member.keyOffset,
        value: chosen.first { $0.name == member.key }.map {
          DocumentValue(json: JSONValue($0.value), at: member.value.offset)
        } ?? member.value)
    }
    return DocumentValue(.object(DocumentObject(members)), offset: offset)
  }
}
