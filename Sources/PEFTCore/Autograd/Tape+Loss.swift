extension Tape {
  /// `cap · tanh(x / cap)`: Gemma 2's bound on logits.
  ///
  /// - Parameters:
  ///   - x: Any shape; its value is overwritten.
  ///   - cap: The bound.
  /// - Returns: The shape of `x`, in memory of its own.
  public func softCap(_ x: Variable, cap: Float) -> Variable {
    scale(apply(.tanh, to: scale(x, by: 1 / cap)), by: cap)
  }

  /// Cross-entropy of every row of `logits` with its label, weighted and summed.
  ///
  /// The loss is the end of the computation, so its gradient is contributed to `logits` at once.
  ///
  /// - Parameters:
  ///   - logits: `[labels.count, vocabularySize]`; overwritten by the gradient if one is wanted.
  ///   - labels: One a row; their `row` is not used here.
  /// - Returns: Σ weight · −log p(target), summed in double precision in the order of the rows.
  public func crossEntropy(_ logits: Variable, labels: [LabelledPosition]) -> Double {
    let weights = labels.map(\.weight)
    var logProbabilities = [Double](repeating: 0, count: labels.count)
    CrossEntropy.logProbabilities(
      logits.value.mutableElements, targets: labels.map { Int($0.target) }, weights: logits.isTracked ? weights : nil,
      into: &logProbabilities, rows: labels.count, vocabulary: logits.value.columnCount, workers: context.workers)
    if logits.isTracked { pass(logits.value, to: logits) }
    return zip(logProbabilities, weights).reduce(0) { $0 - $1.0 * Double($1.1) }
  }
}
