import Foundation
import Synchronization

/// Measures the processor time of a case, and ends the process if a case takes too long.
final class Watchdog: Sendable {
  /// Processor milliseconds at which the case began; negative between cases.
  private let start = Atomic<Int>(-1)
  /// The same in microseconds.
  private let began = Atomic<Int>(0)
  private let limit: Int
  /// A case that waits for something takes no processor time.
  private let patience: Double

  init(limit seconds: Double) {
    limit = Int(seconds * 1000)
    patience = max(30, 10 * seconds)
    let thread = Thread { [self] in
      var last = -1
      var waiting = 0.0
      while true {
        Thread.sleep(forTimeInterval: 0.25)
        let start = start.load(ordering: .relaxed)
        waiting = start >= 0 && start == last ? waiting + 0.25 : 0
        last = start
        // Twice the limit: what is only slow is found by its measure, and named with it.
        if start >= 0, Self.milliseconds - start > 2 * limit || waiting > patience { _exit(Worker.hangStatus) }
      }
    }
    thread.start()
  }

  func begin() {
    start.store(Self.milliseconds, ordering: .relaxed)
    began.store(Self.microseconds, ordering: .relaxed)
  }

  /// The milliseconds since `begin()`.
  func end() -> Double {
    start.store(-1, ordering: .relaxed)
    return Double(Self.microseconds - began.load(ordering: .relaxed)) / 1000
  }

  private static var milliseconds: Int { microseconds / 1000 }

  private static var microseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
  }
}
