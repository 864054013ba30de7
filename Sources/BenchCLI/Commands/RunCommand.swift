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
    OptionSpec(long: "limit", valueName: "N", help: "Most training rows and evaluation rows of a dataset."),
    OptionSpec(
      long: "only", valueName: "KEY=VALUE", isRepeated: true,
      help: "Only runs whose dataset, method, seed or model is VALUE."),
  ]

  static let command = Command(
    name: "run", summary: "Fine-tune and evaluate everything that a config asks for.",
    discussion: [
      "Runs every combination of model, method, dataset and seed, writes one record each, and ends with a table. "
        + "What is complete is skipped, so the same command continues an interrupted sweep."
    ],
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: selection + [
      OptionSpec(long: "fresh", help: "Do complete runs again."),
      OptionSpec(long: "dry-run", short: "n", help: "Check everything and show the plan, but run nothing."),
      .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench run configs/smollm2.yaml", meaning: "All runs of a config."),
      .init(
        line: "peft-bench run c.json --set methods.lora.rank=4 --only dataset=sst2",
        meaning: "One dataset, with another rank."),
    ],
    run: { arguments, console in
      if arguments.flag("dry-run") { return try PlanCommand.check(arguments, console) }
      let session = try RunSession(arguments)
      let watcher = RunWatcher(console: console)
      let runner = Runner(
        session.configuration, results: session.results, context: session.context,
        cancellation: Interrupts.flag(console: console), watch: watcher.see)
      do {
        let (records, failures) = try runner.run(session.runs, fresh: arguments.flag("fresh"))
        watcher.finish()
        if arguments.flag("json") {
          console.print(json: .array(records.map(\.json)))
        } else {
          Leaderboard(records: records).print(to: console)
          console.note("\nRecords, predictions and adapters are in \(session.results.path).")
        }
        if failures > 0 { console.error("\(failures) of \(session.runs.count) runs failed; see error.json of each") }
        return failures > 0 ? .failed : .done
      } catch let interruption as Interruption {
        watcher.finish()
        console.diagnostic("Interrupted. The same command goes on where this one stopped.")
        throw interruption
      }
    })
}

/// What `run` and `plan` make of their arguments.
struct RunSession {
  let configuration: RunConfiguration
  let runs: [PlannedRun]
  let results: ResultsFolder
  let context: ComputeContext

  /// The variables that configs may use.
  static var environment: [String: String] { ProcessInfo.processInfo.environment }

  init(_ arguments: ParsedArguments) throws {
    let path = arguments.positional("CONFIG") ?? ""
    var overrides = arguments.all("set")
    if let limit = try arguments.integer("limit", in: 1...Int.max) {
      overrides += ["data.train_limit=\(limit)", "data.eval_limit=\(limit)"]
    }
    let file = try ConfigFile.load(
      path: path, overrides: overrides, environment: Self.environment)
    var configuration = try RunConfiguration(file)
    if let output = arguments.value("output") { configuration.output = output }
    self.configuration = configuration
    results = ResultsFolder(path: configuration.output)
    let threads = try arguments.integer("threads", in: 1...4096) ?? configuration.threads
    context = ComputeContext(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    runs = configuration.plan(
      datasets: try configuration.data.descriptions(from: configuration.file), only: try Self.only(arguments),
      shard: try Self.shard(arguments))
    guard !runs.isEmpty else { throw arguments.error("no run of the config matches --only and --shard") }
  }

  private static func only(_ arguments: ParsedArguments) throws -> [(key: String, value: String)] {
    try arguments.all("only").map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, ["dataset", "method", "seed", "model"].contains(parts[0]) else {
        throw arguments.error("--only: expected dataset=, method=, seed= or model= and a value, found \"\(text)\"")
      }
      return (parts[0], parts[1])
    }
  }

  private static func shard(_ arguments: ParsedArguments) throws -> (index: Int, count: Int)? {
    guard let text = arguments.value("shard") else { return nil }
    let parts = text.split(separator: "/").map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0, (1...count).contains(index) else {
      throw arguments.error("--shard: expected I/N with I from 1 to N, found \"\(text)\"")
    }
    return (index, count)
  }
}
