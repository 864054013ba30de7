import PEFTBench
import PEFTCore

/// Scores by the number of training rows, for each start of the adapters that were trained: afresh, from another adapter,
/// from a sum of several.
struct FewShotCurves {
  /// A start with its scores.
  struct Line {
    let name: String
    /// By rising number of rows.
    let points: [Point]
  }

  /// The runs of one start with one number of training rows: the seeds of one dataset, or the means over several.
  struct Point {
    let rows: Double
    let value: Double
    let interval: Bootstrap.Interval?
  }

  /// The datasets that have such runs, with their lines.
  let datasets: [(name: String, lines: [Line])]
  /// The mean over all of them; empty for one.
  let mean: [Line]

  /// - Returns: nil where no start but a fresh one was trained with several numbers of rows.
  init?(_ suite: SuiteResults) {
    // What tells runs of one label and one number of rows apart makes lines of their own.
    let lines = suite.runs.filter { !$0.isZeroShot }.groupedInOrder {
      Self.name(of: $0, in: suite) + suite.contentName(of: $0)
    }
    let groups = Dictionary(uniqueKeysWithValues: lines.map { ($0.key, $0.elements) })
    // A start that trains with one number of rows is no curve, and neither is a sum that is judged as it is.
    let names = lines.filter { line in
      line.elements.contains(where: \.isTrained) && Set(line.elements.map(Self.rows)).count > 1
    }.map(\.key)
    guard names.contains(where: { groups[$0]?.contains { AdapterStart($0) != nil } == true }) else { return nil }
    func runs(_ name: String, _ dataset: String) -> [Double: [ReportedRun]] {
      Dictionary(grouping: (groups[name] ?? []).filter { $0.dataset == dataset }, by: Self.rows)
    }
    let used = suite.datasets.filter { dataset in names.contains { runs($0, dataset).count > 1 } }
    datasets = used.map { dataset in
      let lines = names.compactMap { name -> Line? in
        let points = runs(name, dataset).sorted { $0.key < $1.key }.map { rows, runs in
          Point(rows: rows, value: Summary.mean(runs.map(\.value)), interval: RunInterval.of(runs))
        }
        return points.count > 1 ? Line(name: name, points: points) : nil
      }
      return (dataset, lines)
    }
    guard used.count > 1 else {
      mean = []
      return
    }
    mean = names.compactMap { name -> Line? in
      let all = used.map { runs(name, $0) }
      let common = all.dropFirst().reduce(Set(all[0].keys)) { $0.intersection($1.keys) }.sorted()
      let points = common.map { rows -> Point in
        let cells = all.map { $0[rows] ?? [] }
        let parts = cells.compactMap(RunInterval.part)
        return Point(
          rows: rows, value: Summary.mean(cells.map { Summary.mean($0.map(\.value)) }),
          interval: parts.count == cells.count ? ScoreInterval.mean(of: parts) : nil)
      }
      return points.count > 1 ? Line(name: name, points: points) : nil
    }
  }

  /// Rows that the run trained on: none for an adapter that is judged as it is.
  private static func rows(_ run: ReportedRun) -> Double {
    run.isTrained ? Double(run.rows.trainingCount ?? 0) : 0
  }

  /// What a line is called: the label without its brackets, which tell settings apart, where that says more than the
  /// method's name; else the start.
  private static func name(of run: ReportedRun, in suite: SuiteResults) -> String {
    let label = run.label.firstRange(of: " (").map { String(run.label[..<$0.lowerBound]) } ?? run.label
    let model = suite.modelNames.count > 1 ? run.modelName + " · " : ""
    guard label == run.methodName else { return model + label }
    guard let start = AdapterStart(run) else { return "\(model)\(label), afresh" }
    if let expression = start.expression { return "\(model)\(label) from \(expression)" }
    return "\(model)\(label) from another adapter"
  }
}
