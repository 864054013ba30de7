import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// What to do to resume a sweep that was stopped.
///
/// With `--fresh`, the same command line would throw away what this call has done, so it is given without.
final class ResumeAdvice: Sendable {
  private struct State {
    /// Runs that were complete before, and that this call has not done again.
    var old: Set<String> = []
    var hasBegun = false
  }

  private let isFresh: Bool
  private let state = Mutex(State())

  init(isFresh: Bool) { self.isFresh = isFresh }

  /// Tells which runs there are, before the first one begins.
  func expect(_ runs: [SweepRun], in results: ResultsFolder) {
    guard isFresh else { return }
    state.withLock { $0.old = Set(runs.map(\.id).filter(results.isComplete)) }
  }

  func see(_ event: RunEvent) {
    guard isFresh, case .began(let run) = event else { return }
    state.withLock { state in
      state.hasBegun = true
      state.old.remove(run.id)
    }
  }

  /// The lines for the user.
  var lines: [String] {
    let (old, hasBegun) = state.withLock { ($0.old.count, $0.hasBegun) }
    guard isFresh, hasBegun else { return ["To resume: \(Self.commandLine())"] }
    let command = Self.commandLine(leavingOut: "--fresh")
    guard old > 0 else { return ["To resume: \(command)"] }
    return [
      "To resume: \(command)",
      "That keeps \(NumberText.counted(old, "earlier result")) that --fresh had not reached; --fresh again does all "
        + "runs from the beginning.",
    ]
  }

  /// The command line as it can be given to a shell again.
  private static func commandLine(leavingOut flag: String? = nil) -> String {
    let arguments = CommandLine.arguments.dropFirst()
    let options = arguments.prefix { $0 != "--" }
    let kept = options.filter { $0 != flag } + arguments.dropFirst(options.count)
    return ([ProgramFile.name] + kept).map(ShellWord.quoted).joined(separator: " ")
  }
}
