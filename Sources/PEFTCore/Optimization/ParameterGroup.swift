/// Parameters that an optimizer updates by one rule, with one weight decay and one share of the learning rate.
public struct ParameterGroup {
  /// The parameters, in the order in which their state is kept.
  public let parameters: [Parameter]
  /// Which rule; nil for the optimizer's own.
  public let rule: Optimizer.Rule?
  /// Multiplies the learning rate of the step, as each parameter's own scale does.
  public let learningRateScale: Double
  /// Weight decay; nil for the optimizer's own.
  public let weightDecay: Double?

  /// Creates a group.
  ///
  /// - Parameters:
  ///   - parameters: The parameters; none of them may be in another group of the same optimizer.
  ///   - rule: How they are updated; nil for the optimizer's own rule.
  ///   - learningRateScale: Multiplies the learning rate of every step.
  ///   - weightDecay: Their weight decay; nil for the optimizer's own.
  public init(
    _ parameters: [Parameter], rule: Optimizer.Rule? = nil, learningRateScale: Double = 1, weightDecay: Double? = nil
  ) {
    self.parameters = parameters
    self.rule = rule
    self.learningRateScale = learningRateScale
    self.weightDecay = weightDecay
  }
}
