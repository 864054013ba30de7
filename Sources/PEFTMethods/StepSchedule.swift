import PEFTCore

/// What a method does by a schedule over the steps of its training, which not every number of steps has room for.
public protocol StepSchedule: Sendable {
  /// Refuses a training that the schedule does not fit into.
  ///
  /// - Throws: `AttachError` that names the option.
  func check(stepCount: Int) throws(AttachError)

  /// After how many steps of a training, counted from its end, the parameters may be the result.
  func settledSteps(of stepCount: Int) -> Int
}

/// A part of a method in the training that goes by a schedule.
protocol ScheduledParticipant {
  /// The schedule, which holds nothing of what is attached.
  var schedule: any StepSchedule { get }
}

extension AttachedMethod {
  /// The method's schedules, for whoever learns the number of steps later.
  public var schedules: [any StepSchedule] { participants.compactMap { ($0 as? any ScheduledParticipant)?.schedule } }

  /// Refuses a training of so many steps if the method's schedules do not fit into it, before it begins.
  ///
  /// - Throws: `AttachError` that names the option.
  public func check(stepCount: Int) throws(AttachError) {
    for schedule in schedules { try schedule.check(stepCount: stepCount) }
  }
}
