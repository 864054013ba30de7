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
      let wanted = stepCount - StepShare.firstStep(from: mean.start, of: stepCount) + 1
      return Self.absence(ofAverageOver: wanted, settledSteps, of: steps)
    case .movingAverage: return Self.absence(ofAverageOver: stepCount, settledSteps, of: steps)
    default: return phases?.absence(of: stepCount)
    }
  }

  /// What is missing of an average over the last steps.
  ///
  /// - Parameters:
  ///   - wanted: Steps that the strategy would count.
  ///   - settledSteps: Steps that the method lets count.
  ///   - steps: All steps, in words.
  private static func absence(ofAverageOver wanted: Int, _ settledSteps: Int, of steps: String) -> String? {
    guard min(wanted, settledSteps) < 2 else { return nil }
    let reason =
      wanted < 2
      ? "" : ", since the method takes no parameters as a result before (of AdaLoRA: set final_steps)"
    return "one of \(steps) is averaged\(reason): it is plain steps, of which the last gives the result"
  }
}
