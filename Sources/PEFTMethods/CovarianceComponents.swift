import PEFTCore

/// CorDA's start: components of the weight as seen by what the map reads.
///
///     C = mean over rows of XᵀX, X the row's inputs over their largest;  C ← C + 0.01·mean(diag C)·I
///     W·C = U·S·Vᵀ;   B₀ = U·√(S/s), A₀ = √(S/s)·Vᵀ·C⁻¹   for the first `rank` components (ipm) or the last (kpm)
///
/// so that s·B₀·A₀ is what of W acts on the directions that the rows use most (or least), and is taken out of it. Covariances
/// in float32, as everything that is summed over tokens; decompositions in double precision.
///
/// Source: Yang et al. 2024, arXiv 2406.05223; PEFT's `preprocess_corda`, one row a call. PEFT inverts C in float32 and
/// doubles the damping until the inverse is good; here C is solved for in double precision, and 0.01 always does.
struct CovarianceComponents {
  private let maps: [Linear]
  private let method: LoRAStartOptions.CordaMethod

  /// The share of the mean variance that is added to C's diagonal.
  private static let damping = 0.01

  init(_ maps: [Linear], method: LoRAStartOptions.CordaMethod) { (self.maps, self.method) = (maps, method) }

  /// Looks at rows, one at a time, and finds the factors of each map.
  ///
  /// - Parameters:
  ///   - ranks: The maps' ranks.
  ///   - scales: The updates' factors s.
  func factors(
    ranks: [Int], scales: [Float], _ rows: [StartRows.Row], _ passes: inout StartPasses
  ) throws -> [FoundFactors] {
    let watch = try InputWatch(maps)
    defer { watch.end() }
    let context = passes.context
    var sums: [Int: Tensor] = [:]
    var problem: AttachError?
    watch.show = { [maps] map, input in
      let width = maps[map].inputs
      let sum = sums[map] ?? Tensor(zeros: [width, width], in: context.pool)
      sums[map] = sum
      let largest = abs(input.values.max() ?? 0)
      guard largest > 0, largest.isFinite else {
        problem = problem ?? AttachError("init: corda: the inputs of \(maps[map].site) are all zero", option: "init")
        return
      }
      let scaled = input.copy(in: context.pool)
      for index in 0..<scaled.elementCount { scaled.mutableElements[index] /= largest }
      MatrixMultiply.multiply(
        m: width, n: width, k: input.rowCount, a: scaled.elements, aStride: width, transposeA: true, b: scaled.elements,
        bStride: width, c: sum.mutableElements, cStride: width, accumulate: true, workers: context.workers)
    }
    for row in rows {
      passes.forward([row])
      if let problem { throw problem }
    }
    return try maps.indices.map { map in
      guard let sum = watch.leaders[map].flatMap({ sums[$0] }) else {
        throw AttachError("init: corda: \(maps[map].site) reads nothing", option: "init")
      }
      return try factors(
        of: maps[map], covariance: sum.values.map { Double($0) / Double(rows.count) }, rank: ranks[map],
        scale: Double(scales[map]), context.workers)
    }
  }

  private func factors(
    of map: Linear, covariance: [Double], rank: Int, scale: Double, _ workers: Workers
  ) throws -> FoundFactors {
    var covariance = DoubleMatrix(covariance, rows: map.inputs, columns: map.inputs)
    let mean = (0..<map.inputs).reduce(0.0) { $0 + covariance[$1, $1] } / Double(map.inputs)
    for index in 0..<map.inputs { covariance[index, index] += Self.damping * mean }
    let weight = DoubleMatrix(map.loadedWeight.values, rows: map.outputs, columns: map.inputs)
    let seen = weight.times(covariance, workers: workers)
    let all =
      method == .ipm
      ? SingularValues(leading: rank, of: seen, workers: workers) : SingularValues(seen, workers: workers)
    let chosen = all.values.count - rank..<all.values.count
    guard let solver = LUDecomposition(covariance) else {
      throw AttachError(
        "init: corda: the inputs of \(map.site) have a covariance that cannot be inverted", option: "init")
    }
    // C is symmetric, so that the columns of C⁻¹·V are the rows of Vᵀ·C⁻¹.
    let right = solver.solve(all.right.rows(chosen).transposed)
    var a = [Float](repeating: 0, count: rank * map.inputs)
    var b = [Float](repeating: 0, count: map.outputs * rank)
    for (index, component) in chosen.enumerated() {
      let root = (all.values[component] / scale).squareRoot()
      for input in 0..<map.inputs { a[index * map.inputs + input] = Float(root * right[input, index]) }
      for output in 0..<map.outputs { b[output * rank + index] = Float(root * all.left[component, output]) }
    }
    return FoundFactors(a: a, b: b)
  }
}
