/// A linear map, `y = x · Wᵀ + b`, with the places where methods attach.
public final class Linear: SitePart {
  /// The module's path as Hugging Face names it, such as `model.layers.3.self_attn.k_proj`.
  public let site: String
  /// Width of the input.
  public internal(set) var inputs: Int
  /// Width of the output.
  public internal(set) var outputs: Int
  /// Whether the architecture gives this map a bias.
  public let hasBias: Bool

  /// Whether the model's file has the weight in NF4, into which no adapter can be merged; known without the weight.
  public internal(set) var isStoredInNF4 = false

  /// The frozen weight; nil before weights are loaded, and while the weight is trained in full.
  public internal(set) var weight: WeightMatrix?
  /// The frozen bias.
  public internal(set) var bias: Tensor?

  /// The frozen weight, for what computes with it once weights are loaded.
  ///
  /// - Precondition: It is loaded.
  public var loadedWeight: WeightMatrix {
    guard let weight else { preconditionFailure("\(site): no weight is loaded") }
    return weight
  }

  /// What methods attached.
  public let occupancy = Occupancy()

  /// Creates a map without weights.
  public init(site: String, inputs: Int, outputs: Int, hasBias: Bool) {
    self.site = site
    self.inputs = inputs
    self.outputs = outputs
    self.hasBias = hasBias
  }

  /// The last component of the site, such as `k_proj`.
  public var shortName: Substring { site.split(separator: ".").last ?? "" }

  /// The path of the block that it belongs to, such as `model.layers.3`: up to the layer's number.
  var blockPath: String {
    let components = site.split(separator: ".")
    let end = components.lastIndex { Int($0) != nil }.map { $0 + 1 } ?? components.count
    return components[..<end].joined(separator: ".")
  }

  /// Its weight, and its bias if the architecture gives it one.
  public var weightSlots: [WeightSlot] {
    [WeightSlot(holder: .weight(self))] + (hasBias ? [WeightSlot(holder: .bias(self))] : [])
  }

  /// Adapters around it, a weight or a bias in place of its own.
  public func takes(_ occupant: Occupant) -> Bool {
    switch occupant {
    case .adapter, .weight, .bias: true
    default: false
    }
  }

  /// The adapters around the map, from the inside out.
  public var adapters: [any LinearAdapter] {
    occupancy.placements.compactMap { if case .adapter(let adapter) = $0.occupant { adapter } else { nil } }
  }

  /// Whether an adapter is directly around the frozen weight, so that it may multiply by a weight of its own in place of it.
  ///
  /// Then what it is around is no more than `x · Wᵀ + b`; false as long as no weight is loaded.
  public func isFrozen(inside adapter: any LinearAdapter) -> Bool {
    guard trainedWeight == nil, weight != nil, let innermost = adapters.first else { return false }
    return innermost === adapter
  }

  /// A trained weight `[outputs, inputs]` in place of the frozen one (full fine-tuning, modules saved beside an
  /// adapter).
  public var trainedWeight: Parameter? { occupancy.weight }

  /// A trained bias `[outputs]` in place of the frozen one (BitFit, full fine-tuning, biases beside LoRA).
  public var trainedBias: Parameter? { occupancy.bias }

  /// The map with whatever is attached to it.
  ///
  /// - Parameters:
  ///   - x: `[T, inputs]`.
  ///   - tape: Where to record.
  /// - Returns: `[T, outputs]`, which the caller may overwrite.
  public func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    guard isOccupied else { return base(x, on: tape) }
    return adapted(x, by: adapters[...], on: tape)
  }

  private func adapted(_ x: Variable, by adapters: ArraySlice<any LinearAdapter>, on tape: Tape) -> Variable {
    guard let outermost = adapters.last else { return base(x, on: tape) }
    return outermost(x, through: { self.adapted($0, by: adapters.dropLast(), on: tape) }, on: tape)
  }

  private func base(_ x: Variable, on tape: Tape) -> Variable {
    let y: Variable
    if let trainedWeight {
      y = tape.linear(x, weight: tape.variable(for: trainedWeight))
    } else {
      y = tape.linear(x, loadedWeight)
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
