import PEFTCore

/// A limit of training rows that gives every class as many: `train_limit: {per_class: 5}`, the shots of a few-shot study.
package struct ClassLimit: Sendable, Equatable {
  /// What becomes of a class that has fewer rows.
  package enum Shortage: String, CaseIterable, Sendable {
    /// It is an error.
    case error
    /// All of its rows are taken.
    case all
  }

  /// Rows of each class.
  package let count: Int
  /// What becomes of a class that has fewer.
  package let shortage: Shortage

  /// Creates a limit.
  package init(_ count: Int, shortage: Shortage = .error) { (self.count, self.shortage) = (count, shortage) }

  /// Reads the members of the limit.
  ///
  /// - Throws: `DocumentError` with the place of what is not understood.
  init(reading reader: inout OptionReader) throws(DocumentError) {
    guard reader.has("per_class") else {
      throw reader.missing("per_class", "missing; expected the number of rows of each class, such as {per_class: 5}")
    }
    count = try reader.integer("per_class", default: 1, in: 1..., about: "rows of each class")
    shortage = try reader.choice(
      "if_fewer", default: Shortage.error, about: "of a class with fewer rows: an error, or all of them")
    try reader.finish()
  }

  /// All values under their keys.
  var json: JSONValue { ["per_class": .integer(count), "if_fewer": .string(shortage.rawValue)] }
}
