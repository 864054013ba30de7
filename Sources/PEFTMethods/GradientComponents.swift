import PEFTCore

/// LoRA-GA's start: the update's first step goes where full fine-tuning's would.
///
///     G = mean over batches of the gradient of W = U·S·Vᵀ,   2·rank components
///     ArB2r: A₀ = the first `rank` rows of Vᵀ, B₀ = the second `rank` columns of U·S   (A2rBr: the other way round; ArBr: A₀
///     has every second row from the second on, B₀ every second column from the first; random: the same drawn ones)
///     stable: B₀ ← B₀·m^¼/√γ;   weight_svd: B₀ ← B₀·σ₁(W)/S of its first column;   gd_scale: A₀ and B₀ over s
///
/// and s·B₀·A₀ is taken out of the weight. m is what PEFT takes: the rows of the weight as it is stored, which are the
/// outputs, but the inputs of GPT-2's turned maps. The sign of each singular pair is free, and as A and B have different pairs,
/// so is that of each part of the product.
///
/// Source: Wang et al. 2024, arXiv 2407.05000; PEFT's `preprocess_loraga` and `lora_ga_init`, which finds the components by a
/// randomized decomposition (exact where 4·rank are all that there are), here exactly.
struct GradientComponents {
  private let maps: [Linear]
  private let options: LoRAStartOptions
  private let model: CausalLanguageModel

  init(_ maps: [Linear], of model: CausalLanguageModel, options: LoRAStartOptions) {
    (self.maps, self.model, self.options) = (maps, model, options)
  }

  /// Lets batches through and back, and finds the factors of each map.
  ///
  /// - Parameters:
  ///   - ranks: The maps' ranks.
  ///   - scales: The updates' factors s.
  ///   - seeds: Where `random` draws from.
  func factors(
    ranks: [Int], scales: [Float], _ batches: [[StartRows.Row]], seeds: SeedStream, _ passes: inout StartPasses
  ) throws -> [FoundFactors] {
    let context = passes.context
    let placements = Placements(by: "init")
    defer { placements.undo() }
    let watches = maps.map { GradientWatch($0, context: context) }
    for (map, watch) in zip(maps, watches) { try placements.place(.adapter(watch), at: map) }
    for batch in batches { passes.backward(batch) }
    return maps.indices.map { map in
      let sum = watches[map].gradient?.values ?? [Float](repeating: 0, count: maps[map].inputs * maps[map].outputs)
      return factors(
        of: maps[map], gradient: sum.map { Double($0) / Double(batches.count) }, rank: ranks[map],
        scale: Double(scales[map]), draws: seeds.child("lora-ga").child(maps[map].site), context.workers)
    }
  }

  private func factors(
    of map: Linear, gradient: [Double], rank: Int, scale: Double, draws: SeedStream, _ workers: Workers
  ) -> FoundFactors {
    let found = SingularValues(
      leading: 2 * rank, of: DoubleMatrix(gradient, rows: map.outputs, columns: map.inputs), workers: workers)
    let (forA, forB): ([Int], [Int]) =
      switch options.direction {
      case .ArB2r: (Array(0..<rank), Array(rank..<2 * rank))
      case .A2rBr: (Array(rank..<2 * rank), Array(0..<rank))
      case .ArBr: ((0..<rank).map { 2 * $0 + 1 }, (0..<rank).map { 2 * $0 })
      case .random:
        { ($0, $0) }(Array(draws.permutation(2 * rank).prefix(rank)))
      }
    var (scaleA, scaleB) = (1.0, 1.0)
    switch options.scale {
    case .stable:
      let rows = model.storesTransposed(map) ? map.inputs : map.outputs
      scaleB = Double(rows).squareRoot().squareRoot() / options.gamma.squareRoot()
    case .weightSVD:
      let weight = DoubleMatrix(map.loadedWeight.values, rows: map.outputs, columns: map.inputs)
      let first = found.values[forB[0]]
      if first > 0 { scaleB = SingularValues(leading: 1, of: weight, workers: workers).values[0] / first }
    case .gradientStep: (scaleA, scaleB) = (1 / scale, 1 / scale)
    case .unit: break
    }
    var a = [Float](repeating: 0, count: rank * map.inputs)
    var b = [Float](repeating: 0, count: map.outputs * rank)
    for index in 0..<rank {
      for input in 0..<map.inputs { a[index * map.inputs + input] = Float(scaleA * found.right[forA[index], input]) }
      let length = scaleB * found.values[forB[index]]
      for output in 0..<map.outputs { b[output * rank + index] = Float(length * found.left[forB[index], output]) }
    }
    return FoundFactors(a: a, b: b)
  }
}
