import Foundation
import PEFTBench
import PEFTCore

/// Writes results as lm-evaluation-harness does: for each method and seed a folder with results_<date>.json, and the
/// answers to each dataset as samples_<dataset>_<date>.jsonl.
enum HarnessExport {
  static func write(_ report: Report, to folder: String) throws -> [String] {
    var files: [String] = []
    var names = ExportNames()
    for suite in report.suites.map(\.results) {
      for method in suite.methods.indices {
        let runs = suite.cells[method].flatMap(\.runs)
        for seed in Set(runs.map(\.seed)).sorted() {
          let own = runs.filter { $0.seed == seed }
          let title = "\(own[0].modelName)__\(suite.methods[method].title)__\(suite.suite)__seed-\(seed)"
          let place = names.unique(FileLabel.of(title), run: own[0].id)
          let ends = own.map(\.finished).max() ?? ""
          let date = FileLabel.of(
            ends.isEmpty ? "1970-01-01T00-00-00" : ends.replacing(":", with: "-").replacing("Z", with: ""))
          try AtomicFile.makeFolder("\(folder)/\(place)")
          var hashes: JSONValue = [:]
          for run in own {
            guard let (lines, hash) = try samples(of: run) else { continue }
            let task = names.unique("\(place)/samples_\(FileLabel.of(run.dataset))", run: run.id)
            let name = "\(task)_\(date).jsonl"
            try AtomicFile.write(lines, to: "\(folder)/\(name)")
            hashes[run.dataset] = JSONValue(hash)
            files.append(name)
          }
          let name = "\(place)/results_\(date).json"
          try AtomicFile.write(results(own, name: place, hashes: hashes).prettyText, to: "\(folder)/\(name)")
          files.append(name)
        }
      }
    }
    return files
  }

  private static func results(_ runs: [ReportedRun], name: String, hashes: JSONValue) -> JSONValue {
    let empty: JSONValue = [:]
    var (results, subtasks, configs, versions) = (empty, empty, empty, empty)
    var (shots, higher, counts) = (empty, empty, empty)
    for run in runs {
      let task = run.dataset
      var scores: JSONValue = ["alias": JSONValue(task)]
      var better: JSONValue = [:]
      for score in [NamedScore(name: run.metric, value: run.value)] + run.scores.filter({ $0.name != run.metric }) {
        let metric = metricName(score.name)
        let error = score.name == run.metric ? standardError(run) : nil
        scores["\(metric),none"] = JSONValue(score.value)
        scores["\(metric)_stderr,none"] = error.map { .number($0) } ?? "N/A"
        better[metric] = true
      }
      results[task] = scores
      subtasks[task] = .array([])
      configs[task] = [
        "task": JSONValue(task), "dataset_path": JSONValue(task), "output_type": JSONValue(outputType(run)),
        "num_fewshot": 0,
        "metric_list": [
          ["metric": JSONValue(metricName(run.metric)), "aggregation": "mean", "higher_is_better": true]
        ], "repeats": 1, "metadata": ["version": 1, "suite": JSONValue(run.suite)],
      ]
      versions[task] = 1
      shots[task] = 0
      higher[task] = better
      counts[task] = ["original": JSONValue(run.answerCount), "effective": JSONValue(run.answerCount)]
    }
    let seconds = runs.reduce(0) { $0 + ($1.costs.evaluationSeconds ?? 0) }
    let date = (try? Date.ISO8601FormatStyle().parse(runs[0].finished))?.timeIntervalSince1970
    return [
      "results": results, "group_subtasks": subtasks, "configs": configs, "versions": versions, "n-shot": shots,
      "higher_is_better": higher, "n-samples": counts,
      "config": [
        "model": "peft-bench", "model_args": JSONValue("pretrained=\(runs[0].modelName),method=\(runs[0].label)"),
        "model_num_parameters": .count(runs[0].modelParameters), "model_sha": JSONValue(runs[0].modelHash),
        "batch_size": .null, "device": "cpu", "use_cache": .null, "limit": .null, "bootstrap_iters": 0,
        "gen_kwargs": [:], "random_seed": JSONValue(runs[0].seed),
      ], "git_hash": .null, "date": JSONValue(date), "pretty_env_info": JSONValue(runs[0].environment?.os ?? ""),
      "transformers_version": .null, "lm_eval_version": .null, "peft_bench_version": JSONValue(Version.current),
      "task_hashes": hashes, "model_source": "peft-bench", "model_name": JSONValue(name),
      "model_name_sanitized": JSONValue(name), "system_instruction": .null, "system_instruction_sha": .null,
      "fewshot_as_multiturn": false, "chat_template": .null,
      "chat_template_sha": JSONValue(runs[0].data.map { $0.templateHash ?? "" }),
      "start_time": 0.0, "end_time": JSONValue(seconds), "total_evaluation_time_seconds": JSONValue("\(seconds)"),
    ]
  }

  /// The lines of a samples file with the hash over all of them; nil where there are no predictions.
  private static func samples(of run: ReportedRun) throws -> (lines: [UInt8], hash: String)? {
    guard let folder = run.folder else { return nil }
    let metric = metricName(run.metric)
    let file = try PredictionLines(path: folder + "/predictions.jsonl")
    var lines: [UInt8] = []
    var hashes = ""
    for index in 0..<file.count {
      let row = try file.row(index)
      let parts = [row.prompt, row.prompt, row.label].map { SHA256.hexadecimal(of: Array($0.utf8)) }
      hashes += parts.joined()
      let isCorrect = try file.isCorrect(index)
      let line: JSONValue = [
        "doc_id": JSONValue(index), "doc": ["prompt": JSONValue(row.prompt), "label": JSONValue(row.label)],
        "target": JSONValue(row.label),
        "arguments": ["gen_args_0": ["arg_0": JSONValue(row.prompt), "arg_1": [:]]],
        "resps": [[JSONValue(row.predict)]], "filtered_resps": [JSONValue(row.predict)], "filter": "none",
        "metrics": [JSONValue(metric)], "doc_hash": JSONValue(parts[0]), "prompt_hash": JSONValue(parts[1]),
        "target_hash": JSONValue(parts[2]), metric: JSONValue(isCorrect.map { $0 ? 1.0 : 0.0 }),
      ]
      lines += line.line
    }
    return (lines, SHA256.hexadecimal(of: Array(hashes.utf8)))
  }

  /// What the harness calls the way in which answers come about.
  private static func outputType(_ run: ReportedRun) -> String {
    run.settings.string("evaluation.mode") == EvaluationConfiguration.Mode.rank.rawValue
      ? "multiple_choice" : "generate_until"
  }

  /// The harness's names of metrics that both have.
  private static func metricName(_ name: String) -> String { ["accuracy": "acc", "matthews": "mcc"][name] ?? name }

  /// The standard error of a mean over rows that are right or wrong; nil for other scores.
  private static func standardError(_ run: ReportedRun) -> Double? {
    guard run.isScoredByRow, let count = run.marks?.count, count > 1 else { return nil }
    return (run.value * (1 - run.value) / Double(count - 1)).squareRoot()
  }
}
