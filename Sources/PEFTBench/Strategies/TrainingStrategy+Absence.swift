import PEFTCore

extension TrainingStrategy {
  /// What of the strategy does not happen in a training of so many steps, in words; nil where all of it does.
  ///
  /// - Parameters:
  ///   - stepCount: Steps of the training.
  ///   - settledSteps: How many of them, at its end, leave parameters that the method takes as a result.
  func absence(of stepCount: Int, settledSteps: Int) -> String? {
    let steps = NumberText.counted(stepCount, "step")
    switch self {
    case .noiseInput(let noise), .noiseWeights(let noise):
      let isEver = stepCount > 0 && (1...stepCount).contains { noise.isDue(at: $0, of: stepCount) }
      return isEver ? nil : "none of \(steps) has noise, so that it is plain steps"
    case .meanWeights(let mean):
      return Self.absence(
        of: stepCount - StepShare.firstStep(from: mean.start, of: stepCount) + 1, stepCount, settledSteps)
    case .movingAverage: return Self.absence(of: stepCount, stepCount, settledSteps)
    default: return phases?.absence(of: stepCount)
    }
  }

  /// What is missing of an average over the last steps.
  ///
  /// - Parameter wanted: Steps that the strategy would count.
  private static func absence(of wanted: Int, _ stepCount: Int, _ settledSteps: Int) -> String? {
    let steps = NumberText.counted(stepCount, "step")
    guard min(wanted, settledSteps) < 2 else { return nil }
    let reason =
      wanted < 2
      ? "" : ", since the method takes no parameters as a result before (of AdaLoRA: set final_steps)"
    return "one of \(steps) is averaged\(reason): it is plain steps, of which the last gives the result"
  }
}
