extension CausalLanguageModel {
  /// The places of all weights, in the order of the architecture.
  public var weightPlaces: [WeightPlace] {
    var places: [WeightPlace] = []
    func vector(_ name: String, _ count: Int, if isWanted: Bool) {
      if isWanted { places.append(.vector(name: name, count: count)) }
    }
    for table in [embedding, positionEmbedding].compactMap({ $0 }) {
      places.append(.matrix(site: table.site, outputs: table.count, inputs: table.width))
    }
    for linear in linears {
      places.append(.matrix(site: linear.site, outputs: linear.outputs, inputs: linear.inputs))
      vector(linear.site + ".bias", linear.outputs, if: linear.hasBias)
    }
    for norm in norms {
      vector(norm.site + ".weight", norm.width, if: norm.hasGain)
      vector(norm.site + ".bias", norm.width, if: norm.hasBias)
    }
    if !configuration.tiesEmbeddings {
      places.append(.matrix(site: head.site, outputs: head.outputs, inputs: head.inputs))
    }
    vector(head.site + ".bias", head.outputs, if: head.hasBias)
    return places
  }

  /// Checks from headers alone that a checkpoint fits: every tensor that the architecture needs must be there with
  /// the right shape and a type that can be read, and every tensor that is there must be one that it needs.
  ///
  /// - Throws: `CheckpointError` for the first tensor that is missing, misshapen, unreadable or left over.
  public func checkWeights(of source: any WeightSource) throws {
    for place in weightPlaces {
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
    func vector(_ name: String, _ count: Int, if isWanted: Bool) throws -> Tensor? {
      guard isWanted else { return nil }
      guard let values = try source.vector(name, count: count) else { throw Self.missing(name, in: source) }
      return Tensor(values, shape: [count], in: context.pool, as: .weights)
    }
    func matrix(_ site: String, _ outputs: Int, _ inputs: Int) throws -> WeightMatrix {
      guard let matrix = try source.matrix(site, outputs: outputs, inputs: inputs, context: context) else {
        throw Self.missing(site + ".weight", in: source)
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
    head.weight =
      configuration.tiesEmbeddings ? embedding.weight : try matrix(head.site, head.outputs, head.inputs)
    head.bias = try vector(head.site + ".bias", head.outputs, if: head.hasBias)
  }

  private static func missing(_ name: String, in source: any WeightSource) -> CheckpointError {
    CheckpointError(file: source.path, tensor: name, "is missing from the checkpoint")
  }
}
