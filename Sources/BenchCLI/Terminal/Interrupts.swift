import Dispatch
import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// Turns Ctrl-C and a termination signal into a request to stop, and the second one into the end.
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
  /// What is done before the process ends at once.
  private let lastActs: LastActs
  /// Threads that Dispatch takes to watch signals and to answer them.
  private static let watchers = 2

  /// The flag that signals raise from now on.
  static func flag(console: Console, signals: [Int32] = usualSignals) -> CancellationFlag {
    shared.withLock { shared in
      if let shared { return shared.flag }
      let interrupts = Interrupts(console: console, signals: signals)
      shared = interrupts
      return interrupts.flag
    }
  }

  private static let terminationOfWorker = CancellationFlag()

  /// The flag of a worker, which SIGTERM raises without a word.
  static func flagOfWorker() -> CancellationFlag {
    // Made before a handler needs it.
    let flag = terminationOfWorker
    signal(SIGTERM) { _ in Interrupts.terminationOfWorker.cancel() }
    return flag
  }

  /// Ctrl-C, a termination signal, and the end of the terminal unless `nohup` took care of that.
  private static var usualSignals: [Int32] {
    var action = sigaction()
    let isKnown = sigaction(SIGHUP, nil, &action) == 0
    #if os(Linux)
      let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    #else
      let handler = unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
    #endif
    return isKnown && handler == unsafeBitCast(SIG_IGN, to: Int.self) ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
  }

  /// Has `act` done when the second signal ends the process.
  static func beforeEndingAtOnce(_ act: @escaping @Sendable () -> Void) {
    shared.withLock { $0 }?.lastActs.add(act)
  }

  private init(console: Console, signals: [Int32]) {
    // A queue of its own: the workers' threads may all be busy for seconds.
    let queue = DispatchQueue(label: "signals", qos: .userInteractive)
    let registered = DispatchSemaphore(value: 0)
    let acts = LastActs()
    lastActs = acts
    // Dispatch would wait for ever for the thread that watches signals.
    guard CheckedThread.room(for: Self.watchers) == Self.watchers else {
      sources = []
      return
    }
    sources = signals.map { [flag] number in
      #if canImport(Darwin)
        // Kernel events only watch there; on Linux Dispatch puts a handler of its own in place.
        signal(number, SIG_IGN)
      #endif
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if flag.cancel() {
          console.clearLive()
          acts.perform()
          _exit(ExitStatus.interrupted.rawValue)
        }
        console.note("Stopping after this step and saving a checkpoint; once more stops at once.")
      }
      source.setRegistrationHandler { registered.signal() }
      source.resume()
      return source
    }
    // Until then a signal ends the process as usual, so work begins only after it.
    for _ in sources { _ = registered.wait(timeout: .now() + 1) }
  }
}

/// What is done before a process ends at once.
private final class LastActs: Sendable {
  private let acts = Mutex<[@Sendable () -> Void]>([])

  func add(_ act: @escaping @Sendable () -> Void) { acts.withLock { $0.append(act) } }

  func perform() { for act in acts.withLock({ $0 }) { act() } }
}
