import PEFTCore

/// AdamW for pretraining: matrices and embeddings decay, gains of norms do not.
final class PretrainingOptimizer {
  private let groups: [(name: String, optimizer: Optimizer)]

  /// An optimizer whose state starts at zero.
  init(_ training: PretrainingConfiguration.Training, parameters: [Parameter], context: ComputeContext) {
    let clip = training.maximumGradientNorm > 0 ? training.maximumGradientNorm : nil
    func group(_ parameters: [Parameter], decay: Double) -> Optimizer {
      Optimizer(
        .adamW(beta1: training.beta1, beta2: training.beta2, epsilon: training.epsilon), parameters: parameters,
        weightDecay: decay, maximumGradientNorm: clip, context: context)
    }
    groups = [
      ("matrices", group(parameters.filter { $0.shape.count > 1 }, decay: training.weightDecay)),
      ("vectors", group(parameters.filter { $0.shape.count < 2 }, decay: 0)),
    ]
  }

  /// The Euclidean norm of all gradients together.
  func gradientNorm() -> Double {
    groups.reduce(0.0) { sum, group in
      let norm = group.optimizer.gradientNorm()
      return sum + norm * norm
    }.squareRoot()
  }

  /// Takes one step and forgets the gradients.
  func step(learningRate: Double, gradientNorm: Double) {
    for group in groups { group.optimizer.step(learningRate: learningRate, gradientNorm: gradientNorm) }
  }

  /// The moments under names for a checkpoint.
  var moments: [(name: String, values: [Float])] {
    zip(momentSizes, groups.flatMap { $0.optimizer.moments }).map { ($0.name, $1.values) }
  }

  /// Names and sizes of the moments.
  var momentSizes: [(name: String, count: Int)] {
    groups.flatMap { group in
      ["first", "second"].flatMap { moment in
        group.optimizer.parameters.map { ("\(moment).\($0.name)", $0.elementCount) }
      }
    }
  }

  /// Takes up moments in the order of `momentSizes`; says whether they fit.
  func restore(stepCount: Int, moments: [[Float]]) -> Bool {
    var rest = moments[...]
    return groups.allSatisfy { group in
      let count = 2 * group.optimizer.parameters.count
      defer { rest = rest.dropFirst(count) }
      return group.optimizer.restore(stepCount: stepCount, moments: Array(rest.prefix(count)))
    }
  }
}
