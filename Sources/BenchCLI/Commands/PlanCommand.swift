import PEFTBench
import PEFTCore

/// `plan`: the runs of a config and what they take, without doing them.
enum PlanCommand {
  static let command = Command(
    name: "plan", summary: "Show the runs that a config asks for and what they take, without doing them.",
    discussion: [
      "Time is scaled from a measurement of about two seconds, so it holds for this machine as busy as it is now; "
        + "memory is the peak of the largest batch. A model without weights gets sizes only, and a dataset that is not "
        + "there is listed with the command that gets it."
    ],
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: RunCommand.selection + [.json, .quiet],
    examples: [
      .init(line: "peft-bench plan configs/smollm2.yaml", meaning: "All runs with their sizes."),
      .init(line: "peft-bench plan c.json --json | jq length", meaning: "How many runs there are."),
    ],
    run: { arguments, console in
      let plan = try Plan(arguments, console)
      plan.show(console, isJSON: arguments.flag("json"))
      plan.warn(console)
      return .done
    })

  /// As `plan`, but what keeps a run from being done is an error.
  static func check(_ arguments: ParsedArguments, _ console: Console) throws -> ExitStatus {
    let plan = try Plan(arguments, console)
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
  let output: String

  init(_ arguments: ParsedArguments, _ console: Console) throws {
    let session = try RunSession(arguments)
    let planner = RunPlanner(
      session.configuration, results: session.results, context: session.context,
      watch: { event in if case .note(let text) = event { console.note("note: \(text)") } })
    estimates = try planner.estimates(session.runs)
    missing = planner.missing
    output = session.results.path
  }

  func show(_ console: Console, isJSON: Bool) {
    if isJSON {
      console.print(json: .array(estimates.map(json)))
      return
    }
    var table = TextTable([
      .init(title: "id"), .init(title: "dataset"), .init(title: "method"), .init(title: "seed", isNumber: true),
      .init(title: "train rows", isNumber: true), .init(title: "eval rows", isNumber: true),
      .init(title: "parameters", isNumber: true), .init(title: "tokens", isNumber: true),
      .init(title: "time", isNumber: true), .init(title: "memory", isNumber: true), .init(title: "state"),
    ])
    for estimate in estimates {
      let work = estimate.work
      table.add([
        estimate.id ?? "–", estimate.run.dataset.id, estimate.run.method.label, "\(estimate.run.seed)",
        Format.count(work.map { Double($0.trainingRows) }), Format.count(work.map { Double($0.evaluationRows) }),
        Format.count(Double(estimate.trainableParameters)),
        Format.count(work.map { Double($0.trainingTokens) + Double($0.evaluationTokens) }),
        Format.seconds(estimate.seconds), Format.bytes(estimate.peakBytes.map(Double.init)),
        estimate.isComplete ? "complete" : work == nil ? "no data" : "to do",
      ])
    }
    table.print(to: console)
    let open = estimates.filter { !$0.isComplete }
    var parts = ["\(estimates.count) runs", "\(open.count) to do"]
    let times = open.compactMap(\.seconds)
    if !times.isEmpty { parts.append("about \(Format.longDuration(times.reduce(0, +))) on this machine") }
    if let peak = open.compactMap(\.peakBytes).max() { parts.append("up to \(Format.bytes(Double(peak)))") }
    console.print(parts.joined(separator: ", ") + ", in \(output)")
  }

  func warn(_ console: Console) {
    guard !missing.isEmpty else { return }
    for dataset in missing where missing.count <= 3 { console.warning(dataset.description) }
    let names = missing.map(\.dataset).joined(separator: " ")
    console.warning("\(missing.count) datasets are not there; get them by: \(Program.name) data fetch \(names)")
  }

  private func json(_ estimate: RunEstimate) -> JSONValue {
    [
      "id": JSONValue(estimate.id), "model": JSONValue(estimate.run.model.name),
      "dataset": JSONValue(estimate.run.dataset.id), "method": JSONValue(estimate.run.method.label),
      "seed": JSONValue(estimate.run.seed), "complete": JSONValue(estimate.isComplete),
      "train_rows": JSONValue(estimate.work?.trainingRows), "eval_rows": JSONValue(estimate.work?.evaluationRows),
      "trainable_parameters": JSONValue(estimate.trainableParameters),
      "training_tokens": JSONValue(estimate.work?.trainingTokens),
      "evaluation_tokens": JSONValue(estimate.work?.evaluationTokens), "steps": JSONValue(estimate.work?.steps),
      "estimated_seconds": JSONValue(estimate.seconds), "estimated_peak_bytes": JSONValue(estimate.peakBytes),
    ]
  }
}
