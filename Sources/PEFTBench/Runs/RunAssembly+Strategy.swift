import PEFTCore
import PEFTMethods

extension RunAssembly {
  /// Notes what of a run's strategy does not happen, since its training is too short for it or its rows give nothing to do.
  func noteAbsence(ofStrategyIn run: PlannedRun) throws {
    let strategy = run.training.strategy
    guard run.trains, strategy != .standard else { return }
    let steps = try cost(of: run).work.steps
    let settled = try figures(of: run).schedules.map { $0.settledSteps(of: steps) }.min() ?? steps
    if let absence = strategy.absence(of: steps, settledSteps: settled) {
      noteOnce("\(run.title): of the strategy \(strategy.label) \(absence)")
    }
    if strategy.augmentation != nil, try size(of: run).rows.sources.isEmpty {
      noteOnce(
        "\(run.title): of the strategy \(strategy.label) no row is changed, since its rules find nothing in the rows")
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
          "asks for \(NumberText.counted(given, "member")), but \(run.method.initialAdapter ?? "") has \(count); leave members out"
        )
      }
      // How the members came to be is in their files.
      let changed = strategy.having(MemberCount()).changedOptions.map(\.key)
      guard changed.isEmpty else {
        throw error(
          "has \(changed.joined(separator: ", ")) for a training, and nothing is trained, with steps: 0; leave "
            + (changed.count == 1 ? "it" : "them") + " out")
      }
      // The first one is attached.
      for folder in try run.memberFolders.dropFirst() { try AdapterFile.open(folder).load(into: attachment) }
    }
    if strategy.copiesParameters, let other = attachment.participants.first {
      throw error(
        "copies what is trained, but \(run.method.label) has a part of its own in the training (\(other.name)), which would "
          + "see the first member alone")
    }
  }
}
