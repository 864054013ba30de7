/// A value in a forward pass, and its place on the tape if a trainable parameter leads to it.
public struct Variable {
  /// The value.
  public let value: Tensor
  let node: Tape.Node?

  /// A value that no trainable parameter leads to.
  public init(constant value: Tensor) {
    self.value = value
    node = nil
  }

  init(_ value: Tensor, node: Tape.Node?) {
    self.value = value
    self.node = node
  }

  /// Whether a gradient is wanted for it.
  public var isTracked: Bool { node != nil }

  /// Sizes of the value's dimensions.
  public var shape: [Int] { value.shape }
}
