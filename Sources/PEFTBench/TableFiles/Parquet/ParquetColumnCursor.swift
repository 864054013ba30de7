import PEFTCore

/// Walks over one leaf column of one row group, page by page.
///
/// Only the current page is unpacked, so memory does not grow with the row group.
struct ParquetColumnCursor {
  /// Values that a page may have: as many as writers put into a row group, or more in files of which this is a part;
  /// few enough that a page that repeats one value a billion times costs no giant memory.
  private var maximumPageValues: Int { min(1 << 24, max(1 << 20, source.count / 8)) }

  private let source: ByteSource
  private let leaf: ParquetSchema.Leaf
  private let values: ParquetValues
  private let chunk: ParquetMetadata.ColumnChunk
  private let budget: ParquetPageBudget
  /// Offset in the file of the next page.
  private var offset: Int
  /// Values, nulls among them, in pages not read yet.
  private var valuesLeft: Int
  private var dictionary: [DocumentValue]?
  /// What the current page is charged with.
  private var charged = 0

  /// Levels of the current page; nil where all are at the maximum or all are zero, respectively.
  private var definitions: [UInt32]?
  private var repetitions: [UInt32]?
  private var present: [DocumentValue] = []
  private var pageCount = 0
  private var position = 0
  private var presentPosition = 0

  /// Starts at the beginning of `chunk`.
  init(
    _ source: ByteSource, _ leaf: ParquetSchema.Leaf, _ chunk: ParquetMetadata.ColumnChunk, rowCount: Int,
    budget: ParquetPageBudget
  ) throws(TableError) {
    self.source = source
    self.leaf = leaf
    self.chunk = chunk
    self.budget = budget
    offset = chunk.start
    valuesLeft = chunk.valueCount
    let column = leaf.path.joined(separator: ".")
    func mistake(_ message: String) -> TableError {
      TableError("column \(column): \(message)", at: .byte(file: source.name, offset: chunk.start))
    }
    let (kind, refusal) = ParquetValueKind.of(leaf)
    guard let kind else { throw mistake(refusal) }
    values = ParquetValues(type: leaf.type, typeLength: leaf.typeLength, kind: kind)
    guard !chunk.isEncrypted else { throw mistake("encrypted columns are not read") }
    guard !chunk.isElsewhere else { throw mistake("its values are in another file, which is not read") }
    guard chunk.path == leaf.path, chunk.type == leaf.type else {
      throw mistake("the row group has the column \(chunk.path.joined(separator: ".")) in its place")
    }
    guard chunk.valueCount >= 0, chunk.start >= 0, chunk.byteCount >= 0,
      chunk.start <= source.count, chunk.byteCount <= source.count - chunk.start
    else { throw mistake("its \(chunk.byteCount) bytes from \(chunk.start) on are not in the file") }
    guard leaf.maximumRepetition > 0 || chunk.valueCount == rowCount else {
      throw mistake("it has \(chunk.valueCount) values for \(rowCount) rows")
    }
  }

  /// An error about this column at the current place.
  func mistake(_ message: String) -> TableError { mistake(message, at: offset) }

  private func mistake(_ message: String, at offset: Int) -> TableError {
    TableError(
      "column \(leaf.path.joined(separator: ".")): \(message)", at: .byte(file: source.name, offset: offset))
  }

  // MARK: Walking

  /// The definition level of the next value; nil after the last.
  @inline(__always)
  mutating func definition() throws(TableError) -> Int? {
    guard try hasNext() else { return nil }
    return definitions.map { Int($0[position]) } ?? leaf.maximumDefinition
  }

  /// The repetition level of the next value; 0, as at the start of a row, after the last.
  @inline(__always)
  mutating func repetition() throws(TableError) -> Int {
    guard try hasNext() else { return 0 }
    return repetitions.map { Int($0[position]) } ?? 0
  }

  /// Whether there is another value; unpacks the next page if need be.
  @inline(__always)
  mutating func hasNext() throws(TableError) -> Bool {
    if position < pageCount { return true }
    return try loadPage()
  }

  /// Takes the next value, which is null unless its definition level is the leaf's maximum.
  @inline(__always)
  mutating func next() throws(TableError) -> DocumentValue {
    guard try hasNext() else { throw mistake("it has fewer values than its row group has rows") }
    if let definitions, definitions[position] != leaf.maximumDefinition {
      position += 1
      return DocumentValue(.null)
    }
    position += 1
    presentPosition += 1
    return present[presentPosition - 1]
  }

  // MARK: Pages

  /// What a page's header says.
  private struct PageHeader {
    var kind = -1
    var unpackedSize = -1
    var size = -1
    var checksum: UInt32?
    var valueCount = -1
    var encoding = -1
    var definitionEncoding = ParquetValues.Encoding.runs.rawValue
    var repetitionEncoding = ParquetValues.Encoding.runs.rawValue
    var nullCount: Int?
    var definitionBytes = 0
    var repetitionBytes = 0
    var isPacked = true
  }

  private mutating func loadPage() throws(TableError) -> Bool {
    pageCount = 0
    position = 0
    while valuesLeft > 0 {
      let start = offset
      let (header, headerSize) = try readHeader()
      guard header.size >= 0, 0...Int(Int32.max) ~= header.unpackedSize,
        header.size <= chunk.start + chunk.byteCount - start - headerSize
      else {
        throw mistake(
          "the page here states \(header.size) bytes, \(header.unpackedSize) unpacked, which do not fit its column",
          at: start)
      }
      let bytes = try source.bytes(at: start + headerSize, count: header.size)
      if let checksum = header.checksum, checksum != bytes.withUnsafeBufferPointer({ CRC32.of($0) }) {
        throw mistake("the page here is damaged: its checksum differs", at: start)
      }
      offset = start + headerSize + header.size
      do {
        switch header.kind {
        case 0, 3: try bytes.withUnsafeBufferPointer { bytes throws in try decodeData(bytes, header) }
        case 2: try bytes.withUnsafeBufferPointer { bytes throws in try decodeDictionary(bytes, header) }
        case 1: continue
        default: throw ParquetPageError("its kind, \(header.kind), is unknown")
        }
      } catch let error as CompressionError {
        throw mistake("the page here cannot be unpacked: \(error.format): \(error.message)", at: start)
      } catch let error as ParquetPageError {
        throw mistake("the page here cannot be read: \(error.message)", at: start)
      } catch {
        throw mistake("the page here cannot be read: \(error)", at: start)
      }
      if pageCount > 0 { return true }
    }
    return false
  }

  /// Reads the page header at `offset`; headers with long statistics need more bytes than the first try.
  private func readHeader() throws(TableError) -> (PageHeader, Int) {
    let available = chunk.start + chunk.byteCount - offset
    guard available > 0 else { throw mistake("its pages end \(valuesLeft) values too soon") }
    var window = min(available, 1 << 10)
    while true {
      var reader = ThriftCompactReader(
        try source.bytes(at: offset, count: window), file: source.name, origin: offset)
      do {
        let header = try Self.header(&reader)
        return (header, reader.position)
      } catch {
        guard reader.ranOut, window < available else { throw error }
        window = min(available, window * 8)
      }
    }
  }

  private static func header(_ reader: inout ThriftCompactReader) throws(TableError) -> PageHeader {
    var header = PageHeader()
    try reader.structure { reader, field, kind throws(TableError) in
      switch field {
      case 1: header.kind = try reader.integer(kind)
      case 2: header.unpackedSize = try reader.integer(kind)
      case 3: header.size = try reader.integer(kind)
      case 4: header.checksum = UInt32(truncatingIfNeeded: try reader.integer(kind))
      case 5:
        try reader.structure { reader, field, kind throws(TableError) in
          switch field {
          case 1: header.valueCount = try reader.integer(kind)
          case 2: header.encoding = try reader.integer(kind)
          case 3: header.definitionEncoding = try reader.integer(kind)
          case 4: header.repetitionEncoding = try reader.integer(kind)
          default: return false
          }
          return true
        }
      case 7:
        try reader.structure { reader, field, kind throws(TableError) in
          switch field {
          case 1: header.valueCount = try reader.integer(kind)
          case 2: header.encoding = try reader.integer(kind)
          default: return false
          }
          return true
        }
      case 8:
        try reader.structure { reader, field, kind throws(TableError) in
          switch field {
          case 1: header.valueCount = try reader.integer(kind)
          case 2: header.nullCount = try reader.integer(kind)
          case 4: header.encoding = try reader.integer(kind)
          case 5: header.definitionBytes = try reader.integer(kind)
          case 6: header.repetitionBytes = try reader.integer(kind)
          case 7: header.isPacked = try reader.boolean(kind)
          default: return false
          }
          return true
        }
      default: return false
      }
      return true
    }
    return header
  }

  private mutating func decodeDictionary(_ bytes: UnsafeBufferPointer<UInt8>, _ header: PageHeader) throws {
    guard dictionary == nil else { throw ParquetPageError("it is a second dictionary") }
    guard header.encoding == 0 || header.encoding == 2 else {
      throw ParquetPageError("its encoding, \(header.encoding), is not one for dictionaries")
    }
    let unpacked = try unpack(bytes, size: header.unpackedSize)
    // A value of no bytes at all could otherwise be stated any number of times.
    guard header.valueCount >= 0, header.valueCount <= max(1, unpacked.count * 8) else {
      throw ParquetPageError("its \(header.valueCount) values do not fit \(unpacked.count) bytes")
    }
    // The dictionary stays until the column chunk ends.
    try budget.replace(
      0, by: ParquetPageBudget.bytes(valueCount: header.valueCount, byteCount: unpacked.count))
    var input = ParquetBytes(unpacked.bytes, 0..<unpacked.count)
    dictionary = try values.plain(&input, count: header.valueCount)
  }

  private mutating func decodeData(_ bytes: UnsafeBufferPointer<UInt8>, _ header: PageHeader) throws {
    let count = header.valueCount
    guard count >= 0, count <= valuesLeft, count <= maximumPageValues else {
      throw ParquetPageError("it states \(count) values; \(min(valuesLeft, maximumPageValues)) are possible")
    }
    guard let encoding = ParquetValues.Encoding(rawValue: header.encoding) else {
      throw ParquetPageError("its encoding, \(header.encoding), is unknown")
    }
    let charge = ParquetPageBudget.bytes(valueCount: count, byteCount: header.unpackedSize)
    present = []
    try budget.replace(charged, by: charge)
    charged = charge
    let isVersion2 = header.kind == 3
    var levelBytes = 0
    let unpacked: ByteBuffer
    if isVersion2 {
      let (sum, overflow) = header.definitionBytes.addingReportingOverflow(header.repetitionBytes)
      guard header.definitionBytes >= 0, header.repetitionBytes >= 0, !overflow, sum <= bytes.count,
        sum <= header.unpackedSize
      else { throw ParquetPageError("its levels do not fit") }
      levelBytes = sum
      let body = UnsafeBufferPointer(rebasing: bytes[sum...])
      unpacked = header.isPacked ? try unpack(body, size: header.unpackedSize - sum) : ByteBuffer(body)
    } else {
      unpacked = try unpack(bytes, size: header.unpackedSize)
    }
    try withExtendedLifetime(unpacked) {
      var input = ParquetBytes(unpacked.bytes, 0..<unpacked.count)
      if isVersion2 {
        var levels = ParquetBytes(bytes, 0..<header.repetitionBytes)
        repetitions = try Self.levels(&levels, maximum: leaf.maximumRepetition, count: count)
        levels = ParquetBytes(bytes, header.repetitionBytes..<levelBytes)
        definitions = try Self.levels(&levels, maximum: leaf.maximumDefinition, count: count)
      } else {
        // Writers state any encoding for levels that they do not write.
        let runs = ParquetValues.Encoding.runs.rawValue
        guard leaf.maximumDefinition == 0 || header.definitionEncoding == runs,
          leaf.maximumRepetition == 0 || header.repetitionEncoding == runs
        else { throw ParquetPageError("its levels have the outdated encoding BIT_PACKED, which is not supported") }
        repetitions = try Self.prefixedLevels(&input, maximum: leaf.maximumRepetition, count: count)
        definitions = try Self.prefixedLevels(&input, maximum: leaf.maximumDefinition, count: count)
      }
      var presentCount = count
      if let levels = definitions {
        let maximum = UInt32(leaf.maximumDefinition)
        presentCount = levels.reduce(0) { $0 + ($1 == maximum ? 1 : 0) }
        if presentCount == count { definitions = nil }
      }
      if repetitions?.allSatisfy({ $0 == 0 }) == true { repetitions = nil }
      if let nullCount = header.nullCount, leaf.maximumRepetition == 0, nullCount != count - presentCount {
        throw ParquetPageError("it states \(nullCount) nulls, but has \(count - presentCount)")
      }
      present = try values.decode(&input, count: presentCount, encoding: encoding, dictionary: dictionary)
    }
    pageCount = count
    position = 0
    presentPosition = 0
    valuesLeft -= count
  }

  /// Levels after a length of four bytes, as pages of version 1 have them.
  private static func prefixedLevels(
    _ input: inout ParquetBytes, maximum: Int, count: Int
  ) throws(ParquetPageError) -> [UInt32]? {
    guard maximum > 0 else { return nil }
    let length = try input.length()
    let range = try input.take(length)
    var levels = ParquetBytes(input.bytes, range)
    return try Self.levels(&levels, maximum: maximum, count: count)
  }

  private static func levels(
    _ input: inout ParquetBytes, maximum: Int, count: Int
  ) throws(ParquetPageError) -> [UInt32]? {
    guard maximum > 0 else { return nil }
    let width = Int.bitWidth - maximum.leadingZeroBitCount
    let levels = try ParquetEncodings.runs(&input, width: width, count: count)
    guard levels.allSatisfy({ $0 <= UInt32(maximum) }) else { throw ParquetPageError("a level in it is too high") }
    return levels
  }

  private func unpack(_ bytes: UnsafeBufferPointer<UInt8>, size: Int) throws -> ByteBuffer {
    if chunk.codec == 0 {
      guard bytes.count == size else { throw ParquetPageError("it has \(bytes.count) bytes, but states \(size)") }
      return ByteBuffer(bytes)
    }
    let limit = UnpackingLimit.bytes(forPacked: bytes.count)
    guard size <= limit else {
      throw ParquetPageError("it states \(size) bytes for \(bytes.count) packed ones; at most \(limit) are read")
    }
    // Reserved as the packed bytes make it likely, so that a damaged size costs nothing.
    var output = GrowingBytes(capacity: min(size, bytes.count * 16 + (1 << 16)), limit: size)
    if bytes.isEmpty, size == 0 { return output.finish() }
    switch chunk.codec {
    case 1: try Snappy.decompress(bytes, into: &output)
    case 2: try Gzip.decompress(bytes, into: &output)
    case 6: try Zstandard.decompress(bytes, into: &output)
    case 7: try LZ4.decompress(bytes, into: &output)
    default:
      let names = [3: "LZO", 4: "BROTLI", 5: "LZ4 (Hadoop's frames)"]
      let name = names[chunk.codec] ?? "number \(chunk.codec)"
      throw ParquetPageError(
        "its codec, \(name), is not supported; expected UNCOMPRESSED, SNAPPY, GZIP, ZSTD or LZ4_RAW")
    }
    guard output.count == size else {
      throw ParquetPageError("it unpacks to \(output.count) bytes, but states \(size)")
    }
    return output.finish()
  }
}
