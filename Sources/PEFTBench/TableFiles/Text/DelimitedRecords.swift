import PEFTCore

/// Cuts a delimited text into records and these into fields.
struct DelimitedRecords {
  /// What separates and groups.
  struct Dialect: Sendable {
    let delimiter: UInt8
    /// Whether a field may stand in double quotes (RFC 4180).
    let isQuoted: Bool
  }

  /// The bytes of one field; `hasDoubledQuotes` says that `""` stands for `"` in them.
  struct Field {
    let bytes: ArraySlice<UInt8>
    let hasDoubledQuotes: Bool

    var isEmpty: Bool { bytes.isEmpty }

    /// The field's text, or nil if it is not UTF-8.
    var text: String? {
      guard hasDoubledQuotes else { return bytes.withUnsafeBufferPointer { UTF8Text.string($0) } }
      var plain: [UInt8] = []
      plain.reserveCapacity(bytes.count)
      var position = bytes.startIndex
      while position < bytes.endIndex {
        plain.append(bytes[position])
        // The scanner has made sure that quotes inside a quoted field come in pairs.
        position += bytes[position] == UInt8(ascii: "\"") ? 2 : 1
      }
      return plain.withUnsafeBufferPointer { UTF8Text.string($0) }
    }
  }

  private let dialect: Dialect
  private let file: String
  private var buffer: RecordBuffer
  /// Line on which the last record began.
  private(set) var line = 1

  /// Starts at the beginning of `source`.
  init(_ source: ByteSource, _ dialect: Dialect) throws(TableError) {
    self.dialect = dialect
    file = source.name
    buffer = try RecordBuffer(source)
  }

  /// The next record's fields, or nil at the end of the file.
  mutating func next() throws(TableError) -> [Field]? {
    line = buffer.line
    guard dialect.isQuoted else {
      guard let record = try buffer.nextLine() else { return nil }
      let fields = record.split(separator: dialect.delimiter, omittingEmptySubsequences: false)
      return fields.map { Field(bytes: $0, hasDoubledQuotes: false) }
    }
    var spans: [Span] = []
    let start = line
    let file = file
    let dialect = dialect
    let record = try buffer.nextRecord { bytes, isLast throws(TableError) in
      switch Self.scan(bytes, dialect.delimiter, isLast: isLast, into: &spans) {
      case .record(let length): return length
      case .needsMore: return nil
      case .mistake(let offset, let message):
        let text = DocumentText(name: file, bytes: Array(bytes.prefix(offset + 1)))
        let place = text.location(of: offset)
        throw TableError(
          message, at: .text(SourceLocation(file: file, line: start + place.line - 1, column: place.column)))
      }
    }
    guard let record else { return nil }
    return spans.map { span in
      let first = record.startIndex + span.start
      return Field(bytes: record[first..<record.startIndex + span.end], hasDoubledQuotes: span.hasDoubledQuotes)
    }
  }

  private struct Span {
    let start: Int
    let end: Int
    let hasDoubledQuotes: Bool
  }

  private enum Scan {
    case record(length: Int)
    case needsMore
    case mistake(offset: Int, message: String)
  }

  /// Finds the fields of the record that `bytes` begin with; its length includes the line break.
  private static func scan(
    _ bytes: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8, isLast: Bool, into spans: inout [Span]
  ) -> Scan {
    let quote = UInt8(ascii: "\"")
    spans.removeAll(keepingCapacity: true)
    var position = 0
    while true {
      let fieldStart = position
      var span: Span
      if position < bytes.count, bytes[position] == quote {
        position += 1
        var hasDoubled = false
        while true {
          while position < bytes.count, bytes[position] != quote { position += 1 }
          guard position < bytes.count else {
            return isLast ? .mistake(offset: fieldStart, message: "this quoted field does not end") : .needsMore
          }
          // Whether a quote closes the field is known only from the byte after it.
          guard position + 1 < bytes.count || isLast else { return .needsMore }
          guard position + 1 < bytes.count, bytes[position + 1] == quote else { break }
          hasDoubled = true
          position += 2
        }
        span = Span(start: fieldStart + 1, end: position, hasDoubledQuotes: hasDoubled)
        position += 1
      } else {
        while position < bytes.count, bytes[position] != delimiter, bytes[position] != 0x0A { position += 1 }
        guard position < bytes.count || isLast else { return .needsMore }
        let endsRecord = position == bytes.count || bytes[position] == 0x0A
        let hasReturn = endsRecord && position > fieldStart && bytes[position - 1] == 0x0D
        span = Span(start: fieldStart, end: hasReturn ? position - 1 : position, hasDoubledQuotes: false)
      }
      spans.append(span)
      if position < bytes.count, bytes[position] == 0x0D {
        guard position + 1 < bytes.count || isLast else { return .needsMore }
        if position + 1 == bytes.count || bytes[position + 1] == 0x0A { position += 1 }
      }
      if position == bytes.count { return isLast ? .record(length: position) : .needsMore }
      switch bytes[position] {
      case delimiter: position += 1
      case 0x0A: return .record(length: position + 1)
      default: return .mistake(offset: position, message: "text follows the quote mark that ends this field")
      }
    }
  }
}
