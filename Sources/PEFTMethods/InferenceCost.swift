/// What a method adds to one forward pass in the form in which it is deployed.
///
/// What can be merged into the weights adds nothing. Into weights in NF4 nothing can be merged: adapters around them act
/// beside the map, and each costs its own multiply-adds (`LinearAdapter.multiplyAddsPerToken`).
public struct InferenceCost: Sendable, Equatable {
  /// Rows computed before every sequence (virtual tokens).
  public var virtualTokens = 0
  /// Positions that are only attended to (prefix keys and values).
  public var prefixPositions = 0
  /// Floating-point operations a token beside the base model's.
  public var operationsPerToken = 0

  /// No cost, or the given one.
  public init(virtualTokens: Int = 0, prefixPositions: Int = 0, operationsPerToken: Int = 0) {
    self.virtualTokens = virtualTokens
    self.prefixPositions = prefixPositions
    self.operationsPerToken = operationsPerToken
  }
}
