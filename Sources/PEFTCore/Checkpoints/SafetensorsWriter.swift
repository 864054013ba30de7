/// Collects tensors and writes them as a safetensors file.
///
/// Tensors are ordered by type and then by name, and the header is spelled and padded, as the format's own
/// writer does it; so the same content gives the same bytes as from Python.
public struct SafetensorsWriter {
  private struct Entry {
    let name: String
    let type: SafetensorsType
    let shape: [Int]
    let byteCount: Int
    /// Makes the bytes when they are written, so that a large checkpoint is never held twice.
    let bytes: () -> [UInt8]
  }

  private let metadata: [(key: String, value: String)]
  private var entries: [Entry] = []
  private var names: Set<String> = []

  /// Starts a file without tensors.
  ///
  /// - Parameter metadata: Texts for `__metadata__`; readers of models look for `format`.
  public init(metadata: [String: String] = ["format": "pt"]) {
    self.metadata = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  /// Adds a tensor of float32 values, rounding them to `type`.
  ///
  /// - Precondition: `type` is F32, BF16, F16 or F64, there are as many values as `shape` has elements, and no
  ///   other tensor has the name.
  public mutating func add(_ name: String, _ values: [Float], shape: [Int], as type: SafetensorsType = .float32) {
    precondition(
      values.count == shape.reduce(1, *), "SafetensorsWriter: \(values.count) values for \"\(name)\" \(shape)")
    add(name, shape: shape, as: type) { values.withUnsafeBufferPointer { Self.bytes(of: $0, as: type) } }
  }

  /// Adds the values that a tensor has when the file is written, rounding them to `type`.
  ///
  /// - Precondition: `type` is F32, BF16, F16 or F64, and no other tensor has the name.
  public mutating func add(_ name: String, _ tensor: Tensor, as type: SafetensorsType = .float32) {
    add(name, shape: tensor.shape, as: type) {
      Self.bytes(of: UnsafeBufferPointer(start: tensor.elements, count: tensor.elementCount), as: type)
    }
  }

  /// Adds a tensor of 64-bit integers.
  ///
  /// - Precondition: There are as many values as `shape` has elements, and no other tensor has the name.
  public mutating func add(_ name: String, integers: [Int], shape: [Int]) {
    add(name, shape: shape, as: .int64) { integers.map { Int64($0) }.withUnsafeBytes { Array($0) } }
  }

  /// Adds a tensor whose bytes (little-endian, row-major) are made when the file is written.
  ///
  /// - Precondition: The bytes fit the type and shape, and no other tensor has the name.
  public mutating func add(
    _ name: String, shape: [Int], as type: SafetensorsType, bytes: @escaping () -> [UInt8]
  ) {
    guard let byteCount = SafetensorsFile.byteCount(of: type, shape: shape) else {
      preconditionFailure("SafetensorsWriter: \"\(name)\" \(shape) of \(type.rawValue) fills no whole bytes")
    }
    precondition(name != "__metadata__" && names.insert(name).inserted, "SafetensorsWriter: \"\(name)\" twice")
    entries.append(Entry(name: name, type: type, shape: shape, byteCount: byteCount, bytes: bytes))
  }

  private static func bytes(of values: UnsafeBufferPointer<Float>, as type: SafetensorsType) -> [UInt8] {
    switch type {
    case .float32: Array(UnsafeRawBufferPointer(values))
    case .bfloat16: HalfPrecision.bfloat16(values).withUnsafeBytes { Array($0) }
    case .float16: HalfPrecision.float16(values).withUnsafeBytes { Array($0) }
    case .float64: values.map { Double($0) }.withUnsafeBytes { Array($0) }
    default: preconditionFailure("SafetensorsWriter: float values cannot be written as \(type.rawValue)")
    }
  }

  /// Writes the file, whole or not at all, replacing what is there.
  public func write(to path: String) throws(FileError) {
    let ordered = ordered()
    let header = header(of: ordered)
    try AtomicFile.write(to: path) { (output) throws(FileError) in
      try output.write(header)
      for entry in ordered { try output.write(Self.bytes(of: entry)) }
    }
  }

  /// The file's bytes.
  public func serialized() -> [UInt8] {
    let ordered = ordered()
    return header(of: ordered) + ordered.flatMap { Self.bytes(of: $0) }
  }

  private static func bytes(of entry: Entry) -> [UInt8] {
    let bytes = entry.bytes()
    precondition(
      bytes.count == entry.byteCount,
      "SafetensorsWriter: \(bytes.count) bytes for \"\(entry.name)\" \(entry.shape) of \(entry.type.rawValue)")
    return bytes
  }

  private func ordered() -> [Entry] {
    let rank = Dictionary(uniqueKeysWithValues: zip(SafetensorsType.allCases, 0...))
    return entries.sorted { left, right in
      if left.type != right.type { return rank[left.type, default: 0] < rank[right.type, default: 0] }
      // By bytes, as other writers do; Swift's own order of strings is another one.
      return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
  }

  /// The header's length and the header, padded with spaces to a multiple of 8 bytes.
  private func header(of entries: [Entry]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.map { "\(JSONWriter.quoted($0.key)):\(JSONWriter.quoted($0.value))" }
      members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var offset = 0
    for entry in entries {
      let end = offset + entry.byteCount
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(JSONWriter.quoted(entry.name)):"
          + "{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }
}
