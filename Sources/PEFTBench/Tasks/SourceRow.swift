import CodeMetrics
import PEFTCore
import TableFiles

/// A row of a dataset's file with typed access to its columns; every error names the row.
package struct SourceRow {
  /// The row as it was read.
  package let row: TableRow
  /// The dataset's label words in the order of class ids.
  package let labels: [String]
  /// What is settled for all rows of the table.
  let reading: RowReading

  /// Wraps a row.
  ///
  /// - Parameters:
  ///   - row: The row.
  ///   - labels: The dataset's label words in the order of class ids; empty for free-text answers.
  ///   - reading: What is settled for all rows of the table.
  package init(_ row: TableRow, labels: [String], reading: RowReading = RowReading()) {
    self.row = row
    self.labels = labels
    self.reading = reading
  }

  /// The first of `columns` that the row has, which are different publishers' names for one thing.
  func value(_ columns: [String]) throws(TableError) -> DocumentValue {
    for column in columns {
      if let value = row[column] { return value }
    }
    return try row.required(columns.first { row.columns.position(of: $0) != nil } ?? columns[0])
  }

  /// The text of a column of the prompt, without white space at its ends; a null is an empty text that is counted.
  func text(_ columns: String...) throws(TableError) -> String {
    let isNull =
      columns.allSatisfy { row[$0] == nil } && columns.contains { row.columns.position(of: $0) != nil }
    if isNull { return try emptyText(columns[0]) }
    return try text(of: try value(columns), "column \"\(columns[0])\"")
  }

  /// The text of a column of the answer, which is not null, without white space at its ends.
  func answer(_ column: String) throws(TableError) -> String {
    try text(of: try row.required(column), "column \"\(column)\"")
  }

  /// The text that `value` is.
  func text(of value: DocumentValue?, _ place: String) throws(TableError) -> String {
    guard let value else { throw row.error("\(place) is missing; expected a string") }
    guard let text = value.string else {
      throw row.error("\(place): expected a string, found \(value.shown)")
    }
    return text.trimmingWhiteSpace()
  }

  /// The list of texts that `value` is, which has `count` elements if that is given.
  func texts(of value: DocumentValue?, _ place: String, count: Int? = nil) throws(TableError) -> [String] {
    let expected = count.map { "a list of \($0) strings" } ?? "a list of strings"
    guard let list = value?.array else {
      throw row.error("\(place): expected \(expected), found \(value?.shown ?? "nothing")")
    }
    if let count, list.count != count {
      throw row.error("\(place): expected \(expected), found \(list.count) elements")
    }
    var result: [String] = []
    for (index, element) in list.enumerated() { result.append(try text(of: element, "\(place)[\(index)]")) }
    return result
  }

  /// The whole number that `value` is, also when it is spelled as text.
  func integer(of value: DocumentValue?, _ place: String) throws(TableError) -> Int {
    if let number = value?.integer ?? value?.string.flatMap({ Int($0.trimmingWhiteSpace()) }) { return number }
    throw row.error("\(place): expected an integer, found \(value?.shown ?? "nothing")")
  }

  /// The finite number that `value` is, also when it is spelled as text.
  func number(of value: DocumentValue, _ place: String) throws(TableError) -> Double {
    let number = value.number ?? value.string.flatMap { Double($0.trimmingWhiteSpace()) }
    guard let number, number.isFinite else {
      throw row.error("\(place): expected a number, found \(value.shown)")
    }
    return number
  }

  /// The class that a column names, as a position in `labels`.
  ///
  /// A class is given as its id (also as text), as its name in any letter case, or as true or false.
  ///
  /// - Parameters:
  ///   - columns: Different publishers' names for the column.
  ///   - firstID: The id of the first class; some datasets count from 1.
  ///   - published: The publisher's names of the classes in the order of `labels`, where labels are other words.
  func label(_ columns: String..., firstID: Int = 0, published: [String] = []) throws(TableError) -> Int {
    let column = columns.first { row.columns.position(of: $0) != nil } ?? columns[0]
    return try label(try value(columns), column, firstID: firstID, published: published)
  }

  /// The class that `value` names.
  func label(
    _ value: DocumentValue, _ column: String, firstID: Int = 0, published: [String] = []
  ) throws(TableError) -> Int {
    switch value.content {
    case .bool(let truth):
      guard let index = position(ofName: truth ? "true" : "false", published) else {
        throw unknown(value.shown, column)
      }
      return index
    case .string(let text):
      let name = text.trimmingWhiteSpace()
      guard !name.isEmpty, name != "-" else { throw unlabelled("empty", column) }
      if let index = position(ofName: name, published) {
        try reading.check(column, givesName: true, "\"\(name)\"", in: row)
        return index
      }
      guard let id = LabelValue(text: name).id, LabelValue(text: name).isTruth == false else {
        throw unknown("\"\(name)\"", column)
      }
      return try index(ofID: id, column, firstID, published)
    default:
      guard let id = value.integer else { throw unknown(value.shown, column) }
      return try index(ofID: id, column, firstID, published)
    }
  }

  private func position(ofName name: String, _ published: [String]) -> Int? {
    let wanted = name.lowercased()
    return labels.firstIndex { $0.lowercased() == wanted } ?? published.firstIndex { $0.lowercased() == wanted }
  }

  private func index(
    ofID id: Int, _ column: String, _ firstID: Int, _ published: [String]
  ) throws(TableError) -> Int {
    guard id != -1 else { throw unlabelled("-1", column) }
    try reading.check(column, givesName: false, "\(id)", in: row)
    // The file's own names come first: another copy of a dataset may count its classes in another order.
    if let names = reading.classNames(column), names.indices.contains(id), !names.allSatisfy({ Int($0) != nil }) {
      guard let index = position(ofName: names[id], published) else { throw unknown("\"\(names[id])\"", column) }
      return index
    }
    let index = id.subtractingReportingOverflow(firstID)
    guard !index.overflow, labels.indices.contains(index.partialValue) else {
      throw row.error(
        "column \"\(column)\": the class \(id) is not within \(firstID)...\(firstID + labels.count - 1) "
          + "(\(labels.joined(separator: ", ")))")
    }
    return index.partialValue
  }

  private func unknown(_ shown: String, _ column: String) -> TableError {
    row.error(
      "column \"\(column)\": \(shown) is not a label of this dataset; expected \(labels.joined(separator: ", ")), or "
        + "a class id")
  }

  private func unlabelled(_ shown: String, _ column: String) -> TableError {
    row.error(
      "column \"\(column)\" is \(shown), so this row has no label; use a split whose labels are published, such as "
        + "train or validation")
  }

  /// The example of this row whose answer is its label.
  func example(_ fields: [Example.Field], label: Int, group: String? = nil) -> Example {
    Example(fields: fields, label: label, of: labels, group: group)
  }
}

/// A row that holds nothing to learn or to score; it is left out and counted.
struct SkippedRow: Error {
  /// Why, such as "without a solution".
  let reason: String
}
