import PEFTMethods

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
