import PEFTBench

/// Small figures, one a dataset, that share a form: learning curves, and the scores of all seeds.
enum PanelCharts {
  private static let width = 220.0
  private static let height = 150.0
  private static let left = 40.0
  private static let right = 212.0
  private static let top = 24.0
  private static let bottom = 128.0

  /// A line of a panel.
  struct Curve {
    let name: String
    let style: SeriesStyle
    let training: [(step: Double, loss: Double)]
    let validation: [(step: Double, loss: Double)]
  }

  /// Loss by step: lines while training, dots on the validation rows.
  static func curves(id: String, dataset: String, _ curves: [Curve]) -> String {
    let ends = curves.compactMap { curve in
      curve.training.last.map { "\(curve.name) \(NumberText.decimal($0.loss, digits: 3))" }
    }
    var figure = SVGFigure(
      id: id, title: "Learning curves, \(dataset)", description: "Last training loss: \(ends.joined(separator: ", ")).",
      width: width, height: height)
    let points = curves.flatMap { $0.training + $0.validation }
    let losses = points.map { max($0.loss, 1e-6) }
    let x = ChartScale(
      kind: .linear, values: 0...max(1, points.map(\.step).max() ?? 1), places: left...right, ticks: [])
    let isWide = (losses.max() ?? 1) / (losses.min() ?? 1) > 20
    let places = -bottom ... -top
    let y =
      isWide ? ChartScale.costs(losses, places: places) : ChartScale.linear(losses, places: places, from: 0)
    axes(
      &figure, y, ticks: y.ticks.count > 4 ? y.ticks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) : y.ticks
    )
    figure.text(VisibleText.cut(dataset, to: 24), 2, 13, class: "h")
    figure.text("0", left, bottom + 15, .middle)
    figure.text("\(NumberText.plain(x.values.upperBound)) steps", right, bottom + 15, .end)
    for curve in curves {
      func place(_ point: (step: Double, loss: Double)) -> (x: Double, y: Double) {
        (x.place(point.step), -y.place(max(point.loss, 1e-6)))
      }
      figure.path(curve.training.map(place), class: "l \(curve.style.color) \(curve.style.dash)")
      for point in curve.validation {
        let at = place(point)
        figure.dot(at.x, at.y, 2, class: "m \(curve.style.color)")
      }
    }
    return figure.markup
  }

  /// The scores of all seeds, a row a method.
  static func seeds(
    id: String, dataset: String, majority: Double? = nil, _ rows: [(name: String, style: SeriesStyle, scores: [Double])]
  ) -> String {
    let step = 15.0
    let end = top + 8 + Double(rows.count) * step
    let spreads = rows.map {
      "\($0.name) \(NumberText.decimal($0.scores.min(), digits: 1)) to \(NumberText.decimal($0.scores.max(), digits: 1))"
    }
    var figure = SVGFigure(
      id: id, title: "Scores of all seeds, \(dataset)", description: spreads.joined(separator: ", ") + ".",
      width: width, height: end + 20)
    let x = ChartScale.linear(
      rows.flatMap(\.scores) + (majority.map { [$0] } ?? []), places: 14...right - 8, from: -100, to: 100)
    figure.text(VisibleText.cut(dataset, to: 24), 2, 13, class: "h")
    for tick in x.ticks {
      figure.line(x.place(tick), top, x.place(tick), end, class: "g")
      figure.text(
        NumberText.decimal(tick, digits: tick == tick.rounded() ? 0 : 1), min(x.place(tick), width - 14), end + 14,
        .middle)
    }
    if let majority { figure.line(x.place(majority), top, x.place(majority), end, class: "z") }
    for (index, row) in rows.enumerated() {
      let y = top + 8 + (Double(index) + 0.5) * step - 4
      if let low = row.scores.min(), let high = row.scores.max() {
        figure.line(x.place(low), y, x.place(high), y, class: "e \(row.style.color)")
      }
      for score in row.scores {
        figure.mark(
          row.style, x.place(score), y, size: 3.2, tip: "\(row.name): \(NumberText.decimal(score, digits: 1))")
      }
      let mean = x.place(Summary.mean(row.scores))
      figure.line(mean, y - 6, mean, y + 6, class: "b")
    }
    return figure.markup
  }

  private static func axes(_ figure: inout SVGFigure, _ y: ChartScale, ticks: [Double]) {
    for tick in ticks {
      let at = -y.place(tick)
      figure.line(left, at, right, at, class: "g")
      figure.text(tickText(tick), left - 5, at + 4, .end)
    }
    figure.line(left, bottom, right, bottom, class: "a")
  }

  private static func tickText(_ value: Double) -> String {
    value == 0
      ? "0"
      : value >= 10
        ? NumberText.decimal(value, digits: 0)
        : value >= 0.1
          ? NumberText.decimal(value, digits: value * 10 == (value * 10).rounded() ? 1 : 2) : "\(value)"
  }
}
