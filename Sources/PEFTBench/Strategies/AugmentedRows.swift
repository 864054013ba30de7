import PEFTCore

/// Further training rows: each a row of the training set in other words, with its answer.
///
/// The paper has a large language model paraphrase. Rules that keep the label do it here, one for each copy, or rows of one's
/// own (`data.augment`). Rows that are held back for validation have no copies among the training rows.
package struct AugmentedRows: Sendable, Equatable {
  /// Copies of each row.
  package var copies = 1
  /// How many times the usual number of epochs or steps the training takes; the paper takes 12 epochs instead of 10.
  package var lengthening = 1.2
  /// The rules.
  package var changes = TextChange.allCases

  var options: [(key: String, value: JSONValue)] {
    [
      ("copies", .integer(copies)), ("lengthening", .number(lengthening)),
      ("changes", JSONValue(changes.map(\.rawValue))),
    ]
  }

  /// Whether it says how rows are made by rules, which rows of one's own are not.
  var hasRules: Bool { (copies, changes) != (Self().copies, Self().changes) }

  /// These rows with the options that are given.
  func reading(_ reader: inout OptionReader) throws(DocumentError) -> AugmentedRows {
    var rows = self
    rows.copies = try reader.integer("copies", default: copies, in: 1...100)
    rows.lengthening = try reader.number("lengthening", default: lengthening, in: 1...1000)
    var chosen: [TextChange] = []
    for name in try reader.strings("changes", default: changes.map(\.rawValue)) {
      guard let change = TextChange(rawValue: name) else {
        let names = TextChange.allCases.map(\.rawValue)
        let hint = NearestName.of(name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw reader.error(
          "changes", "expected some of \(names.joined(separator: ", ")), found \(name.debugDescription)\(hint)")
      }
      chosen.append(change)
    }
    guard !chosen.isEmpty, Set(chosen).count == chosen.count else {
      throw reader.error("changes", "expected at least one rule, and none twice")
    }
    rows.changes = chosen
    return rows
  }
}
