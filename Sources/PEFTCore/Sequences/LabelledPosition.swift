/// A position of a batch at which the next token is known.
public struct LabelledPosition: Sendable, Equatable {
  /// The row whose logits are judged.
  public let row: Int
  /// The token that comes next.
  public let target: Int32
  /// Its share of the loss.
  public let weight: Float

  /// Creates a labelled position.
  public init(row: Int, target: Int32, weight: Float) {
    self.row = row
    self.target = target
    self.weight = weight
  }
}
