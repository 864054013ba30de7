import Foundation
import PEFTBench
import PEFTCore

/// `run`: fine-tunes and evaluates everything that a config asks for.
enum RunCommand {
  static let selection: [OptionSpec] = [
    .set,
    OptionSpec(long: "output", short: "o", valueName: "DIR", help: "The results folder, in place of the config's."),
    .threads,
    OptionSpec(long: "shard", valueName: "I/N", help: "Only every N-th run, beginning with the I-th."),
    OptionSpec(
      long: "limit", valueName: "N",
      help:
        "At most N training rows and N evaluation rows of each dataset, with strategy all-data too: a sample in which "
        + "every class has its share, or the first N with --set data.limit=first."),
    .only,
    OptionSpec(
      long: "memory-limit", valueName: "SIZE",
      help: "Memory that a run may need, such as 2GB; what is free on the machine unless given."),
  ]

  static let command = Command(
    name: "run", summary: "Fine-tune and evaluate everything that a config asks for.",
    discussion: [
      "Runs every combination of model, method, dataset and seed, writes one record each, and ends with a table of the "
        + "runs and one of the methods by PSCP. "
        + "What is complete is skipped, a run that was interrupted resumes from its last checkpoint, and one that "
        + "failed is tried again; so the same command continues a sweep. Several processes may work on one folder.",
      "A run whose weights, adapter, optimizer and activations do not fit into memory is refused before anything is "
        + "written, and so are more --jobs than fit side by side; plan shows what each run needs.",
    ],
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: selection + [
      OptionSpec(
        long: "jobs", valueName: "N",
        help: "Do this many runs at once, in processes of their own that share the threads. auto: one per core for "
          + "small models, as far as memory allows, else one. Without it, runs are done one after the other. (-j is --threads.)"
      ),
      OptionSpec(long: "fresh", help: "Do complete runs again, and all from the beginning."),
      OptionSpec(long: "retry-failed", help: "Do only runs that failed before."),
      OptionSpec(long: "force", help: "Run also what may not fit into memory."),
      OptionSpec(long: "dry-run", short: "n", help: "Check everything and show the plan, but run nothing."),
      .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench run configs/smollm2.yaml", meaning: "All runs of a config."),
      .init(
        line: "peft-bench run c.json --set methods.lora.rank=4 --only dataset=sst2",
        meaning: "One dataset, with another rank."),
      .init(line: "peft-bench run c.json --jobs auto", meaning: "As many runs at once as suits model and machine."),
    ],
    run: { arguments, console in
      if arguments.flag("dry-run") { return try PlanCommand.check(arguments, console) }
      console.outlivesReader = true
      let session = try RunSession(arguments)
      let jobs = try Self.jobs(arguments)
      try session.results.output.check()
      let flag = Interrupts.flag(console: console)
      let display = SweepDisplay(console: console)
      let advice = ResumeAdvice(isFresh: arguments.flag("fresh"))
      do {
        let sweep = try Sweep(
          session.configuration, session.selection, results: session.results, context: session.context,
          cancellation: flag, watch: display.see)
        let count = try workers(jobs, for: sweep, of: session, arguments, console)
        display.expect(sweep.runs, work: try sweep.relativeWork())
        advice.expect(sweep.runs, in: session.results)
        let result = try carryOut(
          sweep, of: session, workers: count, arguments, console, flag: flag,
          watch: { event in
            advice.see(event)
            display.see(event)
          })
        display.finish()
        return report(result, of: session, arguments, console)
      } catch let interruption as Interruption {
        display.finish()
        for position in display.positions { console.diagnostic("Interrupted: \(position), saved.") }
        for line in advice.lines { console.diagnostic(line) }
        throw interruption
      }
    })

  private enum Jobs {
    case workers(Int)
    case automatic
  }

  private static func jobs(_ arguments: ParsedArguments) throws -> Jobs {
    guard let text = arguments.value("jobs") else { return .workers(1) }
    if text == "auto" { return .automatic }
    guard let count = Int(text), (1...1024).contains(count) else {
      throw arguments.error("--jobs: expected a number from 1 to 1024 or auto, found \(text.debugDescription)")
    }
    return .workers(count)
  }

  private static func choice(_ arguments: ParsedArguments) -> Sweep.Choice {
    Sweep.Choice(isFresh: arguments.flag("fresh"), onlyFailed: arguments.flag("retry-failed"))
  }

  /// How many runs are done at once; refuses what does not fit into memory, unless `--force` is given.
  private static func workers(
    _ jobs: Jobs, for sweep: Sweep, of session: RunSession, _ arguments: ParsedArguments, _ console: Console
  ) throws -> Int {
    let wish: Int
    switch jobs {
    case .workers(let count): wish = count
    case .automatic:
      wish = SweepWorkers.count(
        weightBytes: try sweep.largestWeightBytes(), threads: session.context.workers.count)
    }
    let count = min(wish, sweep.runs.count)
    guard let available = session.available, !arguments.flag("force") else { return count }
    guard case .automatic = jobs else {
      try sweep.checkMemory(available, jobs: count, choice: choice(arguments))
      return count
    }
    let fitting = try sweep.fittingJobs(count, in: available, choice: choice(arguments))
    if fitting < count {
      console.note(
        "note: \(fitting) of \(count) runs at once; more may not fit into the \(ByteCount.text(available.bytes)) "
          + "\(available.origin)")
    }
    return fitting
  }

  private static func carryOut(
    _ sweep: Sweep, of session: RunSession, workers count: Int, _ arguments: ParsedArguments, _ console: Console,
    flag: CancellationFlag, watch: @escaping @Sendable (RunEvent) -> Void
  ) throws -> Sweep.Result {
    let choice = Self.choice(arguments)
    let threads = max(1, session.context.workers.count / count)
    let launch = WorkerProcess.Launch(
      arguments, options: RunCommand.selection, config: session.config, threads: threads)
    let crew = try WorkerCrew.start(count, threads: threads, note: { console.note("note: \($0)") }) {
      WorkerProcess(
        launch, isFresh: choice.isFresh, results: session.results, cancellation: flag, watch: watch)
    }
    Interrupts.beforeEndingAtOnce { crew.kill() }
    defer { crew.finish() }
    return try sweep.run(
      choice, workers: crew.workers.map { worker in { run in try worker.perform(run) } },
      memoryShare: session.available.map { $0.bytes / max(1, count) })
  }

  private static func report(
    _ result: Sweep.Result, of session: RunSession, _ arguments: ParsedArguments, _ console: Console
  ) -> ExitStatus {
    if arguments.flag("json") {
      console.print(json: .array(result.records.map(\.json)))
    } else {
      Leaderboard(records: result.records).print(to: console)
    }
    ReportCommand.refresh(session.results, printsLeaderboard: !arguments.flag("json"), console)
    if !arguments.flag("json") {
      console.note(
        "Records, predictions and adapters are in \(session.results.path), each run by its name in \(ResultsFolder.linksName)/."
      )
    }
    if result.missing > 0 {
      console.error(
        "\(session.results.path): the records of \(result.missing) complete runs are gone, removed during the sweep; the "
          + "same command makes them again")
    }
    guard result.failures > 0 else { return result.missing > 0 ? .failed : .done }
    let refused = session.results.refusedCount
    let hint =
      refused == 0
      ? "the same command tries them again"
      : "the same command tries them again, but not the \(refused) whose records this version must leave alone: use the "
        + "version that wrote them, or another folder (-o)"
    console.error(
      "\(result.failures) of \(NumberText.counted(session.selection.runs.count, "run")) failed; \(hint) "
        + "(causes: \(ProgramFile.name) status \(session.results.path))")
    return .failed
  }
}

/// What `run` and `plan` make of their arguments.
struct RunSession {
  /// The config's text.
  let config: DocumentText
  let configuration: RunConfiguration
  let selection: RunSelection
  let results: ResultsFolder
  let context: ComputeContext
  /// Memory that runs may take by the user's word.
  let memoryLimit: AvailableMemory?
  /// Memory that runs may take: the user's limit, or what is free.
  let available: AvailableMemory?

  /// The variables that configs may use.
  static var environment: [String: String] { ProcessInfo.processInfo.environment }

  /// Reads the config that the arguments name, or the given text of it.
  init(_ arguments: ParsedArguments, config: DocumentText? = nil) throws {
    self.config = try config ?? ConfigFile.text(of: arguments.positional("CONFIG") ?? "")
    var overrides = arguments.all("set")
    let limit = try arguments.integer("limit", in: 1...Int.max)
    if let limit {
      overrides += ["data.train_limit=\(limit)", "data.eval_limit=\(limit)"]
    }
    let file = try ConfigFile.read(self.config, overrides: overrides, environment: Self.environment)
    var configuration = try RunConfiguration(file)
    // A strategy may pass over the limit of the data, but not over that of a quick look.
    if let limit { configuration.limitStrategies(toRows: limit) }
    if let output = arguments.value("output") { configuration.output = output }
    self.configuration = configuration
    results = ResultsFolder(path: configuration.output)
    let threads = try arguments.integer("threads", in: 1...4096) ?? configuration.threads
    context = ComputeContext(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    memoryLimit = try Self.memoryLimit(arguments)
    available = memoryLimit ?? AvailableMemory.now()
    let filter = RunFilter(try Self.only(arguments))
    selection = configuration.selection(
      datasets: try configuration.data.descriptions(from: configuration.file), only: filter,
      shard: try Self.shard(arguments))
    if let complaint = filter.complaint(names: selection.names) { throw arguments.error(complaint) }
    guard !selection.runs.isEmpty else { throw arguments.error("no run of the config matches --only and --shard") }
  }

  private static func memoryLimit(_ arguments: ParsedArguments) throws -> AvailableMemory? {
    guard let text = arguments.value("memory-limit") else { return nil }
    guard let bytes = ByteCount.bytes(text), bytes > 0 else {
      throw arguments.error("--memory-limit: expected a size such as 800MB or 2GB, found \(text.debugDescription)")
    }
    return AvailableMemory(bytes: bytes, origin: "allowed by --memory-limit")
  }

  /// The pairs of `--only`.
  static func only(_ arguments: ParsedArguments) throws -> [(key: String, value: String)] {
    try arguments.all("only").map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, ["dataset", "method", "seed", "model"].contains(parts[0]) else {
        throw arguments.error("--only: expected dataset=, method=, seed= or model= and a value, found \"\(text)\"")
      }
      return (parts[0], parts[1])
    }
  }

  /// The part that `--shard I/N` asks for.
  static func shard(_ arguments: ParsedArguments) throws -> (index: Int, count: Int)? {
    guard let text = arguments.value("shard") else { return nil }
    let parts = text.split(separator: "/").map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0, (1...count).contains(index) else {
      throw arguments.error("--shard: expected I/N with I from 1 to N, found \"\(text)\"")
    }
    return (index, count)
  }
}
