/// A tensor in a GGUF file: its name, type and shape, and where its bytes are.
public struct GGUFTensor: Sendable {
  /// Its name in the file, such as `blk.0.attn_q.weight`.
  public let name: String
  /// Sizes of the dimensions, slowest varying first (rows, columns), the reverse of how the file lists them.
  public let shape: [Int]
  /// The number of its type in the file.
  public let typeID: UInt32
  /// Its type, or nil for one that this program has never heard of.
  public let type: GGUFTensorType?
  /// The mapped file that it is in.
  public let file: MemoryMappedFile
  /// Where its bytes are in the file; empty for an unknown type, whose size is unknown.
  public let range: Range<Int>

  /// Number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Its bytes, valid while `file` is alive; not necessarily aligned.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[range]) }

  /// How its elements are read.
  ///
  /// - Throws: `CheckpointError` that names the type, for one that cannot be read.
  public func weightFormat() throws(CheckpointError) -> WeightFormat {
    if let format = type?.weightFormat { return format }
    let readable = WeightFormat.ggml.map(\.name).joined(separator: " ")
    throw CheckpointError(
      file: file.path, tensor: name, byteOffset: range.lowerBound,
      "its type \(type?.name ?? "number \(typeID)") cannot be read, only \(readable)")
  }

  /// Its elements as float32.
  ///
  /// - Throws: `CheckpointError` for a type that cannot be read.
  public func floats() throws(CheckpointError) -> [Float] {
    let format = try weightFormat()
    return [Float](unsafeUninitializedCapacity: elementCount) { output, count in
      if let source = bytes.baseAddress, let target = output.baseAddress {
        format.decode(source, blockCount: elementCount / format.blockLength, into: target)
      }
      count = elementCount
    }
  }
}

/// One GGUF file (version 2 or 3), opened for reading.
///
/// The file is a head of keys and values and of tensor descriptions, then the tensors' bytes, each aligned.
/// Everything in the head is checked on opening; a tensor of a type that cannot be read is an error only when
/// it is asked for.
///
/// - Source: The GGUF specification of ggml; gguf-py 0.19.
public struct GGUFFile: Sendable {
  /// The path it was opened by.
  public let path: String
  /// Version of the format, 2 or 3.
  public let version: Int
  /// The keys and values.
  public let metadata: GGUFMetadata
  /// The tensors in the order of their descriptions.
  public let tensors: [GGUFTensor]

  /// Opens the file at `path` and checks its head.
  ///
  /// - Throws: `FileError` or `CheckpointError`.
  public init(path: String) throws {
    let file = try MemoryMappedFile(path: path)
    var cursor = GGUFCursor(file: file)
    let version = try Self.version(&cursor)
    // The smallest description of a tensor takes 24 bytes, the smallest key with its value 13.
    let tensorCount = try cursor.count(bytesEach: 24, of: "tensors")
    let keyCount = try cursor.count(bytesEach: 13, of: "keys")
    let entries = try Self.entries(keyCount, &cursor)
    let metadata = GGUFMetadata(file: path, entries: entries)
    let alignment = try Self.alignment(metadata)
    let descriptions = try Self.descriptions(tensorCount, &cursor)
    self.path = path
    self.version = version
    self.metadata = metadata
    tensors = try Self.tensors(descriptions, file: file, headEnd: cursor.position, alignment: alignment)
  }

  private static func version(_ cursor: inout GGUFCursor) throws(CheckpointError) -> Int {
    let magic = try cursor.integer(UInt32.self)
    guard magic == 0x4655_4747 else {
      throw cursor.error("does not start with \"GGUF\": not a GGUF file", at: 0)
    }
    let version = try cursor.integer(UInt32.self)
    switch version {
    case 2, 3: return Int(version)
    case 1: throw cursor.error("GGUF version 1 cannot be read, only 2 and 3: convert the model again", at: 4)
    case 0x0100_0000, 0x0200_0000, 0x0300_0000:
      throw cursor.error("a big-endian GGUF file cannot be read: convert it to little-endian", at: 4)
    default: throw cursor.error("unknown GGUF version \(version), expected 2 or 3", at: 4)
    }
  }

  private static func entries(
    _ count: Int, _ cursor: inout GGUFCursor
  ) throws(CheckpointError) -> [(key: String, value: GGUFValue)] {
    var entries: [(key: String, value: GGUFValue)] = []
    var seen: Set<String> = []
    for index in 0..<count {
      cursor.subject = "key \(index) of \(count)"
      let start = cursor.position
      let key = try cursor.string()
      guard seen.insert(key).inserted else { throw cursor.error("duplicate key \"\(key)\"", at: start) }
      cursor.subject = "the key \"\(key)\""
      entries.append((key, try cursor.value()))
    }
    return entries
  }

  private static func alignment(_ metadata: GGUFMetadata) throws(CheckpointError) -> Int {
    let alignment = try metadata.integer("general.alignment") ?? 32
    guard alignment > 0, alignment <= 1 << 30, alignment % 8 == 0 else {
      throw CheckpointError(
        file: metadata.file, "general.alignment is \(alignment), expected a positive multiple of 8")
    }
    return alignment
  }

  /// What the head says of a tensor.
  private struct Description {
    let name: String
    let shape: [Int]
    let typeID: UInt32
    let type: GGUFTensorType?
    let byteCount: Int
    let dataOffset: UInt64
    let position: Int
  }

  private static func descriptions(
    _ count: Int, _ cursor: inout GGUFCursor
  ) throws(CheckpointError) -> [Description] {
    var descriptions: [Description] = []
    var seen: Set<String> = []
    for index in 0..<count {
      cursor.subject = "tensor \(index) of \(count)"
      let start = cursor.position
      let name = try cursor.string()
      guard seen.insert(name).inserted else { throw cursor.error("duplicate tensor", tensor: name, at: start) }
      cursor.subject = "tensor \"\(name)\""
      let rankOffset = cursor.position
      let rank = try cursor.integer(UInt32.self)
      guard rank <= 4 else {
        throw cursor.error("has \(rank) dimensions, expected at most 4", tensor: name, at: rankOffset)
      }
      var dimensions: [Int] = []
      for _ in 0..<rank {
        let size = try cursor.integer(UInt64.self)
        guard let size = Int(exactly: size) else {
          throw cursor.error("a dimension of size \(size) is too large", tensor: name, at: cursor.position - 8)
        }
        dimensions.append(size)
      }
      let typeID = try cursor.integer(UInt32.self)
      let type = GGUFTensorType(id: typeID)
      guard let byteCount = byteCount(of: type, dimensions: dimensions) else {
        let detail = type.map { " of \($0.name)" } ?? ""
        throw cursor.error("shape \(dimensions)\(detail) is too large", tensor: name, at: rankOffset)
      }
      let columns = dimensions.first ?? 1
      if let type, columns % type.elementsPerBlock != 0 {
        throw cursor.error(
          "rows of \(columns) elements are not a whole number of \(type.name) blocks of \(type.elementsPerBlock)",
          tensor: name, at: rankOffset)
      }
      let dataOffset = try cursor.integer(UInt64.self)
      descriptions.append(
        Description(
          name: name, shape: dimensions.reversed(), typeID: typeID, type: type, byteCount: byteCount,
          dataOffset: dataOffset, position: start))
    }
    return descriptions
  }

  /// Bytes of a tensor (0 for an unknown type), or nil if its elements or bytes do not fit an `Int`.
  private static func byteCount(of type: GGUFTensorType?, dimensions: [Int]) -> Int? {
    var elements = 1
    // From the slowest dimension on, as the shape is multiplied later.
    for size in dimensions.reversed() {
      let (product, overflow) = elements.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      elements = product
    }
    guard let type else { return 0 }
    let (bytes, overflow) = (elements / type.elementsPerBlock).multipliedReportingOverflow(by: type.bytesPerBlock)
    return overflow ? nil : bytes
  }

  private static func tensors(
    _ descriptions: [Description], file: MemoryMappedFile, headEnd: Int, alignment: Int
  ) throws(CheckpointError) -> [GGUFTensor] {
    // The head ends inside the file and the alignment is bounded, so this cannot overflow.
    let dataStart = (headEnd + alignment - 1) / alignment * alignment
    var tensors: [GGUFTensor] = []
    for description in descriptions {
      func error(_ message: String) -> CheckpointError {
        CheckpointError(file: file.path, tensor: description.name, byteOffset: description.position, message)
      }
      guard description.dataOffset % UInt64(alignment) == 0 else {
        throw error("its offset \(description.dataOffset) is not a multiple of the alignment \(alignment)")
      }
      let available = file.count - dataStart
      guard let offset = Int(exactly: description.dataOffset), offset <= available || description.byteCount == 0,
        description.byteCount == 0 || description.byteCount <= available - offset
      else {
        throw error(
          "its \(description.byteCount) bytes at offset \(description.dataOffset) reach beyond the "
            + "\(max(available, 0)) bytes of data in the file: it is cut short")
      }
      let start = description.byteCount == 0 ? min(dataStart, file.count) : dataStart + offset
      tensors.append(
        GGUFTensor(
          name: description.name, shape: description.shape, typeID: description.typeID, type: description.type,
          file: file, range: start..<start + description.byteCount))
    }
    try requireDisjoint(tensors, path: file.path)
    return tensors
  }

  private static func requireDisjoint(_ tensors: [GGUFTensor], path: String) throws(CheckpointError) {
    let filled = tensors.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (before, tensor) in zip(filled, filled.dropFirst()) where tensor.range.lowerBound < before.range.upperBound {
      throw CheckpointError(
        file: path, tensor: tensor.name, byteOffset: tensor.range.lowerBound,
        "its bytes overlap those of tensor \"\(before.name)\"")
    }
  }
}
