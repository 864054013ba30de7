import PEFTBench
import PEFTCore

/// `plan`: the runs of a config, without doing them.
enum PlanCommand {
  static let command = Command(
    name: "plan", summary: "Show the runs that a config asks for, without doing them.",
    positionals: [PositionalSpec(name: "CONFIG", help: "The config, JSON or YAML.")],
    options: RunCommand.selection + [.json, .quiet],
    examples: [
      .init(line: "peft-bench plan configs/smollm2.yaml", meaning: "All runs with their sizes."),
      .init(line: "peft-bench plan c.json --json | jq length", meaning: "How many runs there are."),
    ],
    run: { arguments, console in try show(arguments, console) })

  static func show(_ arguments: ParsedArguments, _ console: Console) throws -> ExitStatus {
    let session = try RunSession(arguments)
    let runner = Runner(
      session.configuration, results: session.results, context: session.context, cancellation: CancellationFlag(),
      watch: { event in if case .note(let text) = event { console.note("note: \(text)") } })
    let estimates = try runner.inspect(session.runs)
    if arguments.flag("json") {
      console.print(json: .array(estimates.map(json)))
      return .done
    }
    var table = TextTable([
      .init(title: "id"), .init(title: "dataset"), .init(title: "method"), .init(title: "seed", isNumber: true),
      .init(title: "train rows", isNumber: true), .init(title: "eval rows", isNumber: true),
      .init(title: "parameters", isNumber: true), .init(title: "tokens", isNumber: true), .init(title: "state"),
    ])
    for estimate in estimates {
      table.add([
        estimate.id, estimate.run.dataset.id, estimate.run.method.label, "\(estimate.run.seed)",
        Format.count(Double(estimate.trainingRows)), Format.count(Double(estimate.evaluationRows)),
        Format.count(Double(estimate.trainableParameters)),
        Format.count(Double(estimate.trainingTokens + estimate.evaluationTokens)),
        estimate.isComplete ? "complete" : "to do",
      ])
    }
    table.print(to: console)
    let open = estimates.filter { !$0.isComplete }.count
    console.print("\(estimates.count) runs, \(open) to do, in \(session.results.path)")
    return .done
  }

  private static func json(_ estimate: RunEstimate) -> JSONValue {
    [
      "id": JSONValue(estimate.id), "model": JSONValue(estimate.run.model.name),
      "dataset": JSONValue(estimate.run.dataset.id), "method": JSONValue(estimate.run.method.label),
      "seed": JSONValue(estimate.run.seed), "complete": JSONValue(estimate.isComplete),
      "train_rows": JSONValue(estimate.trainingRows), "eval_rows": JSONValue(estimate.evaluationRows),
      "trainable_parameters": JSONValue(estimate.trainableParameters),
      "training_tokens": JSONValue(estimate.trainingTokens),
      "evaluation_tokens": JSONValue(estimate.evaluationTokens),
    ]
  }
}
