/// Activations inside a block as a site: the outputs of the attention heads, or the neurons of the feed-forward part, before
/// the map that reads them.
///
/// What scales them, hides some of them (a mask, to see what a head is worth) or measures them acts here. That is the same as
/// acting on the columns of the following map, but leaves its weight and its adapters alone.
public final class ActivationSite: SitePart {
  /// Where it is: `model.layers.3, attention heads`.
  public let site: String
  /// Columns of one unit: the width of a head, 1 for a neuron.
  public let unitWidth: Int
  /// How many heads or neurons there are.
  public internal(set) var unitCount: Int
  /// What is attached.
  public let occupancy = Occupancy()

  /// Creates a site at which nothing stands.
  init(site: String, unitCount: Int, unitWidth: Int) {
    (self.site, self.unitCount, self.unitWidth) = (site, unitCount, unitWidth)
  }

  /// What acts on activations alone.
  public func takes(_ occupant: Occupant) -> Bool { if case .activationAdapter = occupant { true } else { false } }

  /// Passes activations through what is attached.
  ///
  /// - Parameter x: `[T, unitCount · unitWidth]`; not overwritten.
  func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    guard !occupancy.placements.isEmpty else { return x }
    return occupants.reduce(x) { x, occupant in
      guard case .activationAdapter(let adapter) = occupant else { return x }
      return adapter(x, on: tape)
    }
  }
}

/// What may act on activations inside a block.
public protocol ActivationAdapter: AnyObject {
  /// The trainable parameters, in a fixed order.
  var parameters: [Parameter] { get }

  /// How it stands with others at the same site.
  var stacking: Stacking { get }

  /// The changed activations.
  ///
  /// - Parameters:
  ///   - x: `[T, units · unit width]`; must not be overwritten.
  ///   - tape: Where to record.
  /// - Returns: The shape of `x`.
  func callAsFunction(_ x: Variable, on tape: Tape) -> Variable

  /// The adapter at a part of its strength, 0 for none of it; nil where a part has no meaning.
  func atStrength(_ strength: Float) -> (any ActivationAdapter)?
}

extension ActivationAdapter {
  /// What changes activations comes in the order in which it is attached.
  public var stacking: Stacking { .transforms }

  /// What is not known to have a part has none.
  public func atStrength(_ strength: Float) -> (any ActivationAdapter)? { nil }
}

/// A factor for each attention head, or each neuron: trained as a parameter, or a mask of zeros and ones.
///
///     y[t, u · w + c] = s[u] · x[t, u · w + c]        w the unit's width
///
/// A unit with factor 0 gives what a model without it gives (`CausalLanguageModel.keepHeads`, `keepNeurons`). The gradient of
/// `s` at ones is what a unit's importance is estimated by (Michel et al. 2019, arXiv 1905.10650).
public final class UnitScale: ActivationAdapter {
  /// The factors, `[units]`.
  public let factors: Parameter
  private let positions: [Int32]?

  /// Creates a scale of a site's units.
  ///
  /// - Parameters:
  ///   - site: The site, which tells how many units there are.
  ///   - values: The factors at first; ones unless given.
  ///   - pool: Where their memory is counted.
  /// - Precondition: There is a value for each unit.
  public init(of site: ActivationSite, values: [Float]? = nil, in pool: MemoryPool) {
    let (count, width) = (site.unitCount, site.unitWidth)
    precondition(
      values.map { $0.count == count } ?? true, "\(site.site): \(values?.count ?? 0) factors for \(count) units")
    factors = Parameter("\(site.site).scale", shape: [count], in: pool) {
      values ?? [Float](repeating: 1, count: count)
    }
    positions = width == 1 ? nil : (0..<(count * width)).map { Int32($0 / width) }
  }

  private init(_ factors: Parameter, _ positions: [Int32]?) { (self.factors, self.positions) = (factors, positions) }

  /// The factors.
  public var parameters: [Parameter] { [factors] }

  /// The scaled activations.
  public func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    let factors = tape.variable(for: factors)
    return tape.scaleColumns(x, by: positions.map { tape.elements(at: $0, of: factors) } ?? factors)
  }

  /// That part of the way from ones to the factors.
  public func atStrength(_ strength: Float) -> (any ActivationAdapter)? {
    UnitScale(factors.mapped { $0.map { 1 + strength * ($0 - 1) } }, positions)
  }
}
