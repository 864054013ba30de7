import PEFTCore

/// A method whose fixed tensors are drawn by a seed, so that a file can do without them.
protocol SeededTensorsMethod: PEFTMethod {
  /// The members of adapter_config.json that say that they are left out; nil where they are not those that the seed draws.
  ///
  /// - Throws: `CheckpointError` for tensors that cannot be read.
  func membersWithoutFixedTensors(_ tensors: [SafetensorsTensor]) throws -> [(String, JSONValue)]?
}
