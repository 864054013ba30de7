import PEFTBench

extension HTMLReport {
  /// All complete runs, folded; nil where there are none.
  var runsSection: PageSection? {
    guard !report.results.runs.isEmpty else { return nil }
    let columns = [
      "dataset", "method", "seed", "metric", "score", "invalid", "PSCP", "parameters", "memory", "time", "id",
    ]
    let several = report.suites.count > 1
    let rows = report.suites.flatMap { suite in
      suite.results.methods.indices.flatMap { method in
        suite.results.cells[method].flatMap(\.runs).map { (suite.results, method, $0) }
      }
    }
    let body = rows.map { suite, method, run in
      let time = run.costs.trainingSeconds.map { $0 + (run.costs.evaluationSeconds ?? 0) }
      let cells = [
        suite.title(method), "\(run.seed)", run.metric, NumberText.percent(run.value),
        NumberText.percent(run.invalidRate), NumberText.decimal(run.pscp, digits: 2),
        NumberText.count(run.costs.trainableParameters), NumberText.bytes(run.costs.tensorBytes.total),
        NumberText.seconds(time), run.id,
      ]
      let name = (several ? "\(suite.suiteTitle) · " : "") + run.dataset
      return "<tr><th scope=\"row\"\(PageParts.wrapping(name))>\(VisibleText.markup(name))</th>"
        + cells.map { "<td>\(VisibleText.markup($0))</td>" }.joined() + "</tr>"
    }
    let table = PageParts.table(
      "Every complete run, \(report.suiteTitle); score and invalid answers in percent", style: "runs sortable",
      PageParts.head(columns.map { ($0, true) }) + "<tbody>\(body.joined(separator: "\n"))</tbody>")
    return PageSection(
      "runs", "Runs", [PageParts.folded("All \(NumberText.count(Double(rows.count))) complete runs", table)])
  }
}
