/// The feed-forward part of a block.
public final class FeedForward {
  /// How the inner layer is computed.
  public enum Inner {
    /// `activation(gate(x)) · up(x)`.
    case gated(gate: Linear, up: Linear)
    /// The same with one map whose output holds the gate, then the up part (Phi-3).
    case fusedGated(Linear)
    /// `activation(up(x))`.
    case plain(up: Linear)
  }

  /// The inner layer.
  public let inner: Inner
  /// The projection back to the residual stream.
  public let down: Linear
  /// The non-linearity.
  public let activation: Activation
  /// The neurons, before the projection back.
  public let neuronSite: ActivationSite

  /// Creates a feed-forward part.
  public init(inner: Inner, down: Linear, activation: Activation) {
    self.inner = inner
    self.down = down
    self.activation = activation
    neuronSite = ActivationSite(site: down.blockPath + ", feed-forward neurons", unitCount: down.inputs, unitWidth: 1)
  }

  /// The linear maps, in the order of the architecture.
  public var linears: [Linear] { maps.map(\.map) }

  /// The linear maps with what each does.
  var maps: [(role: SiteRole, map: Linear)] {
    switch inner {
    case .gated(let gate, let up): [(.gate, gate), (.up, up), (.down, down)]
    case .fusedGated(let map): [(.gateUp, map), (.down, down)]
    case .plain(let map): [(.up, map), (.down, down)]
    }
  }

  /// Applies it.
  ///
  /// - Parameters:
  ///   - x: `[T, hidden]`, normalized.
  ///   - tape: Where to record.
  /// - Returns: `[T, hidden]`, which the caller may overwrite.
  func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    down(neuronSite(neurons(x, on: tape), on: tape), on: tape)
  }

  private func neurons(_ x: Variable, on tape: Tape) -> Variable {
    switch inner {
    case .gated(let gate, let up):
      return tape.gated(gate(x, on: tape), up(x, on: tape), activation)
    case .fusedGated(let map):
      let both = map(x, on: tape)
      let width = map.outputs / 2
      let gate = tape.columns(0..<width, of: both)
      let up = tape.columns(width..<(2 * width), of: both)
      return tape.gated(gate, up, activation)
    case .plain(let up):
      return tape.apply(activation, to: up(x, on: tape))
    }
  }
}
