import PEFTCore

/// A Parquet file; only the wanted columns are read, one page of each at a time.
struct ParquetTable: TableReader {
  /// Under this key of a footer the Hugging Face `datasets` library describes the columns.
  static let labelsKey = "huggingface"

  private let source: ByteSource
  private let metadata: ParquetMetadata
  private let schema: ParquetSchema
  private let projection: [Int]
  private let labels: [String: [String]]
  let columns: [String]

  var name: String { source.name }
  var format: TableFormat { .parquet }
  var rowCount: Int? { metadata.rowCount }
  var byteCount: Int { source.count }

  /// Opens the file and reads its footer.
  init(_ source: ByteSource, columns wanted: [String]?) throws(TableError) {
    self.source = source
    metadata = try ParquetMetadata(source)
    schema = try ParquetSchema(metadata.schema, at: metadata.place)
    if let wanted {
      projection = try TableColumns.positions(of: wanted, among: schema.names, file: source.name)
    } else {
      projection = Array(schema.names.indices)
    }
    columns = wanted ?? schema.names
    // Rows of which every bit is the same as in the row before need no bytes; nobody publishes a million of those.
    guard metadata.rowCount <= max(1 << 20, source.count.multipliedReportingOverflow(by: 8).partialValue) else {
      throw TableError(
        "it states \(metadata.rowCount) rows in \(source.count) bytes; a table of so many rows is not so small",
        at: metadata.place)
    }
    guard !projection.isEmpty || metadata.rowCount == 0 else {
      throw TableError("there are \(metadata.rowCount) rows, but no columns to read", at: .file(source.name))
    }
    for group in metadata.rowGroups where group.columns.count != schema.leaves.count {
      throw TableError(
        "a row group has \(group.columns.count) columns, the Parquet schema \(schema.leaves.count)",
        at: metadata.place)
    }
    labels = try Self.classLabels(metadata, file: source.name)
  }

  func classLabels(of column: String) -> [String]? { labels[column] }

  func rows() throws -> TableRows {
    TableRows(
      ParquetRows(
        source: source, schema: schema, groups: metadata.rowGroups[...], projection: projection,
        columns: TableColumns(columns)))
  }

  /// The names of the columns' classes: `{"info": {"features": {column: {"names": […], "_type": "ClassLabel"}}}}`.
  private static func classLabels(
    _ metadata: ParquetMetadata, file: String
  ) throws(TableError) -> [String: [String]] {
    guard let text = metadata.keyValues.first(where: { $0.key == labelsKey })?.value else { return [:] }
    let description: DocumentValue
    do {
      description = try JSONParser.parse(DocumentText(name: file, bytes: Array(text.utf8)))
    } catch {
      throw TableError("the footer's \"\(labelsKey)\" entry is not JSON: \(error.message)", at: metadata.place)
    }
    var labels: [String: [String]] = [:]
    for member in description["info"]?["features"]?.object?.members ?? []
    where member.value["_type"]?.string == "ClassLabel" {
      let names = member.value["names"]?.array?.map(\.string)
      guard let names, !names.contains(nil) else { continue }
      labels[member.key] = names.compactMap { $0 }
    }
    return labels
  }
}

/// One pass over a Parquet file's row groups.
struct ParquetRows: RowSource {
  private let source: ByteSource
  private let schema: ParquetSchema
  private var groups: ArraySlice<ParquetMetadata.RowGroup>
  private let columns: TableColumns
  private let nodes: [ParquetSchema.Node]
  /// For each leaf of the file, the place of its cursor; -1 for a leaf that is not read.
  private let cursorOfLeaf: [Int]
  private let readLeaves: [Int]
  private var assembler = ParquetAssembler(cursors: [], cursorOfLeaf: [])
  private var rowsLeft = 0
  private var index = 0

  init(
    source: ByteSource, schema: ParquetSchema, groups: ArraySlice<ParquetMetadata.RowGroup>, projection: [Int],
    columns: TableColumns
  ) {
    self.source = source
    self.schema = schema
    self.groups = groups
    self.columns = columns
    nodes = projection.map { schema.columns[$0] }
    readLeaves = nodes.flatMap(\.leaves)
    var places = [Int](repeating: -1, count: schema.leaves.count)
    for (place, leaf) in readLeaves.enumerated() { places[leaf] = place }
    cursorOfLeaf = places
  }

  var droppedRows: [TableError] { [] }

  mutating func next() throws -> TableRow? {
    while rowsLeft == 0 {
      try assembler.finish()
      guard let group = groups.popFirst() else { return nil }
      let budget = ParquetPageBudget(byteCount: source.count)
      let cursors = try readLeaves.map { leaf throws(TableError) in
        try ParquetColumnCursor(
          source, schema.leaves[leaf], group.columns[leaf], rowCount: group.rowCount, budget: budget)
      }
      assembler = ParquetAssembler(cursors: cursors, cursorOfLeaf: cursorOfLeaf)
      rowsLeft = group.rowCount
    }
    var values: [DocumentValue] = []
    values.reserveCapacity(nodes.count)
    for node in nodes { values.append(try assembler.column(node)) }
    defer {
      rowsLeft -= 1
      index += 1
    }
    return TableRow(
      index: index, location: .row(file: source.name, row: index), columns: columns, values: values)
  }
}
