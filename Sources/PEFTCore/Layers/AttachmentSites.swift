/// What a method may place around a linear map: LoRA adds to its output, IA3 scales, added biases shift.
///
/// The map itself knows no methods; it only has a place for one of these.
public protocol LinearAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// The adapted map.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`; must not be overwritten, other maps read it too.
  ///   - base: The frozen map, `[T, inputs]` to `[T, outputs]`; its result may be overwritten.
  ///   - tape: Where to record.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable

  /// Whether it does no more than to shift the output, so that the weight need not be known to merge it.
  var changesBiasOnly: Bool { get }

  /// The weight and bias of the one linear map that does the same, or nil if there is none.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`, row-major, changed in place; not looked at where `changesBiasOnly`.
  ///   - bias: `[outputs]`, or empty where the map has none; may become non-empty.
  /// - Returns: Whether the adapter could be merged.
  func merge(into weight: inout [Float], bias: inout [Float]) -> Bool
}

extension LinearAdapter {
  /// Most adapters change the weight.
  public var changesBiasOnly: Bool { false }
}

/// What a method may place around an embedding table: LoRA adds to its vectors, trained rows replace some of them.
public protocol EmbeddingAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// The adapted vectors of some tokens.
  ///
  /// - Parameters:
  ///   - vectors: What the table holds for them, `[T, width]`; may be overwritten.
  ///   - ids: The tokens, T of them.
  ///   - tape: Where to record.
  /// - Returns: `[T, width]`, which the caller may overwrite.
  func callAsFunction(_ vectors: Variable, of ids: [Int32], on tape: Tape) -> Variable

  /// Changes a table `[count, width]`, row-major, into the one that gives the adapted vectors.
  func merge(intoTable table: inout [Float])
}

/// What a method may place after a residual branch (bottleneck adapters).
public protocol BranchAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// The adapted branch.
  ///
  /// - Parameters:
  ///   - output: What the branch gives, `[T, hidden]`; may be overwritten.
  ///   - input: What the branch was given (after its norm), `[T, hidden]`; must not be overwritten.
  ///   - tape: Where to record.
  /// - Returns: `[T, hidden]`, which the caller may overwrite.
  func callAsFunction(_ output: Variable, branchInput input: Variable, on tape: Tape) -> Variable
}

/// What a method may place before every sequence.
public enum PromptAttachment {
  /// Rows in place of embedded tokens (prompt tuning, P-tuning).
  case embeddings(any SoftPrompt)
  /// Keys and values for every layer (prefix tuning).
  case keysAndValues(any KeyValuePrefix)

  /// Positions that it takes.
  public var count: Int {
    switch self {
    case .embeddings(let prompt): prompt.count
    case .keysAndValues(let prefix): prefix.count
    }
  }

  /// Its trainable parameters.
  var parameters: [Parameter] {
    switch self {
    case .embeddings(let prompt): prompt.parameters
    case .keysAndValues(let prefix): prefix.parameters
    }
  }
}

/// Virtual tokens.
public protocol SoftPrompt: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }
  /// Number of virtual tokens.
  var count: Int { get }
  /// Their embeddings, `[count, hidden]`, computed on the tape from trainable parameters.
  func embeddings(on tape: Tape) -> Variable
}

/// Keys and values before the first token.
public protocol KeyValuePrefix: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }
  /// Number of positions.
  var count: Int { get }
  /// One pair a layer, each `[count, keyValueWidth]`, computed on the tape from trainable parameters.
  func keysAndValues(on tape: Tape) -> [PrefixKeyValues]
}
