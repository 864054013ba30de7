/// One block of a decoder: attention and feed-forward with their norms and residual connections.
///
///     sequential:  h = x + post(attention(pre(x)));  y = h + post(feedForward(pre(h)))
///     parallel:    y = x + attention(pre(x)) + feedForward(pre(x))
///
/// Which of the norms exist depends on the family; those of the branches' outputs are rare (Gemma 2, OLMo 2).
public final class TransformerBlock {
  /// Norm before attention.
  public let attentionNorm: NormLayer?
  /// Attention.
  public let attention: SelfAttention
  /// Norm of attention's output.
  public let attentionOutputNorm: NormLayer?
  /// Norm before the feed-forward part.
  public let feedForwardNorm: NormLayer?
  /// The feed-forward part.
  public let feedForward: FeedForward
  /// Norm of the feed-forward part's output.
  public let feedForwardOutputNorm: NormLayer?
  /// Whether both branches start from the block's input.
  public let isParallel: Bool

  /// What a method placed behind attention.
  public var afterAttention: (any BranchAdapter)?
  /// What a method placed behind (or beside) the feed-forward part.
  public var afterFeedForward: (any BranchAdapter)?

  /// Creates a block from its parts.
  public init(
    attentionNorm: NormLayer?, attention: SelfAttention, attentionOutputNorm: NormLayer? = nil,
    feedForwardNorm: NormLayer?, feedForward: FeedForward, feedForwardOutputNorm: NormLayer? = nil,
    isParallel: Bool = false
  ) {
    self.attentionNorm = attentionNorm
    self.attention = attention
    self.attentionOutputNorm = attentionOutputNorm
    self.feedForwardNorm = feedForwardNorm
    self.feedForward = feedForward
    self.feedForwardOutputNorm = feedForwardOutputNorm
    self.isParallel = isParallel
  }

  /// The linear maps, in the order of the architecture.
  public var linears: [Linear] { attention.linears + feedForward.linears }

  /// The norms, in the order of the architecture.
  public var norms: [NormLayer] {
    [
      attentionNorm, attention.queryNorm, attention.keyNorm, attentionOutputNorm, feedForwardNorm,
      feedForwardOutputNorm,
    ].compactMap { $0 }
  }

  /// Whether a method trains anything in the block.
  var isTrained: Bool {
    afterAttention != nil || afterFeedForward != nil
      || linears.contains { $0.adapter != nil || $0.trainedWeight != nil || $0.trainedBias != nil }
      || norms.contains { $0.trainedGain != nil || $0.trainedBias != nil }
  }

  /// Applies the block to the residual stream.
  ///
  /// - Parameter rows: The rows of the result that are wanted; all if nil.
  func callAsFunction(_ x: Variable, batch: ForestBatch, rows: [Int]?, on tape: Tape) -> Variable {
    let attended = attentionBranch(x, batch: batch, rows: rows, on: tape)
    let x = rows.map { tape.selectRows($0, of: x) } ?? x
    if isParallel {
      return tape.add(tape.add(x, inPlaceTo: attended), inPlaceTo: feedForwardBranch(x, on: tape))
    }
    let middle = tape.add(x, inPlaceTo: attended)
    return tape.add(middle, inPlaceTo: feedForwardBranch(middle, on: tape))
  }

  private func attentionBranch(_ x: Variable, batch: ForestBatch, rows: [Int]?, on tape: Tape) -> Variable {
    let input = attentionNorm.map { $0(x, on: tape) } ?? x
    var branch = attention(input, batch: batch, rows: rows, on: tape)
    if let afterAttention {
      branch = afterAttention(branch, branchInput: rows.map { tape.selectRows($0, of: input) } ?? input, on: tape)
    }
    return attentionOutputNorm.map { $0(branch, on: tape) } ?? branch
  }

  private func feedForwardBranch(_ x: Variable, on tape: Tape) -> Variable {
    let input = feedForwardNorm.map { $0(x, on: tape) } ?? x
    var branch = feedForward(input, on: tape)
    if let afterFeedForward { branch = afterFeedForward(branch, branchInput: input, on: tape) }
    return feedForwardOutputNorm.map { $0(branch, on: tape) } ?? branch
  }
}

/// The forest of one forward pass with what all layers need of it.
struct ForestBatch {
  let forest: TokenForest
  let positions: [Int]
  let prefix: [PrefixKeyValues]?
}
