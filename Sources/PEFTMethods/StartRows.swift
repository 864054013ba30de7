import PEFTCore

/// The training rows that a start may look at before the first step, in the order in which training takes them.
public struct StartRows: Sendable {
  /// One row: a prompt with its answer.
  public struct Row: Sendable {
    /// The tokens of prompt and answer.
    public let tokens: [Int32]
    /// Where the answer begins; its tokens are those that training predicts.
    public let answerStart: Int

    /// Creates a row.
    ///
    /// - Precondition: There is a token before the answer.
    public init(tokens: [Int32], answerStart: Int) {
      precondition((1...tokens.count).contains(answerStart), "an answer from \(answerStart) of \(tokens.count) tokens")
      (self.tokens, self.answerStart) = (tokens, answerStart)
    }
  }

  private enum Source {
    case rows(@Sendable (Int) -> [[Row]])
    case missing
    case irrelevant
  }

  private let source: Source

  /// Rows in batches.
  ///
  /// - Parameter batches: Gives the batches of the first so many rows: the same ones at every call, none of them empty.
  public init(_ batches: @escaping @Sendable (_ rowCount: Int) -> [[Row]]) { source = .rows(batches) }

  private init(_ source: Source) { self.source = source }

  /// There are none; a start that needs them is refused where weights are loaded.
  public static let missing = StartRows(.missing)
  /// Nobody reads what the method starts from, since a saved adapter's values replace it or speed alone is asked for: a
  /// start that needs rows is left at one that has its shapes.
  public static let irrelevant = StartRows(.irrelevant)

  /// Whether somebody reads what the method starts from.
  var matter: Bool { if case .irrelevant = source { false } else { true } }

  /// The batches of the first so many rows; nil where values do not matter.
  ///
  /// - Parameter start: What needs them, for the error.
  /// - Throws: `AttachError` if there are none.
  func batches(of count: Int, for start: LoRAStart) throws -> [[Row]]? {
    switch source {
    case .irrelevant: return nil
    case .rows(let batches):
      let batches = batches(count)
      if !batches.isEmpty { return batches }
    case .missing: break
    }
    throw AttachError(
      "init: \(start.rawValue) is computed from the rows that a run trains on, and there are none here; a run's own adapter "
        + "folder, or init_from, needs no rows", option: "init")
  }
}

/// What the passes over training rows cost that a start took before the first step.
public struct StartCost: Sendable, Equatable {
  /// Rows that were looked at, each as often as it was.
  public var rows = 0
  /// Tokens that went forward.
  public var forwardTokens = 0
  /// Tokens that went backward too.
  public var backwardTokens = 0

  /// No cost.
  public init() {}
}
