/// How a frozen matrix stores its elements.
///
/// The quantized formats are those of ggml, blocks of 32 or 256 elements of a row that share scales, and NF4.
public enum WeightFormat: String, Sendable, CaseIterable {
  case float32 = "F32"
  case bfloat16 = "BF16"
  case float16 = "F16"
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q80 = "Q8_0"
  case q2K = "Q2_K"
  case q3K = "Q3_K"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"
  case iq4NL = "IQ4_NL"
  /// QLoRA's format: 32 elements with a scale as float32, so that rows need not be whole blocks of 64.
  case nf4 = "NF4"

  /// The formats that a GGUF file can have.
  public static let ggml = allCases.filter { $0 != .nf4 }

  /// The format's name in ggml, such as `Q4_1`.
  public var name: String { rawValue }

  /// Elements of a row that are stored together; a row's length is a multiple of it.
  public var blockLength: Int {
    switch self {
    case .float32, .bfloat16, .float16: 1
    case .q40, .q41, .q50, .q51, .q80, .iq4NL, .nf4: 32
    case .q2K, .q3K, .q4K, .q5K, .q6K: 256
    }
  }

  /// Bytes of a block.
  public var blockBytes: Int {
    switch self {
    case .float32: 4
    case .bfloat16, .float16: 2
    case .q40, .iq4NL: 18
    case .q41, .nf4: 20
    case .q50: 22
    case .q51: 24
    case .q80: 34
    case .q2K: 84
    case .q3K: 110
    case .q4K: 144
    case .q5K: 176
    case .q6K: 210
    }
  }

  /// Bytes of a matrix, or nil if a row is not made of whole blocks or the number of bytes is too large.
  public func byteCount(outputs: Int, inputs: Int) -> Int? {
    guard 0...Int.max / 2 ~= outputs, inputs >= 0, inputs % blockLength == 0 else { return nil }
    let (row, rowOverflow) = (inputs / blockLength).multipliedReportingOverflow(by: blockBytes)
    let (all, overflow) = row.multipliedReportingOverflow(by: outputs)
    return rowOverflow || overflow ? nil : all
  }

  /// Whether the blocks are reordered into panels when the matrix is made; the others stay as rows.
  var isPackedIntoPanels: Bool {
    switch self {
    case .float32, .bfloat16, .float16, .q40, .q41, .q80: true
    case .q50, .q51, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .nf4: false
    }
  }
}

/// A matrix whose bytes do not have the shape and format they are said to have.
public struct WeightFormatError: InputError, Equatable {
  /// One sentence: what was found and what was expected.
  public let description: String
}
