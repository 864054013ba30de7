public import PEFTCore

/// What an adapter adds to one weight of the base model.
enum MapUpdate {
  /// As two factors.
  case lowRank(LowRankUpdate)
  /// As a matrix `[outputs, inputs]` of a linear map.
  case dense(site: String, DoubleMatrix)

  var site: String {
    switch self {
    case .lowRank(let update): update.site
    case .dense(let site, _): site
    }
  }

  var kind: LowRankUpdate.Kind { if case .lowRank(let update) = self { update.kind } else { .map } }

  var outputs: Int {
    switch self {
    case .lowRank(let update): update.outputs
    case .dense(_, let matrix): matrix.rows
    }
  }

  var inputs: Int {
    switch self {
    case .lowRank(let update): update.inputs
    case .dense(_, let matrix): matrix.columns
    }
  }

  /// The whole matrix.
  func dense(workers: Workers) -> DoubleMatrix {
    switch self {
    case .lowRank(let update): update.dense(workers: workers)
    case .dense(_, let matrix): matrix
    }
  }
}

/// All that an adapter adds to weights and biases of the base model.
struct WeightUpdates {
  let maps: [MapUpdate]
  /// What is added to the biases of linear maps, by the map's path.
  var biases: [(site: String, values: [Float])] = []

  /// Largest rank of an update in factors; nil where one is a matrix.
  var largestRank: Int? {
    var largest = 0
    for case .lowRank(let update) in maps { largest = max(largest, update.rank) }
    return maps.contains { if case .dense = $0 { true } else { false } } ? nil : largest
  }

  /// The updates of a saved adapter: of LoRA its factors, of every other method that can be merged into the weights what
  /// merging changes.
  ///
  /// - Parameters:
  ///   - file: The adapter.
  ///   - model: The base model with its weights, nothing attached; nil where there is none.
  ///   - purpose: What they are wanted for, for errors.
  /// - Throws: `CheckpointError` for an adapter that needs the model, or changes what a low-rank update cannot;
  ///   `AttachError` for one that cannot be merged.
  static func of(
    _ file: AdapterFile, on model: LoadedBase?, for purpose: String
  ) throws -> WeightUpdates {
    try file.checkIsAdapter()
    let method = try file.method()
    if method is LoRA {
      do { return WeightUpdates(maps: try LowRankUpdate.all(of: file, for: purpose).map { .lowRank($0) }) } catch {
        if model == nil { throw error }
      }
    }
    guard let model else {
      throw CheckpointError(
        file: file.path,
        "is an adapter of \(type(of: method).name), whose weight updates depend on the base model: name it (--model)")
    }
    return try merged(method, file, model)
  }

  private static func merged(
    _ method: any PEFTMethod, _ file: AdapterFile, _ base: LoadedBase
  ) throws -> WeightUpdates {
    let model = base.model
    let attachment = try method.attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(0), context: base.context, tokenizer: base.tokenizer))
    defer { attachment.detach() }
    try file.load(into: attachment)
    try ModelMerger.checkMergeable(model)
    var maps: [MapUpdate] = []
    var biases: [(site: String, values: [Float])] = []
    for site in model.sites where site.isOccupied {
      guard case .map(let linear) = site.kind, site.part.weightSlots.allSatisfy({ $0.trained == nil }) else {
        throw AttachError(
          "\(site.name): what \(type(of: method).name) changes there is no linear map's update, which a LoRA could hold"
        )
      }
      if linear.adapters.contains(where: { !$0.changesBiasOnly }) {
        guard let frozen = linear.weight?.values else {
          throw AttachError("\(site.name): the base model has no weights")
        }
        var weight = frozen
        for adapter in linear.adapters where !adapter.changesBiasOnly {
          guard adapter.merge(intoWeight: &weight) else {
            throw AttachError("\(site.name): \(type(of: method).name) cannot be merged into its weight")
          }
        }
        maps.append(
          .dense(
            site: linear.site,
            DoubleMatrix(
              zip(weight, frozen).map { Double($0) - Double($1) }, rows: linear.outputs, columns: linear.inputs)))
      }
      let before = linear.bias?.values ?? []
      var after = before
      for adapter in linear.adapters { adapter.merge(intoBias: &after) }
      if after != before {
        biases.append((linear.site, before.isEmpty ? after : zip(after, before).map { $0 - $1 }))
      }
    }
    return WeightUpdates(maps: maps, biases: biases)
  }
}

/// A base model with its weights, for what depends on them.
public struct LoadedBase {
  let model: CausalLanguageModel
  let tokenizer: Tokenizer?
  let context: ComputeContext

  /// Names the model, its tokenizer if it has one, and where memory is counted.
  public init(model: CausalLanguageModel, tokenizer: Tokenizer?, context: ComputeContext) {
    (self.model, self.tokenizer, self.context) = (model, tokenizer, context)
  }

  /// Whether the weights are there: without them only shapes are known.
  public var hasWeights: Bool { model.embedding.weight != nil }
}
