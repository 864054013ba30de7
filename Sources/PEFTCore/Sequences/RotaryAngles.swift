/// The rotation angles of one kind of layer, for as many positions as were needed so far.
///
/// A model made for 131,072 positions would need tens of megabytes for all of them, most never used.
public final class RotaryAngles {
  private let frequencies: [Double]
  private let attentionFactor: Double
  private var table: RotaryTable?

  /// Angles of the configuration's frequencies, or of its windowed layers' (Gemma 3).
  public init(_ configuration: RotaryConfiguration, local: Bool = false) {
    let isLocal = local && configuration.localTheta != nil
    let base = RotaryTable.inverseFrequencies(
      rotatedDimensions: configuration.dimension,
      base: isLocal ? configuration.localTheta ?? configuration.theta : configuration.theta,
      scaling: isLocal ? .none : configuration.scaling)
    let divisors = isLocal ? nil : configuration.divisors
    frequencies = divisors.map { zip(base, $0).map(/) } ?? base
    attentionFactor = isLocal ? 1 : configuration.attentionFactor
  }

  /// The frequencies and their factor; the table follows from them.
  var canonical: JSONValue {
    ["frequencies": JSONValue(frequencies), "attention_factor": JSONValue(attentionFactor)]
  }

  /// A table of at least `count` positions.
  func table(covering count: Int) -> RotaryTable {
    if let table, table.positionCount >= count { return table }
    let new = RotaryTable(
      inverseFrequencies: frequencies, positionCount: max(256, count + count / 2), attentionFactor: attentionFactor)
    table = new
    return new
  }
}
