import PEFTCore
import TableFiles

/// A file of tensors with texts beside them and a checksum over all of it, in safetensors format.
///
/// Tensors are float32, but for moments that an optimizer keeps in fewer bits, which are written as they are.
///
/// A checkpoint that a disk or a program damaged must not lead to a result, so it is read whole before anything is
/// taken from it: every bit of names, shapes, values and texts counts in the checksum.
package struct CheckpointFile {
  /// Name of the metadata with the checksum.
  package static let checksumKey = "checksum"

  private let path: String
  private let texts: [String: String]
  private let tensors: [String: SafetensorsTensor]

  /// Reads a file and holds it against its checksum.
  ///
  /// - Throws: An `InputError` for a file that cannot be read or is not as it was written.
  init(path: String) throws {
    self.path = path
    let file = try SafetensorsFile(path: path)
    texts = file.metadata.filter { $0.key != Self.checksumKey }
    var digest = Digest(texts)
    for tensor in file.tensors {
      guard let element = StoredTensor.Element(tensor.type) else {
        throw CheckpointError(
          file: path, tensor: tensor.name, "is of type \(tensor.type.rawValue), expected F32, BF16 or U8")
      }
      digest.add(tensor.name, shape: tensor.shape, of: element, tensor.bytes)
    }
    guard let expected = file.metadata[Self.checksumKey] else { throw FileError(path: path, "has no checksum") }
    guard digest.text == expected else { throw FileError(path: path, "its checksum does not fit its content") }
    tensors = Dictionary(file.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The text under a key; empty where there is none.
  func text(_ key: String) -> String { texts[key] ?? "" }

  /// The values of a float32 tensor of this shape.
  ///
  /// - Throws: `CheckpointError` for a tensor that is missing, of another shape or type, or not finite.
  func values(_ name: String, shape: [Int]) throws -> [Float] {
    let tensor = try found(name, shape: shape)
    guard tensor.type == .float32 else { throw otherType(tensor, expected: .float32) }
    let values = try tensor.floats()
    guard values.allSatisfy(\.isFinite) else { throw notFinite(name) }
    return values
  }

  /// A tensor of the shape and form of another one, in memory of `pool`.
  ///
  /// - Throws: `CheckpointError` for a tensor that is missing, of another shape or type, or not finite.
  func tensor(_ name: String, like other: StoredTensor, in pool: MemoryPool) throws -> StoredTensor {
    let tensor = try found(name, shape: other.shape)
    guard StoredTensor.Element(tensor.type) == other.element else {
      throw otherType(tensor, expected: SafetensorsType(other.element))
    }
    return try self.tensor(name, in: pool)
  }

  /// A tensor of whatever shape and form it has, in memory of `pool`.
  ///
  /// - Throws: `CheckpointError` for a tensor that is missing or not finite.
  func tensor(_ name: String, in pool: MemoryPool) throws -> StoredTensor {
    let tensor = try found(name, shape: tensors[name]?.shape ?? [])
    guard let element = StoredTensor.Element(tensor.type) else { throw otherType(tensor, expected: .float32) }
    if tensor.type.isReadableAsFloat, !(try tensor.floats().allSatisfy(\.isFinite)) { throw notFinite(name) }
    let copy = StoredTensor(zeros: tensor.shape, of: element, in: pool, as: .activations)
    copy.mutableBytes.copyMemory(from: tensor.bytes)
    return copy
  }

  private func found(_ name: String, shape: [Int]) throws(CheckpointError) -> SafetensorsTensor {
    guard let tensor = tensors[name] else { throw CheckpointError(file: path, tensor: name, "is missing") }
    guard tensor.shape == shape else {
      throw CheckpointError(file: path, tensor: name, "has shape \(tensor.shape), expected \(shape)")
    }
    return tensor
  }

  private func otherType(_ tensor: SafetensorsTensor, expected: SafetensorsType) -> CheckpointError {
    CheckpointError(
      file: path, tensor: tensor.name, "is of type \(tensor.type.rawValue), expected \(expected.rawValue)")
  }

  private func notFinite(_ name: String) -> CheckpointError {
    CheckpointError(file: path, tensor: name, "holds a value that is not finite")
  }

  // MARK: - Writing

  /// Collects the content of a file.
  package struct Writer {
    private let texts: [String: String]
    private var entries: [(name: String, shape: [Int], content: Content)] = []

    private enum Content {
      case tensor(StoredTensor)
      case values([Float])
    }

    /// Starts a file with these texts.
    package init(texts: [String: String]) { self.texts = texts }

    /// Adds the values that a tensor has when the file is written.
    package mutating func add(_ name: String, _ tensor: Tensor) { add(name, StoredTensor(tensor)) }

    /// Adds a tensor in its form, with the elements that it has when the file is written.
    package mutating func add(_ name: String, _ tensor: StoredTensor) {
      entries.append((name, tensor.shape, .tensor(tensor)))
    }

    /// Adds values of a shape.
    package mutating func add(_ name: String, _ values: [Float], shape: [Int]) {
      entries.append((name, shape, .values(values)))
    }

    /// Writes the file, whole or not at all, replacing what is there.
    ///
    /// - Throws: `FileError` where it cannot be written.
    package func write(to path: String) throws(FileError) {
      var digest = Digest(texts)
      for (name, shape, content) in entries {
        switch content {
        case .tensor(let tensor): digest.add(name, shape: shape, of: tensor.element, tensor.bytes)
        case .values(let values): values.withUnsafeBytes { digest.add(name, shape: shape, of: .float32, $0) }
        }
      }
      var writer = SafetensorsWriter(
        metadata: texts.merging([CheckpointFile.checksumKey: digest.text]) { $1 })
      for (name, shape, content) in entries {
        switch content {
        case .tensor(let tensor):
          writer.add(name, shape: shape, as: SafetensorsType(tensor.element)) { Array(tensor.bytes) }
        case .values(let values): writer.add(name, values, shape: shape)
        }
      }
      try writer.write(to: path)
    }
  }
}

/// The checksum of texts and named tensors, whatever their order.
private struct Digest {
  private var lines: [String]

  init(_ texts: [String: String]) {
    lines = texts.map { "text \($0.key) \(Self.hash(Array($0.value.utf8)))" }
  }

  mutating func add(
    _ name: String, shape: [Int], of element: StoredTensor.Element, _ bytes: UnsafeRawBufferPointer
  ) {
    let sizes = shape.map(String.init).joined(separator: ",")
    // Float32 goes without saying, as it did before there was anything else.
    let type = element == .float32 ? "" : " \(element.rawValue)"
    lines.append("tensor \(name) \(sizes)\(type) \(XXH64.of(bytes.bindMemory(to: UInt8.self)))")
  }

  /// 16 hexadecimal digits.
  var text: String {
    let hash = Self.hash(
      Array(lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: "\n").utf8))
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBufferPointer { XXH64.of($0) } }
}

extension StoredTensor.Element {
  /// What a file's type is here; nil for types that no checkpoint has.
  fileprivate init?(_ type: SafetensorsType) {
    switch type {
    case .float32: self = .float32
    case .bfloat16: self = .bfloat16
    case .uint8: self = .uint8
    default: return nil
    }
  }
}

extension SafetensorsType {
  fileprivate init(_ element: StoredTensor.Element) {
    switch element {
    case .float32: self = .float32
    case .bfloat16: self = .bfloat16
    case .uint8: self = .uint8
    }
  }
}
