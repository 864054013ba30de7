extension CausalLanguageModel {
  /// Loads all weights.
  ///
  /// Every tensor that the architecture needs must be there with the right shape, and every tensor that is there
  /// must be one that it needs.
  ///
  /// - Throws: `CheckpointError` for the first tensor that is missing, misshapen or left over.
  public func loadWeights(from source: any WeightSource, context: ComputeContext) throws {
    func missing(_ name: String) -> CheckpointError {
      CheckpointError(file: source.path, tensor: name, "is missing from the checkpoint")
    }
    func vector(_ name: String, _ count: Int, if isWanted: Bool) throws -> Tensor? {
      guard isWanted else { return nil }
      guard let values = try source.vector(name, count: count) else { throw missing(name) }
      return Tensor(values, shape: [count], in: context.pool, as: .weights)
    }
    func matrix(_ site: String, _ outputs: Int, _ inputs: Int) throws -> WeightMatrix {
      guard let matrix = try source.matrix(site, outputs: outputs, inputs: inputs, context: context) else {
        throw missing(site + ".weight")
      }
      return matrix
    }
    for table in [embedding, positionEmbedding].compactMap({ $0 }) {
      table.weight = try matrix(table.site, table.count, table.width)
    }
    for linear in linears {
      linear.weight = try matrix(linear.site, linear.outputs, linear.inputs)
      linear.bias = try vector(linear.site + ".bias", linear.outputs, if: linear.hasBias)
    }
    for norm in norms {
      norm.gain = try vector(norm.site + ".weight", norm.width, if: norm.hasGain)
      norm.bias = try vector(norm.site + ".bias", norm.width, if: norm.hasBias)
    }
    if configuration.tiesEmbeddings {
      // Some checkpoints store the shared matrix a second time.
      if source.unusedNames.contains("lm_head.weight") {
        _ = try source.matrix(head.site, outputs: head.outputs, inputs: head.inputs, context: context)
      }
      head.weight = embedding.weight
    } else {
      head.weight = try matrix(head.site, head.outputs, head.inputs)
    }
    head.bias = try vector(head.site + ".bias", head.outputs, if: head.hasBias)
    if let extra = source.unusedNames.first {
      throw CheckpointError(
        file: source.path, tensor: extra,
        "is not part of the architecture \(configuration.family) as the model describes itself")
    }
  }
}
