import PEFTCore
import PEFTMethods

extension MethodConfiguration {
  /// The method for data of so many tasks: one that tells tasks apart gets their number, unless the config gives one.
  func with(tasks count: Int) -> MethodConfiguration {
    guard count > 1, let type = MethodRegistry.method(named: name), type.runOptions.contains(type.tasksOption),
      let option = described.first(where: { $0.name == type.tasksOption }), !option.names.contains(where: isGiven)
    else { return self }
    // No method refuses two tasks or more.
    return (try? changing([(type.tasksOption, .integer(count))], label: label)) ?? self
  }

  private func isGiven(_ key: String) -> Bool { entry.given(key) != nil }
}
