/// How the elements of a frozen weight are stored: plain numbers, or blocks that share a scale.
///
/// In a GGUF block format a row is cut into blocks of 32 or 256 consecutive elements. A block holds one or two
/// binary16 scales and an integer of 2 to 8 bits an element; the 256-element ones ("K") divide it into
/// sub-blocks with small integer scales of their own.
///
/// - Source: ggml's block layouts, as gguf-py 0.19 reads them.
public enum BlockFormat: Int, CaseIterable, Sendable {
  case float32
  case float16
  case bfloat16
  case q4_0
  case q4_1
  case q5_0
  case q5_1
  case q8_0
  case q2K
  case q3K
  case q4K
  case q5K
  case q6K
  case iq4NL

  /// Its name in ggml, such as `Q4_K`.
  public var name: String {
    switch self {
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .q4_0: "Q4_0"
    case .q4_1: "Q4_1"
    case .q5_0: "Q5_0"
    case .q5_1: "Q5_1"
    case .q8_0: "Q8_0"
    case .q2K: "Q2_K"
    case .q3K: "Q3_K"
    case .q4K: "Q4_K"
    case .q5K: "Q5_K"
    case .q6K: "Q6_K"
    case .iq4NL: "IQ4_NL"
    }
  }

  /// Elements in a block; a row must be a whole number of blocks.
  public var elementsPerBlock: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4NL: 32
    case .q2K, .q3K, .q4K, .q5K, .q6K: 256
    }
  }

  /// Bytes of a block.
  public var bytesPerBlock: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q4_0, .iq4NL: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q2K: 84
    case .q3K: 110
    case .q4K: 144
    case .q5K: 176
    case .q6K: 210
    }
  }

  /// Bytes of `elementCount` elements.
  ///
  /// - Precondition: They are a whole number of blocks.
  public func byteCount(of elementCount: Int) -> Int {
    precondition(
      elementCount % elementsPerBlock == 0,
      "byteCount: \(elementCount) elements are no whole number of \(name) blocks of \(elementsPerBlock)")
    return elementCount / elementsPerBlock * bytesPerBlock
  }
}
