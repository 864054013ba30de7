/// How the process ends; part of the contract with scripts.
enum ExitStatus: Int32 {
  /// All was done.
  case done = 0
  /// One or more runs failed while the others' results stand, or something failed that is not a user's mistake.
  case failed = 1
  /// Wrong usage, config or input.
  case wrongInput = 2
  /// `compare` found a regression.
  case regression = 3
  /// Ctrl-C or a termination signal.
  case interrupted = 130
}
