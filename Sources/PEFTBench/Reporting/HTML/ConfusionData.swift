import PEFTBench
import PEFTCore

/// Which label was taken for which in each run: what the page's script makes tables of, one run at a time.
///
/// Tables of all runs would be most of a large page.
struct ConfusionData {
  let json: JSONValue
  /// Whether some run tells its classes.
  let hasRuns: Bool

  init(_ report: Report) {
    var methods: [JSONValue] = []
    var datasets: [JSONValue] = []
    for suite in report.suites.map(\.results) {
      let prefix = report.suites.count > 1 ? "\(suite.suiteTitle) · " : ""
      let first = methods.count
      methods += suite.methods.indices.map { JSONValue(VisibleText.of(suite.title($0))) }
      // The model as it is comes last, so that nothing begins with it.
      let order = suite.methods.indices.sorted {
        (suite.methods[$0].isZeroShot ? 1 : 0, $0) < (suite.methods[$1].isZeroShot ? 1 : 0, $1)
      }
      for dataset in suite.datasets.indices {
        let runs = order.flatMap { method in
          suite.cells[method][dataset].runs.filter { !$0.summary.classes.isEmpty }.map { run in
            Self.run(run, method: first + method)
          }
        }
        guard !runs.isEmpty else { continue }
        datasets.append(["name": JSONValue(VisibleText.of(prefix + suite.datasets[dataset])), "runs": .array(runs)])
      }
    }
    json = ["methods": .array(methods), "datasets": .array(datasets)]
    hasRuns = !datasets.isEmpty
  }

  private static func run(_ run: ReportedRun, method: Int) -> JSONValue {
    let classes = run.summary.classes
    let confusion = run.summary.confusion
    return [
      "method": JSONValue(method), "seed": run.isZeroShot ? .null : JSONValue(run.seed),
      "labels": JSONValue(classes.map { VisibleText.of($0.label) }),
      "classes": .array(
        classes.map { scores in
          JSONValue(
            [scores.precision, scores.recall, scores.f1].map { (1000 * $0).rounded() / 10 } + [Double(scores.support)])
        }),
      "matrix": confusion.map { confusion in
        [
          "labels": JSONValue(confusion.labels.map { VisibleText.of($0) }),
          "counts": .array(confusion.counts.map { JSONValue($0) }),
          "invalid": JSONValue(confusion.invalid),
        ]
      } ?? .null,
      "absence": JSONValue(run.summary.confusionAbsence),
    ]
  }
}
