/// What a method may attach around a linear map: LoRA adds to its output, IA3 scales, added biases shift.
///
/// The map itself knows no methods. Several adapters are nested, the first around the map itself, each next one around
/// the ones before it; `stacking` says which stands where.
public protocol LinearAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// How it stands with other adapters of the same map.
  var stacking: Stacking { get }

  /// The adapted map.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`; must not be overwritten, other maps read it too.
  ///   - base: What it is around: the frozen map with the adapters further inside, `[T, inputs]` to `[T, outputs]`; its
  ///     result may be overwritten.
  ///   - tape: Where to record.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable

  /// Multiply-adds that it takes for a token where it acts beside the map, since it cannot be merged into the weight.
  var multiplyAddsPerToken: Int { get }

  /// Whether it does no more than to shift the output, so that the weight need not be known to merge it.
  var changesBiasOnly: Bool { get }

  /// The adapter at a part of its strength: 0 leaves the map as it is, 1 is the adapter, and between them it does that part.
  ///
  /// For additive adapters that is a multiple of what they add. Others have to say what it is, such as a part of an angle.
  ///
  /// - Parameter strength: Not negative; beyond 1 the same rule goes on.
  /// - Returns: An adapter that acts as this one's values are now; nil where a part has no meaning.
  func atStrength(_ strength: Float) -> (any LinearAdapter)?

  /// Changes a weight into that of the one linear map that does the same, a bias apart.
  ///
  /// - Parameter weight: `[outputs, inputs]`, row-major, changed in place.
  /// - Returns: Whether it could be merged; the weight is not to be used otherwise.
  func merge(intoWeight weight: inout [Float]) -> Bool

  /// Changes a bias into that of the one linear map that does the same.
  ///
  /// - Parameter bias: `[outputs]`, or empty where the map has none; may become non-empty.
  func merge(intoBias bias: inout [Float])
}

extension LinearAdapter {
  /// Most adapters use each of their values once.
  public var multiplyAddsPerToken: Int { parameters.reduce(0) { $0 + $1.elementCount } }

  /// Most adapters change the weight.
  public var changesBiasOnly: Bool { false }

  /// What is not known to have a part has none.
  public func atStrength(_ strength: Float) -> (any LinearAdapter)? { nil }

  /// Most adapters leave the bias as it is.
  public func merge(intoBias bias: inout [Float]) {}
}

/// An adapter that adds to the map's output what it computes from the input: LoRA, added biases.
///
/// It says once how it adds in place: to the map's output, its fast path, or to nothing. The update on its own is for what
/// weighs, gates or measures it.
public protocol AdditiveLinearAdapter: LinearAdapter {
  /// Width of the map's output.
  var outputs: Int { get }

  /// Adds to an output what it computes from the input.
  ///
  /// - Parameters:
  ///   - y: `[T, outputs]`; may be overwritten.
  ///   - x: `[T, inputs]`; must not be overwritten.
  ///   - tape: Where to record.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable
}

extension AdditiveLinearAdapter {
  /// Updates sum up.
  public var stacking: Stacking { .adds }

  /// A multiple of the update.
  public func atStrength(_ strength: Float) -> (any LinearAdapter)? { PartialAdapter(self, strength: strength) }

  /// What it is around, with the update.
  public func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    add(to: base(x), x: x, on: tape)
  }

  /// What it adds to the output for an input.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`; must not be overwritten.
  ///   - tape: Where to record.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  public func update(_ x: Variable, on tape: Tape) -> Variable {
    let zeros = Tensor(zeros: [x.value.rowCount, outputs], in: tape.context.pool)
    return add(to: Variable(constant: zeros), x: x, on: tape)
  }
}

extension [Float] {
  /// Adds a shift of the output to the bias of a map, which is empty where the map has none.
  public mutating func addShift(_ shift: [Float]) {
    self = isEmpty ? shift : zip(self, shift).map { $0 + $1 }
  }
}

/// What a method may attach around an embedding table: LoRA adds to its vectors, trained rows replace some of them.
public protocol EmbeddingAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// How it stands with other adapters of the same table.
  var stacking: Stacking { get }

  /// The adapted vectors of some tokens.
  ///
  /// - Parameters:
  ///   - vectors: What the table and the adapters further inside give for them, `[T, width]`; may be overwritten.
  ///   - ids: The tokens, T of them.
  ///   - tape: Where to record.
  /// - Returns: `[T, width]`, which the caller may overwrite.
  func callAsFunction(_ vectors: Variable, of ids: [Int32], on tape: Tape) -> Variable

  /// Changes a table `[count, width]`, row-major, into the one that gives the adapted vectors.
  func merge(intoTable table: inout [Float])
}

/// What a method may attach after a residual branch, or beside it (bottleneck adapters).
public protocol BranchAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// How it stands with other adapters of the same branch: beside it (`adds`) or after it (`transforms`).
  var stacking: Stacking { get }

  /// The adapted branch.
  ///
  /// - Parameters:
  ///   - output: What the branch and the adapters before this one give, `[T, hidden]`; may be overwritten.
  ///   - input: What the branch was given (after its norm), `[T, hidden]`; must not be overwritten.
  ///   - tape: Where to record.
  /// - Returns: `[T, hidden]`, which the caller may overwrite.
  func callAsFunction(_ output: Variable, branchInput input: Variable, on tape: Tape) -> Variable
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

/// Learned rows to which a layer's queries attend beside the tokens.
public protocol AttentionPrompt: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }
  /// The rows, `[count, hidden]`, which the layer's maps turn into keys and values.
  func rows(on tape: Tape) -> Variable
  /// What is found among them is multiplied by this, `[1]`.
  func gate(on tape: Tape) -> Variable
}
