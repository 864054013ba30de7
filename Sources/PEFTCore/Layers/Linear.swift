/// A linear map, `y = x · Wᵀ + b`, with the places where methods attach.
public final class Linear {
  /// The module's path as Hugging Face names it, such as `model.layers.3.self_attn.k_proj`.
  public let site: String
  /// Width of the input.
  public let inputs: Int
  /// Width of the output.
  public let outputs: Int
  /// Whether the architecture gives this map a bias.
  public let hasBias: Bool

  /// The frozen weight; nil before weights are loaded, and while the weight is trained in full.
  public internal(set) var weight: WeightMatrix?
  /// The frozen bias.
  public internal(set) var bias: Tensor?

  /// What a method placed around the map.
  public var adapter: (any LinearAdapter)?
  /// A trained weight `[outputs, inputs]` in place of the frozen one (full fine-tuning, modules saved beside an
  /// adapter).
  public var trainedWeight: Parameter?
  /// A trained bias `[outputs]` in place of the frozen one (BitFit, full fine-tuning, biases beside LoRA).
  public var trainedBias: Parameter?

  /// Creates a map without weights.
  public init(site: String, inputs: Int, outputs: Int, hasBias: Bool) {
    self.site = site
    self.inputs = inputs
    self.outputs = outputs
    self.hasBias = hasBias
  }

  /// The last component of the site, such as `k_proj`.
  public var shortName: Substring { site.split(separator: ".").last ?? "" }

  /// The map with whatever is attached to it.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`.
  ///   - tape: Where to record.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  public func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    guard let adapter else { return base(x, on: tape) }
    return adapter(x, through: { self.base($0, on: tape) }, on: tape)
  }

  private func base(_ x: Variable, on tape: Tape) -> Variable {
    let y: Variable
    if let trainedWeight {
      y = tape.linear(x, weight: tape.variable(for: trainedWeight))
    } else if let weight {
      y = tape.linear(x, weight)
    } else {
      preconditionFailure("\(site): no weight is loaded")
    }
    return addBias(to: y, on: tape)
  }

  /// `y + b` with the bias that counts, trained or frozen; `y` itself where the map has none.
  public func addBias(to y: Variable, on tape: Tape) -> Variable {
    if let trainedBias { return tape.addBias(tape.variable(for: trainedBias), to: y) }
    if let bias { return tape.addBias(Variable(constant: bias), to: y) }
    return y
  }
}
