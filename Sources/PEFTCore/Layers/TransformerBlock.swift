/// One block of a decoder: attention and feed-forward with their norms and residual connections.
///
///     sequential:  h = x + post(attention(pre(x)));  y = h + post(feedForward(pre(h)))
///     parallel:    y = x + attention(pre(x)) + feedForward(pre(x))
///
/// Which of the norms exist depends on the family; those of the branches' outputs are rare (Gemma 2, OLMo 2).
public final class TransformerBlock {
  /// The block's path as Hugging Face names it, such as `model.layers.3`.
  public let site: String
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

  /// What attention gives, with what methods attach after it.
  public let attentionOutput: BranchOutput
  /// What the feed-forward part gives, with what methods attach after it or beside it.
  public let feedForwardOutput: BranchOutput

  /// Creates a block from its parts.
  public init(
    site: String, attentionNorm: NormLayer?, attention: SelfAttention, attentionOutputNorm: NormLayer? = nil,
    feedForwardNorm: NormLayer?, feedForward: FeedForward, feedForwardOutputNorm: NormLayer? = nil,
    isParallel: Bool = false
  ) {
    self.site = site
    attentionOutput = BranchOutput(site: "\(site), after attention")
    feedForwardOutput = BranchOutput(site: "\(site), after the feed-forward part")
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

  /// The sites of the block, in the order of the architecture.
  ///
  /// - Parameter layer: Which block of the model it is.
  func sites(layer: Int) -> [Site] {
    func norm(_ role: SiteRole, _ norm: NormLayer?) -> [Site] {
      norm.map { [Site(role, layer: layer, .norm($0))] } ?? []
    }
    func maps(_ maps: [(SiteRole, Linear)]) -> [Site] { maps.map { Site($0.0, layer: layer, .map($0.1)) } }
    // One after the other: the compiler gives up on a long sum of arrays.
    var sites = norm(.attentionNorm, attentionNorm)
    sites += maps(attention.projections)
    sites += norm(.queryNorm, attention.queryNorm)
    sites += norm(.keyNorm, attention.keyNorm)
    sites.append(Site(.attentionPrompt, layer: layer, .attentionPrompt(attention.promptSite)))
    sites.append(Site(.attentionHeads, layer: layer, .activations(attention.headSite)))
    sites += maps([(.attentionOutput, attention.output)])
    sites.append(Site(.attentionBranch, layer: layer, .branch(attentionOutput)))
    sites += norm(.attentionOutputNorm, attentionOutputNorm)
    sites += norm(.feedForwardNorm, feedForwardNorm)
    sites += maps(feedForward.maps.dropLast())
    sites.append(Site(.neurons, layer: layer, .activations(feedForward.neuronSite)))
    sites += maps(feedForward.maps.suffix(1))
    sites.append(Site(.feedForwardBranch, layer: layer, .branch(feedForwardOutput)))
    sites += norm(.feedForwardOutputNorm, feedForwardOutputNorm)
    return sites
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
    let branch = attentionOutput(
      attention(input, batch: batch, rows: rows, on: tape),
      branchInput: rows.map { tape.selectRows($0, of: input) } ?? input, on: tape)
    return attentionOutputNorm.map { $0(branch, on: tape) } ?? branch
  }

  private func feedForwardBranch(_ x: Variable, on tape: Tape) -> Variable {
    let input = feedForwardNorm.map { $0(x, on: tape) } ?? x
    let branch = feedForwardOutput(feedForward(input, on: tape), branchInput: input, on: tape)
    return feedForwardOutputNorm.map { $0(branch, on: tape) } ?? branch
  }
}

/// The forest of one forward pass with what all layers need of it.
struct ForestBatch {
  let forest: TokenForest
  let positions: [Int]
  let prefix: [PrefixKeyValues]?
}
