import Foundation
import PEFTCore

/// Text with tabs or commas between the fields; every value is a string.
///
/// Source: RFC 4180 for quoting. Departures that real files need: a byte order mark is passed over, LF and CR LF
/// both end a record, a quote mark inside an unquoted field is text, and empty lines are passed over where a record
/// has more than one field.
struct DelimitedTable: TableReader {
  private let source: ByteSource
  private let dialect: DelimitedRecords.Dialect
  private let options: TableOptions
  private let hasHeader: Bool
  /// All columns of the file.
  private let fileColumns: [String]
  /// Positions of the columns that were asked for.
  private let projection: [Int]

  var columns: [String] { projection.map { fileColumns[$0] } }
  var name: String { source.name }
  var format: TableFormat { dialect.delimiter == UInt8(ascii: "\t") ? .tsv : .csv }
  var rowCount: Int? { nil }
  var byteCount: Int { source.count }

  /// Opens the file and reads its first record.
  init(_ source: ByteSource, columns wanted: [String]?, options: TableOptions) throws {
    self.source = source
    self.options = options
    dialect = try Self.dialect(of: source, quoting: options.quoting)
    var records = try DelimitedRecords(source, dialect)
    guard let record = try records.next() else {
      throw TableError("expected rows, found only empty lines", at: .file(source.name))
    }
    let first = try record.map { field throws(TableError) in
      guard let text = field.text else {
        throw TableError("this is neither JSON nor UTF-8 text", at: .line(file: source.name, line: records.line))
      }
      return text
    }
    switch options.header {
    case .automatic: hasHeader = Self.looksLikeHeader(first)
    case .present: hasHeader = true
    case .absent, .names: hasHeader = false
    }
    // Without a line feed all lines would be one, and the table would have no rows.
    if first.contains(where: { $0.utf8.contains(0x0D) }), try hasHeader || records.next() == nil {
      throw TableError(
        "a carriage return stands in the first line; lines end in LF or CR LF, not in CR alone",
        at: .line(file: source.name, line: 1))
    }
    let all: [String]
    if hasHeader {
      all = first.enumerated().map { $1.isEmpty ? "column_\($0 + 1)" : $1 }
      let repeated = Dictionary(grouping: all, by: { $0 }).filter { $1.count > 1 }.keys.min()
      if let repeated {
        throw TableError(
          "duplicate column \"\(repeated)\" in the header", at: .line(file: source.name, line: records.line))
      }
    } else if case .names(let names) = options.header {
      guard Set(names).count == names.count else {
        throw TableError("the column names given for it are not all different", at: .file(source.name))
      }
      all = names
    } else {
      all = first.indices.map { "column_\($0 + 1)" }
    }
    fileColumns = all
    projection =
      try wanted.map { wanted in
        try TableColumns.positions(of: wanted, among: all, file: source.name)
      } ?? Array(all.indices)
  }

  func classLabels(of column: String) -> [String]? { nil }

  func rows() throws -> TableRows {
    var records = try DelimitedRecords(source, dialect)
    if hasHeader { _ = try records.next() }
    return TableRows(
      Rows(
        file: source.name, records: records, width: fileColumns.count, projection: projection,
        columns: TableColumns(columns), badRows: options.badRows))
  }

  private struct Rows: RowSource {
    let file: String
    var records: DelimitedRecords
    let width: Int
    let projection: [Int]
    let columns: TableColumns
    let badRows: TableOptions.BadRowPolicy
    var index = 0
    var droppedRows: [TableError] = []

    mutating func next() throws -> TableRow? {
      while let fields = try records.next() {
        if fields.count == 1, fields[0].isEmpty, width > 1 { continue }
        do {
          let row = try row(of: fields)
          index += 1
          return row
        } catch {
          guard badRows == .drop else { throw error }
          droppedRows.append(error)
        }
      }
      return nil
    }

    private func row(of fields: [DelimitedRecords.Field]) throws(TableError) -> TableRow {
      let place = TablePlace.line(file: file, line: records.line)
      guard fields.count == width else {
        let found = fields.count == 1 ? "1 field" : "\(fields.count) fields"
        throw TableError("found \(found), expected \(width)", at: place)
      }
      var values: [DocumentValue] = []
      values.reserveCapacity(projection.count)
      for position in projection {
        guard let text = fields[position].text else {
          throw TableError("field \(position + 1) is not valid UTF-8", at: place)
        }
        values.append(DocumentValue(.string(text)))
      }
      return TableRow(index: index, location: place, columns: columns, values: values)
    }
  }

  /// The delimiter that the file's name promises if its first line has it, else a tab if there is one, else a comma.
  private static func dialect(
    of source: ByteSource, quoting: TableOptions.Quoting
  ) throws(TableError) -> DelimitedRecords.Dialect {
    var buffer = try RecordBuffer(source)
    let line = try buffer.nextLine() ?? []
    let isNamedCSV = source.name.lowercased().contains(".csv")
    let hasTab = line.contains(UInt8(ascii: "\t"))
    let isTab = hasTab && !(isNamedCSV && line.contains(UInt8(ascii: ",")))
    let isQuoted: Bool
    switch quoting {
    case .automatic: isQuoted = !isTab
    case .rfc4180: isQuoted = true
    case .none: isQuoted = false
    }
    return .init(delimiter: UInt8(ascii: isTab ? "\t" : ","), isQuoted: isQuoted)
  }

  /// Whether the cells read like names: short, no numbers, not empty (the first may be, as pandas writes an index).
  private static func looksLikeHeader(_ cells: [String]) -> Bool {
    cells.indices.allSatisfy { index in
      let cell = cells[index].trimmingCharacters(in: .whitespaces)
      if cell.isEmpty { return index == 0 && cells.count > 1 }
      return cell.utf8.count <= 64 && Double(cell) == nil
    }
  }
}
