import Foundation
import PEFTBench
import PEFTCore

/// How alike adapters are, as `adapter similarity` found it: matrices of cosines to look at.
///
/// A report shows those of `similarity.json` in a results folder, which `adapter similarity … --json` prints.
package struct SimilarityMaps: Sendable {
  /// The file of a results folder that has them.
  package static let fileName = "similarity.json"

  /// The adapters, in the order of rows and columns.
  let names: [String]
  /// What was compared with its matrix.
  let matrices: [(key: String, title: String, values: [[Double?]])]
  /// What values in random order give: mean and standard deviation.
  private let control: (mean: Double, deviation: Double)?
  /// Whether origins were taken off.
  let isOfVectors: Bool

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
}
