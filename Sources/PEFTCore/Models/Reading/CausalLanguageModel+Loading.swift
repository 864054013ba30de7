extension CausalLanguageModel {
  /// Checks from headers alone that a checkpoint fits: every tensor that the architecture needs must be there with
  /// the right shape and a type that can be read, and every tensor that is there must be one that it needs.
  ///
  /// - Throws: `CheckpointError` for the first tensor that is missing, misshapen, unreadable or left over.
  public func checkWeights(of source: any WeightSource) throws {
    for place in weightSlots.map(\.place) {
      guard try source.format(of: place) != nil else { throw Self.missing(place.name, in: source) }
    }
    if configuration.tiesEmbeddings {
      // Some checkpoints store the shared matrix a second time.
      _ = try source.format(of: .matrix(site: head.site, outputs: head.outputs, inputs: head.inputs))
    }
    if let extra = source.unusedNames.first {
      throw CheckpointError(
        file: source.path, tensor: extra,
        "is not part of the architecture \(configuration.family) as the model describes itself")
    }
  }

  /// Loads all weights, after `checkWeights(of:)`.
  ///
  /// - Throws: `CheckpointError`.
  public func loadWeights(from source: any WeightSource, context: ComputeContext) throws {
    try checkWeights(of: source)
    for slot in weightSlots {
      switch slot.place {
      case .matrix(let site, let outputs, let inputs):
        guard let matrix = try source.matrix(site, outputs: outputs, inputs: inputs, context: context) else {
          throw Self.missing(slot.name, in: source)
        }
        slot.replace(matrix: matrix)
      case .vector(let name, let count):
        guard let values = try source.vector(name, count: count) else { throw Self.missing(name, in: source) }
        slot.replace(vector: Tensor(values, shape: [count], in: context.pool, as: .weights))
      }
    }
  }

  private static func missing(_ name: String, in source: any WeightSource) -> CheckpointError {
    CheckpointError(file: source.path, tensor: name, "is missing from the checkpoint")
  }
}
