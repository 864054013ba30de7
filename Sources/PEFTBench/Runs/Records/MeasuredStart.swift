import PEFTCore
import PEFTMethods

/// What a method's look at training rows took before the first step, measured.
struct MeasuredStart {
  /// The passes.
  var cost: StartCost
  /// Their seconds, and those of what was computed from them.
  var seconds: Double
  /// Most tensor memory that was held at one time.
  var peak: MemoryUse

  /// All of several trainings together; nil where none looked at rows.
  static func total(of starts: [MeasuredStart]) -> MeasuredStart? {
    guard var total = starts.first else { return nil }
    for start in starts.dropFirst() {
      total.cost.rows += start.cost.rows
      total.cost.forwardTokens += start.cost.forwardTokens
      total.cost.backwardTokens += start.cost.backwardTokens
      total.seconds += start.seconds
      total.peak = total.peak.peak(with: start.peak)
    }
    return total
  }
}
