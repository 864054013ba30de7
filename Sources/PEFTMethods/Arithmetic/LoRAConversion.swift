public import PEFTCore

/// Makes a LoRA of any adapter that can be merged into the weights of linear maps.
///
/// Each map's weight update is replaced by the nearest one of a low rank: B = U·S, A = Vᵀ, alpha = rank. Shifts of biases
/// become the biases of the updates (`lora_bias`). A LoRA's own updates are decomposed from their factors, exactly.
///
/// PEFT converts fewer methods: it refuses those whose update it cannot state without the base weight.
public enum LoRAConversion {
  /// How many singular values of each update are kept.
  public enum Keeping: Sendable, Equatable {
    /// This many.
    case rank(Int)
    /// As few as have this share of the sum of the squares of all.
    case energy(Double)
  }

  /// Whether an adapter's updates depend on its base model.
  ///
  /// - Throws: `DocumentError` for a method that is not supported; `CheckpointError` for damaged values.
  public static func needsBase(_ file: AdapterFile) throws -> Bool {
    guard let lora = try file.method() as? LoRA, !lora.isWeightDecomposed, lora.start != .loftq else { return true }
    _ = try LowRankUpdate.all(of: file, for: "a conversion to LoRA")
    return false
  }

  /// Converts an adapter.
  ///
  /// - Parameters:
  ///   - file: The adapter.
  ///   - base: Its base model; not needed for a LoRA.
  ///   - keeping: The rank of each map.
  ///   - path: What messages call the result.
  ///   - workers: Share decompositions out; the result does not depend on their number.
  /// - Returns: The LoRA, with how far each map is from the adapter's own update.
  /// - Throws: `AttachError` or `CheckpointError` for an adapter that no LoRA can stand for.
  public static func convert(
    _ file: AdapterFile, on base: LoadedBase?, keeping: Keeping, named path: String, workers: Workers
  ) throws -> AdapterCombination {
    let updates = try WeightUpdates.of(file, on: base, for: "a conversion to LoRA")
    let choice: NearestLowRank.Choice =
      switch keeping {
      case .rank(let rank): .rank(rank)
      case .energy(let share): .energy(share)
      }
    var results: [LowRankUpdate] = []
    var deviations: [AdapterCombination.Deviation] = []
    for update in updates.maps {
      let nearest: LowRankUpdate
      switch update {
      case .lowRank(let own):
        var sum = LowRankSum()
        sum.add(own, times: 1)
        nearest = NearestLowRank(to: sum, keeping: choice, workers: workers).update(site: own.site, kind: own.kind)
        deviations.append(sum.deviation(of: nearest, workers: workers))
      case .dense(let site, let matrix):
        nearest = NearestLowRank(to: matrix, keeping: choice, workers: workers).update(site: site, kind: .map)
        deviations.append(.init(of: nearest, from: matrix, workers: workers))
      }
      results.append(nearest)
    }
    let biases = try biases(updates, of: &results, on: base, file: file)
    var tensors = results.flatMap(\.arrays)
    tensors += biases.map { site, values in
      AdapterArray(key: AdapterTensor.prefix + site + ".lora_B.bias", shape: [values.count], values: values)
    }
    let settings = LoRASettings.members(for: results, from: [file.settings], hasBiases: !biases.isEmpty)
    return AdapterCombination(
      file: try AdapterFile(named: path, settings: settings, tensors: tensors), exactness: .measured(deviations),
      notes: [])
  }

  /// The biases of all updates, zeros where there is none; maps whose bias alone is shifted get an update of zero.
  private static func biases(
    _ updates: WeightUpdates, of results: inout [LowRankUpdate], on base: LoadedBase?, file: AdapterFile
  ) throws -> [(site: String, values: [Float])] {
    guard !updates.biases.isEmpty else {
      guard !results.isEmpty else { throw CheckpointError(file: file.path, "changes no linear map") }
      return []
    }
    let shifts = Dictionary(updates.biases.map { ($0.site, $0.values) }, uniquingKeysWith: { first, _ in first })
    for (site, _) in updates.biases where !results.contains(where: { $0.site == site }) {
      guard let linear = base?.model.linears.first(where: { $0.site == site }) else {
        throw CheckpointError(file: file.path, tensor: site, "has a bias that no low-rank update can hold")
      }
      results.append(
        LowRankUpdate(
          site: site, kind: .map, a: [Float](repeating: 0, count: linear.inputs),
          b: [Float](repeating: 0, count: linear.outputs), rank: 1, scale: 1))
    }
    return results.map { ($0.site, shifts[$0.site] ?? [Float](repeating: 0, count: $0.outputs)) }
  }
}
