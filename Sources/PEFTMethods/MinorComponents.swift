import PEFTCore

/// MiCA's B: the weight's left singular vectors of its `rank` smallest singular values, `[outputs, rank]`.
///
/// B stays there and A, which starts at zero, is trained, so that the map learns in the directions that it uses least. Signs
/// may differ from other libraries', and A's learn to be the other way round then.
///
/// Source: MiCA, arXiv 2604.01694; PEFT's `mica_init`.
enum MinorComponents {
  /// - Precondition: `rank` is at most the weight's shorter side.
  static func b(of linear: Linear, rank: Int, context: ComputeContext) -> [Float] {
    let weight = DoubleMatrix(linear.loadedWeight.values, rows: linear.outputs, columns: linear.inputs)
    let left = SingularValues(weight, workers: context.workers).left
    return left.rows(left.rows - rank..<left.rows).transposed.floats
  }
}
