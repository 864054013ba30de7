import Foundation
public import PEFTCore

extension AdapterFile {
  /// The saved tensors as plain values, under PEFT's keys without an adapter's name.
  ///
  /// Of a combined method those of all parts, after the part's folder.
  ///
  /// - Throws: `CheckpointError` for a tensor that holds no floats, or values that are not finite.
  public func arrays() throws -> [AdapterArray] {
    try checkFiniteness()
    let own = try (values?.tensors ?? []).map { tensor in
      AdapterArray(
        key: StoredKeys.withoutAdapterName(tensor.name) ?? tensor.name, shape: tensor.shape,
        values: try tensor.floats())
    }
    return own
      + (try parts.flatMap { folder, file in
        try file.arrays().map { AdapterArray(key: "\(folder)/\($0.key)", shape: $0.shape, values: $0.values) }
      })
  }

  /// How the values of a written adapter are stored.
  public enum Storage: Sendable, Equatable {
    /// As a safetensors file, which PEFT loads, in this type.
    case safetensors(SafetensorsType)
    /// As a file of our own.
    case compressed(CompressedTensors)
  }

  /// Writes the adapter of one method; the folder appears complete or not at all.
  ///
  /// - Parameters:
  ///   - path: The folder to make or replace.
  ///   - storage: How its values are stored; as float32 unless given.
  /// - Throws: `FileError`; `CheckpointError` for a combined method, whose parts have files of their own.
  public func write(to path: String, as storage: Storage = .safetensors(.float32)) throws {
    guard let values else {
      throw CheckpointError(file: self.path, "is of a combined method: take the folders of its parts one by one")
    }
    try AtomicFile.writeFolder(to: path) { folder in
      try AtomicFile.write(settings.prettyText + "\n", to: "\(folder)/\(Self.settingsName)")
      switch storage {
      case .compressed(let tensors):
        try AtomicFile.write(tensors.serialized, to: "\(folder)/\(CompressedTensors.fileName)")
      case .safetensors(let type):
        var writer = SafetensorsWriter()
        for tensor in values.tensors { writer.add(tensor.name, try tensor.floats(), shape: tensor.shape, as: type) }
        try writer.write(to: "\(folder)/\(Self.valuesName)")
      }
      try origin?.write(in: folder)
    }
  }
}
