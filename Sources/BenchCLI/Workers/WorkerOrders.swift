import Dispatch
import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// What a sweep tells its worker, read by a thread of its own so that a request to stop is heard during a run.
final class WorkerOrders: Sendable {
  /// A run to be carried out.
  struct Order {
    let index: Int
    let id: String
    let inputs: RunInputs
    let isFresh: Bool
    /// The whole run where the config's list does not have it.
    let proposal: JSONValue?
    /// Bytes that the run may take; nil where the sweep does not know.
    let memoryShare: Int?
  }

  private enum Message {
    case config(DocumentText)
    case order(Order)
  }

  private struct State {
    var waiting: [Message] = []
    var hasEnded = false
  }
  private let state = Mutex(State())
  private let arrived = DispatchSemaphore(value: 0)

  /// Seconds that a worker has for its step and a checkpoint once the sweep is gone.
  private static let grace = 30.0

  /// The config, which comes first; nil if the sweep has ended.
  func config() -> DocumentText? {
    guard case .config(let text)? = nextMessage() else { return nil }
    return text
  }

  /// The next order, waiting for it; nil when there will be none.
  func next() -> Order? {
    guard case .order(let order)? = nextMessage() else { return nil }
    return order
  }

  private func nextMessage() -> Message? {
    while true {
      let (message, hasEnded) = state.withLock { state in
        (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.hasEnded)
      }
      if let message { return message }
      if hasEnded { return nil }
      arrived.wait()
    }
  }

  /// Reads to the end, which comes when the sweep ends or is killed.
  func read(raising flag: CancellationFlag) {
    var lines = PipeLines(STDIN_FILENO)
    while let line = lines.next() {
      if line["stop"] != nil {
        flag.cancel()
      } else if let name = line["config"]?.string, let text = line["text"]?.string {
        add(.config(DocumentText(name: name, bytes: Array(text.utf8))))
      } else if let index = line["run"]?.integer, let id = line["id"]?.string, let inputs = RunInputs(line["inputs"]) {
        add(
          .order(
            Order(
              index: index, id: id, inputs: inputs, isFresh: line["fresh"]?.bool ?? false,
              proposal: line["proposal"].map { JSONValue($0) }, memoryShare: line["memory_share"]?.integer)))
      }
    }
    // Nobody would take up what is being done, but a checkpoint keeps it.
    flag.cancel()
    state.withLock { $0.hasEnded = true }
    arrived.signal()
    Thread.sleep(forTimeInterval: Self.grace)
    _exit(ExitStatus.interrupted.rawValue)
  }

  private func add(_ message: Message) {
    state.withLock { $0.waiting.append(message) }
    arrived.signal()
  }
}
