/// Updates parameters from their gradients: AdamW or SGD with momentum.
///
/// Gradients are clipped by their global norm before the step, as PyTorch's `clip_grad_norm_` does.
public final class Optimizer {
  /// Which rule, with its constants.
  public enum Rule: Sendable, Equatable {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
    /// Stochastic gradient descent.
    case sgd(momentum: Double = 0)
  }

  /// The parameters that it updates.
  public let parameters: [Parameter]
  /// Steps taken so far.
  public private(set) var stepCount = 0

  private let rule: Rule
  private let weightDecay: Double
  private let maximumGradientNorm: Double?
  private let context: ComputeContext
  private var first: [Tensor]
  private var second: [Tensor]

  /// Creates an optimizer; its state starts at zero.
  public init(
    _ rule: Rule, parameters: [Parameter], weightDecay: Double, maximumGradientNorm: Double?, context: ComputeContext
  ) {
    self.rule = rule
    self.parameters = parameters
    self.weightDecay = weightDecay
    self.maximumGradientNorm = maximumGradientNorm
    self.context = context
    func state() -> [Tensor] { parameters.map { Tensor(zeros: $0.shape, in: context.pool, as: .optimizer) } }
    switch rule {
    case .adamW:
      first = state()
      second = state()
    case .sgd(let momentum):
      first = momentum == 0 ? [] : state()
      second = []
    }
  }

  /// The Euclidean norm of all gradients together.
  public func gradientNorm() -> Double {
    parameters.reduce(0.0) { sum, parameter in
      guard let gradient = parameter.gradient else { return sum }
      return sum + SumOfSquares.of(gradient.elements, count: gradient.elementCount, workers: context.workers)
    }.squareRoot()
  }

  /// Takes one step and forgets the gradients.
  ///
  /// Parameters that got no gradient stay as they are.
  ///
  /// - Parameters:
  ///   - learningRate: Of this step; each parameter multiplies it by its own scale.
  ///   - norm: What `gradientNorm()` gave.
  public func step(learningRate: Double, gradientNorm norm: Double) {
    stepCount += 1
    var clip: Float = 1
    if let maximumGradientNorm, norm > maximumGradientNorm { clip = Float(maximumGradientNorm / (norm + 1e-6)) }
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = parameter.gradient else { continue }
      let rate = learningRate * Double(parameter.learningRateScale)
      let value = parameter.value.mutableElements
      switch rule {
      case .adamW(let beta1, let beta2, let epsilon):
        AdamWStep(
          learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, step: stepCount
        ).update(
          value, gradients: gradient.elements, gradientScale: clip, firstMoments: first[index].mutableElements,
          secondMoments: second[index].mutableElements, count: parameter.elementCount, workers: context.workers)
      case .sgd(let momentum):
        SGDStep(learningRate: rate, momentum: momentum, weightDecay: weightDecay).update(
          value, gradients: gradient.elements, gradientScale: clip,
          momentumBuffer: first.isEmpty ? nil : first[index].mutableElements, count: parameter.elementCount,
          workers: context.workers)
      }
      parameter.clearGradient()
    }
  }

  /// What the rule keeps a parameter, to be saved in a checkpoint: the first moments of all, then the second ones.
  public var moments: [Tensor] { first + second }

  /// Takes up a saved state.
  ///
  /// - Returns: Whether the state fits these parameters; if not, nothing changes.
  public func restore(stepCount: Int, moments: [[Float]]) -> Bool {
    let tensors = first + second
    guard tensors.map(\.elementCount) == moments.map(\.count) else { return false }
    self.stepCount = stepCount
    for (tensor, values) in zip(tensors, moments) {
      _ = UnsafeMutableBufferPointer(start: tensor.mutableElements, count: values.count).update(fromContentsOf: values)
    }
    return true
  }
}
