import PEFTBench

extension SuiteFigures {
  /// Scores by the number of training rows and the start: the mean over datasets first.
  var shots: [ReportFigure] {
    guard let curves = FewShotCurves(results) else { return [] }
    var names: [String] = []
    for line in curves.datasets.flatMap(\.lines) where !names.contains(line.name) { names.append(line.name) }
    func chart(_ name: String, _ title: String, _ lines: [FewShotCurves.Line], majority: Double?) -> ReportFigure? {
      guard !lines.isEmpty else { return nil }
      return GridChart(
        id: id(name), title: title, axis: "training rows",
        lines: lines.map { line in
          .init(
            name: line.name, style: SeriesStyle(names.firstIndex(of: line.name)),
            points: line.points.map {
              .init(value: $0.rows, score: 100 * $0.value, interval: Self.percent($0.interval), isChosen: false)
            })
        }, defaults: [], majority: majority.map { 100 * $0 }, head: "start"
      ).figure
    }
    let mean = chart("shots", "Mean over \(ReportTables.datasets(curves.datasets.count))", curves.mean, majority: nil)
    let each = curves.datasets.enumerated().map { number, entry in
      chart(
        "shots-\(number + 1)", entry.name, entry.lines,
        majority: results.datasets.firstIndex(of: entry.name).flatMap { results.baseline($0, \.majority) })
    }
    return ([mean] + each).compactMap { $0 }
  }
}
