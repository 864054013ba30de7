import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// `run-worker`: what `run --jobs` starts; takes orders on standard input and answers on standard output.
///
/// It is no command for people, so it stands in no help page. It ends when its input ends.
enum WorkerCommand {
  static let command = Command(
    name: "run-worker", summary: "Carry out runs for a sweep.",
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: RunCommand.selection, examples: [],
    run: { arguments, console in
      // Ctrl-C reaches the whole group of processes; the sweep passes it on in its own way.
      signal(SIGINT, SIG_IGN)
      signal(SIGHUP, SIG_IGN)
      console.isQuiet = true
      let flag = Interrupts.flag(console: console, signals: [SIGTERM])
      let orders = Orders()
      let reader = Thread { orders.read(raising: flag) }
      reader.start()
      let session = try RunSession(arguments)
      let gate = EventGate()
      let executor = try RunExecutor(
        session.configuration, results: session.results, context: session.context, cancellation: flag,
        watch: { event in
          guard gate.lets(event), let json = WorkerMessage.event(event) else { return }
          // Nobody listens any more: the sweep is gone.
          if !writeLine(json, to: STDOUT_FILENO) { flag.cancel() }
        })
      while let order = orders.next() {
        let end = end(of: order, in: session, by: executor)
        writeLine(end.json, to: STDOUT_FILENO)
        if end == .interrupted { break }
      }
      return .done
    })

  private static func end(of order: Orders.Order, in session: RunSession, by executor: RunExecutor) -> WorkerMessage.End
  {
    guard session.selection.runs.indices.contains(order.index) else {
      return .failed("the config changed since the sweep began")
    }
    let run = SweepRun(
      index: order.index, planned: session.selection.runs[order.index], id: order.id, modelHash: order.modelHash)
    do {
      switch try executor.perform(run, fresh: order.isFresh) {
      case .complete(_, let isNew): return .complete(isNew: isNew)
      case .failed(let cause): return .failed(cause)
      case .taken: return .taken
      case .lost(let cause): return .failed(cause)
      }
    } catch is Interruption {
      return .interrupted
    } catch {
      return .broken("\(error)")
    }
  }
}

/// The orders of a sweep, read by a thread of their own so that a wish to stop is heard during a run.
private final class Orders: Sendable {
  struct Order {
    let index: Int
    let id: String
    let modelHash: String
    let isFresh: Bool
  }

  private struct State {
    var waiting: [Order] = []
    var hasEnded = false
  }
  private let state = Mutex(State())
  private let arrived = DispatchSemaphore(value: 0)

  /// The next order, waiting for it; nil when there will be none.
  func next() -> Order? {
    while true {
      let (order, hasEnded) = state.withLock { state in
        (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.hasEnded)
      }
      if let order { return order }
      if hasEnded { return nil }
      arrived.wait()
    }
  }

  func read(raising flag: CancellationFlag) {
    var lines = PipeLines(STDIN_FILENO)
    while let line = lines.next() {
      if line["stop"] != nil {
        flag.cancel()
      } else if let index = line["run"]?.integer, let id = line["id"]?.string, let hash = line["model"]?.string {
        let order = Order(index: index, id: id, modelHash: hash, isFresh: line["fresh"]?.bool ?? false)
        state.withLock { $0.waiting.append(order) }
        arrived.signal()
      }
    }
    // The sweep has ended or was killed: nobody would take up what is being done, but a checkpoint keeps it.
    flag.cancel()
    state.withLock { $0.hasEnded = true }
    arrived.signal()
  }
}

/// Lets no more events of a kind through than people can see.
private final class EventGate: Sendable {
  private let last = Mutex(ContinuousClock.now - .seconds(1))
  private static let interval = Duration.milliseconds(80)

  func lets(_ event: RunEvent) -> Bool {
    switch event {
    case .step(_, let done, let total, _, _), .answered(_, let done, let total):
      let now = ContinuousClock.now
      return last.withLock { last in
        guard done == total || now - last >= Self.interval else { return false }
        last = now
        return true
      }
    default: return true
    }
  }
}
