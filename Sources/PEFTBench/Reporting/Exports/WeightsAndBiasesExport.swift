import PEFTBench
import PEFTCore

/// Writes what Weights & Biases keeps of a run in files: `config.yaml`, `wandb-summary.json` and `wandb-metadata.json` as
/// its client writes them, and the history as the CSV that its export API gives; `runs.csv` has all runs in one table.
enum WeightsAndBiasesExport {
  static func write(_ report: Report, to folder: String) throws -> [String] {
    var files: [String] = []
    var names = ExportNames()
    var table: [(fixed: [String], config: [String: String], summary: [String: String])] = []
    var (settings, results): ([String], [String]) = ([], [])
    for suite in report.suites.map(\.results) {
      for method in suite.methods.indices {
        for run in suite.cells[method].flatMap(\.runs) {
          let exported = try ExportedRun(run)
          let title = "\(run.dataset), \(suite.title(method)), seed \(run.seed)"
          let place = names.unique(FileLabel.of(title), run: run.id)
          try AtomicFile.makeFolder("\(folder)/\(place)/files")
          for (name, text) in contents(of: exported, run, title: title, isSafe: report.isCSVSafe) {
            try AtomicFile.write(text, to: "\(folder)/\(place)/\(name)")
            files.append("\(place)/\(name)")
          }
          for (name, _) in exported.settings where !settings.contains(name) { settings.append(name) }
          for (name, _) in exported.results where !results.contains(name) { results.append(name) }
          table.append(
            (
              [title, place, run.id],
              Dictionary(exported.settings.map { ($0.name, $0.value.text ?? $0.value.compactText) }) { first, _ in first
              },
              Dictionary(exported.results.map { ($0.name, text($0.value)) }) { first, _ in first }
            ))
        }
      }
    }
    let lines =
      [["Name", "Folder", "ID"] + settings.map { "config." + $0 } + results.map { "summary." + $0 }]
      + table.map { line in
        line.fixed + settings.map { line.config[$0] ?? "" } + results.map { line.summary[$0] ?? "" }
      }
    try AtomicFile.write(
      lines.map { CSVReport.join($0, isSafe: report.isCSVSafe) + "\r\n" }.joined(), to: folder + "/runs.csv")
    return files + ["runs.csv"]
  }

  private static func contents(
    of exported: ExportedRun, _ run: ReportedRun, title: String, isSafe: Bool
  ) -> [(name: String, text: String)] {
    let config = exported.settings.map { name, value in
      "\(JSONValue.string(name).compactText):\n    value: \(value.compactText)\n"
    }
    var summary: JSONValue = [:]
    for (name, value) in exported.results { summary[name] = .count(value) }
    summary["_step"] = .integer(exported.steps.map(\.number).max() ?? 0)
    summary["_runtime"] = .number(exported.end - exported.start)
    summary["_timestamp"] = .number(exported.end)
    let metadata: JSONValue = [
      "os": JSONValue(run.environment?.os ?? ""), "startedAt": JSONValue(run.started),
      "program": "peft-bench", "codePath": "peft-bench", "name": JSONValue(title), "id": JSONValue(run.id),
      "version": JSONValue(Version.current),
    ]
    var names: [String] = []
    for (name, _) in exported.steps.flatMap(\.values) where !names.contains(name) { names.append(name) }
    let history =
      [["_step", "_timestamp"] + names]
      + exported.steps.map { step in
        ["\(step.number)", text(step.time)]
          + names.map { name in step.values.first { $0.name == name }.map { text($0.value) } ?? "" }
      }
    return [
      ("files/config.yaml", config.joined()), ("files/wandb-summary.json", summary.prettyText),
      ("files/wandb-metadata.json", metadata.prettyText),
      ("history.csv", history.map { CSVReport.join($0, isSafe: isSafe) + "\r\n" }.joined()),
    ]
  }

  private static func text(_ value: Double) -> String { JSONValue.count(value).compactText }
}
