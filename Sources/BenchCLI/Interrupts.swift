import Dispatch
import Foundation
import PEFTBench
import Synchronization

/// Turns Ctrl-C and a termination signal into a wish to stop, and the second one into the end.
///
/// A command that trains asks for the flag once and looks at it between steps. Commands that do not ask are
/// ended by the first signal, as the system does.
///
/// `@unchecked`: the sources are only kept, never touched after `init`.
final class Interrupts: @unchecked Sendable {
  private static let shared = Mutex<Interrupts?>(nil)

  /// Raised at the first signal.
  let flag = CancellationFlag()
  private let sources: [any DispatchSourceSignal]

  /// The flag that signals raise from now on.
  static func flag(console: Console) -> CancellationFlag {
    shared.withLock { shared in
      if let shared { return shared.flag }
      let interrupts = Interrupts(console: console)
      shared = interrupts
      return interrupts.flag
    }
  }

  private init(console: Console) {
    // A queue of its own: the workers' threads may all be busy for seconds.
    let queue = DispatchQueue(label: "signals", qos: .userInteractive)
    sources = [SIGINT, SIGTERM].map { [flag] number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if flag.cancel() {
          console.clearLiveLine()
          _exit(ExitStatus.interrupted.rawValue)
        }
        console.diagnostic("stopping after this step; once more stops at once")
      }
      source.resume()
      return source
    }
  }
}
