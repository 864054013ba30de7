import PEFTBench
import PEFTCore

/// A report as CSV (RFC 4180): one row a run, failed and missing ones too.
///
/// The columns of `CSVScores` come before the last two.
///
/// Unless told otherwise, a cell that a spreadsheet would take for a formula begins with an apostrophe, by which
/// spreadsheets know a text.
enum CSVReport {
  static let columns = [
    "suite", "model", "dataset", "method", "seed", "status", "metric", "score", "majority", "chance",
    "distinct_answers", "invalid_rate", "count", "pscp",
    "trainable_parameters", "added_inference_flops", "peak_tensor_bytes", "peak_rss_bytes", "tokens_seen",
    "training_seconds", "evaluation_seconds", "id", "error",
  ]

  static func text(_ report: Report) -> String {
    let scores = CSVScores(report.suites.flatMap(\.results.runs))
    let absent = 15 + scores.columns.count
    var lines = [join(columns.dropLast(2) + scores.columns + columns.suffix(2), isSafe: report.isCSVSafe)]
    for suite in report.suites {
      for run in suite.results.runs { lines.append(line(run, scores, isSafe: report.isCSVSafe)) }
      for run in suite.results.failures {
        lines.append(
          join(
            [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", "failed"] + empty(absent)
              + [run.id, run.error], isSafe: report.isCSVSafe))
      }
      for run in suite.results.missing {
        lines.append(
          join(
            [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", "missing"] + empty(absent)
              + [run.id ?? "", run.cause], isSafe: report.isCSVSafe))
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func line(_ run: ReportedRun, _ scores: CSVScores, isSafe: Bool) -> String {
    let costs = run.costs
    func number(_ value: Double?) -> String { value.map { JSONValue.count($0).compactText } ?? "" }
    return join(
      [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", "complete", run.metric, number(run.value)]
        + [
          run.baseline.majority, run.baseline.chance, run.baseline.distinctAnswers.map(Double.init), run.invalidRate,
          run.answerCount.map(Double.init), run.pscp, costs.trainableParameters,
          costs.addedFLOPs, costs.tensorBytes.total, costs.residentBytes, costs.tokensSeen, costs.trainingSeconds,
          costs.evaluationSeconds,
        ].map(number) + scores.cells(of: run) + [run.id, ""], isSafe: isSafe)
  }

  private static func empty(_ count: Int) -> [String] { Array(repeating: "", count: count) }

  /// The cell with an apostrophe before it where it would be run, which a number is not.
  static func safe(_ field: String) -> String {
    guard let first = field.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) else { return field }
    let isNumber = Double(field) != nil && field.utf8.dropFirst().first.map { (0x30...0x39).contains($0) } == true
    return isNumber ? field : "'" + field
  }

  /// A line of cells, quoted where they need it.
  static func join(_ fields: [String], isSafe: Bool) -> String {
    fields.map { field in
      let field = isSafe ? safe(field) : field
      let needsQuotes = field.unicodeScalars.contains { ["\"", ",", "\n", "\r"].contains($0) }
      return needsQuotes ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }.joined(separator: ",")
  }
}
