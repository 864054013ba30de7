import PEFTBench
import PEFTCore

extension SimilarityMaps {
  /// - Parameter prefix: Begins the names of the figures.
  func heatMaps(_ prefix: String) -> [HeatMap] {
    matrices.map { key, title, values in
      HeatMap(
        id: "\(prefix)-\(key)", title: "Cosine of \(title)\(isOfVectors ? ", origins taken off" : "")", head: "adapter",
        rows: names, columns: names, values: values, text: { NumberText.decimal($0, digits: 2) }, darkest: 1)
    }
  }

  /// Writes the first matrix as SVG, the second one beside it, and the numbers of each as CSV.
  ///
  /// - Parameter path: `NAME.svg`; the others are `NAME.csv`, `NAME-token-mean.svg` and `NAME-token-mean.csv`.
  /// - Returns: The files.
  /// - Throws: `FileError` where they cannot be written.
  package func write(to path: String) throws -> [String] {
    let stem = path.hasSuffix(".svg") ? String(path.dropLast(4)) : path
    return try heatMaps("similarity").map(\.figure).enumerated().flatMap { number, figure in
      let name = number == 0 ? stem : "\(stem)-\(matrices[number].key)"
      try AtomicFile.write(figure.drawing.document(), to: name + ".svg")
      try AtomicFile.write(figure.csv(isSafe: true), to: name + ".csv")
      return [name + ".svg", name + ".csv"]
    }
  }
}
