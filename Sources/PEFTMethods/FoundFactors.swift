/// Two factors of a start that were computed when the method was attached.
final class FoundFactors: LowRankStart {
  let factors: (a: [Float], b: [Float])

  /// - Parameters:
  ///   - a: A₀ `[rank, inputs]`.
  ///   - b: B₀ `[outputs, rank]`.
  init(a: [Float], b: [Float]) { factors = (a, b) }
}
