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

extension StartRows {
  /// The rows of a training, in the order and the batches of its first epoch.
  ///
  /// - Parameters:
  ///   - data: The run's rows.
  ///   - settings: How it trains.
  ///   - seeds: The training's draws.
  init(_ data: PreparedDataset, _ settings: TrainingConfiguration, _ seeds: TrainingSeeds) {
    let examples = data.parts(settings, seeds).training
    self.init { count in
      let order = ExampleSource.order(of: examples.count, epoch: 0, configuration: settings, seeds: seeds.order)
      let rows = order.prefix(count).map { examples[$0] }.filter { !$0.answer.isEmpty && !$0.prompt.isEmpty }
        .map { Row(tokens: $0.tokens, answerStart: $0.prompt.count) }
      return stride(from: 0, to: rows.count, by: settings.batchSize).map {
        Array(rows[$0..<min(rows.count, $0 + settings.batchSize)])
      }
    }
  }
}
