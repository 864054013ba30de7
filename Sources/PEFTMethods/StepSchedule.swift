import PEFTCore

/// What a method does by a schedule over the steps of its training, which not every number of steps has room for.
protocol StepSchedule {
  /// Refuses a training that the schedule does not fit into.
  ///
  /// - Throws: `AttachError` that names the option.
  func check(stepCount: Int) throws(AttachError)
}

extension AttachedMethod {
  /// Refuses a training of so many steps if the method's schedules do not fit into it, before it begins.
  ///
  /// - Throws: `AttachError` that names the option.
  public func check(stepCount: Int) throws(AttachError) {
    for case let schedule as any StepSchedule in participants { try schedule.check(stepCount: stepCount) }
  }
}
