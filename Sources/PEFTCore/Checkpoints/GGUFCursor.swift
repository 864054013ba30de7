/// Reads the head of a GGUF file from front to back; every step is checked against the file's end.
struct GGUFCursor {
  /// Deepest nesting of lists that is read; no known key has any.
  static let maximumDepth = 4

  private let file: MemoryMappedFile
  /// Offset of the next byte.
  private(set) var position = 0
  /// What is being read, for messages.
  var subject = "the header"

  init(file: MemoryMappedFile) { self.file = file }

  /// Bytes from here to the end of the file.
  var remaining: Int { file.count - position }

  func error(_ message: String, tensor: String? = nil, at offset: Int? = nil) -> CheckpointError {
    CheckpointError(file: file.path, tensor: tensor, byteOffset: offset ?? position, message)
  }

  mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(CheckpointError) -> Value {
    let size = MemoryLayout<Value>.size
    guard size <= remaining else { throw cutShort(needing: size) }
    defer { position += size }
    return Value(littleEndian: file.bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
  }

  /// A count or length: one that cannot fit the rest of the file, at `bytesEach`, is refused before anything
  /// is allocated for it.
  mutating func count(bytesEach: Int, of what: String) throws(CheckpointError) -> Int {
    let start = position
    let value = try integer(UInt64.self)
    guard value <= UInt64(remaining / bytesEach) else {
      throw error(
        "\(subject) has \(value) \(what), more than the \(remaining) bytes left in the file can hold", at: start)
    }
    return Int(value)
  }

  mutating func string() throws(CheckpointError) -> String {
    let length = try count(bytesEach: 1, of: "bytes of text")
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[position..<position + length])
    let text = bytes.withMemoryRebound(to: UInt8.self) { String(validating: $0, as: UTF8.self) }
    guard let text else { throw error("a text of \(subject) is not valid UTF-8") }
    position += length
    return text
  }

  mutating func value() throws(CheckpointError) -> GGUFValue {
    let typeOffset = position
    let type = try integer(UInt32.self)
    switch type {
    case 0: return .integer(Int(try integer(UInt8.self)))
    case 1: return .integer(Int(try integer(Int8.self)))
    case 2: return .integer(Int(try integer(UInt16.self)))
    case 3: return .integer(Int(try integer(Int16.self)))
    case 4: return .integer(Int(try integer(UInt32.self)))
    case 5: return .integer(Int(try integer(Int32.self)))
    case 6: return .number(Double(Float(bitPattern: try integer(UInt32.self))))
    case 7: return .bool(try bool())
    case 8: return .string(try string())
    case 9: return .array(try array(depth: 1))
    case 10: return .integer(try unsigned64())
    case 11: return .integer(Int(try integer(Int64.self)))
    case 12: return .number(Double(bitPattern: try integer(UInt64.self)))
    default: throw error("\(subject) has the unknown value type \(type), expected 0...12", at: typeOffset)
    }
  }

  private mutating func array(depth: Int) throws(CheckpointError) -> GGUFArray {
    guard depth <= Self.maximumDepth else {
      throw error("\(subject) nests lists deeper than \(Self.maximumDepth) levels")
    }
    let typeOffset = position
    switch try integer(UInt32.self) {
    case 0: return .integers(try integers(UInt8.self))
    case 1: return .integers(try integers(Int8.self))
    case 2: return .integers(try integers(UInt16.self))
    case 3: return .integers(try integers(Int16.self))
    case 4: return .integers(try integers(UInt32.self))
    case 5: return .integers(try integers(Int32.self))
    case 6: return .numbers(try integers(UInt32.self).map { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0))) })
    case 7: return .bools(try elements(bytesEach: 1) { (cursor) throws(CheckpointError) in try cursor.bool() })
    case 8: return .strings(try elements(bytesEach: 8) { (cursor) throws(CheckpointError) in try cursor.string() })
    case 9:
      return .arrays(
        try elements(bytesEach: 12) { (cursor) throws(CheckpointError) in try cursor.array(depth: depth + 1) })
    case 10:
      return .integers(try elements(bytesEach: 8) { (cursor) throws(CheckpointError) in try cursor.unsigned64() })
    case 11: return .integers(try integers(Int64.self))
    case 12: return .numbers(try integers(Int64.self).map { Double(bitPattern: UInt64(bitPattern: Int64($0))) })
    case let type: throw error("\(subject) is a list of the unknown value type \(type)", at: typeOffset)
    }
  }

  private mutating func integers<Value: FixedWidthInteger>(_: Value.Type) throws(CheckpointError) -> [Int] {
    let size = MemoryLayout<Value>.size
    let count = try count(bytesEach: size, of: "elements")
    let start = position
    position += count * size
    let bytes = file.bytes
    return [Int](unsafeUninitializedCapacity: count) { output, initialized in
      for index in 0..<count {
        let value = bytes.loadUnaligned(fromByteOffset: start + index * size, as: Value.self)
        output[index] = Int(truncatingIfNeeded: Value(littleEndian: value))
      }
      initialized = count
    }
  }

  private mutating func elements<Element>(
    bytesEach: Int, _ read: (inout GGUFCursor) throws(CheckpointError) -> Element
  ) throws(CheckpointError) -> [Element] {
    let count = try count(bytesEach: bytesEach, of: "elements")
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  private mutating func bool() throws(CheckpointError) -> Bool {
    let byte = try integer(UInt8.self)
    guard byte <= 1 else { throw error("\(subject) has the byte \(byte) for true or false", at: position - 1) }
    return byte == 1
  }

  private mutating func unsigned64() throws(CheckpointError) -> Int {
    let value = try integer(UInt64.self)
    guard let value = Int(exactly: value) else {
      throw error("\(subject) is \(value), larger than any number expected here", at: position - 8)
    }
    return value
  }

  private func cutShort(needing size: Int) -> CheckpointError {
    error("\(subject) needs \(size) more bytes, the file has \(remaining): it is cut short")
  }
}
