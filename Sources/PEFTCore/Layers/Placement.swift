/// One occupant at one site, until it is taken off.
public final class Placement {
  /// The site's name.
  public let site: String
  /// What was attached.
  let whole: Occupant
  /// What acts at the site: what was attached, or a part of it (`CausalLanguageModel.setStrength`).
  public private(set) var occupant: Occupant
  /// The method whose it is.
  public let method: String
  private weak var occupancy: Occupancy?
  fileprivate var isUndone = false

  fileprivate init(_ occupant: Occupant, by method: String, at site: String, in occupancy: Occupancy) {
    whole = occupant
    self.occupant = occupant
    self.method = method
    self.site = site
    self.occupancy = occupancy
  }

  /// Lets a part of what was attached act in its place.
  func stand(in occupant: Occupant) { self.occupant = occupant }

  /// Takes the occupant off: the site is then as if it had never been there, whatever was attached or taken off since.
  public func undo() {
    isUndone = true
    occupancy?.remove(self)
  }
}

/// What is attached at one site.
///
/// The order is by `Stacking`, then by time. It does not depend on what was attached and taken off meanwhile, which is
/// why placements can be undone in any order.
public final class Occupancy {
  /// From the inside out.
  private(set) var placements: [Placement] = []

  /// - Throws: `AttachError` that names both methods, if the occupant cannot stand beside what is there.
  func place(_ occupant: Occupant, by method: String, at site: String) throws(AttachError) -> Placement {
    if let other = placements.first(where: { !occupant.canStand(beside: $0.occupant) }) {
      throw AttachError(
        "\(site): \(occupant.described) of \(method) cannot be attached beside \(other.occupant.described) of "
          + other.method)
    }
    return insert(occupant, by: method, at: site)
  }

  /// Attaches without asking what is there.
  @discardableResult
  func insert(_ occupant: Occupant, by method: String, at site: String) -> Placement {
    let placement = Placement(occupant, by: method, at: site, in: self)
    let end = placements.firstIndex { $0.occupant.stacking > occupant.stacking } ?? placements.count
    placements.insert(placement, at: end)
    return placement
  }

  fileprivate func remove(_ placement: Placement) { placements.removeAll { $0 === placement } }

  /// Takes off all that a method attached.
  func remove(by method: String) { placements.removeAll { $0.method == method } }

  /// Takes everything off for a while.
  ///
  /// - Returns: What puts it back, save what was undone meanwhile.
  func suspend() -> () -> Void {
    let suspended = placements
    placements = []
    return { self.placements = suspended.filter { !$0.isUndone } }
  }

  /// The trained weight, if there is one.
  var weight: Parameter? {
    for placement in placements { if case .weight(let parameter) = placement.occupant { return parameter } }
    return nil
  }

  /// The trained bias, if there is one.
  var bias: Parameter? {
    for placement in placements { if case .bias(let parameter) = placement.occupant { return parameter } }
    return nil
  }
}

/// The placements of one attach, taken off together.
public final class Placements {
  private let method: String
  private var placements: [Placement] = []
  /// Multiply-adds for a token of the adapters around maps into whose weights they cannot be merged.
  public private(set) var unmergedMultiplyAdds = 0

  /// Starts the placements of a method.
  public init(by method: String) { self.method = method }

  /// Attaches one occupant more.
  ///
  /// - Throws: `AttachError` if it cannot stand beside what is at the site; all placements of this list are then undone.
  public func place(_ occupant: Occupant, at part: any SitePart) throws(AttachError) {
    do {
      placements.append(try part.place(occupant, by: method))
      if case .adapter(let adapter) = occupant, (part as? Linear)?.isStoredInNF4 == true {
        unmergedMultiplyAdds += adapter.multiplyAddsPerToken
      }
    } catch {
      undo()
      throw error
    }
  }

  /// Takes all of them off.
  public func undo() {
    for placement in placements.reversed() { placement.undo() }
    placements = []
  }
}
