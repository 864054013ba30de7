import PEFTCore

/// The tensors of an adapter's file, found by PEFT's keys.
///
/// A key may hold the adapter's name, `default`, at its end or before its last part, as in files that were written from
/// the parameters of a model; PEFT reads those too. DoRA's lengths may have `.weight` after them.
struct StoredKeys {
  private let file: SafetensorsCheckpoint
  private let plain: [String: SafetensorsTensor]

  /// - Throws: `CheckpointError` for two tensors that mean the same.
  init(_ file: SafetensorsCheckpoint) throws(CheckpointError) {
    self.file = file
    var plain: [String: SafetensorsTensor] = [:]
    for tensor in file.tensors {
      guard let name = Self.withoutAdapterName(tensor.name) else { continue }
      if let other = file[name] ?? plain[name] {
        throw CheckpointError(file: file.path, tensor: tensor.name, "means the same as \"\(other.name)\"")
      }
      plain[name] = tensor
    }
    self.plain = plain
  }

  /// The tensor that is saved under a key.
  ///
  /// - Throws: `CheckpointError` that names the most similar tensor.
  func tensor(for key: String) throws(CheckpointError) -> SafetensorsTensor {
    if let tensor = file[key] ?? plain[key] { return tensor }
    if key.hasSuffix(".lora_magnitude_vector"), let tensor = file[key + ".weight"] ?? plain[key + ".weight"] {
      return tensor
    }
    return try file.tensor(named: key)
  }

  /// The key without the adapter's name; nil if it is not in it.
  static func withoutAdapterName(_ key: String) -> String? {
    var parts = key.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 2 else { return nil }
    for index in [parts.count - 1, parts.count - 2] where parts[index] == "default" {
      parts.remove(at: index)
      return parts.joined(separator: ".")
    }
    return nil
  }
}
