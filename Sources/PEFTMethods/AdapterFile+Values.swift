import Foundation
public import PEFTCore

extension AdapterFile {
  /// The saved tensors as plain values, under PEFT's keys without an adapter's name; positions, which are whole numbers,
  /// are left out.
  ///
  /// Of a combined method those of all parts, after the part's folder.
  ///
  /// - Throws: `CheckpointError` for a tensor that cannot be read, or values that are not finite.
  public func arrays() throws -> [AdapterArray] {
    try checkFiniteness()
    let own = try (values?.tensors ?? []).filter { !$0.type.isIntegral }.map { tensor in
      AdapterArray(
        key: StoredKeys.withoutAdapterName(tensor.name) ?? tensor.name, shape: tensor.shape,
        values: try tensor.floats())
    }
    return own
      + (try parts.flatMap { folder, file in
        try file.arrays().map { AdapterArray(key: "\(folder)/\($0.key)", shape: $0.shape, values: $0.values) }
      })
  }

  /// One hash of what the adapter does: its settings and its tensors, whatever files these lie in.
  public var valueHash: String {
    var hash = SHA256()
    hash.update(Array(settings.compactText.utf8))
    for (name, tensor) in tensors.sorted(by: { $0.name < $1.name }) {
      hash.update(Array("\n\(name) \(tensor.type.rawValue) \(tensor.shape)\n".utf8))
      hash.update(tensor.bytes)
    }
    return hash.hexadecimalDigest
  }

  /// How the values of a written adapter are stored.
  public enum Storage: Sendable, Equatable {
    /// As a safetensors file, which PEFT loads, in this type.
    case safetensors(SafetensorsType)
    /// As a file of our own.
    case compressed(CompressedTensors)
  }

  /// Writes the adapter; the folder appears complete or not at all.
  ///
  /// - Parameters:
  ///   - path: The folder to make or replace.
  ///   - storage: How its values are stored; as float32 unless given.
  /// - Throws: `FileError`; `CheckpointError` for a combined method in another storage than float32, whose parts have files
  ///   of their own, and for values that the storage has no place for.
  public func write(to path: String, as storage: Storage = .safetensors(.float32)) throws {
    guard let values else {
      guard storage == .safetensors(.float32) else {
        throw CheckpointError(file: self.path, "is of a combined method: take the folders of its parts one by one")
      }
      return try writeParts(to: path)
    }
    let compressed: [UInt8]
    switch storage {
    case .compressed(let tensors): compressed = try tensors.checkedBytes(for: self.path)
    case .safetensors(let type):
      compressed = []
      try checkRange(of: type)
    }
    try AtomicFile.writeFolder(to: path) { folder in
      var settings = settings
      switch storage {
      case .compressed:
        try AtomicFile.write(compressed, to: "\(folder)/\(CompressedTensors.fileName)")
        let fixed = fixedTensors
        if let method = try method() as? any SeededTensorsMethod,
          let members = try method.membersWithoutFixedTensors(fixed)
        {
          for (key, value) in members { settings[key] = value }
        } else if !fixed.isEmpty {
          var writer = SafetensorsWriter()
          for tensor in fixed { writer.add(copying: tensor) }
          try writer.write(to: "\(folder)/\(Self.fixedName)")
        }
      case .safetensors(let type):
        var writer = SafetensorsWriter()
        let fixed = Set(fixedTensors.map(\.name))
        for tensor in values.tensors {
          if fixed.contains(tensor.name) {
            writer.add(copying: tensor)
          } else {
            writer.add(tensor.name, try tensor.floats(), shape: tensor.shape, as: type)
          }
        }
        try writer.write(to: "\(folder)/\(Self.valuesName)")
      }
      try AtomicFile.write(settings.prettyText + "\n", to: "\(folder)/\(Self.settingsName)")
      try writeStart(in: folder)
    }
  }

  /// Refuses values that a type of half precision rounds to infinity.
  private func checkRange(of type: SafetensorsType) throws {
    guard type != .float32 else { return }
    let fixed = Set(fixedTensors.map(\.name))
    for tensor in values?.tensors ?? [] where !fixed.contains(tensor.name) {
      let floats = try tensor.floats()
      var writer = SafetensorsWriter()
      writer.add(tensor.name, floats, shape: tensor.shape, as: type)
      let written = try SafetensorsCheckpoint.open(MemoryMappedFile(holding: writer.serialized(), as: path))
      let rounded = try written.tensors[0].floats()
      guard let place = rounded.firstIndex(where: { !$0.isFinite }) else { continue }
      throw CheckpointError(
        file: path, tensor: tensor.name,
        "holds \(floats[place]), which \(type.rawValue) has no number for; take float32"
          + (type == .float16 ? " or bf16" : ""))
    }
  }

  /// Bytes of the tensors that no training changes, as they are stored.
  public var fixedByteCount: Int { fixedTensors.reduce(0) { $0 + $1.bytes.count } }
}

extension SafetensorsWriter {
  /// Adds a tensor of another file as it is stored there.
  mutating func add(copying tensor: SafetensorsTensor) {
    add(tensor.name, shape: tensor.shape, as: tensor.type) { Array(tensor.bytes) }
  }
}
