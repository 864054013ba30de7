extension CausalLanguageModel {
  /// Rows whose logits are in memory at one time: bounds them to a few megabytes for any vocabulary.
  public static let labelledRowsAtOnce = 64

  /// The cross-entropy of the labelled positions, weighted and summed; contributes its gradient to the tape.
  ///
  /// Logits are computed for labelled rows only, some rows at a time, and their gradient goes back through the
  /// projection at once, so the whole matrix of logits is never in memory.
  ///
  /// - Parameters:
  ///   - labels: The positions; their weights usually sum to 1.
  ///   - hidden: What `hiddenStates` gave.
  ///   - tape: Where to contribute; call its `runBackward()` next to get gradients.
  /// - Returns: Σ weight · −log p(target).
  public func loss(of labels: [LabelledPosition], hidden: HiddenStates, on tape: Tape) -> Double {
    let states = normalized(rows: labels.map(\.row), of: hidden, on: tape)
    var loss = 0.0
    for start in stride(from: 0, to: labels.count, by: Self.labelledRowsAtOnce) {
      let range = start..<min(start + Self.labelledRowsAtOnce, labels.count)
      // One tape a piece: its logits and their gradient are gone when the next piece starts.
      let piece = Tape(context: tape.context, recording: tape.isRecording, dropout: tape.dropoutStream)
      let input = piece.leaf(Self.slice(states.value, rows: range, in: tape.context), tracked: states.isTracked)
      var logits = head(input, on: piece)
      if let cap = configuration.finalSoftCap { logits = piece.softCap(logits, cap: cap) }
      loss += piece.crossEntropy(logits, labels: Array(labels[range]))
      piece.runBackward { gradient in
        let columns = states.value.columnCount
        tape.accumulate(into: states) { target, accumulates in
          if !accumulates { target.update(repeating: 0, count: states.value.elementCount) }
          Elementwise.add(
            gradient.elements, to: target + range.lowerBound * columns, count: gradient.elementCount,
            workers: tape.context.workers)
        }
      }
    }
    return loss
  }

  /// The log-probability of each labelled position's target, and whether the target is the likeliest token.
  public func logProbabilities(
    of labels: [LabelledPosition], hidden: HiddenStates, on tape: Tape
  ) -> [(logProbability: Double, isGreedy: Bool)] {
    var results: [(Double, Bool)] = []
    for start in stride(from: 0, to: labels.count, by: Self.labelledRowsAtOnce) {
      let range = start..<min(start + Self.labelledRowsAtOnce, labels.count)
      let logits = logits(rows: labels[range].map(\.row), of: hidden, on: tape).value
      let targets = labels[range].map { Int($0.target) }
      var best = [Int](repeating: 0, count: range.count)
      var values = [Double](repeating: 0, count: range.count)
      CrossEntropy.argmax(
        logits.elements, into: &best, rows: range.count, columns: logits.columnCount, workers: tape.context.workers)
      CrossEntropy.logProbabilities(
        logits.mutableElements, targets: targets, weights: nil, into: &values, rows: range.count,
        vocabulary: logits.columnCount, workers: tape.context.workers)
      for index in 0..<range.count { results.append((values[index], best[index] == targets[index])) }
    }
    return results
  }

  private static func slice(_ states: Tensor, rows: Range<Int>, in context: ComputeContext) -> Tensor {
    let columns = states.columnCount
    let piece = Tensor(uninitialized: [rows.count, columns], in: context.pool)
    piece.mutableElements.update(from: states.elements + rows.lowerBound * columns, count: piece.elementCount)
    return piece
  }
}
