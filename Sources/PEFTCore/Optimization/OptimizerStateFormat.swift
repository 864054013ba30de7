/// In which form an optimizer keeps its moments from one step to the next; the arithmetic of a step is float32 in any.
public enum OptimizerStateFormat: String, CaseIterable, Sendable {
  /// As they are.
  case float32
  /// The upper half of a float32, rounded at random.
  ///
  /// Rounded to nearest, a mean square of decay 0.999 would stand still: its steps are too short for 8 significant bits.
  case bfloat16
  /// 8 bits a value and a float32 scale for each 256 of them: block-wise dynamic quantization, as bitsandbytes' optimizers of
  /// 8 bits. Moments of fewer than 4096 values stay float32, as there.
  ///
  /// - Source: Dettmers and others 2022, arXiv 2110.02861, with blocks of 256 as in bitsandbytes 0.50.
  case int8

  /// Values from which on a moment has 8 bits.
  public static let leastQuantized = 4096

  /// Bytes of one moment of so many values.
  public func byteCount(of values: Int) -> Int {
    switch self {
    case .float32: 4 * values
    case .bfloat16: 2 * values
    case .int8: Self.quantizes(values) ? values + 4 * Self.blockCount(values) : 4 * values
    }
  }

  static func quantizes(_ values: Int) -> Bool { values >= leastQuantized }

  /// Scales of one moment of so many values.
  static func blockCount(_ values: Int) -> Int {
    (values + DynamicCode.blockLength - 1) / DynamicCode.blockLength
  }
}
