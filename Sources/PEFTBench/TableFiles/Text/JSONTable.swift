import PEFTCore

/// JSON objects, one per line; empty lines are passed over.
struct JSONLinesTable: TableReader {
  private let source: ByteSource
  private let projection: [String]?
  private let options: TableOptions
  let columns: [String]

  var name: String { source.name }
  var format: TableFormat { .jsonl }
  var rowCount: Int? { nil }
  var byteCount: Int { source.count }

  /// Opens the file and reads its first row for the columns.
  init(_ source: ByteSource, columns projection: [String]?, options: TableOptions) throws {
    self.source = source
    self.projection = projection
    self.options = options
    var rows = try Rows(source, projection: nil, options: options)
    columns = try JSONRowShape.columns(projection, in: &rows, file: source.name)
  }

  func classLabels(of column: String) -> [String]? { nil }

  func rows() throws -> TableRows { TableRows(try Rows(source, projection: projection, options: options)) }

  private struct Rows: RowSource {
    private let file: String
    private let options: TableOptions
    private var buffer: RecordBuffer
    private var shape: JSONRowShape
    private var index = 0
    var droppedRows: [TableError] = []

    init(_ source: ByteSource, projection: [String]?, options: TableOptions) throws {
      file = source.name
      self.options = options
      shape = JSONRowShape(projection)
      buffer = try RecordBuffer(source)
    }

    mutating func next() throws -> TableRow? {
      while true {
        let number = buffer.line
        guard let line = try buffer.nextLine() else { return nil }
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
        do {
          let start = SourceLocation(file: file, line: number, column: 1)
          let row = try shape.row(in: Array(line), at: start, index: index)
          index += 1
          return row
        } catch {
          guard options.badRows == .drop else { throw error }
          droppedRows.append(error)
        }
      }
    }
  }
}

/// A JSON list of objects, read element by element.
struct JSONArrayTable: TableReader {
  private let source: ByteSource
  private let projection: [String]?
  let columns: [String]

  var name: String { source.name }
  var format: TableFormat { .json }
  var rowCount: Int? { nil }
  var byteCount: Int { source.count }

  /// Opens the file and reads its first row for the columns.
  init(_ source: ByteSource, columns projection: [String]?) throws {
    self.source = source
    self.projection = projection
    var rows = try Rows(source, projection: nil)
    columns = try JSONRowShape.columns(projection, in: &rows, file: source.name)
  }

  func classLabels(of column: String) -> [String]? { nil }

  func rows() throws -> TableRows { TableRows(try Rows(source, projection: projection)) }

  private struct Rows: RowSource {
    private var buffer: RecordBuffer
    private var shape: JSONRowShape
    private var index = 0
    private var isOpen = false

    var droppedRows: [TableError] { [] }

    init(_ source: ByteSource, projection: [String]?) throws {
      shape = JSONRowShape(projection)
      buffer = try RecordBuffer(source)
    }

    mutating func next() throws -> TableRow? {
      if !isOpen {
        try expect("[")
        isOpen = true
        if try nextByte() == UInt8(ascii: "]") { return try finish() }
      } else {
        if try nextByte() == UInt8(ascii: "]") { return try finish() }
        try expect(",")
      }
      guard try nextByte() == UInt8(ascii: "{") else { throw try found(instead: "an object for each row") }
      let start = buffer.location
      guard let element = try buffer.nextRecord(Self.endOfObject) else { return nil }
      let row = try shape.row(in: Array(element), at: start, index: index)
      index += 1
      return row
    }

    private mutating func finish() throws -> TableRow? {
      try buffer.skipByte()
      guard try nextByte() == nil else { throw try found(instead: "the end of the file after the list") }
      return nil
    }

    /// The next byte that is not a space.
    private mutating func nextByte() throws(TableError) -> UInt8? {
      while let byte = try buffer.peek() {
        guard byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D else { return byte }
        try buffer.skipByte()
      }
      return nil
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(TableError) {
      guard try nextByte() == UInt8(ascii: byte) else { throw try found(instead: "'\(byte)'") }
      try buffer.skipByte()
    }

    private mutating func found(instead expected: String) throws(TableError) -> TableError {
      let byte = try buffer.peek()
      let shown =
        byte.map { $0 > 0x20 && $0 < 0x7F ? "'\(Character(Unicode.Scalar($0)))'" : "byte \($0)" }
        ?? "the end of the file"
      return TableError("expected \(expected), found \(shown)", at: .text(buffer.location))
    }

    /// Length of the object that `bytes` begin with, from its brace to the one that closes it.
    private static func endOfObject(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Int? {
      var depth = 0
      var isInString = false
      var position = 0
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\\") where isInString: position += 1
        case UInt8(ascii: "\""): isInString.toggle()
        case UInt8(ascii: "{") where !isInString, UInt8(ascii: "[") where !isInString: depth += 1
        case UInt8(ascii: "}") where !isInString, UInt8(ascii: "]") where !isInString:
          depth -= 1
          if depth == 0 { return position + 1 }
        default: break
        }
        position += 1
      }
      // What does not end is handed to the parser as it is, which says what is missing.
      return isLast ? bytes.count : nil
    }
  }
}

/// Makes rows of JSON objects; rows with the same keys share one list of columns.
struct JSONRowShape {
  private let projection: TableColumns?
  private var latest = TableColumns([])

  /// Creates a shape; `projection` are the columns to keep, nil for all.
  init(_ projection: [String]?) {
    self.projection = projection.map(TableColumns.init)
  }

  /// The columns of a table: those of its first row, or the wanted ones.
  ///
  /// Rows may lack some of the wanted columns; one that no row has is a mistake, for which the rows are read as far as
  /// it takes to find it.
  static func columns(
    _ wanted: [String]?, in rows: inout some RowSource, file: String
  ) throws -> [String] {
    let first = try rows.next()
    guard let wanted else { return first?.columns.names ?? [] }
    guard let first else { return wanted }
    var names = first.columns.names
    var known = Set(names)
    while !wanted.allSatisfy(known.contains), let row = try rows.next() {
      for name in row.columns.names where known.insert(name).inserted { names.append(name) }
    }
    _ = try TableColumns.positions(of: wanted, among: names, file: file)
    return wanted
  }

  /// Parses the object in `bytes`, which is at `start` of its file.
  mutating func row(in bytes: [UInt8], at start: SourceLocation, index: Int) throws(TableError) -> TableRow {
    let value: DocumentValue
    do {
      value = try JSONParser.parse(DocumentText(name: start.file, bytes: bytes), spellsLargeIntegers: true)
    } catch {
      let line = start.line + error.location.line - 1
      let column = error.location.line == 1 ? start.column + error.location.column - 1 : error.location.column
      throw TableError(error.message, at: .text(SourceLocation(file: start.file, line: line, column: column)))
    }
    let place = TablePlace.line(file: start.file, line: start.line)
    guard let object = value.object else {
      throw TableError("expected an object for each row, found \(value.kindName)", at: place)
    }
    if let projection {
      let values = projection.names.map { object[$0] ?? DocumentValue(.null) }
      return TableRow(index: index, location: place, columns: projection, values: values)
    }
    let members = object.members
    let hasLatestKeys =
      members.count == latest.names.count && zip(members, latest.names).allSatisfy { $0.key == $1 }
    if !hasLatestKeys { latest = TableColumns(object.keys) }
    return TableRow(index: index, location: place, columns: latest, values: members.map(\.value))
  }
}
