import PEFTCore

/// Turns lists given for single-valued keys into one object for each combination of their elements.
///
/// `{rank: [4, 8], dropout: [0, 0.1]}` becomes four objects, the last key changing fastest. A key whose value is
/// itself a list (`target_modules`) takes a list of lists. Keys that nobody describes stay as they are, for
/// their reader to refuse.
enum OptionGrid {
  /// Most combinations that one entry may have.
  static let maximumCount = 10_000

  static func expand(
    _ object: DocumentObject, options: [OptionDescription], text: DocumentText, path: String
  ) throws(DocumentError) -> [DocumentObject] {
    var combinations: [[DocumentObject.Member]] = [[]]
    for member in object.members {
      let choices = try alternatives(of: member, options: options, text: text, path: path)
      guard combinations.count * choices.count <= maximumCount else {
        throw DocumentError(
          "\(path): the lists make more than \(maximumCount) combinations", at: member.value.offset, of: text)
      }
      combinations = combinations.flatMap { combination in
        choices.map { combination + [.init(key: member.key, keyOffset: member.keyOffset, value: $0)] }
      }
    }
    return combinations.map(DocumentObject.init)
  }

  private static func alternatives(
    of member: DocumentObject.Member, options: [OptionDescription], text: DocumentText, path: String
  ) throws(DocumentError) -> [DocumentValue] {
    guard let values = member.value.array,
      let option = options.first(where: { $0.names.contains(member.key) })
    else { return [member.value] }
    switch option.kind {
    case .any, .object: return [member.value]
    case let kind where kind.isList:
      return !values.isEmpty && values.allSatisfy({ $0.array != nil }) ? values : [member.value]
    default:
      guard !values.isEmpty else {
        throw DocumentError(
          "\(path).\(member.key): expected a value or several to try, found an empty list", at: member.value.offset,
          of: text)
      }
      if let null = values.first(where: \.isNull) {
        throw DocumentError(
          "\(path).\(member.key): expected values to try, found null among them", at: null.offset, of: text)
      }
      var seen: Set<String> = []
      if let twice = values.first(where: { !seen.insert(JSONValue($0).compactText).inserted }) {
        throw DocumentError(
          "\(path).\(member.key): \(JSONValue(twice).compactText) is listed twice; expected different values",
          at: twice.offset, of: text)
      }
      return values
    }
  }
}
