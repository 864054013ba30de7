/// What methods put before every sequence: first a prefix of keys and values, then virtual tokens, which attend to it.
public final class SequenceStart: SitePart {
  /// Where it is, in words.
  public let site = "the start of every sequence"
  /// What is attached.
  public let occupancy = Occupancy()

  /// Creates a start at which nothing stands.
  init() {}

  /// A prefix or virtual tokens.
  public func takes(_ occupant: Occupant) -> Bool {
    switch occupant {
    case .virtualTokens, .prefix: true
    default: false
    }
  }

  /// The keys and values before everything else, if there are any.
  var prefix: (any KeyValuePrefix)? {
    for placement in occupancy.placements { if case .prefix(let prefix) = placement.occupant { return prefix } }
    return nil
  }

  /// The virtual tokens, in the order in which they are read.
  var prompts: [any SoftPrompt] {
    occupancy.placements.compactMap { if case .virtualTokens(let prompt) = $0.occupant { prompt } else { nil } }
  }

  /// Positions that all of it takes.
  public var count: Int { (prefix?.count ?? 0) + virtualTokenCount }

  /// Positions that virtual tokens take.
  var virtualTokenCount: Int { prompts.reduce(0) { $0 + $1.count } }
}
