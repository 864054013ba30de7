import Foundation
import PEFTBench
import PEFTCore

/// `status`: how far the sweeps of a results folder have come.
enum StatusCommand {
  static let command = Command(
    name: "status", summary: "Show how far the sweep in a results folder has come.",
    discussion: [
      "Everything is read from the folder's files and locks, on any machine that sees them, and disturbs no run. A run "
        + "counts as running while a process has its lock; one whose process was killed is waiting again."
    ],
    positionals: [PositionalSpec(name: "DIR", help: "The results folder.")],
    options: [
      OptionSpec(long: "watch", help: "Show it again every two seconds until all runs are done; Ctrl-C ends it."),
      .json,
    ],
    examples: [
      .init(line: "peft-bench status results/full", meaning: "What is done, running, failed and waiting."),
      .init(line: "peft-bench status results/full --json | jq .counts", meaning: "The same for a script."),
    ],
    run: { arguments, console in
      let results = ResultsFolder(path: arguments.positional("DIR") ?? "")
      let flag = arguments.flag("watch") ? Interrupts.flag(console: console) : CancellationFlag()
      while true {
        let status = try SweepStatus(of: results)
        if arguments.flag("json") {
          console.print(json: StatusReport(status: status).json)
        } else {
          let traits = console.outputTraits
          if arguments.flag("watch"), traits.isTerminal { console.print("\u{1B}[H\u{1B}[2J\u{1B}[3J") }
          StatusReport(status: status).print(to: console)
        }
        let counts = SweepStatus.counts(status.runs)
        guard arguments.flag("watch"), counts.running + counts.waiting > 0 else { return .done }
        console.flush()
        for _ in 0..<20 where !flag.isCancelled { Thread.sleep(forTimeInterval: 0.1) }
        if flag.isCancelled { return .interrupted }
      }
    })
}

/// A folder's status as people and scripts read it.
struct StatusReport {
  let status: SweepStatus

  private static let mostFailures = 10

  func print(to console: Console) {
    let traits = console.outputTraits
    let models = ordered(status.runs.map(\.model))
    for model in models {
      let runs = status.runs.filter { $0.model == model }
      if models.count > 1 { console.print(traits.styled(Console.harmless(model), .bold)) }
      matrix(of: runs).print(to: console)
      console.print("")
    }
    printRunning(to: console)
    printFailed(to: console)
    printDamaged(to: console)
    console.print(summary)
  }

  /// Datasets by methods; a cell has complete runs of all, and a mark for those that run or failed.
  private func matrix(of runs: [SweepStatus.Run]) -> TextTable {
    let methods = ordered(runs.map(\.method))
    var table = TextTable([.init(title: "dataset")] + methods.map { .init(title: $0, isNumber: true) })
    let byDataset = Dictionary(grouping: runs, by: \.dataset)
    for dataset in ordered(runs.map(\.dataset)) {
      let byMethod = Dictionary(grouping: byDataset[dataset] ?? [], by: \.method)
      table.add([dataset] + methods.map { method in Self.cell(SweepStatus.counts(byMethod[method] ?? [])) })
    }
    return table
  }

  static func cell(_ counts: SweepStatus.Counts) -> String {
    guard counts.total > 0 else { return "" }
    if counts.total == 1 {
      if counts.complete > 0 { return "done" }
      if counts.running > 0 { return "running" }
      if counts.failed > 0 { return "failed" }
      if counts.damaged > 0 { return "damaged" }
      return counts.interrupted > 0 ? "stopped" : "–"
    }
    var parts = ["\(counts.complete)/\(counts.total)"]
    if counts.running > 0 { parts.append("\(counts.running) running") }
    if counts.failed > 0 { parts.append("\(counts.failed) failed") }
    if counts.damaged > 0 { parts.append("\(counts.damaged) damaged") }
    return parts.joined(separator: ", ")
  }

  private func printRunning(to console: Console) {
    var table = TextTable([
      .init(title: "running"), .init(title: "seed", isNumber: true), .init(title: "phase"),
      .init(title: "done", isNumber: true), .init(title: "loss", isNumber: true), .init(title: "rate", isNumber: true),
      .init(title: "time", isNumber: true), .init(title: "process"),
    ])
    for run in status.runs {
      guard case .running(let progress) = run.state else { continue }
      let rate = progress.flatMap { progress in
        progress.rate.map { rate in
          switch progress.phase {
          case .choice: "\(Format.decimal(rate, digits: 1)) candidates/s"
          case .training: "\(Format.count(rate)) tok/s"
          case .evaluation: "\(Format.decimal(rate, digits: 1)) answers/s"
          }
        }
      }
      table.add([
        "\(run.dataset)/\(run.method)", "\(run.seed)", progress?.phase.rawValue ?? "begins",
        progress.map { "\($0.done)/\($0.total)" } ?? "–", Format.decimal(progress?.loss, digits: 3), rate ?? "–",
        Format.seconds(progress?.seconds), progress.map { "\($0.host):\($0.process)" } ?? "–",
      ])
    }
    guard !table.rows.isEmpty else { return }
    table.print(to: console)
    console.print("")
  }

  private func printFailed(to console: Console) {
    var count = 0
    for run in status.runs {
      guard case .failed(let cause) = run.state else { continue }
      count += 1
      guard count <= Self.mostFailures else { continue }
      let text = "\(run.dataset)/\(run.method) seed \(run.seed) failed: \(cause)"
      console.print(Console.harmless(text.replacing("\n", with: " ")))
    }
    if count > Self.mostFailures { console.print("… and \(count - Self.mostFailures) more, see --json") }
    if count > 0 { console.print("") }
  }

  private func printDamaged(to console: Console) {
    var lines = status.runs.compactMap { run -> String? in
      guard case .damaged(let reason) = run.state else { return nil }
      return "\(run.dataset)/\(run.method) seed \(run.seed): damaged record, \(reason)"
    }
    lines += status.strays.map { "not in the plan: unusable record, \($0.reason)" }
    for line in lines.prefix(Self.mostFailures) { console.print(Console.harmless(line.replacing("\n", with: " "))) }
    if lines.count > Self.mostFailures { console.print("… and \(lines.count - Self.mostFailures) more, see --json") }
    if !lines.isEmpty { console.print("") }
  }

  private var summary: String {
    let counts = SweepStatus.counts(status.runs)
    var parts = ["\(NumberText.counted(counts.total, "run")): \(counts.complete) done"]
    if counts.running > 0 { parts.append("\(counts.running) running") }
    if counts.failed > 0 { parts.append("\(counts.failed) failed") }
    if counts.damaged > 0 { parts.append("\(counts.damaged) damaged, to be done again") }
    if counts.waiting > 0 {
      parts.append("\(counts.waiting) waiting" + (counts.interrupted > 0 ? " (\(counts.interrupted) stopped)" : ""))
    }
    parts.append("\(Format.longDuration(status.secondsSpent)) of work")
    if counts.running + counts.waiting > 0, let left = status.secondsLeft {
      parts.append("about \(Format.longDuration(left)) left")
    }
    return parts.joined(separator: ", ")
  }

  var json: JSONValue {
    let counts = SweepStatus.counts(status.runs)
    return [
      "counts": [
        "total": JSONValue(counts.total), "complete": JSONValue(counts.complete), "running": JSONValue(counts.running),
        "failed": JSONValue(counts.failed), "damaged": JSONValue(counts.damaged),
        "waiting": JSONValue(counts.waiting), "interrupted": JSONValue(counts.interrupted),
      ],
      "seconds_spent": JSONValue(status.secondsSpent), "seconds_left": JSONValue(status.secondsLeft),
      "runs": .array(status.runs.map(Self.json)),
      "strays": .array(status.strays.map { ["id": JSONValue($0.id), "error": JSONValue($0.reason)] }),
    ]
  }

  private static func json(_ run: SweepStatus.Run) -> JSONValue {
    var json: JSONValue = [
      "model": JSONValue(run.model), "dataset": JSONValue(run.dataset), "method": JSONValue(run.method),
      "seed": JSONValue(run.seed), "id": JSONValue(run.id),
    ]
    switch run.state {
    case .complete(let seconds, let score):
      json["state"] = "complete"
      json["seconds"] = JSONValue(seconds)
      json["score"] = JSONValue(score)
    case .running(let progress):
      json["state"] = "running"
      json["phase"] = JSONValue(progress?.phase.rawValue)
      json["done"] = JSONValue(progress?.done)
      json["total"] = JSONValue(progress?.total)
      json["loss"] = JSONValue(progress?.loss)
      json["rate"] = JSONValue(progress?.rate)
      json["seconds"] = JSONValue(progress?.seconds)
      json["host"] = JSONValue(progress?.host)
      json["process"] = JSONValue(progress?.process)
    case .failed(let cause):
      json["state"] = "failed"
      json["error"] = JSONValue(cause)
    case .damaged(let reason):
      json["state"] = "damaged"
      json["error"] = JSONValue(reason)
    case .waiting(let isInterrupted):
      json["state"] = "waiting"
      json["interrupted"] = JSONValue(isInterrupted)
    }
    return json
  }

  /// Each text once, in the order of its first place.
  private func ordered(_ texts: [String]) -> [String] {
    var known: Set<String> = []
    return texts.filter { known.insert($0).inserted }
  }
}
