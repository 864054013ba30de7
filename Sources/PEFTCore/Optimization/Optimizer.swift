/// Updates parameters from their gradients: AdamW or SGD with momentum, by groups.
///
/// Gradients are clipped by their global norm before the step, as PyTorch's `clip_grad_norm_` does. What the rules keep of
/// each parameter is float32, or has fewer bits (`OptimizerStateFormat`).
public final class Optimizer {
  /// Which rule, with its constants.
  public enum Rule: Sendable, Equatable {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
    /// Stochastic gradient descent.
    case sgd(momentum: Double = 0)
    /// AdamW of projected gradients, for matrices alone.
    case galore(GaLore, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)

    /// The rule in a projected space; nil for one that has none.
    public func projected(by galore: GaLore) -> Rule? {
      guard case .adamW(let beta1, let beta2, let epsilon) = self else { return nil }
      return .galore(galore, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
  }

  /// A group of parameters with what the rule keeps for each of them.
  private struct Group {
    let parameters: [Parameter]
    let rule: Rule
    let learningRateScale: Double
    let weightDecay: Double
    /// AdamW's means, or SGD's momentum buffers; empty for SGD without momentum.
    let first: [Moment]
    /// AdamW's mean squares; empty for SGD.
    let second: [Moment]
    /// What GaLore keeps; empty for the others.
    let projected: [ProjectedMoments]

    init(
      _ group: ParameterGroup, rule: Rule, weightDecay: Double, format: OptimizerStateFormat, pool: MemoryPool
    ) {
      parameters = group.parameters
      self.rule = group.rule ?? rule
      learningRateScale = group.learningRateScale
      self.weightDecay = group.weightDecay ?? weightDecay
      func zeros(_ order: Moment.Order) -> [Moment] {
        group.parameters.map { Moment(order, shape: $0.shape, as: format, in: pool) }
      }
      switch self.rule {
      case .adamW:
        first = zeros(.first)
        second = zeros(.second)
        projected = []
      case .sgd(let momentum):
        first = momentum == 0 ? [] : zeros(.first)
        second = []
        projected = []
      case .galore(let galore, _, _, _):
        first = []
        second = []
        projected = group.parameters.map { ProjectedMoments(galore, of: $0, as: format, pool: pool) }
      }
    }

    /// What is kept, in the order of a checkpoint.
    var moments: [StoredTensor] { (first + second).flatMap(\.stored) + projected.flatMap(\.stored) }
  }

  /// The parameters that it updates, group by group.
  public var parameters: [Parameter] { groups.flatMap(\.parameters) }
  /// Steps taken so far.
  public private(set) var stepCount = 0
  /// For each parameter, group by group, the steps in which it had a gradient; nil where that were all of them.
  ///
  /// These are the steps by which its means are corrected, as in PyTorch.
  public var parameterSteps: [Int]? { steps.allSatisfy { $0 == stepCount } ? nil : steps }

  /// In which form moments are kept.
  public let stateFormat: OptimizerStateFormat

  private let groups: [Group]
  /// The steps of each parameter.
  private var steps: [Int]
  /// What the groups were made of.
  private let settings: (rule: Rule, groups: [ParameterGroup], weightDecay: Double)
  private let maximumGradientNorm: Double?
  /// Where roundings of moments at random draw from.
  private let seeds: SeedStream
  private let context: ComputeContext

  /// Creates an optimizer of groups; its state starts at zero.
  ///
  /// - Parameters:
  ///   - rule: The rule of the groups that name none.
  ///   - groups: The parameters.
  ///   - weightDecay: The weight decay of the groups that name none.
  ///   - maximumGradientNorm: Longer gradients, all groups together, are scaled down to it; nil leaves them alone.
  ///   - format: In which form moments are kept.
  ///   - seeds: Where roundings of moments to bfloat16 draw from; nothing else does. A draw belongs to the step, the
  ///     parameter and the place in it, so that it is the same for any number of threads and after any interruption.
  ///   - context: Memory and threads.
  public init(
    _ rule: Rule, groups: [ParameterGroup], weightDecay: Double, maximumGradientNorm: Double?,
    stateFormat format: OptimizerStateFormat = .float32, seeds: SeedStream = SeedStream(0), context: ComputeContext
  ) {
    self.groups = groups.map {
      Group($0, rule: rule, weightDecay: weightDecay, format: format, pool: context.pool)
    }
    (stateFormat, self.seeds) = (format, seeds)
    steps = groups.flatMap { $0.parameters.map { _ in 0 } }
    settings = (rule, groups, weightDecay)
    self.maximumGradientNorm = maximumGradientNorm
    self.context = context
  }

  /// Creates an optimizer that treats all parameters alike.
  public convenience init(
    _ rule: Rule, parameters: [Parameter], weightDecay: Double, maximumGradientNorm: Double?,
    stateFormat format: OptimizerStateFormat = .float32, seeds: SeedStream = SeedStream(0), context: ComputeContext
  ) {
    self.init(
      rule, groups: [ParameterGroup(parameters)], weightDecay: weightDecay, maximumGradientNorm: maximumGradientNorm,
      stateFormat: format, seeds: seeds, context: context)
  }

  /// An optimizer of the same parameters, rules, bounds and draws with moments of its own, for another set of values of
  /// the parameters.
  ///
  /// - Parameter keepsState: Whether it goes on from this one's moments and steps; if not, it starts at zero.
  public func twin(keepsState: Bool) -> Optimizer {
    let twin = Optimizer(
      settings.rule, groups: settings.groups, weightDecay: settings.weightDecay,
      maximumGradientNorm: maximumGradientNorm, stateFormat: stateFormat, seeds: seeds, context: context)
    guard keepsState else { return twin }
    (twin.stepCount, twin.steps) = (stepCount, steps)
    for (own, other) in zip(twin.moments, moments) { own.update(from: other) }
    return twin
  }

  /// The Euclidean norm of all gradients together, added up group by group.
  public func gradientNorm() -> Double {
    groups.reduce(0.0) { sum, group in
      // The square of a rounded root: of a single group it has exactly that root again.
      let norm = group.parameters.reduce(0.0) { sum, parameter in
        guard let gradient = parameter.gradient else { return sum }
        return sum + SumOfSquares.of(gradient.elements, count: gradient.elementCount, workers: context.workers)
      }.squareRoot()
      return sum + norm * norm
    }.squareRoot()
  }

  /// What clipping multiplies all gradients by.
  ///
  /// - Parameter norm: What `gradientNorm()` gave.
  /// - Returns: 1 where they are not too long.
  public func clippingFactor(gradientNorm norm: Double) -> Double {
    guard let maximumGradientNorm, norm > maximumGradientNorm else { return 1 }
    return maximumGradientNorm / (norm + 1e-6)
  }

  /// Takes one step and forgets the gradients.
  ///
  /// Parameters that got no gradient stay as they are, and the step does not count as one of theirs.
  ///
  /// - Parameters:
  ///   - learningRate: Of this step; each group and each parameter multiplies it by its own scale.
  ///   - norm: What `gradientNorm()` gave.
  public func step(learningRate: Double, gradientNorm norm: Double) {
    stepCount += 1
    let clip = Float(clippingFactor(gradientNorm: norm))
    var place = 0
    for group in groups {
      update(group, at: place, learningRate: learningRate * group.learningRateScale, clip: clip)
      place += group.parameters.count
    }
  }

  /// - Parameter place: Of the group's first parameter among all.
  private func update(_ group: Group, at place: Int, learningRate: Double, clip: Float) {
    for (index, parameter) in group.parameters.enumerated() {
      guard let gradient = parameter.gradient else { continue }
      steps[place + index] += 1
      let step = steps[place + index]
      let rate = learningRate * Double(parameter.learningRateScale)
      let stream = seeds.child(stepCount).child(place + index)
      switch group.rule {
      case .adamW(let beta1, let beta2, let epsilon):
        AdamWStep(
          learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: group.weightDecay,
          step: step
        ).update(
          parameter.value, gradient: gradient, gradientScale: clip,
          moments: (group.first[index], group.second[index]), rounding: stream, workers: context.workers)
      case .sgd(let momentum):
        SGDStep(learningRate: rate, momentum: momentum, weightDecay: group.weightDecay).update(
          parameter.value, gradient: gradient, gradientScale: clip,
          momentumBuffer: group.first.isEmpty ? nil : group.first[index], rounding: stream, workers: context.workers)
      case .galore(_, let beta1, let beta2, let epsilon):
        group.projected[index].update(
          parameter.value, gradient: gradient, gradientScale: clip,
          AdamWStep(
            learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: group.weightDecay,
            step: step), rounding: stream, context: context)
      }
      parameter.clearGradient()
    }
  }

  /// What the rules keep for each parameter, to be saved in a checkpoint.
  ///
  /// For each group the first moments of all its parameters, then the second ones; of GaLore those of each matrix, with its
  /// projection. One of 8 bits is two tensors, its codes and their scales.
  public var moments: [StoredTensor] { groups.flatMap(\.moments) }

  /// Takes up a saved state.
  ///
  /// - Parameters:
  ///   - stepCount: What `stepCount` was.
  ///   - parameterSteps: What `parameterSteps` was.
  ///   - moments: What `moments` held, in the same form.
  /// - Returns: Whether the state fits these parameters; if not, nothing changes.
  public func restore(stepCount: Int, parameterSteps: [Int]? = nil, moments: [StoredTensor]) -> Bool {
    let own = self.moments
    let steps = parameterSteps ?? self.steps.map { _ in stepCount }
    guard own.count == moments.count, zip(own, moments).allSatisfy({ $0.fits($1) }),
      steps.count == self.steps.count, steps.allSatisfy({ 0...stepCount ~= $0 })
    else { return false }
    (self.stepCount, self.steps) = (stepCount, steps)
    for (own, saved) in zip(own, moments) { own.update(from: saved) }
    return true
  }
}
