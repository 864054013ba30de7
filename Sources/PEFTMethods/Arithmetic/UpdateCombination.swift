import PEFTCore

/// Combinations of weight updates: all types of `delta`, `hf` and `mergekit` but those of IA3's scales.
///
/// The result is a LoRA with a scale of one; `SiteCombination` has the equations.
struct UpdateCombination {
  let recipe: CombinationRecipe
  let parts: [CombinationPart]
  let base: LoadedBase?
  let workers: Workers

  /// The settings and shapes of the result, all values zero.
  func outlined(named path: String) throws -> AdapterFile {
    for part in parts where recipe.kind.takesAnyMethod {
      guard (try? LoRAConversion.needsBase(part.file)) == true else { continue }
      throw CheckpointError(
        file: part.file.path,
        "is an adapter of \(type(of: try part.file.method()).name) whose weight updates depend on the base model, which "
          + "is not there yet: combine it by adapter combine with --model, and name what that makes")
    }
    let updates = try updates()
    let sites = try sites(updates)
    let results = try sites.map { try $0.outlined(rank: rank(updates)) }
    return try file(of: results, named: path)
  }

  func combined(named path: String) throws -> AdapterCombination {
    guard !parts.isEmpty else { throw CheckpointError(file: path, "the expression names no adapter") }
    let purpose = recipe.kind.title
    let updates = try updates()
    if let index = updates.firstIndex(where: { !$0.biases.isEmpty }) {
      throw CheckpointError(file: parts[index].file.path, "changes biases, which \(purpose) cannot take in")
    }
    if case .hf(let type) = recipe.kind, !type.decomposes, type != .cat { try checkEqualRanks(updates) }
    let sites = try sites(updates)
    let results = try sites.map { try $0.combined(rank: rank(updates)) }
    return AdapterCombination(
      file: try file(of: results, named: path),
      exactness: .measured(zip(sites, results).map { $0.deviation(of: $1) }), notes: [])
  }

  /// What each adapter adds: of every method where the kind takes it, else of LoRA alone.
  private func updates() throws -> [WeightUpdates] {
    try parts.map { part in
      guard !recipe.kind.takesAnyMethod else {
        return try WeightUpdates.of(part.file, on: base, for: recipe.kind.title)
      }
      try part.file.checkIsAdapter()
      return WeightUpdates(maps: try LowRankUpdate.all(of: part.file, for: recipe.kind.title).map { .lowRank($0) })
    }
  }

  /// Rank of a decomposed result: PEFT's default, and its own of 8 where no adapter has a rank.
  private func rank(_ updates: [WeightUpdates]) -> Int {
    recipe.rank ?? updates.compactMap(\.largestRank).max() ?? 8
  }

  private func file(of results: [LowRankUpdate], named path: String) throws -> AdapterFile {
    try AdapterFile(
      named: path, settings: LoRASettings.members(for: results, from: parts.map(\.file.settings)),
      tensors: results.flatMap(\.arrays))
  }

  private func sites(_ updates: [WeightUpdates]) throws -> [SiteCombination] {
    var sites: [SiteCombination] = []
    var places: [String: Int] = [:]
    for (part, updates) in zip(parts, updates) {
      for update in updates.maps {
        let place = places[update.site] ?? sites.count
        if place == sites.count {
          places[update.site] = place
          sites.append(
            SiteCombination(
              recipe: recipe, adapterCount: parts.count, name: update.site, first: update, workers: workers))
        }
        guard update.outputs == sites[place].outputs, update.inputs == sites[place].inputs else {
          throw CheckpointError(
            file: part.file.path, tensor: update.site,
            "is of a map with \(update.outputs) × \(update.inputs) weights, but \(sites[place].outputs) × "
              + "\(sites[place].inputs) in another adapter")
        }
        sites[place].entries.append((part, update))
      }
    }
    return sites
  }

  /// PEFT's rule for types that work on the factors.
  private func checkEqualRanks(_ updates: [WeightUpdates]) throws(CheckpointError) {
    for (part, own) in zip(parts, updates) where own.largestRank != updates[0].largestRank {
      throw CheckpointError(
        file: part.file.path,
        "has rank \(own.largestRank ?? 0), but \(parts[0].file.path) \(updates[0].largestRank ?? 0): \(recipe.kind.title) "
          + "adds factors, which must have one rank; take cat or svd")
    }
  }
}
