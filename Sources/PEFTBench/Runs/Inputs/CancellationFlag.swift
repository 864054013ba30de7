import Synchronization

/// A request to stop that one thread raises and another looks at between steps.
package final class CancellationFlag: Sendable {
  private let flag = Atomic(false)

  /// Creates a flag that is not raised.
  package init() {}

  /// Raises the flag; returns whether it was raised before.
  @discardableResult package func cancel() -> Bool { flag.exchange(true, ordering: .relaxed) }

  /// Whether the flag was raised.
  package var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Throws `Interruption` if the flag was raised.
  package func check() throws(Interruption) {
    if isCancelled { throw Interruption() }
  }
}

/// The user asked to stop, and work stopped at a clean place.
package struct Interruption: Error {
  /// Creates it.
  package init() {}
}
