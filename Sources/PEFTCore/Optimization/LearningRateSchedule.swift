import Foundation

/// The learning rate over the steps of a run, as a factor of the highest rate.
///
/// After a linear warm-up from zero the factor stays (`constant`), falls linearly to zero (`linear`), or follows
/// half a cosine to zero (`cosine`), as the schedules of the same names in transformers.
public struct LearningRateSchedule: Sendable, Equatable {
  /// What follows the warm-up.
  public enum Shape: String, Sendable, CaseIterable {
    case constant, linear, cosine
  }

  /// What follows the warm-up.
  public let shape: Shape
  /// Steps of the warm-up.
  public let warmupSteps: Int
  /// Steps of the run.
  public let stepCount: Int

  /// Creates a schedule.
  public init(_ shape: Shape, warmupSteps: Int, stepCount: Int) {
    self.shape = shape
    self.warmupSteps = warmupSteps
    self.stepCount = stepCount
  }

  /// The factor of the learning rate at `step`, counted from 0.
  public func factor(at step: Int) -> Double {
    if step < warmupSteps { return Double(step) / Double(max(1, warmupSteps)) }
    let progress = Double(step - warmupSteps) / Double(max(1, stepCount - warmupSteps))
    switch shape {
    case .constant: return 1
    case .linear: return max(0, 1 - progress)
    case .cosine: return max(0, 0.5 * (1 + cos(.pi * min(1, progress))))
    }
  }
}
