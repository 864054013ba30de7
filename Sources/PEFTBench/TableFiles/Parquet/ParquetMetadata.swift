/// What a Parquet file's footer says, as far as reading needs it.
///
/// Field numbers and codes are those of apache/parquet-format, parquet.thrift.
struct ParquetMetadata: Sendable {
  /// One element of the schema, which is written as a list in depth-first order.
  struct SchemaElement: Sendable {
    var name = ""
    var type: ParquetType?
    var typeLength = 0
    var repetition = Repetition.required
    var childCount = 0
    var annotation = ParquetAnnotation.none
  }

  enum Repetition: Int, Sendable {
    case required, optional, repeated
  }

  struct RowGroup: Sendable {
    var rowCount = 0
    var columns: [ColumnChunk] = []
  }

  struct ColumnChunk: Sendable {
    var type: ParquetType?
    var path: [String] = []
    var codec = 0
    var valueCount = 0
    var byteCount = 0
    var dataOffset = 0
    var dictionaryOffset: Int?
    var isElsewhere = false
    var isEncrypted = false

    /// Where the chunk's first page is.
    var start: Int {
      guard let dictionaryOffset, dictionaryOffset > 0, dictionaryOffset < dataOffset else { return dataOffset }
      return dictionaryOffset
    }
  }

  /// Where the footer is, for errors about what it says.
  let place: TablePlace
  private(set) var rowCount = 0
  private(set) var schema: [SchemaElement] = []
  private(set) var rowGroups: [RowGroup] = []
  private(set) var keyValues: [(key: String, value: String)] = []

  /// Reads the footer of `source`.
  init(_ source: ByteSource) throws(TableError) {
    let end = source.count
    guard end >= 12 else { throw TableError("this Parquet file is cut off", at: .byte(file: source.name, offset: end)) }
    let tail = try source.bytes(at: end - 8, count: 8)
    guard tail[4...].elementsEqual("PAR1".utf8) else {
      let isEncrypted = tail[4...].elementsEqual("PARE".utf8)
      throw TableError(
        isEncrypted ? "encrypted Parquet files are not read" : "this Parquet file is cut off: its end mark is missing",
        at: .byte(file: source.name, offset: end - 4))
    }
    let length = tail[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= end - 12 else {
      throw TableError(
        "the footer's length, \(length) bytes, does not fit the file", at: .byte(file: source.name, offset: end - 8))
    }
    place = .byte(file: source.name, offset: end - 8 - length)
    let footer = try source.bytes(at: end - 8 - length, count: length)
    var reader = ThriftCompactReader(footer, file: source.name, origin: end - 8 - length)
    try read(&reader)
  }

  private mutating func read(_ reader: inout ThriftCompactReader) throws(TableError) {
    var schema: [SchemaElement] = []
    var groups: [RowGroup] = []
    var keyValues: [(key: String, value: String)] = []
    var rowCount = 0
    try reader.structure { reader, field, kind throws(TableError) in
      switch field {
      case 2:
        try reader.list(kind) { reader, _ throws(TableError) in schema.append(try Self.schemaElement(&reader)) }
      case 3: rowCount = try reader.integer(kind)
      case 4: try reader.list(kind) { reader, _ throws(TableError) in groups.append(try Self.rowGroup(&reader)) }
      case 5:
        try reader.list(kind) { reader, _ throws(TableError) in
          var pair = (key: "", value: "")
          try reader.structure { reader, field, kind throws(TableError) in
            switch field {
            case 1: pair.key = try reader.string(kind)
            // Other writers keep binary values here, which is none of our business.
            case 2 where pair.key == ParquetTable.labelsKey: pair.value = try reader.string(kind)
            default: return false
            }
            return true
          }
          keyValues.append(pair)
        }
      case 8: throw reader.mistake("encrypted Parquet files are not read")
      default: return false
      }
      return true
    }
    var total = 0
    for group in groups {
      let (sum, overflow) = total.addingReportingOverflow(group.rowCount)
      guard group.rowCount >= 0, !overflow else { throw reader.mistake("a row group's number of rows is damaged") }
      total = sum
    }
    guard total == rowCount else {
      throw reader.mistake("the row groups have \(total) rows together, but the file states \(rowCount)")
    }
    self.schema = schema
    self.rowGroups = groups
    self.keyValues = keyValues
    self.rowCount = rowCount
  }

  private static func schemaElement(_ reader: inout ThriftCompactReader) throws(TableError) -> SchemaElement {
    var element = SchemaElement()
    var converted: Int?
    var scale = 0
    var logical: ParquetAnnotation?
    try reader.structure { reader, field, kind throws(TableError) in
      switch field {
      case 1:
        let code = try reader.integer(kind)
        guard let type = ParquetType(rawValue: code) else { throw reader.mistake("unknown Parquet type \(code)") }
        element.type = type
      case 2: element.typeLength = try reader.integer(kind)
      case 3:
        let code = try reader.integer(kind)
        guard let repetition = Repetition(rawValue: code) else {
          throw reader.mistake("unknown Parquet repetition \(code)")
        }
        element.repetition = repetition
      case 4: element.name = try reader.string(kind)
      case 5: element.childCount = try reader.integer(kind)
      case 6: converted = try reader.integer(kind)
      case 7: scale = try reader.integer(kind)
      case 10: logical = try ParquetAnnotation.logical(&reader)
      default: return false
      }
      return true
    }
    element.annotation = logical ?? converted.map { ParquetAnnotation(converted: $0, scale: scale) } ?? .none
    return element
  }

  private static func rowGroup(_ reader: inout ThriftCompactReader) throws(TableError) -> RowGroup {
    var group = RowGroup()
    try reader.structure { reader, field, kind throws(TableError) in
      switch field {
      case 1: try reader.list(kind) { reader, _ throws(TableError) in group.columns.append(try columnChunk(&reader)) }
      case 3: group.rowCount = try reader.integer(kind)
      default: return false
      }
      return true
    }
    return group
  }

  private static func columnChunk(_ reader: inout ThriftCompactReader) throws(TableError) -> ColumnChunk {
    var chunk = ColumnChunk()
    try reader.structure { reader, field, kind throws(TableError) in
      switch field {
      case 1: chunk.isElsewhere = try !reader.string(kind).isEmpty
      case 3:
        try reader.structure { reader, field, kind throws(TableError) in
          switch field {
          case 1: chunk.type = ParquetType(rawValue: try reader.integer(kind))
          case 3:
            try reader.list(kind) { reader, kind throws(TableError) in chunk.path.append(try reader.string(kind)) }
          case 4: chunk.codec = try reader.integer(kind)
          case 5: chunk.valueCount = try reader.integer(kind)
          case 7: chunk.byteCount = try reader.integer(kind)
          case 9: chunk.dataOffset = try reader.integer(kind)
          case 11: chunk.dictionaryOffset = try reader.integer(kind)
          default: return false
          }
          return true
        }
      case 8, 9:
        chunk.isEncrypted = true
        return false
      default: return false
      }
      return true
    }
    return chunk
  }
}

/// The physical types; the numbers are the format's.
enum ParquetType: Int, Sendable {
  case boolean, int32, int64, int96, float, double, byteArray, fixedByteArray
}

/// What a column's stored values stand for.
enum ParquetAnnotation: Sendable, Equatable {
  case none, text, map, list, unsigned(bits: Int), decimal(scale: Int), float16, uuid, interval
  case date, time(ParquetTimeUnit), timestamp(ParquetTimeUnit, isUTC: Bool)

  /// From the annotation of files before 2017.
  init(converted code: Int, scale: Int) {
    self =
      switch code {
      case 0, 4, 19: .text
      case 1, 2: .map
      case 3: .list
      case 5: .decimal(scale: scale)
      case 6: .date
      case 7: .time(.milliseconds)
      case 8: .time(.microseconds)
      // Timestamps of that time are instants, in UTC.
      case 9: .timestamp(.milliseconds, isUTC: true)
      case 10: .timestamp(.microseconds, isUTC: true)
      case 11: .unsigned(bits: 8)
      case 12: .unsigned(bits: 16)
      case 13: .unsigned(bits: 32)
      case 14: .unsigned(bits: 64)
      case 21: .interval
      default: .none
      }
  }

  /// From a `LogicalType`, a union whose field number is the kind.
  static func logical(_ reader: inout ThriftCompactReader) throws(TableError) -> ParquetAnnotation {
    var result = ParquetAnnotation.none
    try reader.structure { reader, field, _ throws(TableError) in
      switch field {
      case 1, 4, 12: result = .text
      case 2: result = .map
      case 3: result = .list
      case 6: result = .date
      case 7, 8:
        let (unit, isUTC) = try timeUnit(&reader)
        result = field == 7 ? .time(unit) : .timestamp(unit, isUTC: isUTC)
        return true
      case 14: result = .uuid
      case 15: result = .float16
      case 5:
        try reader.structure { reader, field, kind throws(TableError) in
          guard field == 1 else { return false }
          result = .decimal(scale: try reader.integer(kind))
          return true
        }
        return true
      case 10:
        var bits = 64
        var isSigned = true
        try reader.structure { reader, field, kind throws(TableError) in
          switch field {
          case 1: bits = try reader.integer(kind)
          case 2: isSigned = try reader.boolean(kind)
          default: return false
          }
          return true
        }
        if !isSigned { result = .unsigned(bits: bits) }
        return true
      default: break
      }
      return false
    }
    return result
  }

  /// The members of a `TimeType` or a `TimestampType`: whether it is in UTC, and the unit, a union.
  private static func timeUnit(
    _ reader: inout ThriftCompactReader
  ) throws(TableError) -> (unit: ParquetTimeUnit, isUTC: Bool) {
    var unit = ParquetTimeUnit.milliseconds
    var isUTC = false
    try reader.structure { reader, field, kind throws(TableError) in
      switch field {
      case 1: isUTC = try reader.boolean(kind)
      case 2:
        try reader.structure { reader, field, _ throws(TableError) in
          guard let known = ParquetTimeUnit(rawValue: field) else {
            throw reader.mistake("unknown Parquet time unit \(field)")
          }
          unit = known
          return false
        }
      default: return false
      }
      return true
    }
    return (unit, isUTC)
  }
}

/// What times are counted in; the numbers are those of the format's union `TimeUnit`.
enum ParquetTimeUnit: Int, Sendable {
  case milliseconds = 1
  case microseconds, nanoseconds

  /// How many make a second.
  var perSecond: Int64 {
    switch self {
    case .milliseconds: 1_000
    case .microseconds: 1_000_000
    case .nanoseconds: 1_000_000_000
    }
  }
}
