/// A value in a forward pass, and its place on the tape if a trainable parameter leads to it.
public struct Variable {
  /// The value.
  public let value: Tensor
  let node: Tape.Node?
  /// How to compute the value again from what its own backward pass keeps; nil if that is not cheap.
  let recipe: (() -> Tensor)?

  /// A value that no trainable parameter leads to.
  public init(constant value: Tensor) {
    self.init(value, node: nil)
  }

  init(_ value: Tensor, node: Tape.Node?, recipe: (() -> Tensor)? = nil) {
    self.value = value
    self.node = node
    self.recipe = recipe
  }

  /// The value for a backward pass.
  var saved: SavedValue { SavedValue(self) }

  /// Where its gradient goes, without its value: what a backward closure captures if it needs no more.
  public var slot: GradientSlot { GradientSlot(node: node) }

  /// Whether a gradient is wanted for it.
  public var isTracked: Bool { node != nil }

  /// Sizes of the value's dimensions.
  public var shape: [Int] { value.shape }
}

/// A place on the tape that takes a gradient; it keeps no value alive.
public struct GradientSlot {
  let node: Tape.Node?

  /// Whether a gradient is wanted there.
  public var isTracked: Bool { node != nil }
}
