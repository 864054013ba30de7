/// A share of the steps of a training as a step.
enum StepShare {
  /// The first step, from 1, that lies at or after a share of all steps.
  static func firstStep(from share: Double, of stepCount: Int) -> Int {
    // 0.3 of 1250 is 375, whatever the last bit of the product.
    max(1, Int((share * Double(stepCount) - 1e-6).rounded(.up)))
  }

  /// A share of the steps as a number of steps, at least one.
  static func steps(_ share: Double, of stepCount: Int) -> Int { max(1, Int((share * Double(stepCount)).rounded())) }
}
