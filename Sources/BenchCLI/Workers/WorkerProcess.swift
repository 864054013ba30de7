import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// A process of this same program that carries runs out for a sweep.
///
/// A process apart keeps a run's crash or memory peak its own. If it dies in the middle of a run, another one takes its
/// place for the next run.
final class WorkerProcess: Sendable {
  private struct State {
    var process: Process?
    var input: Int32 = -1
    var output: Int32 = -1
    var isStopping = false
  }

  private let arguments: [String]
  private let isFresh: Bool
  private let results: ResultsFolder
  private let watch: @Sendable (RunEvent) -> Void
  private let state = Mutex(State())

  /// Describes a worker, which starts with its first run.
  ///
  /// - Parameters:
  ///   - arguments: Those of `run` that say which runs there are.
  ///   - isFresh: Do complete runs again.
  ///   - results: Where the worker writes.
  ///   - watch: Told what happens.
  init(
    _ arguments: [String], isFresh: Bool, results: ResultsFolder, watch: @escaping @Sendable (RunEvent) -> Void
  ) {
    (self.arguments, self.isFresh, self.results, self.watch) = (arguments, isFresh, results, watch)
  }

  /// The arguments of a worker for a sweep with these: what says which runs there are, and the worker's threads.
  static func arguments(_ arguments: ParsedArguments, threads: Int) -> [String] {
    let options = RunCommand.selection.filter { $0.long != OptionSpec.threads.long }
    let given = options.flatMap { option in arguments.all(option.long).map { "--\(option.long)=\($0)" } }
    return given + ["--threads=\(threads)", "--", arguments.positional("CONFIG") ?? ""]
  }

  /// Has a run carried out, and waits for it.
  ///
  /// - Throws: `Interruption`; `FileError` if the worker cannot be started or the results folder not be written to.
  func perform(_ run: SweepRun) throws -> RunOutcome {
    let output = try start()
    // A worker that is already gone shows when nothing can be read from it.
    send(WorkerMessage.order(run, isFresh: isFresh))
    var lines = PipeLines(output)
    while let line = lines.next() {
      if let event = WorkerMessage.event(line, of: run) { watch(event) }
      switch WorkerMessage.End(line) {
      case .complete(let isNew):
        return .complete(try RunRecord.read(results.folder(of: run.id) + "/record.json"), isNew: isNew)
      case .failed(let cause): return .failed(cause)
      case .taken: return .taken
      case .interrupted: throw Interruption()
      case .broken(let cause): throw FileError(path: results.path, cause)
      case nil: continue
      }
    }
    let cause = finish()
    if state.withLock({ $0.isStopping }) { throw Interruption() }
    return .lost(cause)
  }

  /// Asks the worker to finish its step, save a checkpoint and end.
  func stop() {
    state.withLock { $0.isStopping = true }
    send(WorkerMessage.stop)
  }

  /// Ends the worker at once.
  func kill() {
    state.withLock { state in
      if let process = state.process, process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
    }
  }

  /// Lets the worker end and waits for it.
  ///
  /// - Returns: How it ended, where it did not end well.
  @discardableResult func finish() -> String {
    let (process, descriptors) = state.withLock { state in
      defer { (state.process, state.input, state.output) = (nil, -1, -1) }
      return (state.process, [state.input, state.output])
    }
    for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
    guard let process else { return "" }
    process.waitUntilExit()
    let status = process.terminationStatus
    return process.terminationReason == .uncaughtSignal
      ? "the process was ended by signal \(status)" + (status == SIGKILL ? " (is there too little memory?)" : "")
      : "the process ended with status \(status) in the middle of the run"
  }

  private func send(_ json: JSONValue) {
    state.withLock { state in
      if state.input >= 0 { writeLine(json, to: state.input) }
    }
  }

  /// Starts the process unless it runs; returns where its messages come from.
  private func start() throws -> Int32 {
    try state.withLock { state in
      if state.isStopping { throw Interruption() }
      if state.output >= 0 { return state.output }
      let (input, output) = (try Self.pipe(), try Self.pipe())
      let process = Process()
      process.executableURL = URL(filePath: Self.program)
      process.arguments = [WorkerCommand.command.name] + arguments
      process.standardInput = FileHandle(fileDescriptor: input.reading, closeOnDealloc: false)
      process.standardOutput = FileHandle(fileDescriptor: output.writing, closeOnDealloc: false)
      defer {
        close(input.reading)
        close(output.writing)
      }
      do { try process.run() } catch {
        close(input.writing)
        close(output.reading)
        throw FileError(path: Self.program, "a worker cannot be started: \(error.localizedDescription)")
      }
      (state.process, state.input, state.output) = (process, input.writing, output.reading)
      return state.output
    }
  }

  /// A pipe that other workers do not inherit: its end must come when this worker or the sweep ends.
  private static func pipe() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard Foundation.pipe(&ends) == 0 else {
      throw FileError(path: program, "a worker cannot be started: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// This very program, even if its file has been replaced meanwhile.
  private static var program: String {
    let own = "/proc/self/exe"
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: own)) ?? Bundle.main.executablePath ?? own
    return FileManager.default.isExecutableFile(atPath: path) ? path : own
  }
}
