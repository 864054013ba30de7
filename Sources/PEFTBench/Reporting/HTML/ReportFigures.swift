import PEFTBench
import PEFTCore

extension Report {
  /// Writes the figures of score against cost as SVG files for papers and pages, and the numbers of each as CSV beside it.
  ///
  /// - Returns: The files' names, such as `score-by-parameters-mini.svg`.
  /// - Throws: `InputError` where the folder holds something else, or cannot be written to.
  package func writeFigures(to folder: String) throws -> [String] {
    try OutputFolder(folder, .export).claim()
    var names: [String] = []
    for suite in suites {
      for chart in SuiteSections(suite).costCharts where !chart.points.isEmpty {
        let name = "score-\(chart.id)"
        try AtomicFile.write(chart.figure.document, to: "\(folder)/\(name).svg")
        try AtomicFile.write(chart.csv(isSafe: isCSVSafe), to: "\(folder)/\(name).csv")
        names += ["\(name).svg", "\(name).csv"]
      }
    }
    return names
  }
}

extension ScatterChart {
  /// The numbers of the figure, a line a method: its cost, its score and the ends of the interval in percent.
  func csv(isSafe: Bool) -> String {
    let rows = points.map { point in
      let values = [point.cost, point.score, point.interval?.lowerBound, point.interval?.upperBound]
      return [point.name] + values.map { value in value.map { JSONValue.count($0).compactText } ?? "" }
    }
    return ([["method", axis, "score", "lower", "upper"]] + rows)
      .map { CSVReport.join($0, isSafe: isSafe) + "\r\n" }.joined()
  }
}
