import PEFTBench
import PEFTCore

/// A matrix of numbers as shades: on the page a table, which phones scroll and everybody can read, and in files a drawing.
struct HeatMap {
  let id: String
  let title: String
  /// What the rows are.
  let head: String
  let rows: [String]
  let columns: [String]
  /// By row, then by column; nil where there is no value.
  let values: [[Double?]]
  /// As the cells say a value.
  let text: (Double) -> String
  /// The value of the darkest shade; zero and below have the lightest.
  let darkest: Double

  private static let cell = 52.0
  private static let height = 30.0
  private static let shades = 10

  /// The shade of a value, 0...9.
  func shade(_ value: Double) -> Int {
    min(Self.shades - 1, max(0, Int((Double(Self.shades) * value / darkest).rounded(.down))))
  }

  var figure: ReportFigure {
    .init(
      name: id, caption: title, drawing: drawing, columns: [head] + columns,
      rows: zip(rows, values).map { [.text($0)] + $1.map { .number($0) } })
  }

  private var drawing: SVGFigure {
    let names = RowNames(rows, width: 40...230)
    let left = names.width + 14
    let heads = RowNames(columns, width: 40...150)
    // Heads that are wider than their column stand upright.
    let isUpright = heads.width > Self.cell - 6
    let top = 24 + (isUpright ? heads.width + 12 : 22)
    let sentences = zip(rows, values).map { name, values in
      "\(name): "
        + zip(columns, values).compactMap { column, value in value.map { "\(column) \(text($0))" } }.joined(
          separator: ", ")
    }
    var figure = SVGFigure(
      id: id, title: title, description: sentences.joined(separator: "; ") + ".",
      width: max(left + Self.cell * Double(columns.count) + 8, 16 + RowNames.width(of: title)),
      height: top + Self.height * Double(rows.count) + 8)
    figure.text(title, 4, 15, class: "h")
    for place in columns.indices {
      let x = left + Self.cell * (Double(place) + 0.5)
      if isUpright {
        figure.upright(heads[place], x + 4.5, top - 8)
      } else {
        figure.text(heads[place], x, top - 8, .middle, class: "n")
      }
    }
    for (row, values) in values.enumerated() {
      let y = top + Self.height * Double(row)
      figure.text(names[row], left - 8, y + Self.height / 2 + 4.5, .end, class: "n")
      for (column, value) in values.enumerated() {
        guard let value else { continue }
        let x = left + Self.cell * Double(column)
        let shade = shade(value)
        figure.bar(
          x...x + Self.cell, y...y + Self.height, class: "x\(shade)",
          tip: "\(rows[row]), \(columns[column]): \(text(value))")
        figure.text(
          text(value), x + Self.cell / 2, y + Self.height / 2 + 4.5, .middle,
          class: shade < 6 ? "il" : shade == 6 ? "im" : "i")
      }
    }
    return figure
  }
}
