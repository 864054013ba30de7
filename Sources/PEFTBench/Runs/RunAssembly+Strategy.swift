import PEFTCore
import PEFTMethods

extension RunAssembly {
  /// Notes of a run's strategy that its training is too short for it.
  func noteAbsence(ofStrategyIn run: PlannedRun) throws {
    guard run.trains, let phases = run.training.strategy.phases else { return }
    if let absence = phases.absence(of: try cost(of: run).work.steps) {
      noteOnce("\(run.title): of the strategy \(run.training.strategy.label) \(absence)")
    }
  }

  /// Refuses a strategy that cannot do what it is for.
  ///
  /// - Throws: `DocumentError` with the place of the method in the config; `FileError` for a saved member that is missing.
  func checkStrategy(of run: PlannedRun, _ attachment: AttachedMethod) throws {
    let strategy = run.training.strategy
    func error(_ message: String) -> DocumentError {
      run.method.entry.error(": the strategy \(strategy.label) \(message)")
    }
    if run.isZeroShot || strategy == .standard { return }
    if !run.trains {
      guard strategy.voterCount > 1 else { throw error("does nothing where nothing is trained, with steps: 0") }
      let count = try run.memberFolders.count
      guard count > 1 else {
        throw error(
          "needs members to ask where nothing is trained: init_from must name the adapter of a run with such a strategy, "
            + "which has them in its folder \(MemberFolders.name)")
      }
      let given = strategy.memberCount?.given ?? count
      guard given == count else {
        throw error(
          "asks \(given) members, but \(run.method.initialAdapter ?? "") has \(count); leave members out")
      }
      // How the members came to be is in their files.
      let changed = strategy.having(MemberCount()).changedOptions.map(\.key)
      guard changed.isEmpty else {
        throw error(
          "has \(changed.joined(separator: ", ")) for a training, and nothing is trained, with steps: 0; leave "
            + (changed.count == 1 ? "it" : "them") + " out")
      }
    }
    if strategy.copiesParameters, let other = attachment.participants.first {
      throw error(
        "copies what is trained, but \(run.method.label) has a part of its own in the training (\(other.name)), which would "
          + "see the first member alone")
    }
  }
}
