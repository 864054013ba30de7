import PEFTCore
import TableFiles

/// What is settled for all rows of a dataset before the first one is read, and what was met in the rows so far.
package final class RowReading {
  /// What becomes of a null in a column of the prompt.
  let nulls: NullPolicy
  /// What the values of the label column mean; nil where a row has to be judged alone.
  let labels: LabelReading?
  private let names: (String) -> [String]?

  private var emptyColumns: [String] = []
  /// How the first row gave its class, by column.
  private var firstClasses: [String: (isName: Bool, shown: String, place: TablePlace)] = [:]

  /// Creates a reading.
  ///
  /// - Parameters:
  ///   - nulls: What becomes of a null in a column of the prompt.
  ///   - labels: What the values of the label column mean.
  ///   - classNames: The names that the file itself gives for the classes of an integer column.
  package init(
    nulls: NullPolicy = .empty, labels: LabelReading? = nil, classNames: @escaping (String) -> [String]? = { _ in nil }
  ) {
    self.nulls = nulls
    self.labels = labels
    names = classNames
  }

  /// The names of the classes of an integer column.
  func classNames(_ column: String) -> [String]? { names(column) }

  /// Notes that `column` is empty in the row that is being read.
  func note(empty column: String) { if !emptyColumns.contains(column) { emptyColumns.append(column) } }

  /// The columns noted since the last time.
  func takeEmptyColumns() -> [String] {
    defer { emptyColumns = [] }
    return emptyColumns
  }

  /// Refuses a column that names its class in some rows and numbers it in others: no row is to be read by a rule of
  /// its own.
  func check(_ column: String, givesName isName: Bool, _ shown: String, in row: TableRow) throws(TableError) {
    guard let first = firstClasses[column] else {
      firstClasses[column] = (isName, shown, row.location)
      return
    }
    guard first.isName != isName else { return }
    let kinds = isName ? ("an id", "a class name") : ("a class name", "an id")
    throw row.error(
      "column \"\(column)\": \(first.shown) is \(kinds.0) (\(first.place)), and \(shown) here is \(kinds.1); a column "
        + "gives either names or ids")
  }
}
