import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// How alike adapters are, as `adapter similarity` found it: matrices of cosines to look at.
///
/// A report shows those of `similarity.json` in a results folder, which `adapter similarity … --json` prints.
package struct SimilarityMaps: Sendable {
  /// The file of a results folder that has them.
  package static let fileName = "similarity.json"

  private let names: [String]
  /// What was compared with its matrix.
  private let matrices: [(key: String, title: String, values: [[Double?]])]
  /// What values in random order give: mean and standard deviation.
  private let control: (mean: Double, deviation: Double)?
  private let isOfVectors: Bool

  /// Reads what `adapter similarity --json` printed.
  ///
  /// - Returns: nil for anything else, and for matrices that do not have the adapters' number of rows and columns.
  package init?(_ json: JSONValue) {
    let names = json["adapters"]?.elements?.compactMap(\.text) ?? []
    func matrix(_ key: String) -> [[Double?]]? {
      let rows = json[key]?.elements?.map { $0.elements?.map(\.number) ?? [] }
      return rows.flatMap { rows in
        rows.count == names.count && rows.allSatisfy { $0.count == names.count } ? rows : nil
      }
    }
    guard names.count > 1, let flattened = matrix("flattened") else { return nil }
    self.names = names
    isOfVectors = json["vectors"] == .bool(true)
    matrices =
      [("flattened", "all values", flattened)]
      + (matrix("token_mean").map { [("token-mean", "token means", $0)] } ?? [])
    control = json.number("control.mean").flatMap { mean in
      json.number("control.deviation").map { (mean, $0) }
    }
  }

  /// Those of a results folder; nil where there are none.
  ///
  /// - Throws: `InputError` for a file that is something else.
  static func of(folder: String) throws -> SimilarityMaps? {
    let path = "\(folder)/\(fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let maps = SimilarityMaps(JSONValue(try JSONParser.parse(file: path).value)) else {
      throw FileError(path: path, "expected what adapter similarity --json prints")
    }
    return maps
  }

  /// What the numbers are.
  var caption: String {
    let what = isOfVectors ? "what each adapter gained since its origin" : "the adapters' values, origins included"
    let chance = control.map {
      " Values in random order give \(NumberText.decimal($0.mean, digits: 3)) ± \(NumberText.decimal($0.deviation, digits: 3))."
    }
    return "Cosine of \(what).\(chance ?? "")"
  }

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
