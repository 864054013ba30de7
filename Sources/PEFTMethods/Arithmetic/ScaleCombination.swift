import PEFTCore

/// Combinations of IA3's scales, whose weight updates are linear in l − 1.
///
///     delta: l = 1 + Σ wᵢ·(lᵢ − 1);   hf: l = Σ wᵢ·lᵢ, as PEFT computes it
///
/// The first is the exact sum of the updates. The second one scales activations even where all adapters are neutral, unless
/// the weights sum up to 1.
struct ScaleCombination {
  let recipe: CombinationRecipe
  let parts: [CombinationPart]

  func combined(named path: String) throws -> AdapterCombination {
    let isPlain: Bool
    switch recipe.kind {
    case .hf(.linear), .hf(.svd): isPlain = true
    case .hf: throw CheckpointError(file: path, "PEFT has one way to combine adapters of ia3: type linear")
    default: isPlain = false
    }
    var keys: [(key: String, shape: [Int])] = []
    var sums: [String: (exact: [Double], result: [Double])] = [:]
    for part in parts {
      try part.file.checkIsAdapter()
      guard part.file.peftType == "IA3" else {
        throw CheckpointError(file: part.file.path, "is no adapter of ia3, as \(parts[0].file.path) is")
      }
      for array in try part.file.arrays() {
        guard array.key.hasSuffix(IA3.scaleSuffix) else {
          throw CheckpointError(file: part.file.path, tensor: array.key, "is trained beside the scales")
        }
        if sums[array.key] == nil {
          keys.append((array.key, array.shape))
          sums[array.key] = (
            [Double](repeating: 0, count: array.values.count),
            [Double](repeating: isPlain ? 0 : 1, count: array.values.count)
          )
        }
        guard keys.contains(where: { $0.key == array.key && $0.shape == array.shape }) else {
          throw CheckpointError(file: part.file.path, tensor: array.key, "scales another side than in other adapters")
        }
        for (index, value) in array.values.enumerated() {
          sums[array.key]?.exact[index] += part.weight * (Double(value) - 1)
          sums[array.key]?.result[index] += part.weight * (isPlain ? Double(value) : Double(value) - 1)
        }
      }
    }
    var settings = parts[0].file.settingsObject
    for key in ["target_modules", "feedforward_modules"] {
      settings[key] = try Self.union(parts.map { $0.file }, key)
    }
    let tensors = keys.map { key, shape in
      AdapterArray(key: key, shape: shape, values: (sums[key]?.result ?? []).map { Float($0) })
    }
    let deviations = tensors.map { tensor in
      let exact = sums[tensor.key]?.exact ?? []
      let difference = zip(tensor.values, exact).reduce(0.0) { sum, pair in
        sum + (Double(pair.0) - 1 - pair.1) * (Double(pair.0) - 1 - pair.1)
      }
      let site = tensor.key.dropFirst(AdapterTensor.prefix.count).dropLast(IA3.scaleSuffix.count)
      return AdapterCombination.Deviation(
        site: String(site), difference: difference.squareRoot(),
        exact: exact.reduce(0) { $0 + $1 * $1 }.squareRoot())
    }
    return AdapterCombination(
      file: try AdapterFile(named: path, settings: settings, tensors: tensors),
      exactness: .measured(deviations),
      notes: ["deviations are those of the scales, l − 1, which the weight updates are linear in"])
  }

  /// The names of all lists, each once.
  private static func union(_ files: [AdapterFile], _ key: String) throws(CheckpointError) -> JSONValue {
    let lists = files.map { $0.settings[key] ?? .null }
    if lists.allSatisfy({ $0 == lists[0] }) { return lists[0] }
    var names: [String] = []
    for (file, list) in zip(files, lists) {
      guard case .array(let values) = list else {
        throw CheckpointError(file: file.path, "\"\(key)\" is not a list, and another one than in other adapters")
      }
      for case .string(let name) in values where !names.contains(name) { names.append(name) }
    }
    return JSONValue(names)
  }
}
