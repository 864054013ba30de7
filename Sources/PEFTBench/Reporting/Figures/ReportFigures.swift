import PEFTBench
import PEFTCore

extension Report {
  /// The figures of all suites, and how alike adapters are.
  private var figures: [ReportFigure] {
    suites.flatMap { SuiteFigures($0).all() }
      + similarities.enumerated().flatMap { $1.heatMaps("similarity-\($0 + 1)").map(\.figure) }
  }

  /// Writes the figures as SVG files for papers and pages, and the numbers of each as CSV beside it.
  ///
  /// - Returns: The files' names, such as `score-by-parameters-mini.svg`.
  /// - Throws: `InputError` where the folder holds something else, or cannot be written to.
  package func writeFigures(to folder: String) throws -> [String] {
    try OutputFolder(folder, .export).claim()
    var names: [String] = []
    for figure in figures {
      try AtomicFile.write(figure.drawing.document(legend: figure.legend), to: "\(folder)/\(figure.name).svg")
      try AtomicFile.write(figure.csv(isSafe: isCSVSafe), to: "\(folder)/\(figure.name).csv")
      names += ["\(figure.name).svg", "\(figure.name).csv"]
    }
    return names
  }
}
