import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// `run-worker`: what `run` starts; takes orders on standard input and answers on standard output.
///
/// It is not a command for people, so no help page has it. It ends when its input ends.
enum WorkerCommand {
  static let command = Command(
    name: WorkerProcess.commandName, summary: "Carry out runs for a sweep.",
    positionals: [
      PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML, whose text comes by standard input.")
    ],
    options: RunCommand.selection, examples: [],
    run: { arguments, console in
      ParentProcess.passOnItsEnd()
      FatalSignals.leaveToParent()
      // Ctrl-C reaches the whole group of processes; the sweep passes it on in its own way.
      signal(SIGINT, SIG_IGN)
      signal(SIGHUP, SIG_IGN)
      console.isQuiet = true
      let flag = Interrupts.flagOfWorker()
      let orders = WorkerOrders()
      guard CheckedThread.start({ orders.read(raising: flag) }) else { throw ProcessLimit.noThread(ProgramFile.name) }
      guard let config = orders.config() else { return .done }
      let session = try RunSession(arguments, config: config)
      writeLine(WorkerMessage.ready, to: STDOUT_FILENO)
      let gate = EventGate()
      @Sendable func tell(_ event: RunEvent) {
        guard let json = WorkerMessage.event(event) else { return }
        // Nobody listens any more: the sweep is gone.
        if !writeLine(json, to: STDOUT_FILENO) { flag.cancel() }
      }
      var executor: RunExecutor?
      while let order = orders.next() {
        let end = end(of: order, in: session) {
          // Not before the first order: then the sweep has made the results folder.
          if let executor { return executor }
          let new = try RunExecutor(
            session.configuration, results: session.results, context: session.context, cancellation: flag,
            memoryLimit: session.memoryLimit,
            watch: { event in if let event = gate.passed(event) { tell(event) } })
          executor = new
          return new
        }
        // Where a run was stopped is told exactly.
        if end == .interrupted, let event = gate.held { tell(event) }
        writeLine(end.json, to: STDOUT_FILENO)
        if end == .interrupted { break }
      }
      return .done
    })

  /// The run that an order is about; nil where the config's list does not have its place.
  private static func planned(_ order: WorkerOrders.Order, in session: RunSession) throws -> PlannedRun? {
    if let proposal = order.proposal { return try session.configuration.run(proposed: proposal) }
    let runs = session.selection.runs
    return runs.indices.contains(order.index) ? runs[order.index] : nil
  }

  private static func end(
    of order: WorkerOrders.Order, in session: RunSession, by executor: () throws -> RunExecutor
  ) -> WorkerMessage.End {
    let planned: PlannedRun?
    do { planned = try self.planned(order, in: session) } catch { return .failed("\(error)") }
    guard let planned else { return .failed("the config changed since the sweep began") }
    let run = SweepRun(index: order.index, planned: planned, id: order.id, inputs: order.inputs)
      .within(order.memoryShare)
    do {
      switch try executor().perform(run, fresh: order.isFresh) {
      case .complete(_, let isNew): return .complete(isNew: isNew)
      case .failed(let cause): return .failed(cause)
      case .taken: return .taken
      case .lost(let cause): return .failed(cause)
      }
    } catch is Interruption {
      return .interrupted
    } catch let error as FileError {
      return .broken(error)
    } catch {
      return .broken(FileError(path: session.results.path, "\(error)"))
    }
  }
}

/// Lets no more events of a kind through than people can see.
private final class EventGate: Sendable {
  private struct State {
    var last = ContinuousClock.now - .seconds(1)
    var held: RunEvent?
  }
  private let state = Mutex(State())
  private static let interval = Duration.milliseconds(80)

  /// The event if it goes through.
  func passed(_ event: RunEvent) -> RunEvent? {
    state.withLock { state in
      switch event {
      case .step(_, let done, let total, _, _), .answered(_, let done, let total), .judged(_, let done, let total):
        let now = ContinuousClock.now
        guard done == total || now - state.last >= Self.interval else {
          state.held = event
          return nil
        }
        state.last = now
      default: break
      }
      state.held = nil
      return event
    }
  }

  /// The last event, if it did not go through.
  var held: RunEvent? { state.withLock { $0.held } }
}
