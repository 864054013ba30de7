/// Reads structures in Thrift's compact protocol, in which Parquet writes its footer and page headers.
///
/// Everything is checked against the bytes that are there; nesting is bounded. Source: Apache Thrift,
/// thrift-compact-protocol.md.
struct ThriftCompactReader {
  /// How a field's value is written; the numbers are the protocol's.
  enum Kind: UInt8 {
    case isTrue = 1
    case isFalse, byte, int16, int32, int64, double, binary, list, set, map, structure, uuid
  }

  private static let maximumDepth = 64

  private let bytes: [UInt8]
  private let file: String
  /// Where `bytes` begins in the file.
  private let origin: Int
  /// Offset of the next unread byte in `bytes`.
  private(set) var position = 0
  private var depth = 0

  /// Starts at the first of `bytes`, which are at `origin` of the file.
  init(_ bytes: [UInt8], file: String, origin: Int) {
    self.bytes = bytes
    self.file = file
    self.origin = origin
  }

  /// An error about the bytes just read.
  func mistake(_ message: String) -> TableError {
    TableError(message, at: .byte(file: file, offset: origin + position))
  }

  /// Whether a mistake is only that the bytes end too soon.
  private(set) var ranOut = false

  private mutating func byte() throws(TableError) -> UInt8 {
    guard position < bytes.count else {
      ranOut = true
      throw mistake("the Parquet metadata is cut off here")
    }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func varint() throws(TableError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      guard shift < 63 || next <= 1 else { throw mistake("a number in the Parquet metadata is too large") }
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
  }

  private mutating func zigzag() throws(TableError) -> Int {
    let raw = try varint()
    return Int(bitPattern: UInt(raw >> 1)) ^ -Int(raw & 1)
  }

  /// Reads a structure; `visit` is called with each field's number and kind and returns false to pass over it.
  mutating func structure(
    _ visit: (inout ThriftCompactReader, Int, Kind) throws(TableError) -> Bool
  ) throws(TableError) {
    try enter()
    defer { depth -= 1 }
    var field = 0
    while true {
      let header = try byte()
      if header == 0 { return }
      guard let kind = Kind(rawValue: header & 15) else {
        throw mistake("the Parquet metadata has a field of the unknown kind \(header & 15)")
      }
      if header >> 4 != 0 {
        field += Int(header >> 4)
      } else {
        field = try zigzag()
        guard 0..<32768 ~= field else { throw mistake("the Parquet metadata has a damaged field number") }
      }
      if try !visit(&self, field, kind) { try skip(kind) }
    }
  }

  /// Reads an integer field.
  mutating func integer(_ kind: Kind) throws(TableError) -> Int {
    switch kind {
    case .byte: return Int(Int8(bitPattern: try byte()))
    case .int16, .int32, .int64: return try zigzag()
    default: throw mistake("expected an integer in the Parquet metadata")
    }
  }

  /// Reads a boolean field, whose value is its kind.
  mutating func boolean(_ kind: Kind) throws(TableError) -> Bool {
    guard kind == .isTrue || kind == .isFalse else { throw mistake("expected true or false in the Parquet metadata") }
    return kind == .isTrue
  }

  /// Reads a text field.
  mutating func string(_ kind: Kind) throws(TableError) -> String {
    guard kind == .binary else { throw mistake("expected a text in the Parquet metadata") }
    let range = try binary()
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw mistake("a text in the Parquet metadata is not valid UTF-8")
    }
    return text
  }

  private mutating func binary() throws(TableError) -> Range<Int> {
    let length = try varint()
    guard length <= UInt64(bytes.count - position) else {
      ranOut = true
      throw mistake("the Parquet metadata is cut off here")
    }
    defer { position += Int(length) }
    return position..<position + Int(length)
  }

  /// Reads a list field, calling `element` for each of its elements.
  mutating func list(
    _ kind: Kind, _ element: (inout ThriftCompactReader, Kind) throws(TableError) -> Void
  ) throws(TableError) {
    guard kind == .list || kind == .set else { throw mistake("expected a list in the Parquet metadata") }
    try enter()
    defer { depth -= 1 }
    let header = try byte()
    let count = header >> 4 == 15 ? try varint() : UInt64(header >> 4)
    // Each element takes a byte at least, so a damaged count ends here and not after years.
    guard let kind = Kind(rawValue: header & 15), count <= UInt64(bytes.count - position) else {
      ranOut = count > UInt64(bytes.count - position)
      throw mistake("a list in the Parquet metadata is damaged")
    }
    for _ in 0..<count { try element(&self, kind) }
  }

  private mutating func enter() throws(TableError) {
    depth += 1
    guard depth <= Self.maximumDepth else { throw mistake("the Parquet metadata is nested too deep") }
  }

  private mutating func skip(_ kind: Kind) throws(TableError) {
    switch kind {
    case .isTrue, .isFalse: return
    case .byte: _ = try byte()
    case .int16, .int32, .int64: _ = try varint()
    case .double: for _ in 0..<8 { _ = try byte() }
    case .uuid: for _ in 0..<16 { _ = try byte() }
    case .binary: _ = try binary()
    case .structure: try structure { _, _, _ throws(TableError) in false }
    case .list, .set: try list(kind) { reader, kind throws(TableError) in try reader.skipElement(kind) }
    case .map:
      try enter()
      defer { depth -= 1 }
      let count = try varint()
      guard count > 0 else { return }
      let kinds = try byte()
      guard let key = Kind(rawValue: kinds >> 4), let value = Kind(rawValue: kinds & 15),
        count <= UInt64(bytes.count - position)
      else { throw mistake("a map in the Parquet metadata is damaged") }
      for _ in 0..<count {
        try skipElement(key)
        try skipElement(value)
      }
    }
  }

  /// Passes over an element of a list or map, where a boolean takes a byte of its own.
  private mutating func skipElement(_ kind: Kind) throws(TableError) {
    if kind == .isTrue || kind == .isFalse { _ = try byte() } else { try skip(kind) }
  }
}
