import PEFTCore

/// The distance of a factor's vectors from an orthonormal set, ‖X·Xᵀ − I‖ in the Frobenius norm, as a term of a loss.
///
/// Source: Zhang et al. 2023, arXiv 2303.10512, equation 4, with the norm that PEFT takes, which is not squared.
struct OrthogonalityPenalty {
  private let parameter: Parameter
  private let rank: Int
  private let areRows: Bool

  /// - Parameters:
  ///   - parameter: X `[rank, depth]`, or Xᵀ `[depth, rank]`.
  ///   - rank: Vectors.
  ///   - areRows: Whether the vectors are rows.
  init(on parameter: Parameter, rank: Int, areRows: Bool) {
    (self.parameter, self.rank, self.areRows) = (parameter, rank, areRows)
  }

  /// Adds the gradient of weight · ‖X·Xᵀ − I‖, which is 2 · weight · (X·Xᵀ − I)·X / ‖X·Xᵀ − I‖; zero where that norm is.
  ///
  /// - Returns: The value of the term.
  func add(_ weight: Double, to tape: Tape) -> Double {
    let (variable, workers) = (tape.variable(for: parameter), tape.context.workers)
    let (stride, depth) = (parameter.shape[1], parameter.elementCount / rank)
    let elements = variable.value.elements
    let gram = Tensor(uninitialized: [rank, rank], in: tape.context.pool)
    MatrixMultiply.multiply(
      m: rank, n: rank, k: depth, a: elements, aStride: stride, transposeA: !areRows, b: elements, bStride: stride,
      transposeB: areRows, c: gram.mutableElements, cStride: rank, workers: workers)
    for index in 0..<rank { gram.mutableElements[index * rank + index] -= 1 }
    let norm = gram.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm > 0 else { return 0 }
    for index in 0..<(rank * rank) { gram.mutableElements[index] *= Float(2 * weight / norm) }
    tape.accumulate(into: variable) { target, accumulates in
      if areRows {
        MatrixMultiply.multiply(
          m: rank, n: depth, k: rank, a: gram.elements, aStride: rank, b: elements, bStride: stride, c: target,
          cStride: stride, accumulate: accumulates, workers: workers)
      } else {
        MatrixMultiply.multiply(
          m: depth, n: rank, k: rank, a: elements, aStride: stride, b: gram.elements, bStride: rank, c: target,
          cStride: stride, accumulate: accumulates, workers: workers)
      }
    }
    return weight * norm
  }
}
