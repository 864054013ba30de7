import PEFTBench
import PEFTCore

/// A figure with the numbers that it shows: on the page with a table, in files as SVG and CSV.
struct ReportFigure {
  /// A value of the figure's table.
  enum Value {
    case text(String)
    case number(Double?)

    /// As a file has it, with all digits.
    var exact: String {
      switch self {
      case .text(let text): text
      case .number(let value): value.map { JSONValue.count($0).compactText } ?? ""
      }
    }

    /// As people read it.
    var short: String {
      switch self {
      case .text(let text): text
      case .number(let value): value.map { NumberText.significant($0, digits: 4) } ?? "–"
      }
    }
  }

  /// Names the file and the element: `score-by-parameters-mini`.
  let name: String
  /// What stands below it.
  let caption: String
  /// The picture.
  let drawing: SVGFigure
  /// The titles of its numbers.
  let columns: [String]
  /// Its numbers.
  let rows: [[Value]]
  /// The series that the page names beside the figure.
  var legend: [(name: String, style: SeriesStyle)] = []

  /// The numbers as CSV.
  func csv(isSafe: Bool) -> String {
    ([columns] + rows.map { $0.map(\.exact) }).map { CSVReport.join($0, isSafe: isSafe) + "\r\n" }.joined()
  }
}
