import Foundation
import PEFTBench
import PEFTCore

/// Writes MLflow's file store: `mlruns/` with an experiment a suite, in which each run has its parameters, metrics by step
/// and tags, a file each.
///
/// `mlflow ui --backend-store-uri mlruns` shows it.
enum MLflowExport {
  /// Most characters of a parameter's value that MLflow takes.
  private static let longestValue = 6000

  static func write(_ report: Report, to folder: String) throws -> [String] {
    var files: [String] = []
    let root = URL(fileURLWithPath: folder).standardizedFileURL
    func put(_ text: String, _ path: [String]) throws {
      let name = path.joined(separator: "/")
      try AtomicFile.makeFolder("\(folder)/\(path.dropLast().joined(separator: "/"))")
      try AtomicFile.write(text, to: "\(folder)/\(name)")
      files.append(name)
    }
    for suite in report.suites.map(\.results) where !suite.runs.isEmpty {
      let name = "\(report.results.name), \(suite.suiteTitle)"
      let experiment = number(of: name)
      let place = ["mlruns", experiment]
      let ends = try suite.runs.map { try ExportedRun($0).end }.max() ?? 0
      try put(
        yaml([
          ("artifact_location", .string(root.appending(path: "mlruns/\(experiment)").absoluteString)),
          ("creation_time", milliseconds(ends)), ("experiment_id", .string(experiment)),
          ("last_update_time", milliseconds(ends)), ("lifecycle_stage", "active"), ("name", .string(name)),
        ]), place + ["meta.yaml"])
      for method in suite.methods.indices {
        for run in suite.cells[method].flatMap(\.runs) {
          let id = String(SHA256.hexadecimal(of: Array("\(suite.suite) \(run.id)".utf8)).prefix(32))
          let title = "\(run.dataset), \(suite.title(method)), seed \(run.seed)"
          for (path, text) in try contents(of: run, id: id, title: title, experiment: experiment, root: root) {
            try put(text, place + [id] + path)
          }
        }
      }
    }
    return files
  }

  /// The files of a run, from its folder.
  private static func contents(
    of run: ReportedRun, id: String, title: String, experiment: String, root: URL
  ) throws -> [(path: [String], text: String)] {
    let exported = try ExportedRun(run)
    let artifacts = root.appending(path: "mlruns/\(experiment)/\(id)/artifacts").absoluteString
    let meta = yaml([
      ("artifact_uri", .string(artifacts)), ("end_time", milliseconds(exported.end)), ("entry_point_name", ""),
      ("experiment_id", .string(experiment)), ("lifecycle_stage", "active"), ("run_id", .string(id)),
      ("run_name", .string(title)), ("run_uuid", .string(id)), ("source_name", ""), ("source_type", 4),
      ("source_version", ""), ("start_time", milliseconds(exported.start)), ("status", 3), ("tags", []),
      ("user_id", "peft-bench"),
    ])
    var files: [(path: [String], text: String)] = [(["meta.yaml"], meta)]
    for (name, value) in exported.settings {
      files.append((["params", key(name)], VisibleText.cut(value.text ?? value.compactText, to: longestValue)))
    }
    var metrics: [(name: String, lines: String)] = []
    func add(_ name: String, _ line: String) {
      if let place = metrics.firstIndex(where: { $0.name == name }) {
        metrics[place].lines += line
      } else {
        metrics.append((name, line))
      }
    }
    for step in exported.steps {
      for (name, value) in step.values {
        add(name, "\(Int(step.time * 1000)) \(JSONValue.number(value).compactText) \(step.number)\n")
      }
    }
    let last = exported.steps.map(\.number).max() ?? 0
    for (name, value) in exported.results {
      add(name, "\(Int(exported.end * 1000)) \(JSONValue.number(value).compactText) \(last)\n")
    }
    files += metrics.map { (["metrics"] + $0.name.split(separator: "/").map { key(String($0)) }, $0.lines) }
    let tags = [
      ("mlflow.runName", title), ("mlflow.source.name", "peft-bench"), ("mlflow.source.type", "LOCAL"),
      ("mlflow.user", "peft-bench"), ("peft_bench.id", run.id), ("peft_bench.version", Version.current),
    ]
    return files + tags.map { (["tags", $0.0], $0.1) } + [(["artifacts", "run.json"], run.json.prettyText)]
  }

  /// The characters that MLflow takes in a key.
  private static func key(_ name: String) -> String {
    let kept = name.unicodeScalars.map { scalar in
      let isKept =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_-. ".unicodeScalars.contains(scalar))
      return isKept ? Character(scalar) : "_"
    }
    let text = String(kept.prefix(200))
    // Neither a hidden file nor the folder above.
    return text.isEmpty || text.hasPrefix(".") || text.hasPrefix(" ") ? "_" + text : text
  }

  /// An experiment's id: digits that depend on nothing but its name.
  private static func number(of name: String) -> String {
    let digits = SHA256.hexadecimal(of: Array(name.utf8)).prefix(15)
    return String(UInt64(digits, radix: 16) ?? 1)
  }

  private static func milliseconds(_ seconds: Double) -> JSONValue { .integer(Int(seconds * 1000)) }

  /// A YAML map; JSON's texts and numbers are YAML's as well.
  private static func yaml(_ members: [(key: String, value: JSONValue)]) -> String {
    members.map { "\($0.key): \($0.value.compactText)\n" }.joined()
  }
}
