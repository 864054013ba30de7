import PEFTBench
import PEFTCore

/// `plan`: the runs of a config and what they take, without doing them.
enum PlanCommand {
  static let command = Command(
    name: "plan", summary: "Show the runs that a config asks for and what they take, without doing them.",
    discussion: [
      "Times are scaled from a measurement of about two seconds, whose fastest passes count, so they hold for this "
        + "machine when it is quiet; those of complete runs are what they took. Memory is the peak of the largest batch: weights, "
        + "adapter, gradients, optimizer and activations, which --json lists apart. A model without weights gets sizes only, and "
        + "a missing dataset is listed with the command that gets it.",
      "With --slurm it prints an sbatch script instead, an array of tasks that share one results folder: time and "
        + "memory from the estimates, threads as given or as this machine has, safe to be requeued at any time.",
    ],
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: RunCommand.selection + [
      OptionSpec(long: "slurm", help: "Print an sbatch script that does the runs."),
      OptionSpec(
        long: "tasks", valueName: "N",
        help: "Tasks of the sbatch script's array; as many as take two hours each unless given."),
      .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench plan configs/smollm2.yaml", meaning: "All runs with their sizes."),
      .init(line: "peft-bench plan c.yaml --slurm > c.sbatch && sbatch c.sbatch", meaning: "Submit the runs to Slurm."),
      .init(line: "peft-bench plan c.json --json | jq length", meaning: "How many runs there are."),
    ],
    run: { arguments, console in
      let slurm = try slurmTasks(arguments)
      let plan = try Plan(arguments, console)
      if arguments.flag("slurm") {
        plan.printScript(arguments, tasks: slurm, console)
      } else {
        plan.show(console, isJSON: arguments.flag("json"))
      }
      plan.warn(console)
      return .done
    })

  /// Checks what is said of the sbatch script; returns the tasks asked for.
  private static func slurmTasks(_ arguments: ParsedArguments) throws -> Int? {
    let tasks = try arguments.integer("tasks", in: 1...1_000_000)
    guard arguments.flag("slurm") else {
      guard tasks == nil else { throw arguments.error("--tasks: only with --slurm") }
      return nil
    }
    for other in ["json", "shard"] where arguments.value(other) != nil {
      throw arguments.error("--\(other): not with --slurm, whose tasks are the shards")
    }
    return tasks
  }

  /// As `plan`, but what keeps a run from being done is an error.
  static func check(_ arguments: ParsedArguments, _ console: Console) throws -> ExitStatus {
    let plan = try Plan(arguments, console)
    if !arguments.flag("force"), let tight = plan.tight.first { throw tight }
    if let missing = plan.missing.first, plan.missing.count == 1 { throw missing }
    plan.show(console, isJSON: arguments.flag("json"))
    plan.warn(console)
    return plan.missing.isEmpty ? .done : .wrongInput
  }
}

/// The estimates of a config's runs.
private struct Plan {
  let estimates: [RunEstimate]
  let missing: [DatasetNotFound]
  /// What `run` refuses, the largest first.
  let tight: [MemoryError]
  private let busyNote: String?
  private let session: RunSession
  private var output: String { session.results.path }

  init(_ arguments: ParsedArguments, _ console: Console) throws {
    session = try RunSession(arguments)
    try session.results.output.check()
    let planner = RunPlanner(
      session.configuration, results: session.results, context: session.context,
      watch: { event in if case .note(let text) = event { console.note("note: \(text)") } })
    // Of `run --dry-run`. With `--jobs auto` each run may take everything, and as many are done at once as then fit.
    let jobs = min(arguments.value("jobs").flatMap { Int($0) } ?? 1, session.selection.runs.count)
    estimates = try planner.estimates(
      session.selection.runs, within: session.available.map { $0.bytes / max(1, jobs) })
    missing = planner.missing
    busyNote = planner.busyNote
    let available = session.available
    tight = estimates.filter { !$0.isComplete }.compactMap { estimate in
      guard let need = estimate.need else { return nil }
      return available?.complaint(need.use, of: estimate.run.title, advice: need.advice)
    }.sorted { $0.need.total > $1.need.total }
  }

  func show(_ console: Console, isJSON: Bool) {
    if isJSON {
      console.print(json: .array(estimates.map(json)))
      return
    }
    let hasModels = Set(estimates.map(\.run.model.name)).count > 1
    var columns: [TextTable.Column] = [.init(title: "id")]
    if hasModels { columns.append(.init(title: "model")) }
    columns += [
      .init(title: "dataset"), .init(title: "method"), .init(title: "seed", isNumber: true),
      .init(title: "train rows", isNumber: true), .init(title: "eval rows", isNumber: true),
    ]
    // Sets that are answered besides, where there are any.
    var sets: [String] = []
    for set in estimates.flatMap({ $0.work?.furtherRows ?? [] }) where !sets.contains(set.name) {
      sets.append(set.name)
    }
    columns += sets.map { .init(title: "\($0) rows", isNumber: true) }
    let recomputes = estimates.contains { $0.recomputed != nil }
    columns += [
      .init(title: "parameters", isNumber: true), .init(title: "tokens", isNumber: true),
      .init(title: "time", isNumber: true), .init(title: "memory", isNumber: true),
    ]
    if recomputes { columns.append(.init(title: "recomputed", isNumber: true)) }
    columns.append(.init(title: "state"))
    var table = TextTable(columns)
    // One unit a column, that of the largest, so that the eye can compare.
    let time = Format.seconds(upTo: estimates.compactMap { $0.measuredSeconds ?? $0.seconds }.max() ?? 0)
    let memory = Format.bytes(upTo: estimates.compactMap { $0.peak?.total }.max() ?? 0)
    for estimate in estimates {
      let work = estimate.work
      var cells = [estimate.id ?? "–"]
      if hasModels { cells.append(estimate.run.model.name) }
      cells += [
        estimate.run.dataset.id, estimate.run.method.label,
        estimate.run.isZeroShot ? "–" : "\(estimate.run.seed)",
        Format.count(work.map { Double($0.trainingRows) }), Format.count(work.map { Double($0.evaluationRows) }),
      ]
      cells += sets.map { name in
        Format.count(work?.furtherRows.first { $0.name == name }.map { Double($0.count) })
      }
      cells += [
        Format.count(Double(estimate.trainableParameters)),
        Format.count(work.map { Double($0.trainingTokens) + Double($0.evaluationTokens) }),
        time(estimate.measuredSeconds ?? estimate.seconds), memory(estimate.peak?.total),
      ]
      if recomputes { cells.append(estimate.recomputed.map { "\($0.count) of \($0.among)" } ?? "–") }
      cells.append(estimate.isComplete ? "complete" : work == nil ? "no data" : "to do")
      table.add(cells)
    }
    table.print(to: console)
    printClasses(console)
    let open = estimates.filter { !$0.isComplete }
    var parts = [
      session.configuration.data.suiteTitle(of: estimates.map(\.run.dataset)),
      NumberText.counted(estimates.count, "run"),
      "\(open.count) to do",
    ]
    let times = open.compactMap(\.seconds)
    if !times.isEmpty { parts.append("about \(Format.longDuration(times.reduce(0, +))) on this machine") }
    let largest = open.filter { $0.peak != nil }.max { $0.peak?.total ?? 0 < $1.peak?.total ?? 0 }
    if let peak = largest?.peak { parts.append("up to \(ByteCount.text(peak.total))") }
    console.print(parts.joined(separator: ", ") + ", in \(output)")
    if let largest, let peak = largest.peak { console.print("the largest, \(largest.run.title): \(peak.parts)") }
  }

  /// Prints the class counts of each dataset, once.
  private func printClasses(_ console: Console) {
    var shown: Set<String> = []
    var table = TextTable([.init(title: "dataset"), .init(title: "rows"), .init(title: "classes")])
    for estimate in estimates where shown.insert(estimate.run.dataset.id).inserted {
      for (part, classes) in [("train", estimate.work?.trainingClasses), ("eval", estimate.work?.evaluationClasses)] {
        if let classes { table.add([estimate.run.dataset.id, part, classes.text]) }
      }
    }
    guard !table.rows.isEmpty else { return }
    console.print("")
    table.print(to: console)
    console.print("")
  }

  /// Prints an sbatch script for the runs that are not complete.
  func printScript(_ arguments: ParsedArguments, tasks wish: Int?, _ console: Console) {
    let open = estimates.filter { !$0.isComplete }
    let seconds = open.compactMap(\.seconds)
    let total = seconds.isEmpty ? nil : seconds.reduce(0, +)
    let wanted = wish ?? total.map { Int(($0 / Self.secondsOfTask).rounded(.up)) } ?? open.count
    let tasks = max(1, min(wanted, estimates.count, wish == nil ? Self.mostTasks : .max))
    // Shards are cut from all runs, so that a task does the same ones whenever it is submitted.
    var ofTask = [Double](repeating: 0, count: tasks)
    for (place, estimate) in estimates.enumerated() where !estimate.isComplete {
      ofTask[RunConfiguration.shard(of: place, count: tasks) - 1] += estimate.seconds ?? 0
    }
    let options = RunCommand.selection.filter { !["threads", "shard"].contains($0.long) }
    let given = options.flatMap { option in arguments.all(option.long).map { "--\(option.long)=\($0)" } }
    let words = [ProgramFile.path, "run"] + given
    let script = SlurmScript(
      name: session.configuration.name.filter { !$0.isWhitespace },
      command: words.map(ShellWord.quoted).joined(separator: " "),
      // Behind two dashes it is a name whatever it begins with.
      config: ShellWord.quoted(arguments.positional("CONFIG") ?? ""), tasks: tasks,
      threads: session.context.workers.count, seconds: total == nil ? nil : ofTask.max(),
      bytes: open.compactMap(\.need?.use.total).max())
    console.print(script.text)
  }

  /// Seconds that a task should take unless their number is given.
  private static let secondsOfTask = 7200.0
  /// Most tasks unless their number is given: what Slurm takes as it comes.
  private static let mostTasks = 1000

  func warn(_ console: Console) {
    if let busyNote { console.note("note: \(busyNote)") }
    if let largest = tight.first {
      let rest = tight.count > 1 ? " (and \(tight.count - 1) more runs do not fit)" : ""
      console.warning("\(largest)\(rest)")
    }
    guard !missing.isEmpty else { return }
    for dataset in missing where missing.count <= 3 { console.warning(dataset.description) }
    let names = missing.map(\.dataset).joined(separator: " ")
    console.warning("\(missing.count) datasets are missing; get them with: \(ProgramFile.name) data fetch \(names)")
  }

  private func json(_ estimate: RunEstimate) -> JSONValue {
    let sets = estimate.work?.furtherRows ?? []
    var json: JSONValue = [
      "id": JSONValue(estimate.id), "model": JSONValue(estimate.run.model.name),
      "dataset": JSONValue(estimate.run.dataset.id), "method": JSONValue(estimate.run.method.label),
      "seed": JSONValue(estimate.run.seed), "complete": JSONValue(estimate.isComplete),
      "train_rows": JSONValue(estimate.work?.trainingRows), "eval_rows": JSONValue(estimate.work?.evaluationRows),
      "test_rows": JSONValue(estimate.work.map { _ in sets.first { $0.name == "test" }?.count ?? 0 }),
      "train_classes": estimate.work?.trainingClasses?.json ?? .null,
      "eval_classes": estimate.work?.evaluationClasses?.json ?? .null,
      "trainable_parameters": JSONValue(estimate.trainableParameters),
      "inference_flops": JSONValue(estimate.inferenceFLOPs),
      "training_tokens": JSONValue(estimate.work?.trainingTokens),
      "evaluation_tokens": JSONValue(estimate.work?.evaluationTokens), "steps": JSONValue(estimate.work?.steps),
      "estimated_seconds": JSONValue(estimate.seconds), "measured_seconds": JSONValue(estimate.measuredSeconds),
      "estimated_peak_bytes": JSONValue(estimate.peak?.total),
      "estimated_memory": estimate.peak.map { peak in
        [
          "weights": JSONValue(peak[.weights]), "adapter": JSONValue(peak[.adapter]),
          "gradients": JSONValue(peak[.gradients]), "optimizer": JSONValue(peak[.optimizer]),
          "activations": JSONValue(peak[.activations]),
        ]
      } ?? .null,
      "needed_bytes": JSONValue(estimate.need?.use.total),
    ]
    if let recomputed = estimate.recomputed { json["recomputed_blocks"] = JSONValue(recomputed.count) }
    if !sets.isEmpty { json["set_rows"] = .object(JSONObject(distinct: sets.map { ($0.name, JSONValue($0.count)) })) }
    return json
  }
}
