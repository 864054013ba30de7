/// What batches are after the first blocks, where nothing is attached: kept while the same batch goes through the model
/// several times, as the members of an ensemble take it.
///
/// Those blocks give the same bits every time, and nothing of them is needed on the way back.
public final class FrozenBeginning {
  private var kept: [(segments: [TokenForest.Segment], states: Tensor)] = []

  /// Nothing is kept yet.
  public init() {}

  /// What a batch is after the frozen blocks, computed the first time.
  ///
  /// - Parameters:
  ///   - forest: The batch; of tokens alone.
  ///   - compute: Gives the residual stream `[rows, hidden]`.
  func states(of forest: TokenForest, compute: () -> Tensor) -> Tensor {
    if let known = kept.first(where: { Self.equal($0.segments, forest.segments) }) { return known.states }
    let states = compute()
    kept.append((forest.segments, states))
    return states
  }

  /// Whether a batch depends on nothing but its tokens and the frozen weights.
  static func covers(_ forest: TokenForest) -> Bool {
    forest.segments.allSatisfy { segment in
      guard case .tokens = segment.content else { return false }
      return segment.retained == nil
    }
  }

  private static func equal(_ left: [TokenForest.Segment], _ right: [TokenForest.Segment]) -> Bool {
    left.count == right.count
      && zip(left, right).allSatisfy { left, right in
        guard case .tokens(let a) = left.content, case .tokens(let b) = right.content else { return false }
        return left.parent == right.parent && a == b
      }
  }
}
