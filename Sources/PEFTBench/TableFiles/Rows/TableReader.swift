import PEFTCore

/// How a table's rows are written down.
package enum TableFormat: String, Sendable {
  case jsonl, json, tsv, csv, parquet
}

/// A table in one or more files: named columns and rows that are read one after the other.
///
/// A reader holds no rows. Each call of `rows()` starts a new pass over the files, and several passes may
/// run side by side.
package protocol TableReader: Sendable {
  /// What messages call the table: its file, or the first of its shards.
  var name: String { get }

  /// How it is written down.
  var format: TableFormat { get }

  /// The columns that rows have, in the file's order (or in the order asked for when it was opened).
  ///
  /// A JSONL or JSON file has no header: these are the keys of its first row, and others may have more or fewer.
  var columns: [String] { get }

  /// The number of rows where the file states it (Parquet), else nil.
  var rowCount: Int? { get }

  /// Bytes that the rows are read from: the file's, or those that a compressed file was unpacked to.
  var byteCount: Int { get }

  /// The names of an integer column's classes, where the file carries them (Hugging Face `ClassLabel`).
  func classLabels(of column: String) -> [String]?

  /// Starts a pass over all rows.
  func rows() throws -> TableRows
}

extension TableReader {
  /// Reads all rows, or the first `limit`.
  package func allRows(limit: Int = .max) throws -> [TableRow] {
    let rows = try rows()
    var result: [TableRow] = []
    while result.count < limit, let row = try rows.next() { result.append(row) }
    return result
  }

  /// Calls `body` with every row in order.
  package func forEachRow(_ body: (TableRow) throws -> Void) throws {
    let rows = try rows()
    while let row = try rows.next() { try body(row) }
  }
}

/// One pass over a table's rows.
///
/// Not a `Sequence`, because reading can fail at any row: `while let row = try rows.next() { … }`.
package final class TableRows {
  private var source: any RowSource
  private var isFinished = false

  init(_ source: any RowSource) { self.source = source }

  /// The next row, or nil after the last; after an error the pass is over.
  package func next() throws -> TableRow? {
    guard !isFinished else { return nil }
    do {
      if let row = try source.next() { return row }
      isFinished = true
      return nil
    } catch {
      isFinished = true
      throw error
    }
  }

  /// What was wrong with each row left out so far, when the table was opened with `BadRowPolicy.drop`.
  package var droppedRows: [TableError] { source.droppedRows }
}

/// What produces the rows of one pass.
protocol RowSource {
  mutating func next() throws -> TableRow?
  var droppedRows: [TableError] { get }
}

/// The names of a row's values, shared by all rows that have the same.
package final class TableColumns: Sendable, Equatable {
  /// The names in order.
  package let names: [String]
  private let positions: [String: Int]

  /// Creates the list; of equal names the first counts.
  package init(_ names: [String]) {
    self.names = names
    positions = Dictionary(names.indices.map { (names[$0], $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Where `name` is, or nil.
  package func position(of name: String) -> Int? {
    // Comparing a few short names is faster than hashing one.
    names.count <= 8 ? names.firstIndex(of: name) : positions[name]
  }

  /// Whether both have the same names in the same order.
  package static func == (a: TableColumns, b: TableColumns) -> Bool { a === b || a.names == b.names }
}

/// One row: values by column name, and where it came from.
package struct TableRow: Sendable {
  /// Number of the row in its table, from 0; it continues from shard to shard.
  package let index: Int
  /// Where the row is, for messages.
  package let location: TablePlace
  /// The names of the values.
  package let columns: TableColumns
  /// The values in the order of `columns`; a missing value is an explicit null.
  package let values: [DocumentValue]

  /// Creates a row; `values` has one value for each of `columns`.
  package init(index: Int, location: TablePlace, columns: TableColumns, values: [DocumentValue]) {
    precondition(values.count == columns.names.count, "a row of \(values.count) for \(columns.names.count) columns")
    self.index = index
    self.location = location
    self.columns = columns
    self.values = values
  }

  /// The value under `column`; nil if there is no such column or the value is null.
  package subscript(column: String) -> DocumentValue? {
    guard let position = columns.position(of: column) else { return nil }
    let value = values[position]
    return value.isNull ? nil : value
  }

  /// The value under `column`, or an error that names the row and the nearest column.
  package func required(_ column: String) throws(TableError) -> DocumentValue {
    if let value = self[column] { return value }
    guard columns.position(of: column) == nil else { throw error("column \"\(column)\" is null here") }
    throw error(TableColumns.missing(column, among: columns.names))
  }

  /// An error about this row.
  package func error(_ message: String) -> TableError { TableError(message, at: location) }

  /// The whole row as an object, nulls included.
  package var object: DocumentObject {
    DocumentObject(zip(columns.names, values).map { .init(key: $0, keyOffset: 0, value: $1) })
  }

  /// The same row at another place in a larger table.
  func numbered(_ index: Int) -> TableRow {
    TableRow(index: index, location: location, columns: columns, values: values)
  }
}

extension TableColumns {
  /// The sentence for a column that is not there.
  static func missing(_ column: String, among names: [String]) -> String {
    var message = "there is no column \"\(column)\""
    if let nearest = NearestName.of(column, among: names) { message += "; did you mean \"\(nearest)\"?" }
    let shown = names.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
    return message + " (columns: \(shown)\(names.count > 20 ? ", …" : ""))"
  }

  /// Positions in `names` of the `wanted` columns, or an error for the first that is missing or asked for twice.
  static func positions(of wanted: [String], among names: [String], file: String) throws(TableError) -> [Int] {
    let all = TableColumns(names)
    var positions: [Int] = []
    var seen: Set<String> = []
    for column in wanted {
      guard let position = all.position(of: column) else {
        throw TableError(missing(column, among: names), at: .file(file))
      }
      guard seen.insert(column).inserted else {
        throw TableError("column \"\(column)\" is asked for twice", at: .file(file))
      }
      positions.append(position)
    }
    return positions
  }
}
