import Foundation

/// Opens tables, whatever their format.
package enum TableFile {
  /// Opens the table in the file at `path`.
  ///
  /// The format follows from the content: Parquet by its magic, JSON and JSONL by the first bracket or brace,
  /// else text with tabs or commas. Files compressed as a whole by gzip or Zstandard are unpacked in memory.
  ///
  /// - Parameters:
  ///   - path: A file; something that cannot seek, such as a pipe, is read into memory.
  ///   - columns: The columns to read, in this order; nil for all. Parquet touches only these.
  ///   - options: Choices for text tables.
  /// - Throws: `TableError` for a file that is not a table or lacks one of the columns.
  package static func open(
    path: String, columns: [String]? = nil, options: TableOptions = TableOptions()
  ) throws -> any TableReader {
    var source = try ByteSource(path: path)
    if let unpacked = try CompressedFile.unpack(source) { source = unpacked }
    return try table(in: source, columns: columns, options: options)
  }

  /// Opens several files as one table: the rows of the first, then those of the second, and so on.
  ///
  /// - Throws: `TableError` if there are no paths, or a shard's columns differ from the first one's.
  package static func open(
    paths: [String], columns: [String]? = nil, options: TableOptions = TableOptions()
  ) throws -> any TableReader {
    guard let first = paths.first else { throw TableError("no files are given for this table", at: .file("table")) }
    if paths.count == 1 { return try open(path: first, columns: columns, options: options) }
    return try ShardedTable(paths.map { try open(path: $0, columns: columns, options: options) })
  }

  private static func table(
    in source: ByteSource, columns: [String]?, options: TableOptions
  ) throws -> any TableReader {
    let head = try source.bytes(at: 0, count: min(source.count, 1 << 16))
    guard !head.isEmpty else { throw TableError("the file is empty; expected a table", at: .file(source.name)) }
    if head.starts(with: Array("PAR1".utf8)) { return try ParquetTable(source, columns: columns) }
    if let refusal = refusal(of: head) { throw TableError(refusal, at: .byte(file: source.name, offset: 0)) }
    let text = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head[3...] : head[...]
    switch text.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
    case UInt8(ascii: "{"): return try JSONLinesTable(source, columns: columns, options: options)
    case UInt8(ascii: "["): return try JSONArrayTable(source, columns: columns)
    default: return try DelimitedTable(source, columns: columns, options: options)
    }
  }

  /// Why a file with such a beginning is not read, if it is a known kind of file that is not a table of ours.
  private static func refusal(of head: [UInt8]) -> String? {
    let known: [([UInt8], String)] = [
      (Array("ARROW1".utf8), "an Arrow IPC file"), ([0xFF, 0xFF, 0xFF, 0xFF], "an Arrow IPC stream"),
      (Array("PK\u{3}\u{4}".utf8), "a zip archive"), (Array("SQLite format 3".utf8), "an SQLite database"),
      (Array("BZh".utf8), "a bzip2 file"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz file"),
      (Array("PARE".utf8), "a Parquet file with an encrypted footer"),
      ([0xFF, 0xFE], "UTF-16 text"), ([0xFE, 0xFF], "UTF-16 text"),
    ]
    let readable = "expected Parquet, JSONL, JSON, TSV or CSV (UTF-8; also gzip or Zstandard of these)"
    if let kind = known.first(where: { head.starts(with: $0.0) })?.1 { return "this is \(kind); \(readable)" }
    return head.contains(0) ? "this is a binary file of an unknown kind; \(readable)" : nil
  }
}
