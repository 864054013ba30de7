import PEFTBench
import PEFTCore

/// A report as CSV (RFC 4180): one row a run, failed and missing ones too.
///
/// The columns of `CSVScores` come before the last two.
///
/// Unless told otherwise, a cell that a spreadsheet would take for a formula begins with an apostrophe, by which
/// spreadsheets know a text.
struct CSVReport {
  /// A line of the table: a run that is complete, failed or missing.
  struct Line {
    let modelName: String
    let dataset: String
    let label: String
    let seed: Int
    let status: String
    /// The run, if it is complete.
    let run: ReportedRun?
    /// The cells as they are before quoting, marked for spreadsheets where that is asked for.
    let cells: [String]
  }

  /// The titles of all columns.
  let columns: [String]
  private let report: Report
  private let scores: CSVScores

  private static let columns = [
    "suite", "model", "dataset", "method", "seed", "status", "metric", "score", "majority", "chance",
    "distinct_answers", "invalid_rate", "count", "pscp",
    "trainable_parameters", "added_inference_flops", "peak_tensor_bytes", "peak_rss_bytes", "tokens_seen",
    "training_seconds", "evaluation_seconds", "id", "error",
  ]

  init(_ report: Report) {
    self.report = report
    scores = CSVScores(report.suites.flatMap(\.results.runs))
    columns = Self.columns.dropLast(2) + scores.columns + Self.columns.suffix(2)
  }

  static func text(_ report: Report) -> String {
    let table = CSVReport(report)
    let lines = [table.columns] + report.suites.flatMap { table.lines(of: $0) }.map(\.cells)
    // The cells of a line are marked already.
    return lines.map { join($0, isSafe: false) + "\r\n" }.joined()
  }

  /// The lines of a suite, complete runs first.
  func lines(of suite: Report.Suite) -> [Line] {
    let results = suite.results
    func absent(_ run: some PlacedRun, _ status: String, id: String, cause: String) -> Line {
      let cells = [run.suite, run.modelName, run.dataset, run.label, "\(run.seed)", status]
      let empty = Array(repeating: "", count: columns.count - cells.count - 2)
      return line(run, status, nil, cells + empty + [id, cause])
    }
    return results.runs.map { line($0, "complete", $0, cells(of: $0, labelled: results.label(of: $0))) }
      + results.failures.map { absent($0, "failed", id: $0.id, cause: $0.error) }
      + results.missing.map { absent($0, "missing", id: $0.id ?? "", cause: $0.cause) }
  }

  private func line(_ run: some PlacedRun, _ status: String, _ complete: ReportedRun?, _ cells: [String]) -> Line {
    Line(
      modelName: run.modelName, dataset: run.dataset, label: run.label, seed: run.seed, status: status, run: complete,
      cells: report.isCSVSafe ? cells.map(Self.safe) : cells)
  }

  private func cells(of run: ReportedRun, labelled label: String) -> [String] {
    let costs = run.costs
    func number(_ value: Double?) -> String { value.map { JSONValue.count($0).compactText } ?? "" }
    return [run.suite, run.modelName, run.dataset, label, "\(run.seed)", "complete", run.metric, number(run.value)]
      + [
        run.baseline.majority, run.baseline.chance, run.baseline.distinctAnswers.map(Double.init), run.invalidRate,
        run.answerCount.map(Double.init), run.pscp, costs.trainableParameters,
        costs.addedFLOPs, costs.tensorBytes.total, costs.residentBytes, costs.tokensSeen, costs.trainingSeconds,
        costs.evaluationSeconds,
      ].map(number) + scores.cells(of: run) + [run.id, ""]
  }

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
