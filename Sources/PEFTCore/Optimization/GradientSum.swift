/// Adds up the gradients that copies of a model collected.
public enum GradientSum {
  /// Adds the gradients of all other copies to the first one's and forgets theirs.
  ///
  /// Every element is summed in the order of the copies, whatever the number of threads.
  ///
  /// - Parameters:
  ///   - copies: For each copy its parameters, in the same order.
  ///   - context: The threads.
  public static func collect(_ copies: [[Parameter]], context: ComputeContext) {
    guard let first = copies.first else { return }
    for (index, target) in first.enumerated() {
      let others = copies.dropFirst().map { $0[index] }
      for other in others {
        guard let gradient = other.gradient else { continue }
        target.accumulateGradient { sum, accumulates in
          if accumulates {
            Elementwise.add(gradient.elements, to: sum, count: gradient.elementCount, workers: context.workers)
          } else {
            sum.update(from: gradient.elements, count: gradient.elementCount)
          }
        }
        other.clearGradient()
      }
    }
  }
}
