/// Several files that are one table, such as `train-00000-of-00002.parquet` and its sibling.
struct ShardedTable: TableReader {
  private let shards: [any TableReader]
  let name: String
  let format: TableFormat
  let columns: [String]

  /// Joins the `shards`, of which there is at least one.
  init(_ shards: [any TableReader]) throws(TableError) {
    guard let first = shards.first else { throw TableError("no files are given for this table", at: .file("table")) }
    self.shards = shards
    name = first.name
    format = first.format
    columns = first.columns
    // JSON rows may differ in their keys, but a column that a whole shard lacks or adds is a mixed-up list of files.
    let expected = Set(columns)
    for shard in shards.dropFirst() where Set(shard.columns) != expected {
      guard shard.format == .jsonl || shard.format == .json else {
        let own = Set(shard.columns)
        let missing = columns.first { !own.contains($0) }
        let added = shard.columns.first { !expected.contains($0) }
        let difference = missing.map { "lacks the column \"\($0)\"" } ?? "has the further column \"\(added ?? "")\""
        throw TableError("this shard \(difference), unlike \(first.name)", at: .file(shard.name))
      }
    }
    for column in columns {
      let named = shards.lazy.compactMap { shard in shard.classLabels(of: column).map { (shard.name, $0) } }
      guard let one = named.first, let other = named.first(where: { $0.1 != one.1 }) else { continue }
      throw TableError(
        "the classes of column \"\(column)\" are \(other.1.joined(separator: ", ")), but those of \(one.0) are "
          + "\(one.1.joined(separator: ", ")); the same ids mean other classes", at: .file(other.0))
    }
  }

  var rowCount: Int? {
    var total = 0
    for shard in shards {
      guard let count = shard.rowCount else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(count)
      guard !overflow else { return nil }
      total = sum
    }
    return total
  }

  var byteCount: Int { shards.reduce(0) { $0 + $1.byteCount } }

  func classLabels(of column: String) -> [String]? { shards.lazy.compactMap { $0.classLabels(of: column) }.first }

  func rows() throws -> TableRows { TableRows(Rows(shards: shards[...])) }

  private struct Rows: RowSource {
    var shards: ArraySlice<any TableReader>
    var current: TableRows?
    var index = 0
    var droppedBefore: [TableError] = []

    init(shards: ArraySlice<any TableReader>) { self.shards = shards }

    var droppedRows: [TableError] { droppedBefore + (current?.droppedRows ?? []) }

    mutating func next() throws -> TableRow? {
      while true {
        if let row = try current?.next() {
          defer { index += 1 }
          return row.numbered(index)
        }
        droppedBefore += current?.droppedRows ?? []
        current = nil
        guard let shard = shards.popFirst() else { return nil }
        current = try shard.rows()
      }
    }
  }
}
