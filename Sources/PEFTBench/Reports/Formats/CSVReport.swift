import PEFTCore

/// A report as CSV (RFC 4180): one row a run, failed and missing ones too.
enum CSVReport {
  static let columns = [
    "suite", "model", "dataset", "method", "seed", "status", "metric", "score", "invalid_rate", "count", "pscp",
    "trainable_parameters", "added_inference_flops", "peak_tensor_bytes", "peak_rss_bytes", "tokens_seen",
    "training_seconds", "evaluation_seconds", "id", "error",
  ]

  static func text(_ report: Report) -> String {
    var lines = [columns.joined(separator: ",")]
    for suite in report.suites {
      for run in suite.results.runs { lines.append(line(run)) }
      for run in suite.results.failures {
        lines.append(
          join(
            [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", "failed"] + empty(12)
              + [run.id, run.error]))
      }
      for run in suite.results.missing {
        lines.append(
          join(
            [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", "missing"] + empty(12)
              + [run.id ?? "", run.cause]))
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func line(_ run: ReportedRun) -> String {
    let costs = run.costs
    func number(_ value: Double?) -> String { value.map { JSONValue.count($0).compactText } ?? "" }
    return join(
      [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", "complete", run.metric, number(run.value)]
        + [
          run.invalidRate, run.answerCount.map(Double.init), run.penalties?.value, costs.trainableParameters,
          costs.addedFLOPs, costs.tensorBytes, costs.residentBytes, costs.tokensSeen, costs.trainingSeconds,
          costs.evaluationSeconds,
        ].map(number) + [run.id, ""])
  }

  private static func empty(_ count: Int) -> [String] { Array(repeating: "", count: count) }

  private static func join(_ fields: [String]) -> String {
    fields.map { field in
      let needsQuotes = field.unicodeScalars.contains { ["\"", ",", "\n", "\r"].contains($0) }
      return needsQuotes ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }.joined(separator: ",")
  }
}
