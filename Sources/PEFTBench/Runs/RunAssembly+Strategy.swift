import PEFTCore
import PEFTMethods

extension RunAssembly {
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
      // The default number is that of who does not say one.
      guard [count, strategy.usual.voterCount].contains(strategy.voterCount) else {
        throw error("asks \(strategy.voterCount) members, but \(run.method.initialAdapter ?? "") has \(count); leave members out")
      }
    }
    if strategy.copiesParameters, let other = attachment.participants.first {
      throw error("copies what is trained, which \(run.method.name) changes by a schedule of its own (\(other.name))")
    }
  }
}
