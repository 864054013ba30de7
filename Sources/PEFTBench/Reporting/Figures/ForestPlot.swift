import PEFTBench

/// Methods by score, a line each, with their intervals and the scores of their seeds.
struct ForestPlot {
  /// A method.
  struct Row {
    let name: String
    let style: SeriesStyle
    /// Percent.
    let score: Double
    let interval: ClosedRange<Double>?
    /// The score of each seed, where there are several.
    let seeds: [Double]
    /// What speaks against it; empty for nothing.
    let doubt: String
  }

  let id: String
  let title: String
  /// The best first.
  let rows: [Row]
  let majority: Double?
  let zeroShot: Double?

  private static let width = 760.0
  private static let right = 586.0
  private static let top = 40.0
  private static let step = 26.0

  var figure: ReportFigure {
    .init(
      name: id, caption: title, drawing: drawing,
      columns: ["method", "score", "lower", "upper", "seeds"],
      rows: rows.map { row in
        [
          .text(row.name), .number(row.score), .number(row.interval?.lowerBound), .number(row.interval?.upperBound),
          .text(row.seeds.map { NumberText.decimal($0, digits: 2) }.joined(separator: " ")),
        ]
      }
        + [("majority", majority), ("zero-shot", zeroShot)].compactMap { name, value in
          value.map { [.text(name), .number($0), .number(nil), .number(nil), .text("")] }
        })
  }

  private var drawing: SVGFigure {
    let names = RowNames(rows.map(\.name), width: 120...290)
    let left = names.width + 14
    let bottom = Self.top + Self.step * Double(rows.count) + 4
    var figure = SVGFigure(
      id: id, title: title, description: rows.map(sentence).joined(separator: "; ") + ".", width: Self.width,
      height: bottom + 26)
    let scores = rows.flatMap {
      [$0.score, $0.interval?.lowerBound ?? $0.score, $0.interval?.upperBound ?? $0.score] + $0.seeds
    }
    let (low, high) = (scores.min() ?? 0, scores.max() ?? 0)
    // A line far below would press the methods together; its number stands at the edge then.
    func isNear(_ value: Double) -> Bool { value > low - max(10, 0.6 * (high - low)) }
    let lines = [(name: "zero-shot", value: zeroShot, style: "y"), (name: "majority", value: majority, style: "z")]
      .compactMap { line in line.value.map { (line.name, $0, line.style) } }
    let x = ChartScale.linear(
      scores + lines.map(\.1).filter(isNear), places: left...Self.right, from: -100, to: 100)
    for tick in x.ticks {
      figure.line(x.place(tick), Self.top - 6, x.place(tick), bottom, class: "g")
      figure.text(
        NumberText.decimal(tick, digits: tick == tick.rounded() ? 0 : 1), x.place(tick), bottom + 16, .middle)
    }
    figure.line(left, bottom, Self.right, bottom, class: "a")
    figure.text("score, %", Self.right + 28, bottom + 16)
    for (number, (name, value, style)) in lines.enumerated() {
      let text = "\(name) \(NumberText.decimal(value, digits: 1))"
      let y = number == 0 ? 14.0 : 28
      if isNear(value) {
        let at = x.place(value)
        figure.line(at, y + 3, at, bottom, class: style)
        let anchor: SVGFigure.Anchor = at < left + 60 ? .start : at > Self.right - 60 ? .end : .middle
        figure.text(text, at, y, anchor, class: "q")
      } else {
        figure.text("◂ \(text)", left, y, class: "q")
      }
    }
    for (number, row) in rows.enumerated() {
      let y = Self.top + Self.step * (Double(number) + 0.5)
      figure.text(names[number], left - 12, y + 4.5, .end, class: "n")
      figure.dots(row.seeds.map { (x.place($0), y + 10) }, class: row.style.color)
      if let interval = row.interval {
        figure.line(
          x.place(interval.lowerBound), y, x.place(interval.upperBound), y, class: "v \(row.style.color)")
      }
      figure.mark(row.style, x.place(row.score), y, size: 6.5, tip: sentence(row))
      let ends = row.interval.map {
        " [\(NumberText.decimal($0.lowerBound, digits: 1)), \(NumberText.decimal($0.upperBound, digits: 1))]"
      }
      figure.text(NumberText.decimal(row.score, digits: 1) + (ends ?? ""), Self.right + 16, y + 4.5, class: "n")
      if !row.doubt.isEmpty { figure.text(row.doubt, Self.width - 4, y + 4.5, .end, class: "q") }
    }
    return figure
  }

  private func sentence(_ row: Row) -> String {
    "\(row.name) \(NumberText.decimal(row.score, digits: 1))"
      + (row.interval.map {
        " (\(NumberText.decimal($0.lowerBound, digits: 1)) to \(NumberText.decimal($0.upperBound, digits: 1)))"
      } ?? "") + (row.doubt.isEmpty ? "" : ", \(row.doubt)")
  }
}
