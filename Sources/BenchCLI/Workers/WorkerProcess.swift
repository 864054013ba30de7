import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// A process of this same program that carries runs out for a sweep.
///
/// All runs are done by such processes, so that whatever ends one costs the run that it was at and no other: it counts as
/// failed, and another process takes its place for the next run.
final class WorkerProcess: Sendable {
  /// The command that a worker runs.
  static let commandName = "run-worker"

  /// What a worker is started with.
  struct Launch: Sendable {
    /// Those arguments of `run` that say which runs there are, and the worker's threads.
    let arguments: [String]
    /// The config's text, which the worker does not read again: it may come from a pipe, or have changed.
    let config: DocumentText
    /// The program that is started.
    let program: String

    /// - Parameters:
    ///   - arguments: Those of `run`.
    ///   - options: Which of its options say what runs there are.
    ///   - config: The config's text.
    ///   - threads: The worker's threads.
    init(_ arguments: ParsedArguments, options: [OptionSpec], config: DocumentText, threads: Int) {
      let passed = options.filter { $0.long != OptionSpec.threads.long }
      let given = passed.flatMap { option in arguments.all(option.long).map { "--\(option.long)=\($0)" } }
      self.init(
        program: WorkerProcess.program,
        arguments: given + ["--threads=\(threads)", "--", arguments.positional("CONFIG") ?? ""], config: config)
    }

    /// - Parameters:
    ///   - program: The program.
    ///   - arguments: What it is told beside the command, the config's path last.
    ///   - config: The config's text.
    init(program: String, arguments: [String], config: DocumentText) {
      (self.program, self.arguments, self.config) = (program, arguments, config)
    }
  }

  private struct State {
    var child: ChildProcess?
    var isReady = false
  }

  private enum Attempt {
    case outcome(RunOutcome)
    /// The worker was told to end by somebody else and saved a checkpoint.
    case interrupted
    /// The worker is gone; it had begun the run if there is a position.
    case ended(RunPosition?)
  }

  private let launch: Launch
  private let isFresh: Bool
  private let results: ResultsFolder
  private let cancellation: CancellationFlag
  private let watch: @Sendable (RunEvent) -> Void
  private let state = Mutex(State())

  /// How often a run is begun again whose worker was ended from outside, or before it came to the run.
  private static let mostAttempts = 4

  /// Describes a worker.
  ///
  /// - Parameters:
  ///   - launch: What it is started with.
  ///   - isFresh: Do complete runs again.
  ///   - results: Where the worker writes.
  ///   - cancellation: The request to stop, which is passed on to the worker.
  ///   - watch: Called with what happens.
  init(
    _ launch: Launch, isFresh: Bool, results: ResultsFolder, cancellation: CancellationFlag,
    watch: @escaping @Sendable (RunEvent) -> Void
  ) {
    (self.launch, self.isFresh, self.results) = (launch, isFresh, results)
    (self.cancellation, self.watch) = (cancellation, watch)
  }

  // MARK: - Runs

  /// Has a run carried out, and waits for it.
  ///
  /// - Throws: `Interruption`; `FileError` if the worker cannot be started or the results folder not be written to.
  func perform(_ run: SweepRun) throws -> RunOutcome {
    var isFresh = isFresh
    var attempts = 0
    while true {
      try cancellation.check()
      try start()
      try awaitReady()
      attempts += 1
      switch try attempt(run, fresh: isFresh) {
      case .outcome(let outcome): return outcome
      case .interrupted:
        finish()
        try cancellation.check()
        guard attempts < Self.mostAttempts else {
          return .lost("the worker process was told to end (SIGTERM) \(attempts) times")
        }
        // What it has saved is of this attempt.
        isFresh = false
        watch(.note("\(run.planned.title): its worker process was told to end (SIGTERM); another one continues"))
      case .ended(let position):
        let (end, words) = finish()
        try cancellation.check()
        // It was not the run that ended a worker which had not begun it.
        if position == nil, attempts < Self.mostAttempts { continue }
        return .lost(Self.cause(end, words, at: position ?? .preparation))
      }
    }
  }

  private func attempt(_ run: SweepRun, fresh: Bool) throws -> Attempt {
    // A worker that is already gone shows when nothing can be read from it.
    send(WorkerMessage.order(run, isFresh: fresh))
    var position: RunPosition?
    var lines = outputLines()
    while let line = lines.next() {
      if let event = WorkerMessage.event(line, of: run) {
        position = RunPosition(event) ?? position
        watch(event)
      }
      switch WorkerMessage.End(line) {
      case .complete(let isNew):
        return .outcome(.complete(try results.record(of: run.id), isNew: isNew))
      case .failed(let cause): return .outcome(.failed(cause))
      case .taken: return .outcome(.taken)
      case .interrupted: return .interrupted
      case .broken(let error): throw error
      case nil: continue
      }
    }
    return .ended(position)
  }

  /// Why a run failed whose worker ended in the middle of it.
  private static func cause(_ end: ChildProcess.End, _ words: String, at position: RunPosition) -> String {
    let ending =
      switch end {
      case .signalled(let number): "the worker process was ended by \(SignalName.text(number)) \(position.text)"
      case .exited(let status): "the worker process ended with status \(status) \(position.text)"
      }
    guard !words.isEmpty else { return ending }
    let prefix = ProgramFile.name + ": "
    var said = words.hasPrefix(prefix) ? words.dropFirst(prefix.count) : words[...]
    // What a worker writes in a signal handler ends where the cause would go on.
    while let last = said.last, last == ";" || last == " " { said.removeLast() }
    return "\(said); \(ending)"
  }

  // MARK: - The process

  /// Starts the process unless it runs.
  ///
  /// - Throws: `FileError` that names the limit that is reached.
  func start() throws(FileError) {
    guard state.withLock({ $0.child == nil }) else { return }
    var environment = ProcessInfo.processInfo.environment
    // A worker's end is reported by the sweep; a report of the stack takes seconds and is nothing for its users.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    let child = try ChildProcess.start(
      launch.program, [Self.commandName] + launch.arguments, environment: environment)
    state.withLock { ($0.child, $0.isReady) = (child, false) }
    send(WorkerMessage.config(launch.config))
  }

  /// Waits until the process has read the config.
  ///
  /// - Throws: `FileError` with what the process said if it ended instead.
  func awaitReady() throws {
    guard state.withLock({ !$0.isReady }) else { return }
    var lines = outputLines()
    while let line = lines.next() {
      guard WorkerMessage.isReady(line) else { continue }
      return state.withLock { $0.isReady = true }
    }
    let (end, words) = finish()
    try cancellation.check()
    let isFault = end != .exited(status: ExitStatus.wrongInput.rawValue)
    throw FileError(
      path: ProgramFile.name, Self.cause(end, words, at: .start), errorNumber: isFault ? EAGAIN : nil)
  }

  /// Ends the process at once.
  func kill() {
    state.withLock { state in
      if let child = state.child { _ = Foundation.kill(child.id, SIGKILL) }
    }
  }

  /// Lets the process end and waits for it.
  @discardableResult func finish() -> (end: ChildProcess.End, lastWords: String) {
    let child = state.withLock { state in
      defer { state.child = nil }
      return state.child
    }
    return child?.finish() ?? (.exited(status: 0), "")
  }

  private func send(_ json: JSONValue) {
    let input = state.withLock { $0.child?.input }
    if let input { writeLine(json, to: input) }
  }

  /// What the process says, while it is informed of a request to stop.
  private func outputLines() -> PipeLines {
    var isTold = false
    return PipeLines(state.withLock { $0.child?.output ?? -1 }) { [self] in
      guard cancellation.isCancelled, !isTold else { return }
      isTold = true
      send(WorkerMessage.stop)
    }
  }

  /// This very program, even if its file has been replaced meanwhile.
  private static var program: String {
    let own = "/proc/self/exe"
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: own)) ?? Bundle.main.executablePath ?? own
    return FileManager.default.isExecutableFile(atPath: path) ? path : own
  }
}

/// How far a worker's run had come, by what it last reported.
enum RunPosition: Sendable {
  case start
  case preparation
  case candidate(Int, of: Int)
  case step(Int, of: Int)
  case answer(Int, of: Int)

  /// The position that an event gives; nil for one that gives none.
  init?(_ event: RunEvent) {
    switch event {
    case .began, .loading: self = .preparation
    case .judged(_, let done, let total): self = .candidate(done, of: total)
    case .step(_, let done, let total, _, _): self = .step(done, of: total)
    case .answered(_, let done, let total): self = .answer(done, of: total)
    default: return nil
    }
  }

  /// As the end of a sentence: `after step 12 of 40`.
  var text: String {
    switch self {
    case .start: "before it could take a run"
    case .preparation: "before the first step or answer"
    case .candidate(let done, let total): "after candidate \(done) of \(total)"
    case .step(let done, let total): "after step \(done) of \(total)"
    case .answer(let done, let total): "after answer \(done) of \(total)"
    }
  }
}

/// Signals as people know them.
enum SignalName {
  private static let names: [Int32: (name: String, meaning: String)] = [
    SIGILL: ("SIGILL", "a trap: a defect of this program"), SIGTRAP: ("SIGTRAP", "a trap: a defect of this program"),
    SIGFPE: ("SIGFPE", "an arithmetic trap: a defect of this program"),
    SIGSEGV: ("SIGSEGV", "an access outside its memory"), SIGBUS: ("SIGBUS", "a mapped file or memory is damaged"),
    SIGABRT: ("SIGABRT", "no memory, or a defect of this program"),
    SIGKILL: ("SIGKILL", "from outside; is there too little memory?"), SIGTERM: ("SIGTERM", "from outside"),
    SIGQUIT: ("SIGQUIT", "from outside"), SIGINT: ("SIGINT", "from outside"), SIGHUP: ("SIGHUP", "from outside"),
    SIGXCPU: ("SIGXCPU", "the limit on processor time, ulimit -t"),
  ]

  /// `signal 11 (SIGSEGV: an access outside its memory)`.
  static func text(_ number: Int32) -> String {
    names[number].map { "signal \(number) (\($0.name): \($0.meaning))" } ?? "signal \(number)"
  }
}
