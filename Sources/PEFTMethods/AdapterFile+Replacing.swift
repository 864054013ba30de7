import PEFTCore

extension AdapterFile {
  /// An adapter of the same method and settings with other trained values, in memory.
  ///
  /// What no training changes is kept. What only our private state file holds is not: encoders of prompts, starts that are
  /// taken out of weights.
  ///
  /// - Parameters:
  ///   - path: What messages call it.
  ///   - tensors: Its trained tensors; of a combined method those of all parts, each after its part's folder.
  ///   - origin: What its values started from, if that is known.
  ///   - isVector: Whether it is a sum that was added to no origin.
  /// - Throws: `CheckpointError` for two tensors of one key, or one of no part.
  func replacing(
    trained tensors: [AdapterArray], named path: String, origin: AdapterOrigin? = nil, isVector: Bool = false
  ) throws -> AdapterFile {
    guard !parts.isEmpty else {
      return try AdapterFile(
        named: path, settings: settingsObject, tensors: tensors, fixed: fixedTensors, origin: origin,
        isVector: isVector)
    }
    if let stray = tensors.first(where: { tensor in !parts.contains { tensor.key.hasPrefix("\($0.folder)/") } }) {
      throw CheckpointError(file: path, tensor: stray.key, "is in none of the parts")
    }
    let replaced = try parts.map { folder, file in
      let own = tensors.filter { $0.key.hasPrefix("\(folder)/") }.map {
        AdapterArray(key: String($0.key.dropFirst(folder.count + 1)), shape: $0.shape, values: $0.values)
      }
      return (folder: folder, file: try file.replacing(trained: own, named: "\(path)/\(folder)"))
    }
    return AdapterFile(combining: replaced, named: path, settings: configuration, origin: origin, isVector: isVector)
  }

  /// Writes the adapter of a combined method, a folder for each part; the folder appears complete or not at all.
  func writeParts(to path: String) throws {
    try AtomicFile.writeFolder(to: path) { folder in
      for part in parts { try part.file.write(to: "\(folder)/\(part.folder)") }
      try AtomicFile.write(settings.prettyText + "\n", to: "\(folder)/\(Self.settingsName)")
      try writeStart(in: folder)
    }
  }

  /// Writes what the values started from, or that they are a vector.
  func writeStart(in folder: String) throws {
    if isVector { try AdapterOrigin.writeVectorMark(in: folder) }
    try origin?.write(in: folder)
  }
}
