import PEFTCore

/// A combination of the updates of one map, of those adapters that have any.
///
/// With Dᵢ = sᵢ·Bᵢ·Aᵢ and u = w·s:
///
///     cat               A = [u₁·A₁; u₂·A₂ …], B = [B₁ B₂ …]: exactly Σ wᵢ·Dᵢ
///     svd               the nearest update of a rank to Σ wᵢ·Dᵢ
///     hf linear, ties … A = f(sign(uᵢ)·√|uᵢ|, Aᵢ), B = f(√|uᵢ|, Bᵢ): contains products of different adapters' factors
///     hf …_svd          the nearest update of a rank to f(wᵢ, Dᵢ)
///     mergekit          the same with mergekit's functions f
///
/// Source: Hugging Face PEFT 0.21.2, `add_weighted_adapter` (earlier versions multiply the svd types by the adapters'
/// scales twice); mergekit's generalized task arithmetic.
struct SiteCombination {
  let recipe: CombinationRecipe
  /// Number of adapters of the whole combination.
  let adapterCount: Int
  /// The map's path.
  let name: String
  let kind: LowRankUpdate.Kind
  let outputs: Int
  let inputs: Int
  let workers: Workers
  var entries: [(part: CombinationPart, update: MapUpdate)] = []

  init(recipe: CombinationRecipe, adapterCount: Int, name: String, first: MapUpdate, workers: Workers) {
    (self.recipe, self.adapterCount, self.name, self.workers) = (recipe, adapterCount, name, workers)
    (kind, outputs, inputs) = (first.kind, first.outputs, first.inputs)
  }

  private var weights: [Double] { entries.map(\.part.weight) }

  /// The update, of at most a given rank where the combination is decomposed.
  ///
  /// - Throws: `CheckpointError` for updates without factors, or of different ranks, where the type works on factors.
  func combined(rank: Int) throws -> LowRankUpdate {
    switch recipe.kind {
    // PEFT takes a single adapter as it is, whatever the type.
    case .hf where adapterCount == 1: return try factorwise(.linear)
    case .delta(.cat), .hf(.cat): return try concatenated()
    case .delta(.svd), .hf(.svd): return try decomposed(rank: rank)
    case .hf(let type) where type.decomposes:
      let (sparsification, elects) = type.function
      let updates = entries.map { entry in
        sparse(entry.update.dense(workers: workers), of: entry.part, sparsification, .inverseDensity, place: name)
      }
      return nearest(to: sum(updates, weights, elects: elects), rank: rank)
    case .hf(let type): return try factorwise(type)
    case .mergekit(let type):
      let rules = type.rules
      let sparsification = type.sparsification(gamma: recipe.gamma, epsilon: recipe.epsilon)
      let updates = entries.map { entry in
        sparse(
          entry.update.dense(workers: workers), of: entry.part, sparsification,
          rules.rescales ? .sumOfMagnitudes : .none, place: name)
      }
      return nearest(
        to: UpdateSum.mergekit(
          updates, weights: weights, by: rules.elects ? .total : nil, normalizes: rules.normalizes),
        rank: rank)
    case .taskVector: preconditionFailure("\(name): task vectors are no weight updates")
    }
  }

  /// An update of zeros of the result's shape.
  func outlined(rank: Int) throws -> LowRankUpdate {
    let ranks = try factors().map(\.update.rank)
    let own =
      switch recipe.kind {
      case .hf where adapterCount == 1: ranks[0]
      case .delta(.cat), .hf(.cat): ranks.reduce(0, +)
      case let kind where kind.decomposes: min(rank, outputs, inputs)
      default: ranks[0]
      }
    return LowRankUpdate(
      site: name, kind: kind, a: [Float](repeating: 0, count: own * inputs),
      b: [Float](repeating: 0, count: outputs * own), rank: own, scale: 1)
  }

  /// How far an update is from the exact sum.
  func deviation(of result: LowRankUpdate) -> AdapterCombination.Deviation {
    if let sum = try? lowRankSum() { return sum.deviation(of: result, workers: workers) }
    return .init(of: result, from: exact, workers: workers)
  }

  // MARK: - On factors

  private func factors() throws(CheckpointError) -> [(part: CombinationPart, update: LowRankUpdate)] {
    var result: [(part: CombinationPart, update: LowRankUpdate)] = []
    for (part, update) in entries {
      guard case .lowRank(let update) = update else {
        throw CheckpointError(
          file: part.file.path, tensor: name, "has no factors, which \(recipe.kind.title) works on; take svd")
      }
      result.append((part, update))
    }
    return result
  }

  private func concatenated() throws -> LowRankUpdate {
    let entries = try factors()
    let rank = entries.reduce(0) { $0 + $1.update.rank }
    var (a, b) = ([Float](), [Float](repeating: 0, count: outputs * rank))
    a.reserveCapacity(rank * inputs)
    for (part, update) in entries {
      let column = a.count / inputs
      let factor = part.weight * update.scale
      a += update.a.map { Float(factor * Double($0)) }
      for row in 0..<outputs {
        for r in 0..<update.rank { b[row * rank + column + r] = update.b[row * update.rank + r] }
      }
    }
    return LowRankUpdate(site: name, kind: kind, a: a, b: b, rank: rank, scale: 1)
  }

  private func factorwise(_ type: CombinationKind.HuggingFace) throws -> LowRankUpdate {
    let entries = try factors()
    let rank = entries[0].update.rank
    guard entries.allSatisfy({ $0.update.rank == rank }) else {
      throw CheckpointError(
        file: entries[0].part.file.path, tensor: name, "has different ranks in different adapters; take cat or svd")
    }
    let (sparsification, elects) = type.function
    func factor(_ key: String, _ values: [[Float]], columns: Int, weights: [Double]) -> [Float] {
      let pruned = zip(entries, values).map { entry, values in
        sparse(
          DoubleMatrix(values, rows: values.count / columns, columns: columns), of: entry.part, sparsification,
          .inverseDensity, place: "\(name).\(key)")
      }
      return sum(pruned, weights, elects: elects).map { Float($0) }
    }
    let products = entries.map { $0.part.weight * $0.update.scale }
    return LowRankUpdate(
      site: name, kind: kind,
      a: factor(
        "lora_A", entries.map(\.update.a), columns: inputs,
        weights: products.map { abs($0).squareRoot() * ($0 >= 0 ? 1 : -1) }),
      b: factor("lora_B", entries.map(\.update.b), columns: rank, weights: products.map { abs($0).squareRoot() }),
      rank: rank, scale: 1)
  }

  // MARK: - On full updates

  private func decomposed(rank: Int) throws -> LowRankUpdate {
    guard let sum = try? lowRankSum(), !sum.terms.isEmpty else { return nearest(to: exact.elements, rank: rank) }
    return update(NearestLowRank(to: sum, keeping: .rank(rank), workers: workers))
  }

  private func nearest(to values: [Double], rank: Int) -> LowRankUpdate {
    let matrix = DoubleMatrix(values, rows: outputs, columns: inputs)
    return update(NearestLowRank(to: matrix, keeping: .rank(rank), workers: workers))
  }

  private func update(_ factors: NearestLowRank) -> LowRankUpdate {
    (recipe.clamp.map { factors.clamped(at: $0) } ?? factors).update(site: name, kind: kind)
  }

  private func sparse(
    _ matrix: DoubleMatrix, of part: CombinationPart, _ sparsification: Sparsification?,
    _ rescaling: Sparsification.Rescaling, place: String
  ) -> [Double] {
    guard let sparsification else { return matrix.elements }
    return sparsification.applied(
      to: matrix.elements, columns: matrix.columns, density: recipe.density,
      // PEFT divides what random masks leave, and only that.
      rescaling: sparsification == .magnitude && rescaling == .inverseDensity ? .none : rescaling,
      stream: SeedStream(recipe.seed).child("masks").child(part.name).child(place))
  }

  private func sum(_ updates: [[Double]], _ weights: [Double], elects: Bool) -> [Double] {
    elects
      ? UpdateSum.agreeing(updates, weights: weights, by: recipe.signs) : UpdateSum.plain(updates, weights: weights)
  }

  // MARK: - The exact sum

  private var exact: DoubleMatrix {
    UpdateSum.plain(
      entries.map { $0.update.dense(workers: workers) }, weights: weights, rows: outputs, columns: inputs)
  }

  private func lowRankSum() throws -> LowRankSum {
    var sum = LowRankSum()
    for (part, update) in try factors() { sum.add(update, times: part.weight) }
    return sum
  }
}

extension AdapterCombination.Deviation {
  /// How far an update is from a matrix.
  init(of update: LowRankUpdate, from exact: DoubleMatrix, workers: Workers) {
    let own = update.dense(workers: workers)
    let square = zip(own.elements, exact.elements).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    self.init(site: update.site, difference: square.squareRoot(), exact: exact.norm)
  }
}
