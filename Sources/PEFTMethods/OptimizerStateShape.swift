import PEFTCore

/// The sizes of what a method trains, on which the size of an optimizer's state depends.
public struct OptimizerStateShape: Sendable {
  /// Values of each parameter that is updated as it is.
  let valueCounts: [Int]
  /// The matrices that are updated in a projected space, with its settings.
  let projected: [(galore: GaLore, rows: Int, columns: Int)]

  /// Bytes of the state.
  ///
  /// - Parameters:
  ///   - moments: Moments that the rule keeps of each parameter: two of AdamW, which alone has projected spaces.
  ///   - format: In which form.
  public func byteCount(momentsPerValue moments: Int, as format: OptimizerStateFormat) -> Int {
    let plain = valueCounts.reduce(0) { $0 + moments * format.byteCount(of: $1) }
    return projected.reduce(plain) { $0 + $1.galore.stateBytes(rows: $1.rows, columns: $1.columns, as: format) }
  }

  /// Whether the form says of no parameter anything else than float32 does.
  ///
  /// - Parameter moments: As of `byteCount`.
  public func isFloat32(momentsPerValue moments: Int, as format: OptimizerStateFormat) -> Bool {
    byteCount(momentsPerValue: moments, as: format) == byteCount(momentsPerValue: moments, as: .float32)
  }
}
